"""What another policy would do to a fleet: the instances whose level it changes, by what changes it."""

import enum
from collections.abc import Iterable
from datetime import date

import msgspec

from exposurectl.model import Decided, Decision, Evidence, Exposure, Instance
from exposurectl.policy.decide import decide
from exposurectl.policy.model import Policy
from exposurectl.policy.sources import AnywherePrefix


class Direction(enum.Enum):
    """What the new policy does to an instance that is anywhere the old one lets it be, the gravest first."""

    LOWER = "lower"
    SET = "set"
    """The old policy leaves it at several levels; the new one does not, which lowers some and raises others."""
    RAISE = "raise"
    LEAVE = "leave"
    """It stays where it is: the new policy lets it be at more levels than the old one."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one policy makes of an instance."""

    level: Exposure | None
    """None where the instance is left alone."""
    raise_only: bool = False
    """An instance that is above the level stays there."""
    rules: tuple[str, ...]
    """Ids of the rules, overrides or defaults that gave the level, sorted."""

    @property
    def lowest(self) -> Exposure:
        """Return the level below which the instance does not stay."""
        return self.level or Exposure.SMALL

    @property
    def highest(self) -> Exposure:
        """Return the level above which the instance does not stay."""
        return Exposure.OPEN if self.level is None or self.raise_only else self.level


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """Instances that two policies treat differently, for the same reasons."""

    direction: Direction
    before: Outcome
    after: Outcome
    instances: tuple[Instance, ...]
    """Sorted by id."""


def effect(
    old: Policy, new: Policy, fleet: Iterable[Evidence], *, today: date, anywhere: AnywherePrefix
) -> tuple[Shift, ...]:
    """
    Return every instance whose level changes, or may now be lowered or no longer be: in groups, the gravest first.

    An instance whose level only another rule gives is not in it.
    """
    groups: dict[tuple[Outcome, Outcome], list[Instance]] = {}
    for evidence in fleet:
        before, after = (_outcome(decide(evidence, one, today=today, anywhere=anywhere)) for one in (old, new))
        if (before.lowest, before.highest) != (after.lowest, after.highest):
            groups.setdefault((before, after), []).append(evidence.instance)
    return tuple(sorted((_shift(*pair, instances) for pair, instances in groups.items()), key=_order))


def direction(before: Outcome, after: Outcome) -> Direction:
    """Return what happens to an instance that is anywhere the old policy lets it be."""
    lowers, raises = after.highest < before.highest, before.lowest < after.lowest
    if lowers:
        return Direction.SET if raises else Direction.LOWER
    return Direction.RAISE if raises else Direction.LEAVE


def _outcome(decision: Decision) -> Outcome:
    if isinstance(decision, Decided):
        rules = tuple(sorted({reason.rule for reason in decision.reasons}))
        return Outcome(level=decision.level, raise_only=decision.raise_only, rules=rules)
    return Outcome(level=None, rules=("defaults.unobserved",))


def _shift(before: Outcome, after: Outcome, instances: Iterable[Instance]) -> Shift:
    return Shift(
        direction=direction(before, after),
        before=before,
        after=after,
        instances=tuple(sorted(instances, key=lambda instance: instance.id)),
    )


_DIRECTIONS = list(Direction)
_LEVELS = list(Exposure)


def _order(shift: Shift) -> tuple[object, ...]:
    """Sort by direction, the most exposed first, then by what decides."""
    levels = (shift.before.highest, shift.before.lowest, shift.after.highest, shift.after.lowest)
    return (
        _DIRECTIONS.index(shift.direction),
        *(-_LEVELS.index(level) for level in levels),
        shift.before.rules,
        shift.after.rules,
    )
