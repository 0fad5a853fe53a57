"""What a run knows of every change while it goes on, and when nothing more may be sent."""

import json
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from apply.acting import a_clock, nobody, plan_for
from exposurectl.apply.journal import NAME, Journal
from exposurectl.apply.ledger import HaltedError, Ledger
from exposurectl.apply.receipt import Outcome, Result, begin, planned
from exposurectl.diagnostics import Diagnostic, ExposurectlError
from plan.building import AS_OF

PLAN = plan_for()
CHANGE = PLAN.changes[1]
APPLIED = msgspec.structs.replace(planned(CHANGE), outcome=Outcome.APPLIED, status=200, attempts=1)
BROKEN = ExposurectlError(Diagnostic(summary="Broken", detail="It broke."), reason="broken")


class Begun:
    """A ledger of a run that has begun, with its journal and its clock."""

    def __init__(self, folder: Path, *, longest: timedelta = timedelta(minutes=5), told: Any = nobody) -> None:
        self.path = folder / NAME
        self.clock = a_clock()
        self.journal = Journal.open(self.path, PLAN)
        self.journal.begin(PLAN, receipt="receipt.json", now=AS_OF)
        receipt = begin(PLAN, actor="alice", run="", now=AS_OF)
        self.ledger = Ledger(receipt, self.journal, self.clock, longest=longest, told=told)

    def records(self) -> list[dict[str, Any]]:
        """Return what the journal has after its beginning."""
        return [json.loads(line) for line in self.path.read_bytes().splitlines()[1:]]

    def full(self) -> None:
        """Let every further write to the journal fail."""
        descriptor = os.open("/dev/full", os.O_RDWR)
        for entry in Path("/proc/self/fd").iterdir():
            if os.path.realpath(entry) == str(self.path.resolve()):
                os.dup2(descriptor, int(entry.name))
        os.close(descriptor)


Start = Callable[..., Begun]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Start]:
    """Return what begins a run, and end them all."""
    begun = []

    def start(**others: Any) -> Begun:
        begun.append(Begun(tmp_path, **others))
        return begun[-1]

    yield start
    for one in begun:
        one.journal.close()


def test_a_run_goes_on_until_it_has_lasted_as_long_as_it_may(started: Start) -> None:
    begun = started()

    begun.clock.sleep(299)
    before = begun.ledger.goes_on()
    begun.clock.sleep(1)

    assert (before, begun.ledger.goes_on()) == (True, False)
    assert begun.ledger.close().stopped == "time-limit"


def test_the_first_reason_and_the_first_error_are_the_run_s(started: Start) -> None:
    begun = started()

    begun.ledger.stop("failing")
    begun.ledger.stop("broken", BROKEN)
    begun.clock.sleep(301)

    assert not begun.ledger.goes_on()
    assert begun.ledger.error is None
    assert begun.ledger.close().stopped == "failing"


def test_the_error_over_which_a_run_stops_is_kept(started: Start) -> None:
    begun = started()

    begun.ledger.stop("broken", BROKEN)

    assert begun.ledger.error is BROKEN
    assert begun.ledger.close().stopped == "broken"


def test_an_intent_is_on_disk_before_anything_is_sent(started: Start) -> None:
    begun = started()

    begun.ledger.intend(1, CHANGE)

    (intent,) = begun.records()
    assert (intent["record"], intent["change"], intent["server"], intent["role"]) == (
        *("intent", 1, CHANGE.server, CHANGE.after.role),
    )


def test_nothing_more_is_intended_once_the_run_has_stopped(started: Start) -> None:
    begun = started()
    begun.ledger.stop("interrupted")

    with pytest.raises(HaltedError):
        begun.ledger.intend(1, CHANGE)

    assert begun.records() == []
    assert {one.outcome for one in begun.ledger.close().results} == {Outcome.NOT_ATTEMPTED}


def test_an_intent_that_cannot_be_kept_stops_the_run_and_nothing_is_sent(started: Start) -> None:
    begun = started()
    begun.full()

    with pytest.raises(HaltedError):
        begun.ledger.intend(1, CHANGE)

    receipt = begun.ledger.close()
    assert begun.ledger.error is not None
    assert (receipt.stopped, begun.ledger.error.reason) == ("journal", "journal")
    assert {one.outcome for one in receipt.results} == {Outcome.NOT_ATTEMPTED}


def test_a_result_has_its_place_its_time_and_its_listener(started: Start) -> None:
    heard: list[tuple[int, Result]] = []
    begun = started(told=lambda number, result: heard.append((number, result)))

    begun.ledger.intend(1, CHANGE)
    begun.clock.sleep(60)
    begun.ledger.settle(1, APPLIED)

    timed = msgspec.structs.replace(APPLIED, at=AS_OF + timedelta(minutes=1))
    assert heard == [(2, timed)]
    assert [one["record"] for one in begun.records()] == ["intent", "result"]
    assert begun.records()[1]["change"] == 1
    receipt = begun.ledger.close()
    assert receipt.results == (planned(PLAN.changes[0]), timed, *map(planned, PLAN.changes[2:]))
    assert (receipt.count(Outcome.APPLIED), receipt.stopped) == (1, "")
    assert receipt.ended_at == AS_OF + timedelta(minutes=1)


def test_a_result_that_cannot_be_kept_on_disk_is_kept_in_memory_and_stops_the_run(started: Start) -> None:
    heard: list[int] = []
    begun = started(told=lambda number, _result: heard.append(number))
    begun.ledger.intend(1, CHANGE)
    begun.full()

    begun.ledger.settle(1, APPLIED)

    receipt = begun.ledger.close()
    assert heard == [2]
    assert begun.ledger.error is not None
    assert (receipt.stopped, begun.ledger.error.reason) == ("journal", "journal")
    assert receipt.results[1].outcome is Outcome.APPLIED


def test_a_listener_that_is_gone_stops_nothing(started: Start) -> None:
    def told(_number: int, _result: Result) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    begun = started(told=told)
    begun.ledger.settle(1, APPLIED)

    assert begun.ledger.goes_on()
    assert begun.ledger.close().results[1].outcome is Outcome.APPLIED


def test_what_is_under_way_when_the_run_ends_is_unknown_as_of_then(started: Start) -> None:
    begun = started()
    begun.ledger.intend(0, PLAN.changes[0])
    begun.ledger.intend(1, CHANGE)
    begun.ledger.settle(0, msgspec.structs.replace(APPLIED, outcome=Outcome.CONFLICT))
    begun.clock.sleep(4)
    begun.ledger.stop("interrupted")

    receipt = begun.ledger.close()

    assert receipt.results[0].outcome is Outcome.CONFLICT
    assert receipt.results[1] == msgspec.structs.replace(
        planned(CHANGE),
        outcome=Outcome.UNKNOWN,
        detail="stopped while the request was under way",
        at=AS_OF + timedelta(seconds=4),
    )
    assert receipt.outcomes["unknown"] == 1


def test_nothing_changes_once_the_run_has_been_closed(started: Start) -> None:
    heard: list[int] = []
    begun = started(told=lambda number, _result: heard.append(number))
    begun.ledger.intend(1, CHANGE)
    closed = begun.ledger.close()

    begun.ledger.settle(1, APPLIED)

    assert heard == []
    assert [one["record"] for one in begun.records()] == ["intent"]
    assert begun.ledger.close() == closed
