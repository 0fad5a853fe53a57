"""Boxes: the situations in which a match holds, one set of values for each thing that a match may ask about."""

from collections.abc import Iterator, Sequence
from operator import and_, eq
from typing import NamedTuple

from exposurectl.policy.analysis import paths
from exposurectl.policy.analysis.globs import TooIntricateError
from exposurectl.policy.analysis.paths import Paths
from exposurectl.policy.analysis.senders import Lists, Senders

MOST_STEPS = 100_000
"""How often one question may look at a cover. Rules that cross each other in every way take some thousand."""


class Box(NamedTuple):
    """Situations whose every side is one of the box's: protocol, ports, accounts and so on, then paths and senders."""

    sides: tuple[int, ...]
    paths: Paths
    senders: Senders


class Boxes:
    """What can be asked of boxes whose senders are in or out of the same lists."""

    def __init__(self, lists: Lists, most_steps: int = MOST_STEPS) -> None:
        """Remember the lists, and how much work one question is worth."""
        self.lists = lists
        self._most_steps = most_steps

    def meet(self, one: Box, other: Box) -> Box | None:
        """Return the situations that are in both, or None."""
        sides = tuple(map(and_, one.sides, other.sides))
        if not all(sides):
            return None
        along = paths.meet(one.paths, other.paths)
        senders = along and self.lists.meet(one.senders, other.senders)
        return Box(sides, along, senders) if along and senders else None

    def minus(self, one: Box, other: Box) -> Iterator[Box]:
        """Yield what is left of one without the other, in parts that have nothing in common."""
        inner = self.meet(one, other)
        if not inner:
            yield one
            return
        for at, side in enumerate(one.sides):
            left = side & ~other.sides[at]
            if left:
                yield Box((*inner.sides[:at], left, *one.sides[at + 1 :]), one.paths, one.senders)
        for along in paths.minus(one.paths, other.paths):
            yield Box(inner.sides, along, one.senders)
        for senders in self.lists.minus(one.senders, other.senders):
            yield Box(inner.sides, inner.paths, senders)

    def escape(self, box: Box, covers: Sequence[Box]) -> Box | None:
        """
        Return a part of the box that none of the covers meets, or None where together they cover all of it.

        Raises TooIntricateError where that takes too many steps.
        """
        return next(self.escapes(box, covers), None)

    def escapes(self, box: Box, covers: Sequence[Box]) -> Iterator[Box]:
        """Yield parts of the box that none of the covers meets, until there is no more. May raise as `escape` does."""
        return self._search(box, covers, set())

    def proof(self, box: Box, covers: Sequence[Box]) -> list[int] | None:
        """
        Return positions of covers that together cover the box, seldom more than are needed; None where all do not.

        Raises TooIntricateError where that takes too many steps.
        """
        used: set[int] = set()
        return None if next(self._search(box, covers, used), None) else sorted(used)

    def _search(self, box: Box, covers: Sequence[Box], used: set[int]) -> Iterator[Box]:
        """Take away one cover after the other, look into what each leaves, and note which were of use."""
        steps = 0
        queue: list[tuple[Box, Sequence[int]]] = [(box, range(len(covers)))]
        while queue:
            part, left = queue.pop()
            steps += len(left)
            if steps > self._most_steps:
                raise TooIntricateError
            met = self._met(part, left, covers)
            others = [at for at, _inner in met]
            alone = _beside(part, [covers[at] for at in others])
            if alone:
                yield alone
                queue += [(rest, others) for rest in self.minus(part, alone)]
                continue
            first, inner = max(met, key=lambda pair: _held(part, pair[1]))
            used.add(first)
            if inner != part:
                others.remove(first)
                queue += [(rest, others) for rest in self.minus(part, covers[first])]

    def _met(self, part: Box, left: Sequence[int], covers: Sequence[Box]) -> list[tuple[int, Box]]:
        """Return the covers that meet a part, each with what it has of it; one that has all of it is enough."""
        met: list[tuple[int, Box]] = []
        for at in left:
            inner = self.meet(part, covers[at])
            if inner == part:
                return [(at, part)]
            if inner:
                met.append((at, inner))
        return met


def joined(boxes: Sequence[Box]) -> list[Box]:
    """Return boxes that hold the same situations, those made one that differ in a single side only."""
    for at in range(len(boxes[0].sides)) if boxes else ():
        groups: dict[Box, int] = {}
        for box in boxes:
            rest = box._replace(sides=(*box.sides[:at], 0, *box.sides[at + 1 :]))
            groups[rest] = groups.get(rest, 0) | box.sides[at]
        boxes = [rest._replace(sides=(*rest.sides[:at], side, *rest.sides[at + 1 :])) for rest, side in groups.items()]
    return list(boxes)


def _beside(part: Box, covers: Sequence[Box]) -> Box | None:
    """Return the part of a part with values that no cover has, which nothing can cover; None where there is none."""
    if not covers:
        return part
    for at, side in enumerate(part.sides):
        left = side
        for cover in covers:
            left &= ~cover.sides[at]
            if not left:
                break
        else:
            return part._replace(sides=(*part.sides[:at], left, *part.sides[at + 1 :]))
    return None


def _held(part: Box, inner: Box) -> int:
    """Return how many sides of the part a cover has whole: the more, the fewer parts are left over."""
    whole = (*map(eq, part.sides, inner.sides), part.paths == inner.paths, part.senders == inner.senders)
    return whole.count(True)
