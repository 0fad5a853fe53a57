"""From a part of a region to the widest box around it that still lies in the region."""

from collections.abc import Callable

from exposurectl.policy.analysis import paths
from exposurectl.policy.analysis.boxes import Box
from exposurectl.policy.analysis.senders import EITHER, Senders, positions
from exposurectl.policy.analysis.space import KINDS, PORTS, PROTOCOLS, SCOPE, Space

Inside = Callable[[Box], bool]
"""Tells whether a whole box lies in a region."""

Around = Callable[[Box], Inside]
"""Returns what tells so of boxes that are parts of one box; it need not look at what is far from that."""

_MOST_TRIES = 400
"""How many ways to widen one side are tried. Past that, the box stays narrower than it could be: still right."""


def widened(space: Space, box: Box, around: Around) -> Box:
    """
    Widen one side after the other, as far as each goes.

    What people least want to read goes first: which instances, then ports, senders and paths.
    """
    for at in (*range(len(box.sides) - 1, SCOPE - 1, -1), PORTS, PROTOCOLS):
        box = _side(space, box, at, around)
    box = _senders(space, box, around)
    box = _origins(space, _steps(space, box, around), around)
    everything = space.everything._replace(
        sides=(box.sides[KINDS], *space.everything.sides[1:SCOPE], *box.sides[SCOPE:])
    )
    return _side(space, box, KINDS, around) if box == everything else box


def _side(space: Space, box: Box, at: int, around: Around) -> Box:
    """Add every value of a side with which the box lies inside: what each can be, all can be together."""
    rest = space.everything.sides[at] & ~box.sides[at]
    inside = around(_sided(box, at, rest))
    more = _all_that(rest, lambda some: inside(_sided(box, at, some)))
    return _sided(box, at, box.sides[at] | more)


def _sided(box: Box, at: int, side: int) -> Box:
    return box._replace(sides=(*box.sides[:at], side, *box.sides[at + 1 :]))


def _all_that(bits: int, fit: Callable[[int], bool]) -> int:
    """Return the bits that fit, tried together first and then half by half."""
    fitting, waiting = 0, [bits] if bits else []
    for _try in range(_MOST_TRIES):
        if not waiting:
            break
        some = waiting.pop()
        if fit(some):
            fitting |= some
        elif some & (some - 1):
            low = _lower_half(some)
            waiting += [some & ~low, low]
    return fitting


def _lower_half(bits: int) -> int:
    """Return the bits below the middle between the lowest and the highest."""
    low, high = (bits & -bits).bit_length(), bits.bit_length()
    return bits & ((1 << (low + high) // 2) - 1)


def _senders(space: Space, box: Box, around: Around) -> Box:
    """Leave out each condition without which the box still lies inside."""
    inside = around(box._replace(senders=space.everything.senders))
    for senders in (space.everything.senders, Senders(box.senders.judged, 0, 0)):
        if inside(box._replace(senders=senders)):
            return box._replace(senders=senders)
    for at in positions(box.senders.inside | box.senders.outside):
        given = box.senders
        looser = space.lists.senders(given.judged, given.inside & ~(1 << at), given.outside & ~(1 << at))
        if looser and inside(box._replace(senders=looser)):
            box = box._replace(senders=looser)
    either = box._replace(senders=box.senders._replace(judged=EITHER))
    return either if inside(either) else box


def _steps(space: Space, box: Box, around: Around) -> Box:
    """Leave out what must stand on the path, or must not, without which the box still lies inside."""
    inside = around(box._replace(paths=space.everything.paths))
    for needed in sorted(box.paths.present):
        box = _along(box, box.paths.origins, box.paths.absent, box.paths.present - {needed}, inside)
    waiting = [box.paths.absent] if box.paths.absent else []
    while waiting:
        some = waiting.pop()
        wider = _along(box, box.paths.origins, box.paths.absent & ~some, box.paths.present, inside)
        if wider is box and some & (some - 1):
            low = _lower_half(some)
            waiting += [some & ~low, low]
        box = wider
    return box


def _along(box: Box, origins: int, absent: int, present: frozenset[int], inside: Inside) -> Box:
    wider = box._replace(paths=paths.paths(origins, absent, present) or box.paths)
    return wider if inside(wider) else box


def _origins(space: Space, box: Box, around: Around) -> Box:
    """Add every origin with which the box lies inside."""
    _own, absent, present = box.paths
    inside = around(box._replace(paths=space.everything.paths))

    def fit(some: int) -> bool:
        along = paths.paths(some, absent, present)
        return along is None or inside(box._replace(paths=along))

    more = _all_that(space.everything.paths.origins & ~box.paths.origins, fit)
    return box._replace(paths=paths.paths(box.paths.origins | more, absent, present) or box.paths)
