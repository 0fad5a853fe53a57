"""The finite space that policies cut: everything that their matches can tell apart, and nothing else."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import chain, pairwise

from exposurectl.model import HIGHEST_PORT, PortRange, Protocol
from exposurectl.policy.analysis import paths
from exposurectl.policy.analysis.boxes import MOST_STEPS, Box, Boxes
from exposurectl.policy.analysis.hops import NO_STEPS, Hops
from exposurectl.policy.analysis.paths import Paths
from exposurectl.policy.analysis.scopes import Scopes
from exposurectl.policy.analysis.senders import EITHER, Lists, Senders
from exposurectl.policy.analysis.situation import Situation
from exposurectl.policy.components import ComponentPattern
from exposurectl.policy.model import Match, PathMatch
from exposurectl.policy.sources import AnywherePrefix, Within

REACHED, QUIET, UNOBSERVED = 1, 2, 4
"""What is known of the instance: one port is reachable; none is; or nobody can vouch that none is."""
EVERY_KIND = REACHED | QUIET | UNOBSERVED

KINDS, PROTOCOLS, PORTS, SCOPE = 0, 1, 2, 3
"""The sides of a box, in order; what it says of instances takes the rest."""

_PROTOCOLS = {Protocol.TCP: 1, Protocol.UDP: 2}


class Space:
    """What some matches can tell apart, and the box of each of them."""

    def __init__(self, matches: Iterable[Match], anywhere: AnywherePrefix, most_steps: int = MOST_STEPS) -> None:
        """Cut the space. Raises TooIntricateError where globs are too many to tell."""
        given = tuple(matches)
        ranges = [ports for match in given for ports in match.ports or ()]
        self._cuts = sorted({0, *(one.begin for one in ranges), *(one.end + 1 for one in ranges), HIGHEST_PORT + 1})
        self.cells = tuple(PortRange(begin, end - 1) for begin, end in pairwise(self._cuts))
        self.hops = Hops(chain.from_iterable(_patterns(match.path) for match in given if match.path))
        self.lists = Lists((match.sources for match in given if isinstance(match.sources, Within)), anywhere)
        self.boxes = Boxes(self.lists, most_steps)
        self.scopes = Scopes(match.scope for match in given)
        every = (EVERY_KIND, 3, (1 << len(self.cells)) - 1, *self.scopes.every)
        self.everything = Box(every, Paths(self.hops.every | NO_STEPS, 0, frozenset()), Senders(EITHER, 0, 0))

    def of_kinds(self, kinds: int) -> Box:
        """Return all situations of some kinds."""
        return self.everything._replace(sides=(kinds, *self.everything.sides[1:]))

    def box(self, match: Match, kinds: int = REACHED) -> Box | None:
        """Return the situations in which a match holds, or None where there are none."""
        along = self.along(match.path)
        senders = self.lists.of(match.sources)
        protocols = _PROTOCOLS[match.protocol] if match.protocol else 3
        sides = (kinds, protocols, self.ports(match.ports), *self.scopes.sides(match.scope))
        return Box(sides, along, senders) if all(sides) and along and senders else None

    def ports(self, ports: Iterable[PortRange] | None) -> int:
        """Return the cells of some ports; all of them where nothing is asked."""
        if ports is None:
            return self.everything.sides[PORTS]
        mask = 0
        for one in ports:
            mask |= (2 << self._cell(one.end)) - (1 << self._cell(one.begin))
        return mask

    def along(self, path: PathMatch | None) -> Paths | None:
        """Return the paths that a rule asks for, or None where there are none."""
        if path is None:
            return self.everything.paths
        asked = [*(() if path.any_of is None else (path.any_of,)), *((one,) for one in path.all_of)]
        present = frozenset(self.hops.mask(some) for some in asked)
        return paths.paths(self.hops.origins(path.origin), self.hops.mask(path.none_of), present)

    def holds(self, box: Box, situation: Situation) -> bool:
        """Tell whether a situation is one of the box's."""
        own = self.scopes.of(situation.instance)
        if not all(side & one for side, one in zip(box.sides[SCOPE:], own, strict=True)):
            return False
        reached = situation.reached
        if reached is None:
            return bool(box.sides[KINDS] & (QUIET if situation.observed else UNOBSERVED))
        return (
            bool(box.sides[KINDS] & REACHED)
            and bool(box.sides[PROTOCOLS] & _PROTOCOLS[reached.protocol])
            and bool(box.sides[PORTS] >> self._cell(reached.port) & 1)
            and paths.holds(box.paths, tuple(self.hops.bit(step) for step in reached.path))
            and self.lists.holds(box.senders, reached.networks)
        )

    def _cell(self, port: int) -> int:
        return bisect_right(self._cuts, port) - 1


def _patterns(path: PathMatch) -> Iterator[ComponentPattern]:
    yield from (*(path.origin or ()), *(path.any_of or ()), *path.all_of, *path.none_of)
