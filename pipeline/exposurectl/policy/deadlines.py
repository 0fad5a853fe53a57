"""Overrides whose day has come, or lies too far away: what is said of each."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

import msgspec

from exposurectl.diagnostics import Diagnostic, Place, ProblemId, Severity
from exposurectl.policy.compile import PolicyFile, entries
from exposurectl.policy.model import Override, Policy
from exposurectl.policy.overrides import expired, expiring, too_long


class Deadlines(msgspec.Struct, frozen=True, kw_only=True):
    """How long overrides may hold, and from when on their end is announced."""

    max_days: int = 365
    expiring_days: int = 14
    expired_is_error: bool = True


def override_problems(
    policy: Policy, files: Iterable[PolicyFile], today: date, deadlines: Deadlines
) -> Iterator[Diagnostic]:
    """Yield what is wrong with the days on which overrides expire, each at its `expires`."""
    places = {document.at(*path, "id"): document.place(*path, "expires") for document, path in entries(files)}
    for override in expired(policy, today):
        yield _expired(override, places[override.id], deadlines)
    for override in too_long(policy, today, deadlines.max_days):
        yield _too_long(override, places[override.id], today, deadlines.max_days)
    for override in expiring(policy, today, deadlines.expiring_days):
        yield _expiring(override, places[override.id], today)


def _expired(override: Override, place: Place, deadlines: Deadlines) -> Diagnostic:
    return Diagnostic(
        id=ProblemId.OVERRIDE_EXPIRED,
        severity=Severity.ERROR if deadlines.expired_is_error else Severity.WARNING,
        summary="Override expired",
        place=place,
        detail=f'The last valid day of override "{override.id}" was {override.expires}: it decides nothing any more'
        f"{', and it blocks every plan' if deadlines.expired_is_error else ''}.",
        hint="delete it, or have it approved again and write a later day",
    )


def _too_long(override: Override, place: Place, today: date, max_days: int) -> Diagnostic:
    return Diagnostic(
        id=ProblemId.OVERRIDE_TOO_LONG,
        summary="Override holds too long",
        place=place,
        detail=f'Override "{override.id}" would hold until {override.expires}, {_away(override, today)}. The limit is '
        f"{max_days} days, so that somebody looks at it again.",
        hint=f"write {_latest(today, max_days)} or an earlier day",
    )


def _expiring(override: Override, place: Place, today: date) -> Diagnostic:
    return Diagnostic(
        id=ProblemId.OVERRIDE_EXPIRING,
        severity=Severity.WARNING,
        summary="Override expires soon",
        place=place,
        detail=f'The last valid day of override "{override.id}" is {override.expires}, {_away(override, today)}. '
        "After it, the override decides nothing.",
        hint="delete it, or have it approved again and write a later day",
    )


def _away(override: Override, today: date) -> str:
    days = (override.expires - today).days
    return "today" if not days else f"{days} day{'s' if days > 1 else ''} from {today}"


def _latest(today: date, days: int) -> date:
    """Return the day so many days after today, or the last day that there is."""
    return today + min(timedelta(days=days), date.max - today)
