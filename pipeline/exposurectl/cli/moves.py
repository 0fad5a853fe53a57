"""Which servers were moved when, by the receipts of the recorded plans."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from exposurectl.apply.receipt import Outcome, Receipt, read_receipt
from exposurectl.cli.recorded import plans_of, read
from exposurectl.config import Settings
from exposurectl.diagnostics import ExposurectlError

_MOVED = {Outcome.APPLIED, Outcome.UNKNOWN}


def moves(settings: Settings) -> Mapping[str, Mapping[int, datetime]]:
    """
    Return by group and server when each was moved last, or may have been; empty where no plan was applied here.

    A receipt that cannot be read tells nothing of moves; what is wrong with it is for the audit to say.
    """
    last: dict[str, dict[int, datetime]] = {}
    for receipt in _receipts(settings):
        for result in receipt.results:
            if result.outcome in _MOVED:
                at, group = result.at or receipt.started_at, last.setdefault(result.group, {})
                group[result.server] = max(at, group.get(result.server, at))
    return last


def _receipts(settings: Settings) -> Iterator[Receipt]:
    """Yield the receipts of the config's own environment."""
    for path in sorted(plans_of(settings).glob("*/receipt*.json")):
        try:
            receipt = read_receipt(str(path), read(path).content)
        except ExposurectlError:
            continue
        if (receipt.environment, receipt.url) == (settings.environment, settings.url):
            yield receipt
