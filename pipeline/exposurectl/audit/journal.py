"""A journal beside a plan: each line follows the one before it, and tells the same as the receipts."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from exposurectl.apply.receipt import Outcome, Receipt
from exposurectl.audit.breaks import Break, Kind
from exposurectl.audit.folder import File, Folder
from exposurectl.plan.model import Moment

_OPEN = frozenset({Outcome.NOT_ATTEMPTED, Outcome.UNKNOWN})
"""What a change ends as that no journal tells the end of."""
_FIRST = hashlib.sha256(b"exposurectl-journal/v1\0").hexdigest()


def journal_breaks(folder: Folder, file: File, plan: str, receipts: Mapping[str, Receipt]) -> Iterator[Break]:
    """
    Yield what is wrong with a journal of the plan with this digest; `receipts` are those beside it, by file name.

    A last line without an end is what a killed run leaves, and no break.
    """
    place = folder.file(file.name)
    records = []
    for record in _records(file):
        if isinstance(record, str):
            yield Break(place=place, kind=Kind.JOURNAL_CHANGED, detail=record)
            return
        records.append(record)
    for run in _runs(records):
        yield from _run_breaks(folder, place, run, plan, receipts)


def receipts_named(file: File) -> Iterator[str]:
    """Yield the names of the receipts beside a journal that it tells of, whether or not the journal is whole."""
    for line in file.content.split(b"\n"):
        try:
            record = msgspec.json.decode(line, type=_Record)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue
        if record.receipt and "/" not in record.receipt:
            yield record.receipt


class _Record(msgspec.Struct, frozen=True):
    """What the audit looks at in a line; a line has more."""

    prev: str
    record: str
    plan: str = ""
    receipt: str = ""
    change: int = -1
    outcome: str = ""
    at: Moment | None = None


def _records(file: File) -> Iterator[_Record | str]:
    """Yield the records, and in place of the first one that is wrong, why."""
    if file.problem:
        yield file.problem
        return
    last = _FIRST
    for number, line in enumerate(file.content.split(b"\n")[:-1], start=1):
        try:
            record = msgspec.json.decode(line, type=_Record)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            yield f"Line {number} is no record."
            return
        if record.prev != last:
            yield f"Line {number} does not follow the one before it: a line was changed, put in or taken out."
            return
        last = hashlib.sha256(line).hexdigest()
        yield record


def _runs(records: list[_Record]) -> list[list[_Record]]:
    """Return the records by run."""
    runs: list[list[_Record]] = []
    for record in records:
        if record.record == "begin" or not runs:
            runs.append([])
        runs[-1].append(record)
    return runs


def _run_breaks(
    folder: Folder, place: str, run: list[_Record], plan: str, receipts: Mapping[str, Receipt]
) -> Iterator[Break]:
    """Yield where one run is of another plan, has no receipt here, or ended otherwise than its receipt says."""
    begin = run[0]
    if begin.plan != plan:
        detail = f"It tells of the plan {begin.plan}, and the plan beside it is {plan}."
        yield Break(place=place, kind=Kind.JOURNAL_CHANGED, detail=detail)
        return
    if "/" in begin.receipt:  # it was kept elsewhere, as `--receipt` said
        return
    receipt = receipts.get(begin.receipt)
    if receipt is None and len(run) > 1:  # a run that was killed as it began has sent nothing
        detail = f"The journal tells of a run whose receipt is {begin.receipt}, which is not here."
        yield Break(place=folder.file(begin.receipt), kind=Kind.RECEIPT_MISSING, detail=detail)
    elif receipt is not None and receipt.ended_at is not None:
        yield from _contradictions(place, begin.receipt, run, receipt)


def _contradictions(place: str, name: str, run: list[_Record], receipt: Receipt) -> Iterator[Break]:
    told = {record.change: record.outcome for record in run if record.record == "result"}
    for number, outcome in sorted(told.items()):
        kept = receipt.results[number].outcome.value if 0 <= number < len(receipt.results) else "no such change"
        if kept != outcome:
            detail = f"Of change {number + 1} the journal says {outcome}, and {name} says {kept}."
            yield Break(place=place, kind=Kind.JOURNAL_CHANGED, detail=detail)
            return
    untold = _untold(run[0], told, receipt)
    if untold is not None:
        # Whole lines that were taken from the end leave nothing behind that would not follow.
        detail = f"Of change {untold + 1} the journal says nothing, and {name} says how it ended: its end is missing."
        yield Break(place=place, kind=Kind.JOURNAL_CHANGED, detail=detail)


def _is_of(began: datetime, receipt: Receipt) -> bool:
    """
    Tell whether a run that began then may be the receipt's.

    One that was killed before it made its receipt left the name to a later one, and one that was refused, because the
    name was taken, came after it had ended.
    """
    return receipt.started_at <= began and (receipt.ended_at is None or began <= receipt.ended_at)


def _untold(begin: _Record, told: Mapping[int, str], receipt: Receipt) -> int | None:
    """Return the first change that the receipt knows the end of and the journal does not, although it had to."""
    # A disk that fails stops the run.
    if receipt.stopped == "journal" or (begin.at and not _is_of(begin.at, receipt)):
        return None
    known = (number for number, one in enumerate(receipt.results) if one.outcome not in _OPEN)
    return next((number for number in known if number not in told), None)
