"""One run against the emulated FutureVuls: what is moved, what is left, and in which order."""

import json
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from apply.acting import (
    DATA,
    MOVES,
    SERVERS,
    TOKENS,
    USUAL,
    WEB,
    a_clock,
    emulated,
    execute,
    move_by_hand,
    moves,
    on_disk,
    outcomes,
    plan_for,
    roles,
)
from exposurectl.apply.journal import NAME
from exposurectl.apply.receipt import Outcome, Result, verdict
from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.emulator import Emulator
from exposurectl.diagnostics import Exit, ExposurectlError
from exposurectl.model import Group
from exposurectl.plan.model import Direction
from plan.building import AS_OF, DEFAULT, LEGACY, WEB_CONTROLLED, WEB_OPEN, WEB_SMALL, group

replace = msgspec.structs.replace
APPLIED, NOOP, CONFLICT, GONE, FAILED, UNKNOWN, LEFT = Outcome
PLANNED = {1: WEB_OPEN, 2: WEB_SMALL, 3: WEB_OPEN, 4: WEB_OPEN, 5: WEB_SMALL, 6: WEB_OPEN}


def standing(**roles: int) -> Group:
    """Return the usual group with some servers, as `s1=31`, in another role."""
    return replace(USUAL, servers=tuple(replace(one, role=roles.get(f"s{one.id}", one.role)) for one in SERVERS))


def gets(emulator: Emulator) -> int:
    return len(emulator.statuses) - len(emulator.writes)


def test_every_change_is_made_and_verified(tmp_path: Path) -> None:
    with emulated() as futurevuls:
        finished = execute(plan_for(futurevuls.url), tmp_path)

        assert roles(futurevuls) == PLANNED
    assert outcomes(finished) == [APPLIED] * 5
    assert {(one.status, one.attempts) for one in finished.receipt.results} == {(200, 1)}
    assert verdict(finished.receipt) == (Exit.DONE, "")
    assert finished.error is None


def test_only_roles_are_changed(tmp_path: Path) -> None:
    with emulated() as futurevuls:
        execute(plan_for(futurevuls.url), tmp_path)

        after = futurevuls.servers(TOKENS[WEB])
    assert tuple(replace(one, role=0) for one in after) == tuple(replace(one, role=0) for one in SERVERS)


def test_raises_come_before_joins_and_joins_before_lowerings(tmp_path: Path) -> None:
    with emulated() as futurevuls:
        plan = plan_for(futurevuls.url)
        execute(plan, tmp_path)

        assert moves(futurevuls) == MOVES
    assert [one.direction for one in plan.changes] == [
        *(Direction.RAISE, Direction.RAISE, Direction.JOIN, Direction.LOWER, Direction.LOWER)
    ]


