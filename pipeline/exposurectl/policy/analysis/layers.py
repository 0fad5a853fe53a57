"""A policy as one list: who is asked first in a situation, and with what level it answers."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from exposurectl.model import Exposure
from exposurectl.policy.analysis.boxes import Box, Boxes, joined
from exposurectl.policy.analysis.space import EVERY_KIND, QUIET, REACHED, UNOBSERVED, Space
from exposurectl.policy.model import Override, Policy, Rule


class Speaker(NamedTuple):
    """What gives some situations a level, unless one of an earlier layer does."""

    layer: int
    level: Exposure | None
    """None is `leave`. It is the level of an instance that has no other reachable port, so never below the floor."""
    id: str
    box: Box


class Layers:
    """
    Speakers, the first layer first; all of a layer give one level.

    Overrides of whole instances come first, then those of points, rules and defaults; of each, the highest level.
    """

    def __init__(self, boxes: Boxes, speakers: Sequence[Speaker]) -> None:
        """Take speakers in the order of their layers."""
        self._boxes = boxes
        self.speakers = speakers

    def joined(self) -> "Layers":
        """
        Return the same layers with the fewest speakers that are found: whose they are is lost, what they say is not.

        Two thousand overrides for an instance each, at one level, say together what one for all of them would.
        """
        groups: dict[tuple[int, Exposure | None], list[Speaker]] = {}
        for one in self.speakers:
            groups.setdefault((one.layer, one.level), []).append(one)
        return Layers(
            self._boxes,
            [group[0]._replace(box=box) for group in groups.values() for box in joined([one.box for one in group])],
        )

    @classmethod
    def of(cls, policy: Policy, space: Space, today: date | None) -> "Layers":
        """Lay a policy out. Overrides that have expired by that day say nothing."""
        return cls(space.boxes, tuple(_speakers(policy, space, today)))

    def near(self, box: Box) -> "Layers":
        """Return the layers as far as they say anything about situations of the box."""
        return Layers(self._boxes, [one for one in self.speakers if self._boxes.meet(box, one.box)])

    def overruling(self, speaker: Speaker) -> list[Box]:
        """Return where a speaker is not heard, since an earlier layer gives another level."""
        return [one.box for one in self.speakers if one.layer < speaker.layer and one.level is not speaker.level]

    def give(self, box: Box, level: Exposure | None) -> bool:
        """
        Tell whether all situations of the box have the level.

        Another level is given where its speaker escapes what earlier layers say; of these, only those of the level
        need to be asked, since one of yet another level would be found itself.
        """
        for other in self.speakers:
            inner = None if other.level is level else self._boxes.meet(box, other.box)
            if inner:
                same = [one.box for one in self.speakers if one.layer < other.layer and one.level is level]
                if self._boxes.escape(inner, same):
                    return False
        return True

    def heard(self, box: Box, in_example: Callable[[Box], bool]) -> tuple[str, ...]:
        """
        Return the ids of those who decide something in the box, sorted.

        Who is heard in a corner only, and not in the example, is left out where one of the same layer is heard all over
        the box: a gateway by its type may be a load balancer by its id, and no reader of the box has that in mind.
        """
        near, fewer = self.near(box), self.joined().near(box)
        corners: dict[int, set[str]] = {}
        kept: dict[int, set[str]] = {}
        all_over: set[int] = set()
        for one in near.speakers:
            inner = self._boxes.meet(box, one.box)
            if inner and self._boxes.escape(inner, [other.box for other in fewer.speakers if other.layer < one.layer]):
                told = inner == box or in_example(one.box)
                (kept if told else corners).setdefault(one.layer, set()).add(one.id)
                all_over |= {one.layer} if inner == box else set()
        corners = {layer: ids for layer, ids in corners.items() if layer not in all_over}
        return tuple(sorted(set().union(*corners.values(), *kept.values())))


def _speakers(policy: Policy, space: Space, today: date | None) -> Iterator[Speaker]:
    live = [one for one in policy.overrides if one.is_live(today)]
    whole = _ranked([one for one in live if one.match.is_whole])
    partial = _ranked([one for one in live if not one.match.is_whole])
    kinds = ((whole, EVERY_KIND), (partial, REACHED), (_ranked(policy.rules), REACHED))
    for at, (layers, kind) in enumerate(kinds):
        floor = None if layers is whole else policy.defaults.unreachable
        for rank, entries in enumerate(layers):
            for entry in entries:
                box = space.box(entry.match, kind)
                if box:
                    yield _speaker(len(Exposure) * at + rank, entry.level, entry.id, box, floor)
    yield from _defaults(policy, space, len(Exposure) * len(kinds))


def _defaults(policy: Policy, space: Space, layer: int) -> Iterator[Speaker]:
    given = policy.defaults
    yield _speaker(layer, given.unmatched, "defaults.unmatched", space.of_kinds(REACHED), given.unreachable)
    yield Speaker(layer + 1, given.unreachable, "defaults.unreachable", space.of_kinds(QUIET))
    yield Speaker(layer + 2, given.unobserved, "defaults.unobserved", space.of_kinds(UNOBSERVED))


def _ranked(entries: Sequence[Rule | Override]) -> list[list[Rule | Override]]:
    return [[one for one in entries if one.level is level] for level in sorted(Exposure, reverse=True)]


def _speaker(layer: int, level: Exposure, called: str, box: Box, floor: Exposure | None) -> Speaker:
    """Return a speaker whose level is not below the floor, or else the floor in its stead."""
    if floor and level < floor:
        return Speaker(layer, floor, "defaults.unreachable", box)
    return Speaker(layer, level, called, box)
