"""P26: deletes nothing, creates no role, and changes no field but `roleID`."""

import ast
import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import exposurectl.targets as package
from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.emulator import Emulator
from exposurectl.demo.fleet import TOKENS
from exposurectl.demo.story import ENVIRONMENT, RECORDED, emulator
from exposurectl.demo.workshop import furnish
from exposurectl.model import Server
from running import run_inside

CONFIG = ("--config", "demo.yaml")
PLAN = ("plan", "--snapshot", "fleet", *CONFIG, "--out", "plan.json")
FINDINGS = ("--findings", "fleet/findings.ndjson", *CONFIG)
EVERYTHING = (
    ("plan", *FINDINGS, "--out", "live.json"),
    ("apply", "plan.json", *CONFIG),
    ("apply", "plan.json", *CONFIG),
    ("drift", "plan.json", *FINDINGS),
    ("doctor", "--only", "futurevuls", *CONFIG),
    ("plan", "--revert", "receipt.json", *CONFIG, "--out", "back.json"),
    ("apply", "back.json", *CONFIG, "--receipt", "back-receipt.json", "--accept-lowering"),
)
TARGETS = Path(package.__file__).parent


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Emulator]:
    with emulator(SimulatedClock(RECORDED), port=0, per_minute=None) as it, contextlib.chdir(tmp_path):
        furnish(tmp_path, it.url, RECORDED)
        assert run_inside(*PLAN).code == 0
        yield it


def fleet(served: Emulator) -> list[Server]:
    """Return every server without its role."""
    return [msgspec.structs.replace(one, role=0) for token in TOKENS.values() for one in served.servers(token)]


def go_through(served: Emulator) -> None:
    """Run every command that speaks to FutureVuls, there and back."""
    for words in EVERYTHING:
        if words[-1] == "--accept-lowering":
            lowerings = json.loads(Path("back.json").read_bytes())["summary"]["lower"]
            words = (*words, str(lowerings))  # noqa: PLW2901 - the number is known only now
            Path("journal.jsonl").unlink()  # it is the other plan's, as in a folder of its own
        ended = run_inside(*words, environ=ENVIRONMENT, clock=SimulatedClock(RECORDED))
        assert ended.reason in {"", "drift", "guardrail-lower", "check-failed"}, (words, ended.err)
    assert served.writes


def test_every_write_is_a_put_of_a_role_and_nothing_else(served: Emulator) -> None:
    go_through(served)

    assert len(served.writes) > 20
    for method, path, body in served.writes:
        assert method == "PUT"
        assert re.fullmatch(r"/v1/server/[1-9][0-9]*", path)
        data = json.loads(body)
        assert data.keys() == {"roleID"}
        assert type(data["roleID"]) is int
    assert {*served.statuses} <= {200}


def test_nothing_of_any_server_is_another_but_its_role(served: Emulator) -> None:
    before = fleet(served)

    go_through(served)

    assert before == fleet(served)


def test_a_scan_is_asked_for_only_where_it_was_asked_for(served: Emulator) -> None:
    run_inside("apply", "plan.json", *CONFIG, "--scan", environ=ENVIRONMENT, clock=SimulatedClock(RECORDED))

    others = {(method, re.sub("[0-9]+$", "N", path)) for method, path, _ in served.writes if method != "PUT"}
    assert others == {("POST", "/v1/server/scan/N")}


def words_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_no_other_method_is_even_written_down() -> None:
    methods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}

    found = {(path.name, word) for path in TARGETS.glob("*.py") for word in words_in(path) & methods}

    assert {word for _, word in found} == {"GET", "PUT", "POST"}
    assert {name for name, word in found if word == "PUT"} == {"moving.py"}
    assert {name for name, word in found if word == "POST"} == {"scans.py"}
