"""What a killed run left open, the next one closes: its receipt says what it did."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from apply.acting import MOVES, emulated, execute, move_by_hand, moves, on_disk, outcomes, plan_for
from exposurectl.apply.journal import NAME, Journal
from exposurectl.apply.receipt import Outcome, Result, begin, planned, write_receipt
from exposurectl.apply.receipt_file import ReceiptFile
from exposurectl.apply.recovery import close_receipts
from exposurectl.diagnostics import Exit, ExposurectlError, Place
from exposurectl.plan.model import Plan
from plan.building import AS_OF, resealed

PLAN = plan_for()
APPLIED, NOOP, CONFLICT, GONE, FAILED, UNKNOWN, LEFT = Outcome


def left_behind(folder: Path, *records: tuple[int, Result | None], name: str = "receipt.json", of: Plan = PLAN) -> None:
    """Leave what a run leaves that was killed after these intents, each with its result or without."""
    ReceiptFile(folder / name).create(begin(of, actor="alice", run="", now=AS_OF))
    journal = Journal.open(folder / NAME, of)
    journal.begin(of, receipt=name, now=AS_OF)
    for index, result in records:
        journal.intend(index, of.changes[index].server, of.changes[index].after.role)
        if result:
            journal.settle(index, result)
    journal.close()


def applied(index: int) -> Result:
    return msgspec.structs.replace(planned(PLAN.changes[index]), outcome=APPLIED, status=200, attempts=1, at=AS_OF)


def closed(folder: Path) -> tuple[Path, ...]:
    journal = Journal.open(folder / NAME, PLAN)
    try:
        return close_receipts(journal)
    finally:
        journal.close()


def results(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = on_disk(path)["results"]
    return found


def test_a_killed_run_has_its_receipt_closed_from_the_journal(tmp_path: Path) -> None:
    left_behind(tmp_path, (0, applied(0)), (1, None))

    assert closed(tmp_path) == (tmp_path / "receipt.json",)
    receipt = on_disk(tmp_path / "receipt.json")
    assert (receipt["stopped"], receipt["ended_at"]) == ("killed", "2026-11-23T03:00:00Z")
    assert [one["outcome"] for one in receipt["results"]] == ["applied", "unknown"] + ["not-attempted"] * 3
    assert receipt["results"][1]["detail"] == "killed while the request was under way"
    assert (receipt["results"][0]["status"], receipt["results"][0]["attempts"]) == (200, 1)


def test_a_receipt_that_is_closed_has_all_that_the_journal_knows(tmp_path: Path) -> None:
    later = AS_OF + timedelta(minutes=7)
    conflict = msgspec.structs.replace(applied(0), outcome=CONFLICT, detail="somebody moved it", at=later)
    untimed = msgspec.structs.replace(applied(1), at=None)
    left_behind(tmp_path, (0, conflict), (1, untimed))

    closed(tmp_path)

    receipt = on_disk(tmp_path / "receipt.json")
    assert [(one["outcome"], one["detail"], one["at"]) for one in receipt["results"]][:2] == [
        ("conflict", "somebody moved it", "2026-11-23T03:07:00Z"),
        ("applied", "", None),
    ]
    assert receipt["ended_at"] == "2026-11-23T03:07:00Z"


def test_runs_that_follow_a_run_that_ended_are_told_apart(tmp_path: Path) -> None:
    left_behind(tmp_path, (0, applied(0)))
    journal = Journal.open(tmp_path / NAME, PLAN)
    journal.end(stopped="", now=AS_OF)
    journal.close()
    left_behind(tmp_path, (3, None), name="receipt-2.json")

    assert closed(tmp_path) == (tmp_path / "receipt-2.json",)
    left = "not-attempted"
    assert [one["outcome"] for one in results(tmp_path / "receipt-2.json")] == [left, left, left, "unknown", left]
    assert on_disk(tmp_path / "receipt.json")["ended_at"] is None


def test_a_run_whose_receipt_another_took_does_not_keep_the_next_from_being_closed(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / NAME, PLAN)
    journal.begin(PLAN, receipt="receipt.json", now=AS_OF)
    journal.close()
    left_behind(tmp_path, (0, applied(0)))

    assert closed(tmp_path) == (tmp_path / "receipt.json",)


def test_a_run_whose_journal_is_gone_is_closed_as_unknown(tmp_path: Path) -> None:
    left_behind(tmp_path, (0, applied(0)))
    (tmp_path / NAME).unlink()

    assert closed(tmp_path) == (tmp_path / "receipt.json",)
    receipt = on_disk(tmp_path / "receipt.json")
    assert (receipt["stopped"], receipt["ended_at"]) == ("killed", receipt["started_at"])
    assert {one["outcome"] for one in receipt["results"]} == {"unknown"}
    assert receipt["outcomes"]["unknown"] == len(PLAN.changes)
    assert receipt["results"][0]["detail"].startswith("killed, and the journal of its run is gone: ")
    assert closed(tmp_path) == ()


def test_an_open_receipt_of_another_plan_is_left_as_it_is(tmp_path: Path) -> None:
    left_behind(tmp_path, (0, applied(0)), of=resealed(PLAN, warnings=("x",)))
    (tmp_path / NAME).unlink()

    assert closed(tmp_path) == ()
    assert on_disk(tmp_path / "receipt.json")["ended_at"] is None


def test_what_was_half_written_is_removed(tmp_path: Path) -> None:
    left_behind(tmp_path, (0, applied(0)))
    for name in ("receipt.json.new", "receipt-2.json.new", "plan.json.new"):
        (tmp_path / name).touch()

    closed(tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == {NAME, "receipt.json", "plan.json.new"}


def test_a_receipt_is_closed_once(tmp_path: Path) -> None:
    left_behind(tmp_path, (0, applied(0)))
    closed(tmp_path)

    assert closed(tmp_path) == ()


def test_a_run_that_ended_in_order_is_left_as_it_is(tmp_path: Path) -> None:
    with emulated() as futurevuls:
        execute(plan_for(futurevuls.url), tmp_path)
        before = (tmp_path / "receipt.json").read_bytes()
        finished = execute(plan_for(futurevuls.url), tmp_path)

    assert finished.closed == ()
    assert (tmp_path / "receipt.json").read_bytes() == before


@pytest.mark.parametrize("there", [None, b"", b"{}", b"another file"])
def test_a_receipt_that_is_not_there_or_not_one_is_left_as_it_is(there: bytes | None, tmp_path: Path) -> None:
    left_behind(tmp_path, (0, applied(0)))
    path = tmp_path / "receipt.json"
    path.unlink()
    if there is not None:
        path.write_bytes(there)

    assert closed(tmp_path) == ()
    assert (path.read_bytes() if path.exists() else None) == there


def test_the_receipt_of_another_plan_is_left_as_it_is(tmp_path: Path) -> None:
    left_behind(tmp_path, (0, applied(0)))
    other = msgspec.structs.replace(begin(PLAN, actor="", run="", now=AS_OF), plan="sha256:other")
    (tmp_path / "receipt.json").write_bytes(write_receipt(other))

    assert closed(tmp_path) == ()


def test_several_killed_runs_have_a_receipt_each(tmp_path: Path) -> None:
    left_behind(tmp_path, (0, None))
    left_behind(tmp_path, (0, applied(0)), (3, None), name="receipt-2.json")

    assert closed(tmp_path) == (tmp_path / "receipt.json", tmp_path / "receipt-2.json")
    assert [one["outcome"] for one in results(tmp_path / "receipt.json")][:2] == ["unknown", "not-attempted"]
    assert [one["outcome"] for one in results(tmp_path / "receipt-2.json")][:4] == [
        *("applied", "not-attempted", "not-attempted", "unknown")
    ]


def test_the_next_run_closes_it_and_finishes(tmp_path: Path) -> None:
    with emulated() as futurevuls:
        plan = plan_for(futurevuls.url)
        left_behind(tmp_path, (0, applied(0)), (1, applied(1)), of=plan)
        for path, role in MOVES[:2]:
            move_by_hand(futurevuls.url, int(path.rpartition("/")[2]), role)

        finished = execute(plan, tmp_path)

        assert moves(futurevuls) == MOVES
    assert finished.closed == (tmp_path / "receipt.json",)
    assert outcomes(finished) == [NOOP, NOOP, APPLIED, APPLIED, APPLIED]
    assert on_disk(tmp_path / "receipt.json")["outcomes"]["applied"] == 2
    assert [json.loads(line)["record"] for line in (tmp_path / NAME).read_bytes().splitlines()].count("begin") == 2


def test_a_receipt_that_cannot_be_closed_is_an_error_before_anything_is_written(tmp_path: Path) -> None:
    left_behind(tmp_path, (0, applied(0)))
    (tmp_path / "receipt.json.new").mkdir()

    with emulated() as futurevuls:
        with pytest.raises(ExposurectlError) as caught:
            execute(resealed(PLAN, target=PLAN.target), tmp_path, url=futurevuls.url)

        assert futurevuls.writes == ()
    assert (caught.value.exit_code, caught.value.reason) == (Exit.ERROR, "receipt")
    (problem,) = caught.value.problems
    assert (problem.summary, problem.place) == ("Receipt cannot be written", Place(str(tmp_path / "receipt.json")))
