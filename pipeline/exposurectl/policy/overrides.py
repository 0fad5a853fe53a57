"""Overrides through time and use: which have expired or soon will, which hold too long, and which change nothing."""

from collections.abc import Iterable
from datetime import date

import msgspec

from exposurectl.model import Evidence
from exposurectl.policy.decide import decide
from exposurectl.policy.model import Override, Policy
from exposurectl.policy.sources import AnywherePrefix


def expired(policy: Policy, today: date) -> tuple[Override, ...]:
    """Return the overrides whose last valid day is before today; each of them decides nothing."""
    return tuple(override for override in policy.overrides if not override.is_live(today))


def expiring(policy: Policy, today: date, within_days: int) -> tuple[Override, ...]:
    """Return the live overrides whose last valid day is at most so many days away; 0 of them is today itself."""
    return tuple(one for one in policy.overrides if 0 <= _days_left(one, today) <= within_days)


def too_long(policy: Policy, today: date, max_days: int) -> tuple[Override, ...]:
    """Return the overrides that would still hold more than so many days after today: nobody looks at them again."""
    return tuple(one for one in policy.overrides if _days_left(one, today) > max_days)


def _days_left(override: Override, today: date) -> int:
    """Return how many days after today the last valid one is; below 0 once the override has expired."""
    return (override.expires - today).days


def unused(policy: Policy, fleet: Iterable[Evidence], *, today: date, anywhere: AnywherePrefix) -> tuple[Override, ...]:
    """Return the live overrides without which every instance would be decided the same."""
    waiting = {override.id: override for override in policy.overrides if override.is_live(today)}
    for evidence in fleet:
        if not waiting:
            break
        for override in [one for one in waiting.values() if one.match.scope.holds(evidence.instance)]:
            others = tuple(one for one in policy.overrides if one is not override)
            without = msgspec.structs.replace(policy, overrides=others)
            kept = decide(evidence, policy, today=today, anywhere=anywhere)
            if _differ(kept, decide(evidence, without, today=today, anywhere=anywhere)):
                del waiting[override.id]
    return tuple(waiting.values())


def _differ(one: object, other: object) -> bool:
    """Tell whether two decisions differ in their level, or in that there is one."""
    return getattr(one, "level", None) is not getattr(other, "level", None)
