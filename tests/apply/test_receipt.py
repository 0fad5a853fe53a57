"""The receipt: its counts, its verdict, and reading what was written."""

import json
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from apply.acting import emulated, execute, plan_for
from exposurectl import __version__
from exposurectl.apply.receipt import (
    Approval,
    Outcome,
    Receipt,
    begin,
    ended,
    read_receipt,
    verdict,
    write_receipt,
)
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError, Place
from plan.building import AS_OF

PLAN = plan_for()
BEGUN = begin(PLAN, actor="alice", run="https://github.example/run/1", now=AS_OF)
APPLIED, NOOP, CONFLICT, GONE, FAILED, UNKNOWN, LEFT = Outcome


def receipt_of(*outcomes: Outcome, stopped: str = "") -> Receipt:
    """Return the receipt of a run whose changes ended so."""
    results = tuple(msgspec.structs.replace(BEGUN.results[0], outcome=outcome) for outcome in outcomes)
    return msgspec.structs.replace(BEGUN, results=results, stopped=stopped)


@pytest.mark.parametrize(
    ("outcomes", "stopped", "code", "reason"),
    [
        # All applied or there already.
        ((), "", Exit.DONE, ""),
        ((APPLIED,), "", Exit.DONE, ""),
        ((NOOP,), "", Exit.DONE, ""),
        ((APPLIED, NOOP, APPLIED), "", Exit.DONE, ""),
        # Nothing written, because somebody moved servers since the plan.
        ((CONFLICT,), "", Exit.REFUSED, "conflict"),
        ((CONFLICT, NOOP), "", Exit.REFUSED, "conflict"),
        ((CONFLICT,), "time-limit", Exit.REFUSED, "conflict"),
        # Nothing written, because something failed.
        ((FAILED,), "", Exit.ERROR, "failed"),
        ((FAILED, NOOP, CONFLICT, GONE), "", Exit.ERROR, "failed"),
        ((FAILED, LEFT), "permission", Exit.ERROR, "permission"),
        ((NOOP, FAILED, LEFT), "auth", Exit.ERROR, "auth"),
        ((FAILED,) * 5, "failing", Exit.ERROR, "failing"),
        ((LEFT, LEFT), "interrupted", Exit.ERROR, "interrupted"),
        ((CONFLICT, LEFT), "interrupted", Exit.ERROR, "interrupted"),
        # Some changes are made, and some are not or may not be.
        ((APPLIED, CONFLICT), "", Exit.PARTIAL, "partial"),
        ((APPLIED, GONE), "", Exit.PARTIAL, "partial"),
        ((APPLIED, FAILED), "", Exit.PARTIAL, "partial"),
        ((APPLIED, UNKNOWN), "", Exit.PARTIAL, "partial"),
        ((UNKNOWN,), "", Exit.PARTIAL, "partial"),
        ((UNKNOWN, LEFT), "field-changed", Exit.PARTIAL, "field-changed"),
        ((APPLIED, FAILED, LEFT), "auth", Exit.PARTIAL, "auth"),
        ((APPLIED, LEFT), "interrupted", Exit.PARTIAL, "interrupted"),
        ((GONE,), "", Exit.PARTIAL, "partial"),
        ((GONE, NOOP), "", Exit.PARTIAL, "partial"),
        ((GONE, CONFLICT), "", Exit.PARTIAL, "partial"),
        ((LEFT,), "", Exit.PARTIAL, "partial"),
    ],
    ids=lambda value: "+".join(one.value for one in value) or "nothing" if isinstance(value, tuple) else str(value),
)
def test_a_verdict_follows_from_the_outcomes(
    outcomes: tuple[Outcome, ...], stopped: str, code: Exit, reason: str
) -> None:
    assert verdict(receipt_of(*outcomes, stopped=stopped)) == (code, reason)


def test_a_receipt_begins_with_nothing_attempted() -> None:
    assert BEGUN.outcomes == {
        "applied": 0,
        "noop": 0,
        "conflict": 0,
        "gone": 0,
        "failed": 0,
        "unknown": 0,
        "not-attempted": 5,
    }
    assert (BEGUN.started_at, BEGUN.ended_at, BEGUN.stopped) == (AS_OF, None, "")


def test_a_receipt_names_the_plan_that_it_is_of() -> None:
    named = (BEGUN.plan, BEGUN.environment, BEGUN.sequence, BEGUN.url, BEGUN.actor, BEGUN.run, BEGUN.tool_version)

    run = "https://github.example/run/1"
    assert named == (PLAN.digest, "production", 1, "https://rest.vuls.biz", "alice", run, __version__)
    assert [(one.server, one.before, one.after) for one in BEGUN.results] == [
        (change.server, change.before, change.after) for change in PLAN.changes
    ]


