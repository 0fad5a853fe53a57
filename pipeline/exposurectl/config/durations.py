"""How a config writes spans of time."""

from datetime import timedelta

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(written: str) -> timedelta:
    """Return what `24h` or `7d` means."""
    return timedelta(**{_UNITS[written[-1]]: int(written[:-1])})
