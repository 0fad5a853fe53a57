"""How far the service's clock and ours are apart, by the `Date` of its replies."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

MOST_SKEW = timedelta(minutes=10)
"""How far FutureVuls' clock and this machine's may be apart: a plan's age is told by the latter."""


def skew_of(date: str | None, now: datetime) -> timedelta | None:
    """Return by how much the service's clock is ahead of ours; None where it says no time that can be read."""
    try:
        said = parsedate_to_datetime((date or "").strip())
        return (said if said.tzinfo else said.replace(tzinfo=UTC)) - now
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
