"""P23, F22, F24: a server list or findings that were read in part never become a plan that can be applied."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.emulator import Emulator
from exposurectl.demo.fleet import contents
from exposurectl.demo.story import ENVIRONMENT, RECORDED, emulator
from exposurectl.demo.workshop import furnish
from exposurectl.plan.file import read_plan, write_plan
from exposurectl.sources.recording import write_snapshot
from faults.relay import Relay
from plan.building import resealed
from running import Ended, run_inside
from saved import SERVERS, save_servers
from targets.scripted import Scripted

replace = msgspec.structs.replace
CONFIG = ("--config", "demo.yaml")
FINDINGS = ("plan", "--findings", "fleet/findings.ndjson", *CONFIG, "--out", "plan.json", "--as-of", "2026-11-23")
Damage = Callable[[dict[str, Any]], Any]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Emulator]:
    with emulator(SimulatedClock(RECORDED), port=0, per_minute=None) as it, contextlib.chdir(tmp_path):
        furnish(tmp_path, it.url, RECORDED)
        save_servers(tmp_path)
        yield it


def run(*words: str) -> Ended:
    return run_inside(*words, environ=ENVIRONMENT, clock=SimulatedClock(RECORDED))


def without_the_last(page: dict[str, Any]) -> dict[str, Any]:
    return {**page, "servers": page["servers"][:-1]}


def without_any(page: dict[str, Any]) -> dict[str, Any]:
    return {"paging": page["paging"]}


def with_one_twice(page: dict[str, Any]) -> dict[str, Any]:
    return {**page, "servers": [*page["servers"][:-1], page["servers"][0]]}


def with_more_promised(page: dict[str, Any]) -> dict[str, Any]:
    return {**page, "paging": {**page["paging"], "totalCount": page["paging"]["totalCount"] + 1}}


DAMAGES: tuple[Damage, ...] = (without_the_last, without_any, with_one_twice, with_more_promised)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_list_that_futurevuls_gives_in_part_makes_no_plan(served: Emulator, damage: Damage) -> None:
    page = damage(json.loads(Path("web-platform-servers.json").read_bytes()))
    relay = Relay(served.url, lambda line: "/v1/servers" in line, Scripted.json(page))
    furnish_again(relay.url)

    ended = run(*FINDINGS)
    relay.close()

    assert (ended.code, ended.out) == (1, "")
    assert ended.reason == "listing-incomplete"
    assert not Path("plan.json").exists()


def furnish_again(url: str) -> None:
    config = Path("demo.yaml")
    text = config.read_text(encoding="utf-8")
    was = next(line.partition("url: ")[2] for line in text.splitlines() if "url: " in line)
    config.write_text(text.replace(was, url), encoding="utf-8")


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_list_that_was_saved_in_part_makes_no_plan(served: Emulator, damage: Damage) -> None:
    saved = Path("web-platform-servers.json")
    saved.write_text(json.dumps(damage(json.loads(saved.read_bytes()))), encoding="utf-8")

    ended = run(*FINDINGS, "--servers", *SERVERS)

    assert (ended.code, ended.out) == (1, "")
    assert not Path("plan.json").exists()
    assert served.statuses == ()


def partly_read(which: int) -> None:
    """Write a snapshot in which one account in one region could not be read."""
    whole = contents(RECORDED)
    gap = replace(whole.partitions[which], complete=False, why="ACCESS_DENIED")
    partitions = (*whole.partitions[:which], gap, *whole.partitions[which + 1 :])
    write_snapshot(Path("partly"), replace(whole, partitions=partitions))


@pytest.mark.parametrize("which", [0, 1, 3])
def test_evidence_that_was_read_in_part_makes_a_plan_that_cannot_be_applied(served: Emulator, which: int) -> None:
    partly_read(which)

    ended = run("plan", "--snapshot", "partly", *CONFIG, "--out", "plan.json")
    plan = read_plan("plan.json", Path("plan.json").read_bytes())
    applied = run("apply", "plan.json", *CONFIG)

    assert (ended.code, ended.reason) == (3, "evidence-incomplete")
    assert not plan.applyable
    assert [block.acknowledge for block in plan.blocked_by if block.reason == "evidence-incomplete"] == [""]
    assert (applied.code, applied.reason) == (3, "evidence-incomplete")
    assert served.statuses == ()


@pytest.mark.parametrize("words", [("--accept-lowering", "3"), ("--accept-raising", "13"), ("--max-duration", "600")])
def test_no_acknowledgement_lifts_that(served: Emulator, words: tuple[str, ...]) -> None:
    partly_read(0)
    run("plan", "--snapshot", "partly", *CONFIG, "--out", "plan.json")

    assert run("apply", "plan.json", *CONFIG, *words).reason == "evidence-incomplete"
    assert served.statuses == ()


def test_nor_does_a_plan_that_says_of_itself_that_it_can_be_applied(served: Emulator) -> None:
    partly_read(0)
    run("plan", "--snapshot", "partly", *CONFIG, "--out", "plan.json")
    plan = read_plan("plan.json", Path("plan.json").read_bytes())
    Path("plan.json").write_bytes(write_plan(resealed(plan, applyable=True)))

    assert run("apply", "plan.json", *CONFIG).reason == "evidence-incomplete"
    assert served.statuses == ()


def test_a_snapshot_whose_files_are_cut_is_none(served: Emulator) -> None:
    for name in ("findings.ndjson", "coverage.ndjson", "servers.ndjson", "instances.ndjson"):
        file = Path("fleet", name)
        content = file.read_bytes()
        file.write_bytes(content[: content.rindex(b"\n", 0, -1) + 1])

        ended = run("plan", "--snapshot", "fleet", *CONFIG, "--out", "plan.json")

        assert (ended.code, ended.reason, ended.out) == (1, "snapshot", ""), name
        file.write_bytes(content)
    assert not Path("plan.json").exists()
    assert served.statuses == ()
