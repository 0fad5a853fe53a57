"""A receipt beside its plan: it is of that plan, of exactly its changes, and adds up."""

from collections.abc import Iterator

import msgspec

from exposurectl.apply.receipt import Receipt, Result, read_receipt
from exposurectl.audit.breaks import Break, Kind
from exposurectl.audit.folder import File, Folder
from exposurectl.diagnostics import ExposurectlError
from exposurectl.plan.model import Change, Plan


def open_receipt(folder: Folder, file: File) -> Receipt | Break:
    """Return the receipt of a file, or the break that it is."""
    place = folder.file(file.name)
    if file.problem:
        return Break(place=place, kind=Kind.RECEIPT_CHANGED, detail=file.problem)
    try:
        return read_receipt(place, _complete(file.content))
    except ExposurectlError as error:
        detail = " ".join(problem.detail for problem in error.problems)
        return Break(place=place, kind=Kind.RECEIPT_CHANGED, detail=detail)


def _complete(content: bytes) -> bytes:
    """Return a receipt from before approvals were kept with an empty one in it; all else as it is."""
    try:
        written = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return content
    return content if "approval" in written else msgspec.json.encode(written | {"approval": msgspec.Raw(b"{}")})


def receipt_breaks(place: str, receipt: Receipt, plan: Plan) -> Iterator[Break]:
    """Yield where a receipt is not of the plan beside it; the first reason is enough."""
    detail = next(_contradictions(receipt, plan), "")
    if detail:
        yield Break(place=place, kind=Kind.RECEIPT_MISPLACED, detail=detail)


def _contradictions(receipt: Receipt, plan: Plan) -> Iterator[str]:
    if receipt.plan != plan.digest:
        yield f"It is of the plan {receipt.plan}, and the plan beside it is {plan.digest}."
    if (receipt.environment, receipt.sequence) != (plan.environment, plan.sequence):
        yield f'It is of plan {receipt.sequence} of "{receipt.environment}", and beside it is plan {plan.sequence}.'
    if receipt.url != plan.target.url:
        yield f"It is of {receipt.url}, and the plan is for {plan.target.url}."
    if receipt.approval.digest not in {"", plan.digest}:
        yield f"It says that {receipt.approval.digest} was approved, and the plan is {plan.digest}."
    if [_move(one) for one in receipt.results] != [_move(one) for one in plan.changes]:
        yield "Its results are not of the plan's changes, one for each in the same order."
    if receipt.ended_at is not None and receipt.ended_at < receipt.started_at:
        yield "It ends before it begins."


def _move(one: Result | Change) -> tuple[object, ...]:
    """Return what a change and its result have in common."""
    return one.server, one.name, one.group, one.direction, one.before, one.after
