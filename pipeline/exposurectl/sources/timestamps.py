"""The five ways in which AWS writes a time, read alike on every machine and in every locale."""

import re
from datetime import UTC, datetime

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH = "|".join(_MONTHS)
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)", re.ASCII)
# EventBridge until 2023: `Mar 20, 2023, 6:08:05 PM`. Newer Java puts a narrow no-break space before PM.
_AMERICAN = re.compile(
    rf"({_MONTH}) (\d{{1,2}}), (\d{{4}}),? (\d{{1,2}}):(\d\d):(\d\d)[ \u00a0\u202f]([AP])M", re.ASCII
)
# EventBridge since 2024: `Thu Sep 05 13:06:56.334 UTC 2024`.
_JAVA = re.compile(
    rf"[A-Z][a-z]{{2}} ({_MONTH}) (\d{{1,2}}) (\d\d):(\d\d):(\d\d)(?:\.(\d{{1,6}}))? (?:UTC|GMT) (\d{{4}})", re.ASCII
)
_NOON = 12


def read_timestamp(written: float | str) -> datetime:
    """
    Return the moment in UTC, or raise ValueError where the form is none of AWS's.

    The forms are: epoch seconds (the HTTP API), ISO 8601 with a zone (the AWS CLI, Security Hub), and the two of
    EventBridge. The one without a zone is UTC.
    """
    try:
        return _read(written)
    except (OverflowError, OSError) as error:
        message = "outside the calendar"
        raise ValueError(message) from error


def _read(written: float | str) -> datetime:
    if isinstance(written, float | int):
        return datetime.fromtimestamp(written, UTC)
    if _ISO.fullmatch(written):
        return datetime.fromisoformat(written).astimezone(UTC)
    if american := _AMERICAN.fullmatch(written):
        return _from_american(american)
    if java := _JAVA.fullmatch(written):
        return _from_java(java)
    message = "not a form that AWS writes"
    raise ValueError(message)


def _from_american(match: re.Match[str]) -> datetime:
    month, day, year, hour, minute, second, half = match.groups()
    if not 1 <= int(hour) <= _NOON:
        message = "not an hour of a twelve-hour clock"
        raise ValueError(message)
    hours = int(hour) % _NOON + (_NOON if half == "P" else 0)
    return datetime(int(year), _month(month), int(day), hours, int(minute), int(second), tzinfo=UTC)


def _from_java(match: re.Match[str]) -> datetime:
    month, day, hour, minute, second, fraction, year = match.groups()
    micros = int((fraction or "0").ljust(6, "0"))
    return datetime(int(year), _month(month), int(day), int(hour), int(minute), int(second), micros, tzinfo=UTC)


def _month(name: str) -> int:
    return _MONTHS.index(name) + 1