def test_a_second_run_has_nothing_to_do(tmp_path: Path) -> None:
    with emulated() as futurevuls:
        plan = plan_for(futurevuls.url)
        execute(plan, tmp_path)

        finished = execute(plan, tmp_path)

        assert moves(futurevuls) == MOVES
    assert outcomes(finished) == [NOOP] * 5
    assert {(one.detail, one.attempts) for one in finished.receipt.results} == {("there already", 0)}
    assert verdict(finished.receipt) == (Exit.DONE, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["journal.jsonl", "receipt-2.json", "receipt.json"]


def test_a_run_takes_as_many_requests_as_its_plan_says(tmp_path: Path) -> None:
    with emulated() as futurevuls:
        plan = plan_for(futurevuls.url)
        execute(plan, tmp_path)

        assert len(futurevuls.statuses) == plan.summary.requests == 9


def test_each_group_is_listed_once(tmp_path: Path) -> None:
    other = replace(USUAL, name=DATA)
    with emulated(USUAL, other) as futurevuls:
        plan = plan_for(futurevuls.url, USUAL, other)
        finished = execute(plan, tmp_path)

        assert (gets(futurevuls), len(futurevuls.writes)) == (2 * (2 + 2), 10)  # a look before each lowering
        assert roles(futurevuls, WEB) == roles(futurevuls, DATA) == PLANNED
    assert outcomes(finished) == [APPLIED] * 10


def test_each_group_raises_before_it_lowers(tmp_path: Path) -> None:
    other = replace(USUAL, name=DATA)
    with emulated(USUAL, other) as futurevuls:
        execute(plan_for(futurevuls.url, USUAL, other), tmp_path)

        assert sorted(moves(futurevuls)) == sorted(MOVES * 2)
    for name in (WEB, DATA):
        mine = [one for one in on_disk(tmp_path / "receipt.json")["results"] if one["group"] == name]
        assert [one["direction"] for one in mine] == ["raise", "raise", "join", "lower", "lower"]


def test_a_group_without_changes_is_not_asked_for(tmp_path: Path) -> None:
    idle = group(name=DATA)
    with emulated(USUAL, idle) as futurevuls:
        execute(plan_for(futurevuls.url, USUAL, idle), tmp_path)

        assert gets(futurevuls) == 2 + 2


def test_a_plan_without_changes_asks_for_nothing(tmp_path: Path) -> None:
    with emulated(group()) as futurevuls:
        finished = execute(plan_for(futurevuls.url, group()), tmp_path)

        assert futurevuls.statuses == ()
    assert verdict(finished.receipt) == (Exit.DONE, "")
    assert on_disk(tmp_path / "receipt.json")["results"] == []


@pytest.mark.parametrize("elsewhere", [WEB_CONTROLLED, DEFAULT, LEGACY])
def test_a_server_that_a_person_moved_stays_where_they_put_it(elsewhere: int, tmp_path: Path) -> None:
    with emulated(standing(s1=elsewhere)) as futurevuls:
        finished = execute(plan_for(futurevuls.url), tmp_path)

        assert moves(futurevuls) == MOVES[1:]
        assert roles(futurevuls) == {**PLANNED, 1: elsewhere}
    assert outcomes(finished) == [CONFLICT, APPLIED, APPLIED, APPLIED, APPLIED]
    assert finished.receipt.results[0].detail == f"somebody moved it to role {elsewhere} since the plan was made"
    assert verdict(finished.receipt) == (Exit.PARTIAL, "partial")


def test_a_server_that_a_person_put_where_it_belongs_is_there_already(tmp_path: Path) -> None:
    with emulated(standing(s1=WEB_OPEN)) as futurevuls:
        finished = execute(plan_for(futurevuls.url), tmp_path)

        assert moves(futurevuls) == MOVES[1:]
    assert outcomes(finished) == [NOOP, APPLIED, APPLIED, APPLIED, APPLIED]
    assert verdict(finished.receipt) == (Exit.DONE, "")


def test_conflicts_alone_mean_that_nothing_was_written(tmp_path: Path) -> None:
    moved = standing(s1=LEGACY, s2=LEGACY, s3=LEGACY, s4=LEGACY, s5=LEGACY)
    with emulated(moved) as futurevuls:
        finished = execute(plan_for(futurevuls.url), tmp_path)

        assert futurevuls.writes == ()
    assert outcomes(finished) == [CONFLICT] * 5
    assert verdict(finished.receipt) == (Exit.REFUSED, "conflict")


def test_a_server_that_is_gone_does_not_stop_the_others(tmp_path: Path) -> None:
    with emulated(replace(USUAL, servers=SERVERS[1:])) as futurevuls:
        finished = execute(plan_for(futurevuls.url), tmp_path)

        assert moves(futurevuls) == MOVES[1:]
    assert outcomes(finished) == [GONE, APPLIED, APPLIED, APPLIED, APPLIED]
    assert finished.receipt.results[0].detail == "FutureVuls has this server no longer"
    assert verdict(finished.receipt) == (Exit.PARTIAL, "partial")


def test_the_servers_of_two_groups_are_told_apart_by_group(tmp_path: Path) -> None:
    other = replace(USUAL, name=DATA)
    with emulated(USUAL, replace(other, servers=())) as futurevuls:
        finished = execute(plan_for(futurevuls.url, USUAL, other), tmp_path)

    found = {(one.group, one.outcome) for one in finished.receipt.results}
    assert found == {(WEB, APPLIED), (DATA, GONE)}


def test_every_outcome_is_told_as_it_is_known(tmp_path: Path) -> None:
    heard: list[tuple[int, int, Outcome, str]] = []

    def told(number: int, result: Result) -> None:
        kept = json.loads((tmp_path / NAME).read_bytes().splitlines()[-1])["outcome"]
        heard.append((number, result.server, result.outcome, kept))

    with emulated(standing(s4=WEB_OPEN)) as futurevuls:
        execute(plan_for(futurevuls.url), tmp_path, told=told)

    assert heard == [
        (1, 1, APPLIED, "applied"),
        (2, 4, NOOP, "noop"),
        (3, 3, APPLIED, "applied"),
        (4, 2, APPLIED, "applied"),
        (5, 5, APPLIED, "applied"),
    ]


@pytest.mark.parametrize("deaf", [BrokenPipeError(32, "Broken pipe"), OSError(5, "Input/output error")])
def test_a_run_goes_on_where_nobody_listens_any_more(deaf: OSError, tmp_path: Path) -> None:
    def told(_number: int, _result: Result) -> None:
        raise deaf

    with emulated() as futurevuls:
        finished = execute(plan_for(futurevuls.url), tmp_path, told=told)

    assert outcomes(finished) == [APPLIED] * 5


def test_the_receipt_is_there_before_the_first_write(tmp_path: Path) -> None:
    (tmp_path / "receipt.json").mkdir()
    other = tmp_path / "receipt-2.json"
    heard: list[bool] = []

    with emulated() as futurevuls:
        execute(plan_for(futurevuls.url), tmp_path, told=lambda _number, _result: heard.append(other.exists()))

    assert heard == [True] * 5


def test_the_journal_names_the_receipt_by_its_path_where_it_is_elsewhere(tmp_path: Path) -> None:
    elsewhere = tmp_path / "kept" / "mine.json"
    elsewhere.parent.mkdir()
    with emulated() as futurevuls:
        first = execute(plan_for(futurevuls.url), tmp_path)
        second = execute(plan_for(futurevuls.url), tmp_path, receipt=elsewhere)

    begun = [json.loads(line) for line in (tmp_path / NAME).read_bytes().splitlines()]
    assert [one["receipt"] for one in begun if one["record"] == "begin"] == ["receipt.json", str(elsewhere)]
    assert (first.file, second.file) == (tmp_path / "receipt.json", elsewhere)


def test_nothing_is_written_where_the_journal_cannot_be(tmp_path: Path) -> None:
    with emulated() as futurevuls:
        with pytest.raises(ExposurectlError) as caught:
            execute(plan_for(futurevuls.url), tmp_path / "missing")

        assert futurevuls.writes == ()
    assert (caught.value.exit_code, caught.value.reason) == (Exit.ERROR, "journal")


def test_nothing_is_written_where_the_receipt_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "receipt.json.new").mkdir()

    with emulated() as futurevuls:
        with pytest.raises(ExposurectlError) as caught:
            execute(plan_for(futurevuls.url), tmp_path)

        assert futurevuls.writes == ()
    assert (caught.value.exit_code, caught.value.reason) == (Exit.ERROR, "receipt")


