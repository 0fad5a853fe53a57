"""The receipt: its counts, its verdict, and the file that is never another run's."""

import json
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from apply.acting import emulated, execute, plan_for
from exposurectl import __version__
from exposurectl.apply.receipt import (
    Outcome,
    Receipt,
    ReceiptFile,
    begin,
    ended,
    verdict,
    with_result,
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


def test_an_outcome_is_counted_where_it_stands() -> None:
    applied = msgspec.structs.replace(BEGUN.results[1], outcome=APPLIED)

    receipt = with_result(BEGUN, 1, applied)

    assert (receipt.count(APPLIED), receipt.count(LEFT), receipt.count(FAILED)) == (1, 4, 0)
    assert receipt.results == (BEGUN.results[0], applied, *BEGUN.results[2:])
    assert BEGUN.count(LEFT) == 5


def test_a_receipt_that_ended_says_when_and_why() -> None:
    receipt = ended(BEGUN, stopped="auth", now=AS_OF + timedelta(minutes=1))

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


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ([], "receipt.json"),
        (["receipt.json"], "receipt-2.json"),
        (["receipt.json", "receipt-2.json", "receipt-3.json"], "receipt-4.json"),
        (["receipt-2.json"], "receipt.json"),
        (["receipt.json", "receipt-3.json"], "receipt-2.json"),
    ],
)
def test_a_receipt_lies_beside_its_plan_under_a_name_of_its_own(
    there: list[str], expected: str, tmp_path: Path
) -> None:
    for name in there:
        (tmp_path / name).touch()

    assert ReceiptFile.beside(tmp_path / "plan.json").path == tmp_path / expected


def test_a_receipt_is_created_and_kept(tmp_path: Path) -> None:
    file = ReceiptFile(tmp_path / "receipt.json")
    after = ended(BEGUN, stopped="auth", now=AS_OF)

    file.create(BEGUN)
    created = file.path.read_bytes()
    file.keep(after)

    assert (created, file.path.read_bytes()) == (write_receipt(BEGUN), write_receipt(after))
    assert list(tmp_path.iterdir()) == [file.path]


def refused(path: Path) -> ExposurectlError:
    with pytest.raises(ExposurectlError) as caught:
        ReceiptFile(path).create(BEGUN)
    return caught.value


def test_the_receipt_of_another_run_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "receipt.json"
    path.write_bytes(b"another run's")

    error = refused(path)

    assert path.read_bytes() == b"another run's"
    assert (error.exit_code, error.reason) == (Exit.ERROR, "receipt")
    assert error.problems == (
        Diagnostic(
            summary="Receipt cannot be written",
            place=Place(str(path)),
            detail="File exists. Nothing is applied that cannot be recorded.",
            hint="name another file with --receipt",
        ),
    )


def test_a_receipt_is_not_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "receipt.json").symlink_to(tmp_path / "elsewhere.json")

    assert refused(tmp_path / "receipt.json").problems[0].detail.startswith("File exists.")
    assert not (tmp_path / "elsewhere.json").exists()


def test_a_receipt_in_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    error = refused(tmp_path / "missing" / "receipt.json")

    assert error.problems[0].detail == ("No such file or directory. Nothing is applied that cannot be recorded.")


def test_a_receipt_that_cannot_be_kept_is_an_error_after_writes(tmp_path: Path) -> None:
    file = ReceiptFile(tmp_path / "receipt.json")
    file.create(BEGUN)
    (tmp_path / "receipt.json.new").mkdir()

    with pytest.raises(ExposurectlError) as caught:
        file.keep(ended(BEGUN, stopped="", now=AS_OF))

    assert (caught.value.exit_code, caught.value.reason) == (Exit.PARTIAL, "receipt")
    assert caught.value.problems == (
        Diagnostic(
            summary="Receipt cannot be written",
            place=Place(str(file.path)),
            detail="Is a directory. It lacks what was done last, and nothing more is applied.",
            hint="make room for it, then apply the plan again: what is done already stays as it is",
        ),
    )
    assert file.path.read_bytes() == write_receipt(BEGUN)
