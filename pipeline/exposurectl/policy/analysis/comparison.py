"""Two policies laid side by side, and the boxes found so far in which they differ."""

import msgspec

from exposurectl.model import Exposure
from exposurectl.policy.analysis.boxes import Box
from exposurectl.policy.analysis.layers import Layers, Speaker
from exposurectl.policy.analysis.space import Space
from exposurectl.policy.analysis.widening import Inside, widened


class Found(msgspec.Struct, frozen=True):
    """A box in which all situations have one level before, and another after."""

    box: Box
    before: Exposure | None
    after: Exposure | None


class Comparison:
    """Looks for differences, box by box, and keeps what it found."""

    def __init__(self, space: Space, old: Layers, new: Layers) -> None:
        """Begin with nothing found."""
        self._space = space
        self._old = old
        self._new = new
        self._found: list[Found] = []

    def look_in(self, seed: Box) -> None:
        """Find all that differs in a box: wherever a speaker of one policy and a speaker of the other are heard."""
        old, new = self._old.near(seed), self._new.near(seed)
        for one in old.speakers:
            inner = self._space.boxes.meet(seed, one.box)
            overruling = old.overruling(one)
            for other in new.speakers if inner else ():
                if other.level is not one.level:
                    both = inner and self._space.boxes.meet(inner, other.box)
                    if both:
                        self._look(both, one, other, [*overruling, *new.overruling(other)])

    def needed(self) -> list[Found]:
        """Return what was found, without boxes that others cover which say the same."""
        kept = list(self._found)
        for one in self._found:
            same = [two.box for two in kept if two is not one and (two.before, two.after) == (one.before, one.after)]
            if not self._space.boxes.escape(one.box, same):
                kept.remove(one)
        return kept

    def _look(self, box: Box, one: Speaker, other: Speaker, overruling: list[Box]) -> None:
        """Find each part of the box in which neither speaker is overruled and that is not yet found, and widen it."""
        covers = [*overruling, *(found.box for found in self._found)]
        while part := self._space.boxes.escape(box, covers):
            wide = widened(self._space, part, lambda around: self._inside(around, one.level, other.level))
            self._found.append(Found(wide, one.level, other.level))
            covers.append(wide)

    def _inside(self, around: Box, before: Exposure | None, after: Exposure | None) -> Inside:
        """Return what tells of parts of a box that all of their situations have the two levels."""
        old, new = self._old.near(around), self._new.near(around)
        return lambda box: old.give(box, before) and new.give(box, after)
