"""Guardrails: how much one plan may change before somebody has to acknowledge exactly that."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

import msgspec

from exposurectl.config import Limits
from exposurectl.plan.compare import may_lower
from exposurectl.plan.model import Block, Change, Counts, Direction

LOWERING, RAISING = "--accept-lowering", "--accept-raising"
"""The flags of `apply` that acknowledge a guardrail, each with the exact number."""

_FEW = 10
"""Below this many managed servers a percentage means nothing."""
_FEW_RAISES = 3
_ALL = 100
"""Per cent: no limit."""
_LOST_COVERAGE, _LOST_INSTANCES, _LOST_FINDINGS = 5, 20, 50
"""Per cent of the previous plan's evidence; beyond that a lowering may rest on what was not read."""


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """How many changes go each way. One that joins may also lower; it counts where people look for it, as raised."""

    lowering: int
    raising: int


class Losses(msgspec.Struct, frozen=True, kw_only=True):
    """What there was in the previous plan's evidence, and what is there now."""

    before: Counts
    now: Counts
    uncovered: int
    """Instances that were observed then and are not now."""


def numbers(changes: Sequence[Change]) -> Numbers:
    """Return how many changes go each way."""
    lowering = sum(change.direction is Direction.LOWER for change in changes)
    return Numbers(lowering=lowering, raising=len(changes) - lowering)


def lowers(change: Change) -> bool:
    """Tell whether the change may show less exposure than now: then the server is read again just before."""
    return change.after.level is None or may_lower(change.before, change.after.level)


def guardrails(changes: Sequence[Change], managed: int, limits: Limits) -> Iterator[Block]:
    """Yield a block for each limit that the changes of a plan are over; `managed` counts servers in families."""
    found = numbers(changes)
    if found.lowering > limits.lower_count:
        yield Block(
            reason="guardrail-lower",
            detail=f"The plan lowers {found.lowering}, and limits.lower.count is {limits.lower_count}: "
            f"review each lowering, then apply it with {LOWERING} {found.lowering}.",
            acknowledge=f"{LOWERING} {found.lowering}",
        )
    over = _raises_over(found.raising, managed, limits)
    if over:
        yield Block(
            reason="guardrail-raise",
            detail=f"The plan raises or joins {over}: review them, then apply it with {RAISING} {found.raising}.",
            acknowledge=f"{RAISING} {found.raising}",
        )


def _raises_over(raises: int, managed: int, limits: Limits) -> str:
    """Return how many raises there are, and which limit that is over; nothing where it is over none."""
    share = f"{raises} of {managed} managed servers"
    if raises > limits.raise_count:
        return f"{raises}, and limits.raise.count is {limits.raise_count}"
    if limits.raise_percent >= _ALL:
        return ""
    if managed < _FEW:
        return f"{share}; with fewer than {_FEW} the limit is {_FEW_RAISES}" if raises > _FEW_RAISES else ""
    if Fraction(raises * _ALL, managed) <= limits.raise_percent:
        return ""
    percent = round(raises * _ALL / managed)
    return f"{share} ({percent} %), more than the {limits.raise_percent} % of limits.raise.percent"


def lost_evidence(changes: Sequence[Change], losses: Losses | None) -> Iterator[Block]:
    """Yield a block for each kind of evidence of which much is missing, where the plan lowers anything."""
    lowering = numbers(changes).lowering
    if losses is None or not lowering:
        return
    before, now = losses.before, losses.now
    for reason, what, lost, of, percent in (
        (
            "coverage-lost",
            "instances were observed and are not now",
            losses.uncovered,
            before.instances,
            _LOST_COVERAGE,
        ),
        (
            "inventory-dropped",
            "instances are gone",
            before.instances - now.instances,
            before.instances,
            _LOST_INSTANCES,
        ),
        ("findings-dropped", "findings are gone", before.findings - now.findings, before.findings, _LOST_FINDINGS),
    ):
        if lost * _ALL > of * percent:
            yield Block(
                reason=reason,
                detail=f"Of the {of} of the previous plan, {lost} {what}, more than {percent} %: make sure "
                f"that nothing was left unread, then apply it with {LOWERING} {lowering}.",
                acknowledge=f"{LOWERING} {lowering}",
            )
