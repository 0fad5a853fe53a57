"""A box in words: label and value pairs, where what is not said may be anything."""

from collections.abc import Iterator, Mapping

from exposurectl.model import PortRange
from exposurectl.policy.analysis.boxes import Box
from exposurectl.policy.analysis.hops import NO_STEPS, Hops
from exposurectl.policy.analysis.naming import Named, listed, named
from exposurectl.policy.analysis.scopes import KEYS, OTHER
from exposurectl.policy.analysis.senders import ANYWHERE, EITHER, positions
from exposurectl.policy.analysis.space import KINDS, PORTS, PROTOCOLS, QUIET, REACHED, SCOPE, UNOBSERVED, Space
from exposurectl.policy.components import spelled
from exposurectl.policy.decide import joined

_STATES = {
    QUIET: "observed, nothing reachable",
    UNOBSERVED: "unobserved, nothing found",
    QUIET | UNOBSERVED: "nothing reachable, observed or not",
    REACHED | QUIET: "observed, whatever is reachable",
    REACHED | UNOBSERVED: "something reachable, or unobserved",
}
_SINGULAR = {"accounts": "account", "regions": "region", "vpcs": "VPC", "subnets": "subnet", "instances": "instance"}
_OF_PROTOCOLS = {1: "tcp/", 2: "udp/", 3: ""}

Words = tuple[tuple[str, str], ...]


def words(space: Space, box: Box) -> Words:
    """Return what tells the box from everything; a box of all that is reachable says so."""
    said = (
        ("state", _STATES.get(box.sides[KINDS], "")),
        ("ports", _ports(space, box)),
        ("path", ", ".join(_path(space, box))),
        ("sources", ", ".join(_sources(space, box))),
        ("instances", ", ".join((*_words(space, box), *_tags(space, box)))),
    )
    kept = tuple((label, value) for label, value in said if value)
    if kept:
        return kept
    return (("ports", "all"),) if box.sides[KINDS] == REACHED else (("instances", "all"),)


def _ports(space: Space, box: Box) -> str:
    protocols, mask, every = box.sides[PROTOCOLS], box.sides[PORTS], space.everything.sides[PORTS]
    prefix = _OF_PROTOCOLS[protocols]
    if mask == every:
        return f"every {prefix[:-1]} port" if prefix else ""
    these, others = _ranges(space, mask), _ranges(space, every & ~mask)
    if len(others) < len(these):
        return f"every {prefix[:-1]} port but {listed([str(one) for one in others])}".replace("  ", " ")
    return listed([f"{prefix}{ports}" for ports in these])


def _ranges(space: Space, mask: int) -> list[PortRange]:
    return joined(space.cells[at] for at in positions(mask))


def _path(space: Space, box: Box) -> Iterator[str]:
    hops, along = space.hops, box.paths
    if along.origins == NO_STEPS:
        yield "without any component"
        return
    allowed = hops.every & ~along.absent
    if along.origins & hops.every & allowed != allowed:
        yield _some(hops, along.origins & hops.every, "from", along.absent)
    elif not along.origins & NO_STEPS and not along.present:
        yield "with any component"
    if along.absent:
        yield _some(hops, along.absent, "not through", 0)
    for needed in sorted(along.present):
        yield _some(hops, needed, "through", along.absent)


def _some(hops: Hops, mask: int, verb: str, absent: int) -> str:
    """
    Return `from internet-gateway` or the like.

    Components that contradict themselves are passed over: nobody has seen one. What cannot stand anyway need not be
    said to be left out.
    """
    plain = hops.plain if mask & hops.plain else hops.every
    every = hops.every & plain & ~absent
    names = {spelled(pattern): hops.mask((pattern,)) & every for pattern in hops.patterns}
    found = named(mask & every, every, names)
    if found is None:
        example = hops.example(mask)
        return f"{verb} some components, such as {example.id or example.type or 'one without id and type'}"
    return f"{verb} {_either(found, 'anything')}"


def _either(found: Named, everything: str) -> str:
    these = listed(found.these) or everything
    return f"{these} but {listed(found.but)}" if found.but else these


def _sources(space: Space, box: Box) -> Iterator[str]:
    senders = box.senders
    if senders.judged != EITHER:
        yield "anywhere" if senders.judged == ANYWHERE else "restricted"
    for verb, lists in (("within", senders.inside), ("not within", senders.outside)):
        for at in positions(lists):
            yield f"{verb} {listed([str(network) for network in space.lists.named[at].networks])}"


def _words(space: Space, box: Box) -> Iterator[str]:
    for key, known, side, every in zip(KEYS, space.scopes.words, box.sides[SCOPE:], space.scopes.every, strict=False):
        if side != every:
            denied = "not " if side & OTHER else ""
            asked = every & ~side if denied else side
            yield f"{_SINGULAR[key]} {denied}{listed([known[at - 1] for at in positions(asked)])}"


def _tags(space: Space, box: Box) -> Iterator[str]:
    scopes = space.scopes
    sides = zip(scopes.globs.items(), box.sides[SCOPE + len(KEYS) :], scopes.every[len(KEYS) :], strict=True)
    for (key, globs), side, every in sides:
        if side != every:
            yield _tag(key, side, every, {glob: scopes.tagged(key, (glob,)) for glob in globs}, scopes.texts[key])


def _tag(key: str, side: int, every: int, names: Mapping[str, int], texts: tuple[str, ...]) -> str:
    absent = "no value"
    found = named(side, every, {**names, absent: OTHER})
    if found is None:
        return f"tag {key} such as {texts[(side & ~OTHER).bit_length() - 2]!r}"
    if found == Named((absent,)):
        return f"no tag {key}"
    return f"tag {key}={_either(found, 'anything')}"
