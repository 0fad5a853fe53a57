"""Sets of senders: whom a port may admit, as far as `sources` can tell."""

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from itertools import islice, product
from operator import and_
from typing import NamedTuple

from exposurectl.model import Network
from exposurectl.policy.analysis.addresses import (
    EVERY,
    Addresses,
    addresses,
    common,
    cut,
    hosts,
    joined,
    networks,
    without,
)
from exposurectl.policy.analysis.globs import TooIntricateError
from exposurectl.policy.sources import Admitted, AnywherePrefix, NamedSources, Sources, Within, holds, merge

ANYWHERE, RESTRICTED = 1, 2
EITHER = ANYWHERE | RESTRICTED

MOST_ASKED = 400_000
"""Of how many senders it is found out whether there can be such. Lists that cross each other in every way take many."""
_V4_BITS, _V6_BITS = 32, 128
_MOST_WAYS = 256
"""In how many ways hosts are chosen. Only where a prefix of nearly all bits counts as anywhere is the first no good."""


class Senders(NamedTuple):
    """Whom a port admits: judged one way or either, inside all of some lists, and not inside any of others."""

    judged: int
    inside: int
    """Lists, as bits by position: all that is admitted lies inside each."""
    outside: int
    """The same: without evidence, or something that is admitted lies outside each."""


