"""The ledger: what is said of plans that nothing tells the end of, and of whose receipts count."""

from typing import Any

import msgspec

from auditing import receipt_of
from exposurectl.apply.receipt import write_receipt
from exposurectl.audit.breaks import Kind
from exposurectl.audit.folder import File, Folder
from exposurectl.audit.history import Unknown
from exposurectl.audit.ledger import Ledger
from exposurectl.audit.report import Environment, Report
from exposurectl.plan.file import write_plan
from exposurectl.plan.head import HeadEntry, with_newest, write_head
from exposurectl.plan.model import Plan
from plan.building import resealed, three_changes

FIRST = three_changes()


def following(plan: Plan, **changes: Any) -> Plan:
    """Return a plan after another one, in which nothing is left to do."""
    rows: dict[str, Any] = {"changes": (), "unchanged": ()}
    return resealed(plan, **{**rows, "sequence": plan.sequence + 1, "previous": plan.digest, **changes})


def report(*plans: Plan, receipts: tuple[bytes, ...] = ()) -> Report:
    """Return the audit of these plans; the receipts lie beside the first one."""
    ledger = Ledger()
    head: dict[str, HeadEntry] = {}
    for plan in plans:
        beside = receipts if plan is plans[0] else ()
        files = tuple(File(name=f"receipt-{at}.json", content=content) for at, content in enumerate(beside))
        written = File(name="plan.json", content=write_plan(plan))
        ledger.take(Folder(name=f"plan-{plan.sequence}", plan=written, receipts=files, journals=()))
        head = with_newest(head, plan)
    named = File(name="HEAD", content=write_head(head))
    return ledger.report("plans", named, Unknown(why="It is not looked at."))


def environment(found: Report) -> Environment:
    (one,) = found.environments
    return one


def without_receipt(*plans: Plan, receipts: tuple[bytes, ...] = ()) -> list[tuple[int, int | None]]:
    found = environment(report(*plans, receipts=receipts)).without_receipt
    return [(one.sequence, one.made) for one in found]


def test_the_last_plan_may_still_be_applied() -> None:
    assert without_receipt(FIRST) == []


def test_a_plan_with_a_receipt_has_an_end() -> None:
    assert without_receipt(FIRST, following(FIRST), receipts=(write_receipt(receipt_of(FIRST)),)) == []


def test_a_plan_that_another_one_followed_has_none() -> None:
    assert without_receipt(FIRST, following(FIRST)) == [(1, 0)]
    assert without_receipt(FIRST, following(FIRST, changes=FIRST.changes)) == [(1, 0)]


def test_changes_that_the_next_plan_found_made_are_counted() -> None:
    raised, _, lowered = FIRST.changes
    back = msgspec.structs.replace(raised, before=raised.after, after=raised.before)
    there = msgspec.structs.replace(lowered, before=lowered.after, after=lowered.before)

    assert without_receipt(FIRST, following(FIRST, changes=(back,))) == [(1, 1)]
    assert without_receipt(FIRST, following(FIRST, changes=(back, there))) == [(1, 2)]


def test_a_plan_that_does_not_follow_tells_nothing_of_it() -> None:
    stranger = following(FIRST, previous=f"sha256:{'0' * 64}")

    assert without_receipt(FIRST, stranger) == [(1, None)]


def test_a_plan_that_cannot_be_applied_or_has_no_changes_needs_no_receipt() -> None:
    blocked = resealed(FIRST, applyable=False)
    idle = resealed(FIRST, changes=())

    assert without_receipt(blocked, following(blocked)) == []
    assert without_receipt(idle, following(idle)) == []


def test_what_a_receipt_of_another_plan_says_does_not_count() -> None:
    other = receipt_of(resealed(FIRST, warnings=("another",)))

    found = environment(report(FIRST, receipts=(write_receipt(other),)))

    assert (found.receipts, sum(found.outcomes.values()), found.lowerings) == (1, 0, ())
    assert found.breaks[0].kind is Kind.RECEIPT_MISPLACED
