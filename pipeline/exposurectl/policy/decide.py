"""The meaning of a policy: from one instance's evidence to its level. Short enough to read whole."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TypeVar

import msgspec

from exposurectl.model import (
    HIGHEST_PORT,
    Component,
    Decided,
    Decision,
    Evidence,
    Exposure,
    Finding,
    LeftAlone,
    PortRange,
    Protocol,
    Reason,
    Unobserved,
)
from exposurectl.policy.model import Override, Policy, Rule
from exposurectl.policy.sources import Admitted, AnywherePrefix, admitted

Entry = TypeVar("Entry", Rule, Override)
_EVERY_PORT = (PortRange(0, HIGHEST_PORT),)


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """Points that share a level and what gave it: no rule tells any two of them apart."""

    finding: Finding
    ports: PortRange
    networks: Admitted
    level: Exposure
    by: tuple[Rule | Override, ...]
    """The rules at that level, or the override that replaced it; empty where no rule matches."""
    clash: tuple[str, ...] = ()
    """The overrides, where several match these points."""


def decide(evidence: Evidence, policy: Policy, *, today: date | None, anywhere: AnywherePrefix) -> Decision:
    """
    Return the level of one instance, with every reason for it, or why it is left alone.

    `today` is the day by which overrides expire, in UTC; without it, none has expired. The law is `language.md` §4
    in the policy reference: highest rule per point, point overrides, floor, override of the whole instance.
    """
    overrides = tuple(
        override
        for override in policy.overrides
        if override.is_live(today) and override.match.scope.holds(evidence.instance)
    )
    judged = tuple(_judge(evidence, policy, overrides, anywhere))
    whole = tuple(override for override in overrides if override.match.is_whole)
    leave = isinstance(evidence.coverage, Unobserved) and policy.defaults.unobserved is None
    if isinstance(evidence.coverage, Unobserved) and leave and not judged and not whole:
        return LeftAlone(why=f"unobserved: {evidence.coverage.why}")
    warnings = [*_clashes(points.clash for points in judged), *_clashes([_ids(whole) if len(whole) > 1 else ()])]
    floor = _floor(evidence, policy)
    level = max(override.level for override in whole) if whole else max([floor, *(points.level for points in judged)])
    return Decided(
        level=level,
        reasons=_whole_reasons(whole, level) or tuple(_reasons(judged, level, policy, evidence)),
        raise_only=leave,
        without=None if whole or leave else _without(judged, level, floor),
        warnings=tuple(warnings),
    )


def _floor(evidence: Evidence, policy: Policy) -> Exposure:
    """Return the level below which points do not count. Missing evidence never lowers it: `compile` sees to that."""
    unobserved = policy.defaults.unobserved if isinstance(evidence.coverage, Unobserved) else None
    return unobserved or policy.defaults.unreachable


def _judge(
    evidence: Evidence, policy: Policy, overrides: tuple[Override, ...], anywhere: AnywherePrefix
) -> Iterator[Judged]:
    """Yield the points of every finding that counts, each range cut where a rule or the evidence changes."""
    rules = tuple(rule for rule in policy.rules if rule.match.scope.holds(evidence.instance))
    partial = tuple(override for override in overrides if not override.match.is_whole)
    along: dict[tuple[Protocol, tuple[Component, ...]], _Speaking] = {}
    for finding in evidence.findings:
        if finding.counts:
            way = finding.protocol, finding.path
            speaking = along[way] = along.get(way) or _Speaking(
                rules=tuple(rule for rule in rules if rule.match.on_path(*way)),
                overrides=tuple(one for one in partial if one.match.on_path(*way)),
                unmatched=policy.defaults.unmatched,
            )
            cut = tuple(pieces(finding, policy.cuts))
            for ports, own in zip(cut, _by_piece(speaking, cut), strict=True):
                yield _judge_points(finding, ports, own, anywhere)


class _Speaking(msgspec.Struct, frozen=True, kw_only=True):
    """What may speak about the points of one finding; ports and sources are still to be asked."""

    rules: tuple[Rule, ...]
    overrides: tuple[Override, ...]
    unmatched: Exposure


def _by_piece(speaking: _Speaking, cut: Sequence[PortRange]) -> Iterator[_Speaking]:
    """Yield what may speak about each piece: a wide range has thousands, and most rules name a port or two."""
    for rules, overrides in zip(by_piece(speaking.rules, cut), by_piece(speaking.overrides, cut), strict=True):
        yield _Speaking(rules=tuple(rules), overrides=tuple(overrides), unmatched=speaking.unmatched)


def by_piece(entries: Iterable[Entry], cut: Sequence[PortRange]) -> list[list[Entry]]:
    """Return for each piece those of the rules or overrides whose ports have its first one, in their order."""
    begins = [ports.begin for ports in cut]
    found: list[list[Entry]] = [[] for _piece in cut]
    for entry in entries:
        for ports in _EVERY_PORT if entry.match.ports is None else joined(entry.match.ports):
            for at in range(bisect_left(begins, ports.begin), bisect_right(begins, ports.end)):
                found[at].append(entry)
    return found


def _judge_points(finding: Finding, ports: PortRange, speaking: _Speaking, anywhere: AnywherePrefix) -> Judged:
    """Judge the points of one piece by its first port, which no rule tells apart from the others."""
    port, networks = ports.begin, admitted(finding, ports.begin)
    replaced = tuple(one for one in speaking.overrides if one.match.on_port(port, networks, anywhere))
    rules = tuple(rule for rule in speaking.rules if rule.match.on_port(port, networks, anywhere))
    matching: tuple[Rule | Override, ...] = replaced or rules
    level = max((one.level for one in matching), default=speaking.unmatched)
    return Judged(
        finding=finding,
        ports=ports,
        networks=networks,
        level=level,
        by=tuple(one for one in matching if one.level is level),
        clash=_ids(replaced) if len(replaced) > 1 else (),
    )


def pieces(finding: Finding, cuts: tuple[int, ...]) -> Iterator[PortRange]:
    """Yield the finding's range in pieces, cut wherever the policy's ports or the evidence begin or have ended."""
    own = (cut for entry in finding.ingress for cut in (entry.ports.begin, entry.ports.end + 1))
    begin, end = finding.ports.begin, finding.ports.end
    for cut in sorted({cut for cut in (*cuts, *own) if begin < cut <= end}):
        yield PortRange(begin, cut - 1)
        begin = cut
    yield PortRange(begin, end)


def _without(judged: tuple[Judged, ...], level: Exposure, floor: Exposure) -> Exposure | None:
    """Return the level were the points that decide not reachable; None where it would be the same."""
    rest = max([floor, *(points.level for points in judged if points.level is not level)])
    return rest if rest < level else None


def _ids(overrides: tuple[Override, ...]) -> tuple[str, ...]:
    return tuple(sorted(override.id for override in overrides))


def _clashes(clashes: Iterable[tuple[str, ...]]) -> list[str]:
    """Name the overrides that match the same thing: the higher level stands."""
    return [
        f"overrides {' and '.join(ids)} match the same: the higher level stands" for ids in sorted({*clashes} - {()})
    ]


def _whole_reasons(whole: tuple[Override, ...], level: Exposure) -> tuple[Reason, ...]:
    return tuple(
        Reason(rule=one.id, because=one.because, at=one.at, override=True) for one in whole if one.level is level
    )


def _reasons(judged: tuple[Judged, ...], level: Exposure, policy: Policy, evidence: Evidence) -> Iterator[Reason]:
    """Yield what gave the level: each rule with its finding, else `defaults.unmatched`; the floor where none did."""
    deciding = [points for points in judged if points.level is level]
    if not deciding:
        yield _floor_reason(policy, evidence)
    alike: dict[tuple[Finding, Admitted], dict[Rule | Override | None, list[PortRange]]] = {}
    for points in deciding:
        given = alike.setdefault((points.finding, points.networks), {})
        for rule in points.by or (None,):
            given.setdefault(rule, []).append(points.ports)
    for (finding, networks), given in alike.items():
        for rule, ports in given.items():
            yield Reason(
                rule=rule.id if rule else "defaults.unmatched",
                because=rule.because if rule else "No rule describes this port.",
                at=rule.at if rule else policy.defaults.at,
                points=", ".join(f"{finding.protocol.value}/{port}" for port in joined(ports)),
                path=tuple(component.id or component.type for component in finding.path),
                sources=None if networks is None else tuple(str(network) for network in networks),
                finding=finding.arn,
                override=isinstance(rule, Override),
            )


def _floor_reason(policy: Policy, evidence: Evidence) -> Reason:
    rule, because = "defaults.unreachable", "Inspector observes it and reports no path that counts for more."
    if isinstance(evidence.coverage, Unobserved):
        leave = policy.defaults.unobserved is None
        rule = "defaults.unreachable" if leave else "defaults.unobserved"
        more = " No path that it reported counts for more." if leave else ""
        because = f"Inspector cannot vouch for it: {evidence.coverage.why}.{more}"
    return Reason(rule=rule, because=because, at=policy.defaults.at)


def joined(ranges: Iterable[PortRange]) -> list[PortRange]:
    """Return the ranges in order, adjoining ones joined."""
    out: list[PortRange] = []
    for ports in sorted(ranges):
        if out and ports.begin <= out[-1].end + 1:
            out[-1] = PortRange(out[-1].begin, max(out[-1].end, ports.end))
        else:
            out.append(ports)
    return out
