"""Which servers were moved when, by the receipts of the recorded plans."""

import itertools
from collections.abc import Iterator, Mapping
from datetime import datetime

from exposurectl.apply.receipt import Outcome, Receipt, Result, read_receipt
from exposurectl.cli.recorded import plans_of, read, receipts_in
from exposurectl.config import Settings
from exposurectl.diagnostics import ExposurectlError

_MOVED = {Outcome.APPLIED, Outcome.UNKNOWN}


def moves(settings: Settings, now: datetime) -> Mapping[str, Mapping[int, datetime]]:
    """
    Return by group and server when each was moved last, or may have been; empty where no plan was applied here.

    A run whose receipt is not closed may have moved all of its servers up to now. A receipt that cannot be read tells
    nothing of moves; what is wrong with it is for the audit to say.
    """
    last: dict[str, dict[int, datetime]] = {}
    for receipt in _receipts(settings):
        for result in receipt.results:
            if at := _moved_at(result, receipt, now):
                group = last.setdefault(result.group, {})
                group[result.server] = max(at, group.get(result.server, at))
    return last


def _moved_at(result: Result, receipt: Receipt, now: datetime) -> datetime | None:
    if receipt.ended_at is None:
        return now
    return (result.at or receipt.ended_at) if result.outcome in _MOVED else None


def _receipts(settings: Settings) -> Iterator[Receipt]:
    """Yield the receipts of the config's own environment."""
    folders = sorted(plan.parent for plan in plans_of(settings).glob("*/plan.json"))
    for path in itertools.chain.from_iterable(map(receipts_in, folders)):
        try:
            receipt = read_receipt(str(path), read(path).content)
        except ExposurectlError:
            continue
        if (receipt.environment, receipt.url) == (settings.environment, settings.url):
            yield receipt
