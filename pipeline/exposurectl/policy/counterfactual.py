"""What would lower an instance's level: the smallest single changes, each tried by deciding again."""

from collections.abc import Iterable, Iterator
from datetime import date
from ipaddress import ip_network

import msgspec

from exposurectl.model import (
    Component,
    Decided,
    Evidence,
    Exposure,
    Finding,
    FindingStatus,
    Ingress,
    Network,
    Observed,
    PortRange,
    Unobserved,
)
from exposurectl.policy.decide import decide, pieces
from exposurectl.policy.model import Override, Policy, Rule
from exposurectl.policy.points import Points, judged_points, points_of
from exposurectl.policy.sources import AnywherePrefix, Within

EXAMPLE: Network = ip_network("203.0.113.0/24")
"""A network for documentation (RFC 5737): it stands for any allow-list that is not the internet."""


class Narrowed(msgspec.Struct, frozen=True):
    """These points admit only these networks, along every path."""

    points: Points
    networks: tuple[Network, ...]


class Unreachable(msgspec.Struct, frozen=True):
    """These points are not reachable along any path."""

    points: Points


class Closed(msgspec.Struct, frozen=True):
    """These paths are closed, for every port."""

    paths: tuple[tuple[Component, ...], ...]


class Vouched(msgspec.Struct, frozen=True):
    """Inspector observes the instance."""

    instead_of: str


class Withdrawn(msgspec.Struct, frozen=True):
    """The override does not exist."""

    override: str


Change = Narrowed | Unreachable | Closed | Vouched | Withdrawn


class Counterfactual(msgspec.Struct, frozen=True, kw_only=True):
    """One change, and the lower level that the instance would have after it."""

    change: Change
    level: Exposure


def counterfactuals(
    evidence: Evidence, policy: Policy, *, today: date | None, anywhere: AnywherePrefix
) -> tuple[Counterfactual, ...]:
    """
    Return the changes that would lower the level, none of which contains another that lowers it as far.

    Every point at the instance's level has to give way, so a change names all of those and no other. Where nothing
    short of several different changes lowers the level, there is none.
    """
    decision = decide(evidence, policy, today=today, anywhere=anywhere)
    if not isinstance(decision, Decided):
        return ()
    judged = judged_points(evidence, policy, today=today, anywhere=anywhere)
    deciding = tuple(one for one in judged if one.level is decision.level)
    points, paths = points_of(deciding), tuple(dict.fromkeys(one.finding.path for one in deciding))
    found: list[Counterfactual] = []
    raising = tuple(one.id for one in policy.overrides if one.level is decision.level and _speaks(one, evidence, today))
    for change in (*_candidates(evidence, policy, points, paths), *map(Withdrawn, raising)):
        changed, rules = applied(change, evidence, policy)
        after = decide(changed, rules, today=today, anywhere=anywhere)
        if isinstance(after, Decided) and after.level < decision.level:
            found.append(Counterfactual(change=change, level=after.level))
    return tuple(_smallest(found, points, evidence))


def _speaks(override: Override, evidence: Evidence, today: date | None) -> bool:
    """Tell whether the override is live and about this instance: no other can have raised it."""
    return override.is_live(today) and override.match.scope.holds(evidence.instance)


def _candidates(
    evidence: Evidence, policy: Policy, points: Points, paths: tuple[tuple[Component, ...], ...]
) -> Iterator[Change]:
    """Yield every change to the evidence that is worth trying."""
    if points:
        for networks in _narrower(policy):
            yield Narrowed(points, networks)
        yield Unreachable(points)
        yield Closed(paths)
    if isinstance(evidence.coverage, Unobserved):
        yield Vouched(evidence.coverage.why)


def _narrower(policy: Policy) -> Iterable[tuple[Network, ...]]:
    """Return the networks that the policy tells apart: an allow-list, and each list that sources may lie within."""
    everything: tuple[Rule | Override, ...] = (*policy.rules, *policy.overrides)
    asked = (one.match.sources for one in everything)
    lists = (sources.networks for sources in asked if isinstance(sources, Within))
    return dict.fromkeys([(EXAMPLE,), *lists])


def applied(change: Change, evidence: Evidence, policy: Policy) -> tuple[Evidence, Policy]:
    """Return the evidence and the policy as they would be after the change."""
    match change:
        case Narrowed(points, networks):
            return _narrowed(evidence, points, networks), policy
        case Unreachable(points):
            rest = (piece for finding in evidence.findings for piece, within in _split(finding, points) if not within)
            return msgspec.structs.replace(evidence, findings=tuple(rest)), policy
        case Closed(paths):
            return _closed(evidence, paths), policy
        case Vouched():
            return msgspec.structs.replace(evidence, coverage=Observed()), policy
        case _:
            others = tuple(one for one in policy.overrides if one.id != change.override)
            return evidence, msgspec.structs.replace(policy, overrides=others)


def _narrowed(evidence: Evidence, points: Points, networks: tuple[Network, ...]) -> Evidence:
    findings = tuple(
        msgspec.structs.replace(piece, ingress=(Ingress(piece.ports, networks),)) if within else piece
        for finding in evidence.findings
        for piece, within in _split(finding, points)
    )
    return msgspec.structs.replace(evidence, findings=findings)


def _closed(evidence: Evidence, paths: tuple[tuple[Component, ...], ...]) -> Evidence:
    findings = tuple(
        msgspec.structs.replace(one, status=FindingStatus.CLOSED) if one.path in paths else one
        for one in evidence.findings
    )
    return msgspec.structs.replace(evidence, findings=findings)


def _split(finding: Finding, points: Points) -> Iterator[tuple[Finding, bool]]:
    """Yield the finding in pieces, each with whether it is all among the points; else none of it is."""
    own = [ports for protocol, ports in points if protocol is finding.protocol]
    for piece in pieces(finding, _edges(own)):
        yield msgspec.structs.replace(finding, ports=piece), any(piece.begin in ports for ports in own)


def _edges(ranges: Iterable[PortRange]) -> tuple[int, ...]:
    return tuple(edge for ports in ranges for edge in (ports.begin, ports.end + 1))


def _smallest(found: list[Counterfactual], points: Points, evidence: Evidence) -> Iterator[Counterfactual]:
    """Yield those that do not take more away than another for the same; of networks, the first for each level."""
    levels: set[Exposure] = set()
    for one in found:
        if isinstance(one.change, Narrowed):
            if one.level not in levels:
                yield one
            levels.add(one.level)
        elif not any(_exceeds(one, other, points, evidence) for other in found):
            yield one


def _exceeds(one: Counterfactual, other: Counterfactual, points: Points, evidence: Evidence) -> bool:
    """Tell whether the one takes away all that the other does and more, and lowers no further."""
    least = _taken(other.change, points, evidence)
    return bool(least) and other.level <= one.level and _taken(one.change, points, evidence) > least


def _taken(change: Change, points: Points, evidence: Evidence) -> frozenset[tuple[int, PortRange]]:
    """Return which open pieces of which findings the change takes away, all cut where the points begin or end."""
    open_pieces = (
        (index, piece, within)
        for index, finding in enumerate(evidence.findings)
        if finding.counts
        for piece, within in _split(finding, points)
    )
    match change:
        case Unreachable():
            return frozenset((index, piece.ports) for index, piece, within in open_pieces if within)
        case Closed(paths):
            return frozenset((index, piece.ports) for index, piece, _within in open_pieces if piece.path in paths)
        case _:
            return frozenset()
