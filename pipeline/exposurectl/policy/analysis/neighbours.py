"""Which of many boxes may meet one: asked side by side, so that most are never looked at."""

from collections.abc import Callable, Sequence
from functools import reduce
from operator import and_, or_

from exposurectl.policy.analysis.boxes import Box


class Neighbours:
    """Boxes in a row, and for each value that one of them has on a side, those that have some or all of it there."""

    def __init__(self, boxes: Sequence[Box]) -> None:
        """Compare all different values of a side with each other, once."""
        columns = [[box.sides[at] for box in boxes] for at in range(len(boxes[0].sides) if boxes else 0)]
        self._some = [_where(column, lambda own, value: own & value) for column in columns]
        self._all = [_where(column, lambda own, value: not value & ~own) for column in columns]

    def meeting(self, box: Box) -> int:
        """Return the boxes that one of them may meet, as bits by position; itself is among them."""
        return _together(self._some, box)

    def holding(self, box: Box) -> int:
        """Return the boxes that may hold all of one of them, as bits by position; itself is among them."""
        return _together(self._all, box)


def _together(columns: Sequence[dict[int, int]], box: Box) -> int:
    return reduce(and_, (column[side] for column, side in zip(columns, box.sides, strict=True)))


def _where(column: Sequence[int], fits: Callable[[int, int], object]) -> dict[int, int]:
    """Return for each value the positions of all values that fit it."""
    places: dict[int, int] = {}
    for at, value in enumerate(column):
        places[value] = places.get(value, 0) | 1 << at
    return {value: reduce(or_, (at for own, at in places.items() if fits(own, value))) for value in places}
