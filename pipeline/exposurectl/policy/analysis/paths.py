"""Sets of network paths: where they begin, what stands on them and what does not."""

import functools
from collections.abc import Iterator
from typing import NamedTuple

from exposurectl.policy.analysis.hops import NO_STEPS


class Paths(NamedTuple):
    """
    Paths that begin with one of the origins, pass nothing that is absent, and pass one of each set that is present.

    Sets are bits, as Hops counts them. Made by `paths`, so that the same paths are nearly always the same value.
    """

    origins: int
    absent: int
    present: frozenset[int]


@functools.lru_cache(maxsize=1 << 16)  # rules ask for few different paths, and each is asked about all the others
def paths(origins: int, absent: int, present: frozenset[int]) -> Paths | None:
    """Return these paths said in the shortest way, or None where there is no such path."""
    needed = {one & ~absent for one in present}
    origins &= ~absent & ~(NO_STEPS if needed else 0)
    if not origins or 0 in needed:
        return None
    if origins == NO_STEPS:
        return Paths(origins, 0, frozenset())
    asked = {one for one in needed if origins & ~one}
    return Paths(origins, absent, frozenset(one for one in asked if not any(two & ~one == 0 for two in asked - {one})))


def meet(one: Paths, other: Paths) -> Paths | None:
    """Return the paths that are in both, or None."""
    if one == other:
        return one
    return paths(one.origins & other.origins, one.absent | other.absent, one.present | other.present)


def minus(one: Paths, other: Paths) -> Iterator[Paths]:
    """Yield what is left of one without the other, in parts that have no path in common."""
    elsewhere = paths(one.origins & ~other.origins, one.absent, one.present)
    if elsewhere:
        yield elsewhere
    inner = paths(one.origins & other.origins, one.absent, one.present)
    if inner and other.absent:
        through = paths(inner.origins, inner.absent, inner.present | {other.absent})
        if through:
            yield through
        inner = paths(inner.origins, inner.absent | other.absent, inner.present)
    for needed in sorted(other.present):
        if inner:
            around = paths(inner.origins, inner.absent | needed, inner.present)
            if around:
                yield around
            inner = paths(inner.origins, inner.absent, inner.present | {needed})


def holds(region: Paths, steps: tuple[int, ...]) -> bool:
    """Tell whether a path of these components is one of the paths."""
    stands = 0
    for step in steps:
        stands |= step
    begins = steps[0] if steps else NO_STEPS
    return bool(begins & region.origins) and not stands & region.absent and all(stands & one for one in region.present)
