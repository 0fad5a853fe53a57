"""An entry: what a folder tells, and what is wrong within it."""

import json

import msgspec
import pytest

from auditing import receipt_of
from exposurectl.apply.receipt import Approval, write_receipt
from exposurectl.audit.breaks import Kind
from exposurectl.audit.entry import Entry, entry_of
from exposurectl.audit.folder import File, Folder
from exposurectl.plan.file import write_plan
from plan.building import three_changes

PLAN = three_changes()
WRITTEN = File(name="plan.json", content=write_plan(PLAN))


def entry(
    *receipts: bytes, plan: File | None = WRITTEN, journals: tuple[File, ...] = (), name: str = "20261123T030000Z-0001"
) -> Entry:
    files = tuple(File(name=f"receipt-{at}.json", content=content) for at, content in enumerate(receipts))
    return entry_of(Folder(name=name, plan=plan, receipts=files, journals=journals))[0]


def kinds(found: Entry) -> list[Kind]:
    return [one.kind for one in found.breaks]


def test_a_plan_in_short() -> None:
    found = entry()

    assert (found.environment, found.sequence, found.digest) == ("production", 1, PLAN.digest)
    assert (found.changes, found.lowerings, found.applyable, found.receipts) == (3, 1, True, 0)
    assert found.breaks == ()


def test_any_other_name_of_a_folder_says_nothing() -> None:
    assert entry(name="monday").breaks == ()


@pytest.mark.parametrize("name", ["20261123T030000Z-0002", "20261123T030001Z-0001"])
def test_a_folder_that_says_another_time_or_number_is_a_break(name: str) -> None:
    found = entry(name=name)

    assert kinds(found) == [Kind.PLAN_MISPLACED]
    assert found.breaks[0].detail == 'The plan in it is plan 1 of "production" as of 2026-11-23 03:00:00 UTC.'


def test_what_is_no_plan_any_more_is_placed_by_what_it_still_says() -> None:
    torn = File(name="plan.json", content=WRITTEN.content.replace(b"3", b"4", 1))

    found = entry(plan=torn)

    assert (found.environment, found.sequence, found.digest) == ("production", 1, "")
    assert kinds(found) == [Kind.PLAN_CHANGED]


def test_without_a_plan_its_receipt_says_whose_place_it_is() -> None:
    found = entry(b"[", write_receipt(receipt_of(PLAN)), plan=None, name="monday")

    assert (found.environment, found.sequence, kinds(found)) == ("production", 1, [Kind.PLAN_MISSING])


@pytest.mark.parametrize("content", [b"", b"[" * 100_000, b"\xff", b'{"sequence": 7}', b"{}"])
def test_what_says_nothing_is_placed_by_its_folder(content: bytes) -> None:
    numbered = entry(plan=File(name="plan.json", content=content), name="20261123T030000Z-0012")
    named = entry(plan=File(name="plan.json", content=content), name="monday")

    assert (numbered.environment, numbered.sequence) == ("", 12)
    assert (named.environment, named.sequence) == ("", 0)


def test_a_file_that_cannot_be_read_is_a_break() -> None:
    locked = File(name="plan.json", content=b"", problem="It cannot be read: Permission denied.")
    receipt = File(name="receipt.json", content=b"", problem="It is not a regular file.")
    journal = File(name="journal.jsonl", content=b"", problem="It is larger than 1 bytes.")

    plan = entry(plan=locked)
    folder = Folder(name="x", plan=WRITTEN, receipts=(receipt,), journals=(journal,))

    assert [(one.kind, one.detail) for one in plan.breaks] == [(Kind.PLAN_CHANGED, locked.problem)]
    assert [(one.kind, one.place, one.detail) for one in entry_of(folder)[0].breaks] == [
        (Kind.RECEIPT_CHANGED, "x/receipt.json", receipt.problem),
        (Kind.JOURNAL_CHANGED, "x/journal.jsonl", journal.problem),
    ]


def test_runs_are_told_in_the_order_in_which_they_began() -> None:
    later = receipt_of(PLAN, actor="later", now=PLAN.as_of.replace(hour=9), approval=Approval())
    first = receipt_of(PLAN, actor="first", now=PLAN.as_of.replace(hour=4))

    found = entry(write_receipt(later), write_receipt(first))

    assert [(run.actor, run.receipt[-6:], run.accepted, run.lowered) for run in found.runs] == [
        ("first", "1.json", 1, 1),
        ("later", "0.json", None, 1),
    ]
    assert found.receipts == 2


def test_a_receipt_from_before_approvals_were_kept_is_read() -> None:
    written = json.loads(write_receipt(receipt_of(PLAN)))
    del written["approval"]

    found = entry(json.dumps(written).encode())

    assert found.breaks == ()
    assert [(run.accepted, run.approved) for run in found.runs] == [(None, "")]


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"environment": "staging"}, 'It is of plan 1 of "staging", and beside it is plan 1.'),
        ({"sequence": 2}, 'It is of plan 2 of "production", and beside it is plan 1.'),
        ({"plan": "sha256:0"}, f"It is of the plan sha256:0, and the plan beside it is {PLAN.digest}."),
    ],
)
def test_a_receipt_of_another_plan_is_no_run_of_this_one(changes: dict[str, object], detail: str) -> None:
    receipt = msgspec.structs.replace(receipt_of(PLAN), **changes)

    found = entry(write_receipt(receipt))

    assert [(one.kind, one.detail) for one in found.breaks] == [(Kind.RECEIPT_MISPLACED, detail)]


def test_a_receipt_whose_results_are_in_another_order_is_a_break() -> None:
    receipt = receipt_of(PLAN)

    found = entry(write_receipt(msgspec.structs.replace(receipt, results=receipt.results[::-1])))

    assert kinds(found) == [Kind.RECEIPT_MISPLACED]
