"""`exposurectl plan --revert`: from an apply's receipt to a plan of the way back, which is applied like any other."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.emulator import Emulator
from exposurectl.demo.fleet import TOKENS
from exposurectl.demo.story import ENVIRONMENT
from exposurectl.plan.file import read_plan
from exposurectl.plan.model import Cause, Plan
from running import Ended, run_inside
from saved import SERVERS

Roles = dict[tuple[str, int], int]
CONFIG = ("--config", "demo.yaml")
REVERT = ("plan", "--revert", "receipt.json", *CONFIG)
JOINED = 2


def everywhere(futurevuls: Emulator) -> Roles:
    return {(name, one.id): one.role for name, token in TOKENS.items() for one in futurevuls.servers(token)}


def read(name: str) -> Plan:
    return read_plan(name, Path(name).read_bytes())


@pytest.fixture
def applied(futurevuls: Emulator, here: Path, clock: SimulatedClock) -> Roles:
    """Apply the demo's plan, and return where every server was before."""
    before = everywhere(futurevuls)
    assert run_inside("plan", "--snapshot", "fleet", *CONFIG, "--out", "plan.json").code == 0
    assert run_inside("apply", "plan.json", *CONFIG, environ=ENVIRONMENT, clock=clock).code == 0
    assert (here / "receipt.json").is_file()
    return before


@pytest.fixture
def there_and_back(applied: Roles, clock: SimulatedClock, here: Path) -> Roles:
    """Plan the way back, apply it in a folder of its own, and return where every server was at first."""
    (here / "back").mkdir()
    planned = run_inside(
        *REVERT, "--previous", "plan.json", "--out", "back/plan.json", environ=ENVIRONMENT, clock=clock
    )
    assert (planned.code, planned.reason) == (3, "guardrail-lower")
    accepted = ("--accept-lowering", str(read("back/plan.json").summary.lower))
    assert run_inside("apply", "back/plan.json", *CONFIG, *accepted, environ=ENVIRONMENT, clock=clock).code == 0
    return applied


def test_the_way_back_puts_back_all_but_what_joined(there_and_back: Roles, futurevuls: Emulator) -> None:
    moved = {key for key, role in everywhere(futurevuls).items() if role != there_and_back[key]}
    joined = {(one.group, one.server) for one in read("plan.json").changes if one.direction.value == "join"}

    assert len(joined) == JOINED
    assert moved == joined


def test_the_way_back_lowers_only_with_the_exact_acknowledgement(
    applied: Roles, futurevuls: Emulator, clock: SimulatedClock
) -> None:
    assert applied
    writes = futurevuls.writes
    run_inside(*REVERT, "--out", "back.json", environ=ENVIRONMENT, clock=clock)

    refused = run_inside("apply", "back.json", *CONFIG, environ=ENVIRONMENT, clock=clock)

    assert (refused.code, refused.reason) == (3, "guardrail-lower")
    assert writes == futurevuls.writes


def test_going_back_twice_changes_nothing(there_and_back: Roles, clock: SimulatedClock) -> None:
    assert there_and_back

    again = run_inside(*REVERT, "--previous", "back/plan.json", "--detailed-exitcode", environ=ENVIRONMENT, clock=clock)

    assert (again.code, again.reason) == (0, "")
    assert "\nPlan: 0 to raise, 0 to lower, " in again.out


def test_planning_the_way_back_reads_no_evidence_and_writes_nothing(
    applied: Roles, futurevuls: Emulator, here: Path
) -> None:
    assert applied
    writes = futurevuls.writes

    ended = run_inside(*REVERT, "--previous", "plan.json", "--out", "back.json", environ=ENVIRONMENT)

    back, content = read("back.json"), (here / "receipt.json").read_bytes()
    assert writes == futurevuls.writes
    assert back.inputs.snapshot == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert (back.inputs.policy, back.inputs.config) == (read("plan.json").inputs.policy, back.inputs.config)
    assert (back.sequence, back.previous) == (2, read("plan.json").digest)
    assert {one.cause for one in back.changes} == {Cause.REVERTED}
    assert "warning: No evidence was read: this plan only goes back." in ended.out
    assert "warning: The next ordinary plan proposes the same changes again" in ended.out


