"""What the runs before left open: receipts that a kill kept from being closed."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from exposurectl.apply.journal import Journal
from exposurectl.apply.receipt import Outcome, Receipt, Result, ended, read_receipt
from exposurectl.apply.receipt_file import HALF, ReceiptFile
from exposurectl.apply.records import Begin, End, Intent, Record, Settled
from exposurectl.diagnostics import ExposurectlError

KILLED = "killed"


def close_receipts(journal: Journal) -> tuple[Path, ...]:
    """
    Close the receipts of runs that were killed, from what the journal has of them, and return their files.

    What such a run had half written is removed. A PUT that was about to go out, and of which nothing more is known,
    is `unknown`: FutureVuls is asked by the run that comes now, not by the receipt of the one that is over. Where the
    journal of such a run is gone, all that it was to do is `unknown`.
    """
    for half in journal.path.parent.glob(f"receipt*.json{HALF}"):
        with contextlib.suppress(OSError):
            half.unlink()
    closed = []
    holders = {record.receipt: record for record in journal.past if isinstance(record, Begin)}
    for run in _killed(journal.past):
        if holders[run[0].receipt] is not run[0]:  # it was killed before it made its receipt: a later run took the name
            continue
        path = journal.path.parent / run[0].receipt
        receipt = _open_receipt(path, journal.plan)
        if receipt:
            _keep(path, _closed(receipt, run))
            closed.append(path)
    for path in sorted(journal.path.parent.glob("receipt*.json")):
        receipt = None if path.name in holders else _open_receipt(path, journal.plan)
        if receipt:
            _keep(path, _given_up(receipt))
            closed.append(path)
    return tuple(closed)


def _keep(path: Path, receipt: Receipt) -> None:
    """Close a receipt; where that fails, nothing was written by the run that comes now."""
    try:
        ReceiptFile(path).keep(receipt)
    except ExposurectlError as error:
        raise ExposurectlError(*error.problems, reason=error.reason) from error


def _killed(past: Sequence[Record]) -> Iterator[tuple[Begin, list[Record]]]:
    """Yield each run that has no end: its beginning, and what followed."""
    begin: Begin | None = None
    records: list[Record] = []
    for record in past:
        if isinstance(record, Begin):
            if begin:
                yield begin, records
            begin, records = record, []
        elif isinstance(record, End):
            begin = None
        else:
            records.append(record)
    if begin:
        yield begin, records


def _open_receipt(path: Path, plan: str) -> Receipt | None:
    """Return a receipt of the plan where it is there and was not closed; one that cannot be read is left as it is."""
    try:
        receipt = read_receipt(str(path), path.read_bytes())
    except (OSError, ExposurectlError):
        return None
    return receipt if receipt.ended_at is None and receipt.plan == plan else None


def _closed(receipt: Receipt, run: tuple[Begin, list[Record]]) -> Receipt:
    begin, records = run
    results, last = list(receipt.results), begin.at
    for record in records:
        if isinstance(record, Intent):
            results[record.change] = _under_way(receipt.results[record.change])
        elif isinstance(record, Settled):
            results[record.change] = _settled(receipt.results[record.change], record)
            last = record.at or last
    return ended(receipt, results, stopped=KILLED, now=last)


def _given_up(receipt: Receipt) -> Receipt:
    """Return the receipt of a run that no journal tells of any more."""
    detail = "killed, and the journal of its run is gone: nobody knows how far it came"
    unknown = (msgspec.structs.replace(one, outcome=Outcome.UNKNOWN, detail=detail) for one in receipt.results)
    return ended(receipt, list(unknown), stopped=KILLED, now=receipt.started_at)


def _under_way(planned: Result) -> Result:
    detail = "killed while the request was under way"
    return msgspec.structs.replace(planned, outcome=Outcome.UNKNOWN, detail=detail)


def _settled(planned: Result, record: Settled) -> Result:
    return msgspec.structs.replace(
        planned,
        outcome=record.outcome,
        detail=record.detail,
        status=record.status,
        attempts=record.attempts,
        at=record.at,
    )