def test_outcomes_are_counted_when_the_run_has_ended() -> None:
    applied = msgspec.structs.replace(BEGUN.results[1], outcome=APPLIED)
    results = (BEGUN.results[0], applied, *BEGUN.results[2:])

    receipt = ended(BEGUN, results, stopped="", now=AS_OF)

    assert (receipt.count(APPLIED), receipt.count(LEFT), receipt.count(FAILED)) == (1, 4, 0)
    assert receipt.results == results
    assert BEGUN.count(LEFT) == 5


def test_a_receipt_that_ended_says_when_and_why() -> None:
    receipt = ended(BEGUN, BEGUN.results, stopped="auth", now=AS_OF + timedelta(minutes=1))

    assert (receipt.ended_at, receipt.stopped) == (AS_OF + timedelta(minutes=1), "auth")


def test_a_receipt_is_written_with_sorted_keys_in_ascii() -> None:
    named = msgspec.structs.replace(BEGUN, actor="\u5e97")

    content = write_receipt(named)

    assert content == json.dumps(json.loads(content), sort_keys=True, indent=2).encode() + b"\n"
    assert b'"actor": "\\u5e97"' in content


def test_a_receipt_says_everything_about_a_change(tmp_path: Path) -> None:
    with emulated() as futurevuls:
        execute(plan_for(futurevuls.url), tmp_path)

    receipt = json.loads((tmp_path / "receipt.json").read_bytes())

    assert receipt["results"][0] == {
        "server": 1,
        "name": "server-1",
        "group": "web-platform",
        "direction": "raise",
        "before": {"level": "small", "role": 33},
        "after": {"level": "open", "role": 31},
        "outcome": "applied",
        "detail": "",
        "status": 200,
        "attempts": 1,
        "at": "2026-11-23T03:00:00Z",
    }
    assert {key: receipt[key] for key in ("format_version", "started_at", "ended_at", "stopped")} == {
        "format_version": 1,
        "started_at": "2026-11-23T03:00:00Z",
        "ended_at": "2026-11-23T03:00:00Z",
        "stopped": "",
    }


def test_a_receipt_is_read_as_it_was_written() -> None:
    accepted = Approval(digest=PLAN.digest, lowering=2, branch="origin/main", commit="c0ffee")
    receipt = begin(PLAN, actor="alice", run="", approval=accepted, now=AS_OF)

    assert read_receipt("receipt.json", write_receipt(receipt)) == receipt


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ((b'"applied": 0', b'"applied": 1'), "Its outcomes do not add up to its results."),
        (
            (b'"format_version": 1', b'"format_version": 2'),
            "The receipt has format version 2; this exposurectl reads 1.",
        ),
        ((b'"actor"', b'"acter"'), "This is not a receipt as exposurectl writes it: "),
        ((b"{", b"["), "This is not a receipt as exposurectl writes it: "),
        ((b"alice", b"\xff"), "This is not a receipt as exposurectl writes it: "),
        ((b"03:00:00Z", b"03:00:00"), "This is not a receipt as exposurectl writes it: "),
    ],
)
def test_a_receipt_that_is_none_is_an_error_with_its_place(edit: tuple[bytes, bytes], said: str) -> None:
    with pytest.raises(ExposurectlError) as caught:
        read_receipt("receipt.json", write_receipt(BEGUN).replace(*edit, 1))

    (problem,) = caught.value.problems
    assert caught.value.reason == "receipt-invalid"
    assert (problem.summary, problem.place) == ("Receipt not readable", Place("receipt.json"))
    assert problem.detail.startswith(said)
    assert problem.hint == "take the file from where apply left it"


def test_a_receipt_larger_than_any_plan_is_not_read() -> None:
    with pytest.raises(ExposurectlError) as caught:
        read_receipt("receipt.json", b" " * (Receipt.MAX_BYTES + 1))

    assert caught.value.problems == (
        Diagnostic(
            summary="Receipt not readable",
            place=Place("receipt.json"),
            detail="The file is larger than 67108864 bytes.",
            hint="take the file from where apply left it",
        ),
    )


def test_a_receipt_as_large_as_a_receipt_may_be_is_read() -> None:
    content = write_receipt(BEGUN)

    assert read_receipt("receipt.json", content + b" " * (Receipt.MAX_BYTES - len(content))) == BEGUN


def test_an_outcome_that_a_receipt_does_not_name_came_of_nothing() -> None:
    assert msgspec.structs.replace(BEGUN, outcomes={}).count(APPLIED) == 0


def test_a_receipt_of_more_values_than_any_is_not_decoded() -> None:
    with pytest.raises(ExposurectlError) as more:
        read_receipt("receipt.json", b"[" + b"0," * 2_000_001 + b"0]")
    with pytest.raises(ExposurectlError) as as_many:
        read_receipt("receipt.json", b"[" + b"0," * 2_000_000 + b"0]")

    assert more.value.problems[0].place == Place("receipt.json")
    assert more.value.problems[0].detail == "The file holds more than 2000000 values."
    assert as_many.value.problems[0].detail.startswith("This is not a receipt as exposurectl writes it: ")


def test_a_run_begins_without_having_been_stopped() -> None:
    assert begin(PLAN, actor="", run="", now=AS_OF).stopped == ""
