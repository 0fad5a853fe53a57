"""Guardrails: how much one plan may change before somebody has to say so in the config."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from exposurectl.config import Limits
from exposurectl.plan.model import Block, Change, Direction

_FEW = 10
"""Below this many managed servers a percentage means nothing."""
_FEW_RAISES = 3


def guardrails(changes: Sequence[Change], managed: int, limits: Limits) -> Iterator[Block]:
    """Yield a block for each limit that the changes of a plan are over; `managed` counts servers in families."""
    lowers = sum(change.direction is Direction.LOWER for change in changes)
    raises = len(changes) - lowers
    if lowers > limits.lower_count:
        yield Block(
            reason="guardrail-lower",
            detail=f"The plan lowers {lowers}, and limits.lower.count is {limits.lower_count}: "
            f"review each lowering, then write `lower: {{count: {lowers}}}` into the config.",
        )
    if raises > limits.raise_count:
        yield Block(
            reason="guardrail-raise",
            detail=f"The plan raises or joins {raises}, and limits.raise.count is {limits.raise_count}.",
        )
    elif managed < _FEW and raises > _FEW_RAISES and limits.raise_percent < _ALL:
        yield Block(
            reason="guardrail-raise",
            detail=f"The plan raises or joins {raises} of {managed} managed servers; with fewer than {_FEW} the limit "
            f"is {_FEW_RAISES}: write `raise: {{percent: 100}}` into the config to accept any number.",
        )
    elif managed >= _FEW and Fraction(raises * _ALL, managed) > limits.raise_percent:
        yield Block(
            reason="guardrail-raise",
            detail=f"The plan raises or joins {raises} of {managed} managed servers, more than the "
            f"{limits.raise_percent} % of limits.raise.percent.",
        )


_ALL = 100
"""Per cent: no limit."""