def test_the_next_ordinary_plan_proposes_the_same_again(there_and_back: Roles, here: Path) -> None:
    assert there_and_back
    findings = ("--findings", here / "fleet/findings.ndjson", "--previous", "back/plan.json", "--out", "next.json")

    run_inside("plan", *findings, *CONFIG, environ=ENVIRONMENT)

    went_back = {one.server: one.before for one in read("back/plan.json").changes if one.direction.value == "lower"}
    proposed = {one.server: one.after for one in read("next.json").changes}
    assert went_back
    assert went_back.items() <= proposed.items()
    assert Cause.POLICY_CHANGED not in {one.cause for one in read("next.json").changes}


def test_servers_are_taken_from_files_too(applied: Roles) -> None:
    assert applied  # the files are of before the apply

    ended = run_inside(*REVERT, "--servers", *SERVERS, "--out", "back.json")

    assert (ended.code, read("back.json").changes) == (0, ())


def of_another(here: Path, **members: Any) -> Ended:
    receipt = json.loads((here / "receipt.json").read_bytes())
    (here / "receipt.json").write_text(json.dumps({**receipt, **members}), encoding="utf-8")
    return run_inside(*REVERT, "--servers", *SERVERS)


def test_a_receipt_of_another_environment_or_target_is_refused(
    applied: Roles, here: Path, futurevuls: Emulator
) -> None:
    assert applied

    ended = of_another(here, environment="staging", url="https://rest.vuls.biz")

    assert (ended.code, ended.reason, ended.out) == (5, "target-changed", "")
    assert ended.err.startswith(
        "receipt.json: error: File is of another environment\n"
        '  It is of "staging", and the config is "demo".\n'
        "  hint: name its config with --config\n"
        "receipt.json: error: File is of another environment\n"
        f"  It is of https://rest.vuls.biz, and the config is for {futurevuls.url}.\n"
    )


def test_a_receipt_with_a_group_that_the_config_lacks_is_refused(applied: Roles, here: Path) -> None:
    assert applied
    content = (here / "receipt.json").read_text(encoding="utf-8")
    (here / "receipt.json").write_text(content.replace('"group": "web-platform"', '"group": "web"'), encoding="utf-8")

    ended = run_inside(*REVERT, "--servers", *SERVERS)

    assert (ended.code, ended.reason) == (5, "target-changed")
    assert "  The config has no group web.\n" in ended.err


def test_a_receipt_that_is_not_closed_is_refused(applied: Roles, here: Path) -> None:
    assert applied

    ended = of_another(here, ended_at=None)

    assert (ended.code, ended.reason) == (5, "receipt-open")
    assert ended.err == (
        "receipt.json: error: Receipt not closed\n"
        "  Its run is going on or was killed, so it does not say yet what was done.\n"
        "  hint: apply the plan again: that finishes it and closes the receipt\n"
        "reason: receipt-open\n"
    )


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"format_version": 1}'])
def test_what_is_no_receipt_is_one_clear_error(here: Path, content: bytes) -> None:
    (here / "receipt.json").write_bytes(content)

    ended = run_inside(*REVERT, "--servers", *SERVERS)

    assert (ended.code, ended.reason, ended.out) == (1, "receipt-invalid", "")


@pytest.mark.parametrize("evidence", [("--snapshot", "fleet"), ("--findings", "fleet/findings.ndjson")])
def test_a_way_back_takes_no_evidence(here: Path, evidence: tuple[str, str]) -> None:
    assert here.is_dir()

    ended = run_inside(*REVERT, *evidence)

    assert (ended.code, ended.reason) == (1, "usage")
    assert "not allowed with argument" in ended.err
