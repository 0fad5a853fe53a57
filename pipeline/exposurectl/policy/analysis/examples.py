"""A concrete situation out of a box: the plainest there is."""

from itertools import chain, count

from exposurectl.model import Component, Instance, Protocol
from exposurectl.policy.analysis.boxes import Box
from exposurectl.policy.analysis.hops import NO_STEPS
from exposurectl.policy.analysis.scopes import KEYS, OTHER
from exposurectl.policy.analysis.situation import Reached, Situation
from exposurectl.policy.analysis.space import KINDS, PORTS, PROTOCOLS, QUIET, REACHED, SCOPE, Space

_USUAL_PORTS = (443, 22)


def example(space: Space, box: Box) -> Situation:
    """Return one situation of the box."""
    kinds = box.sides[KINDS]
    return Situation(
        instance=_instance(space, box),
        reached=_reached(space, box) if kinds & REACHED else None,
        observed=bool(kinds & (REACHED | QUIET)),
    )


def _reached(space: Space, box: Box) -> Reached:
    return Reached(
        protocol=Protocol.TCP if box.sides[PROTOCOLS] & 1 else Protocol.UDP,
        port=_port(space, box.sides[PORTS]),
        path=_path(space, box),
        networks=space.lists.example(box.senders),
    )


def _port(space: Space, cells: int) -> int:
    """Return a port that everybody knows, else the lowest; port 0 only where there is no other."""
    ranges = [ports for at, ports in enumerate(space.cells) if cells >> at & 1]
    known = next((port for port in _USUAL_PORTS if any(port in ports for ports in ranges)), None)
    first = ranges[0]
    return first.begin + (first.begin == 0 < first.end) if known is None else known


def _path(space: Space, box: Box) -> tuple[Component, ...]:
    """Return an origin, and one component of each set that must stand and that does not stand yet."""
    hops, along = space.hops, box.paths
    origins = along.origins & ~NO_STEPS
    if not origins:
        return ()
    steps = [hops.example(origins)]
    for needed in sorted(along.present):
        if not any(hops.bit(step) & needed for step in steps):
            steps.append(hops.example(needed))
    return tuple(steps)


def _instance(space: Space, box: Box) -> Instance:
    sides = box.sides[SCOPE:]
    words = [_word(words, side) for words, side in zip(space.scopes.words, sides, strict=False)]
    account, region, vpc, subnet, own = words
    tags = tuple(
        (key, texts[(side & ~OTHER & -(side & ~OTHER)).bit_length() - 2])
        for (key, texts), side in zip(space.scopes.texts.items(), sides[len(KEYS) :], strict=True)
        if not side & OTHER
    )
    return Instance(id=own, account=account, region=region, vpc=vpc, subnet=subnet, tags=tags)


def _word(words: tuple[str, ...], side: int) -> str:
    """Return a word of the side: none at all, where that is one."""
    if side & OTHER:
        return _other(words)
    return words[(side & -side).bit_length() - 2]


def _other(words: tuple[str, ...]) -> str:
    """Return a word that is none of these."""
    return next(word for word in chain(("",), map("other-{}".format, count())) if word not in words)