class Lists:
    """The lists of `within` that a policy names, and which combinations of them some port's senders can be in."""

    def __init__(self, named: Iterable[Within], anywhere: AnywherePrefix) -> None:
        """Give each list a number."""
        self.named = tuple(dict.fromkeys(named))
        self._anywhere = anywhere
        self._ranges = tuple(addresses(one.networks) for one in self.named)
        self._pieces, self._held = cut(self._ranges)
        self._wide: dict[int, bool] = {}
        self._known: dict[Senders, Senders | None] = {}
        self._possible: dict[Senders, bool] = {}

    def of(self, sources: Sources | None) -> Senders | None:
        """Return whom a rule asks for, or None where that can be nobody."""
        if isinstance(sources, Within):
            return self.senders(EITHER, 1 << self.named.index(sources), 0)
        if sources is None:
            return Senders(EITHER, 0, 0)
        return self.senders(RESTRICTED if sources is NamedSources.RESTRICTED else ANYWHERE, 0, 0)

    def senders(self, judged: int, inside: int, outside: int) -> Senders | None:
        """Return these senders said in the shortest way, or None where there can be none."""
        given = Senders(judged, inside, outside)
        if given not in self._known:
            self._known[given] = self._shortest(given) if self._can_be(given) else None
        return self._known[given]

    def meet(self, one: Senders, other: Senders) -> Senders | None:
        """Return the senders that are in both, or None."""
        if one == other:
            return one
        return self.senders(one.judged & other.judged, one.inside | other.inside, one.outside | other.outside)

    def minus(self, one: Senders, other: Senders) -> Iterator[Senders]:
        """Yield what is left of one without the other, in parts that have nothing in common."""
        otherwise = self.senders(one.judged & ~other.judged, one.inside, one.outside)
        if otherwise:
            yield otherwise
        inner = self.senders(one.judged & other.judged, one.inside, one.outside)
        for bit in _bits(other.inside):
            without = inner and self.senders(inner.judged, inner.inside, inner.outside | bit)
            if without:
                yield without
            inner = inner and self.senders(inner.judged, inner.inside | bit, inner.outside)
        for bit in _bits(other.outside):
            within = inner and self.senders(inner.judged, inner.inside | bit, inner.outside)
            if within:
                yield within
            inner = inner and self.senders(inner.judged, inner.inside, inner.outside | bit)

    def holds(self, region: Senders, networks: Admitted) -> bool:
        """Tell whether a port that admits these networks, already merged, is one of those."""
        judged = RESTRICTED if holds(NamedSources.RESTRICTED, networks, self._anywhere) else ANYWHERE
        lists = sum(1 << at for at, one in enumerate(self.named) if holds(one, networks, self._anywhere))
        return bool(judged & region.judged) and region.inside & ~lists == 0 and region.outside & lists == 0

    def example(self, region: Senders) -> Admitted:
        """Return whom a port of these may admit; None is no evidence."""
        return next(self._examples(region))

    def _can_be(self, given: Senders) -> bool:
        if given not in self._possible:
            if len(self._possible) == MOST_ASKED:
                raise TooIntricateError
            self._possible[given] = self._is_possible(given)
        return self._possible[given]

    def _is_possible(self, given: Senders) -> bool:
        """Tell whether there is an example, as a rule without looking for one."""
        if given.judged & ANYWHERE and not given.inside:
            return True
        room = reduce(and_, (self._held[at] for at in positions(given.inside)), (1 << len(self._pieces)) - 1)
        beyond = [room & ~self._held[at] for at in positions(given.outside)] or [room]
        if not all(beyond):
            return False
        if given.judged & RESTRICTED:
            return self._are_few(len(beyond)) or any(True for _ in self._examples(given))
        return bool(given.judged) and self._is_wide(room)

    def _is_wide(self, room: int) -> bool:
        """Tell whether all addresses of these pieces together count as anywhere."""
        if room not in self._wide:
            ranges = joined(tuple(self._pieces[at] for at in positions(room)))
            self._wide[room] = holds(NamedSources.ANYWHERE, networks(ranges), self._anywhere)
        return self._wide[room]

    def _are_few(self, count: int) -> bool:
        """Tell whether so many hosts never make up a network that counts as anywhere, even if they are neighbours."""
        bits = count.bit_length() - 1
        return self._anywhere.v4 < _V4_BITS - bits and self._anywhere.v6 < _V6_BITS - bits

    def _shortest(self, given: Senders) -> Senders:
        """Leave out what follows from the rest."""
        judged, inside, outside = given
        for one in (ANYWHERE, RESTRICTED):
            if judged & one and not self._can_be(Senders(one, inside, outside)):
                judged &= ~one
        for bit in _bits(outside):
            if not self._can_be(Senders(judged, inside | bit, outside & ~bit)):
                outside &= ~bit
        for bit in _bits(inside):
            if not self._can_be(Senders(judged, inside & ~bit, outside | bit)):
                inside &= ~bit
        if judged != EITHER and not self._can_be(Senders(EITHER & ~judged, inside, outside)):
            judged = EITHER
        return Senders(judged, inside, outside)

    def _examples(self, given: Senders) -> Iterator[Admitted]:
        """Yield whom such a port may admit: the plainest first, and nothing where there can be nobody."""
        if given.judged & ANYWHERE and not given.inside:
            yield None
        room = reduce(common, (self._ranges[at] for at in positions(given.inside)), EVERY)
        beyond = [without(room, self._ranges[at]) for at in positions(given.outside)] or [room]
        if not all(beyond):
            return
        for chosen in _chosen(beyond) if given.judged & RESTRICTED else ():
            if holds(NamedSources.RESTRICTED, chosen, self._anywhere):
                yield chosen
        if given.judged & ANYWHERE and holds(NamedSources.ANYWHERE, networks(room), self._anywhere):
            yield networks(room)


def _chosen(beyond: Sequence[Addresses]) -> Iterator[tuple[Network, ...]]:
    """Yield hosts of which each of the ranges has one: a host that all have, else one of each, in several ways."""
    for host in hosts(reduce(common, beyond)):
        yield (host,)
    choices = [tuple(hosts(some)) for some in beyond]
    private = [sorted(some, key=lambda host: not host.is_private) for some in choices]
    for ways in (product(*choices), product(*private)):
        yield from (merge(way) for way in islice(ways, _MOST_WAYS))


def positions(bits: int) -> Iterator[int]:
    """Yield the positions of the bits that are set, the lowest first."""
    while bits:
        yield (bits & -bits).bit_length() - 1
        bits &= bits - 1


def _bits(bits: int) -> Iterator[int]:
    return (1 << at for at in positions(bits))