def test_a_receipt_that_cannot_be_closed_changes_nothing_about_the_run(tmp_path: Path) -> None:
    def told(number: int, _result: Result) -> None:
        if number == 1:
            (tmp_path / "receipt.json.new").mkdir()

    with emulated() as futurevuls:
        finished = execute(plan_for(futurevuls.url), tmp_path, told=told)

    assert outcomes(finished) == [APPLIED] * 5
    assert verdict(finished.receipt) == (Exit.DONE, "")
    assert finished.unkept is not None
    assert finished.unkept.reason == "receipt"
    assert on_disk(tmp_path / "receipt.json")["ended_at"] is None


def test_a_futurevuls_whose_clock_is_another_is_not_written_to(tmp_path: Path) -> None:
    ahead = SimulatedClock(AS_OF + timedelta(minutes=11))

    with emulated(clock=ahead) as futurevuls:
        with pytest.raises(ExposurectlError) as caught:
            execute(plan_for(futurevuls.url), tmp_path)

        assert futurevuls.writes == ()
    assert (caught.value.exit_code, caught.value.reason) == (Exit.REFUSED, "clock-skew")
    assert list(tmp_path.iterdir()) == []


def test_the_journal_ends_when_the_receipt_does(tmp_path: Path) -> None:
    clock = a_clock()
    with emulated(clock=clock) as futurevuls:
        finished = execute(plan_for(futurevuls.url), tmp_path, clock=clock, per_minute=20)

    end = json.loads((tmp_path / NAME).read_bytes().splitlines()[-1])
    assert (end["record"], end["at"]) == ("end", "2026-11-23T03:00:12Z")
    assert finished.receipt.ended_at == clock.now() != finished.receipt.started_at


def test_a_pace_of_20_a_minute_is_kept(tmp_path: Path) -> None:
    clock = a_clock()
    with emulated(clock=clock) as futurevuls:
        finished = execute(plan_for(futurevuls.url), tmp_path, clock=clock, per_minute=20)

    assert outcomes(finished) == [APPLIED] * 5
    assert clock.monotonic() == pytest.approx(12, abs=0.01)
    assert finished.receipt.ended_at == clock.now()


def test_a_person_who_moves_a_server_back_to_where_it_was_is_not_overwritten_by_the_same_plan(tmp_path: Path) -> None:
    with emulated() as futurevuls:
        plan = plan_for(futurevuls.url)
        execute(plan, tmp_path)
        for number, role in ((1, WEB_SMALL), (2, WEB_OPEN)):
            move_by_hand(futurevuls.url, number, role)

        finished = execute(plan, tmp_path)

        assert roles(futurevuls) == {**PLANNED, 1: WEB_SMALL, 2: WEB_OPEN}
    assert outcomes(finished) == [CONFLICT, NOOP, NOOP, CONFLICT, NOOP]
    assert finished.receipt.results[0].detail == "an earlier run moved it, and somebody moved it back since"


def test_a_person_who_moves_a_server_back_after_the_run_is_not_overwritten_unless_planned(tmp_path: Path) -> None:
    with emulated() as futurevuls:
        plan = plan_for(futurevuls.url)
        execute(plan, tmp_path)
        move_by_hand(futurevuls.url, 6, LEGACY)
        move_by_hand(futurevuls.url, 1, LEGACY)

        finished = execute(plan, tmp_path)

        assert roles(futurevuls) == {**PLANNED, 1: LEGACY, 6: LEGACY}
    assert outcomes(finished) == [CONFLICT, NOOP, NOOP, NOOP, NOOP]
    assert verdict(finished.receipt) == (Exit.REFUSED, "conflict")
