"""What each point of an instance is given, and by what: a decision taken apart, for explaining it."""

from collections.abc import Iterator
from datetime import date
from typing import cast

import msgspec

from exposurectl.model import Decided, Evidence, Exposure, Finding, Instance, Observed, PortRange, Protocol
from exposurectl.policy.decide import by_piece, decide, joined, pieces
from exposurectl.policy.model import Match, Policy
from exposurectl.policy.sources import AnywherePrefix

Points = tuple[tuple[Protocol, PortRange], ...]
"""Protocols with ports, in order, adjoining ports joined."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """Adjoining ports of one finding that are given the same level by the same rules."""

    finding: Finding
    ports: PortRange
    level: Exposure
    by: tuple[str, ...]
    """The ids of the rules at that level, or of the override that replaced it, or `defaults.unmatched`."""


def judged_points(
    evidence: Evidence, policy: Policy, *, today: date | None, anywhere: AnywherePrefix
) -> tuple[Judged, ...]:
    """
    Return what every point of the findings that count is given, floor and overrides of the whole instance aside.

    Each piece is decided by itself: a finding split in two means the same, so this agrees with the whole decision.
    """
    instance = evidence.instance
    return tuple(
        judged
        for finding in evidence.findings
        if finding.counts
        for judged in _joined(
            _judged(
                finding,
                instance,
                _speaking(finding, instance, policy),
                cuts=policy.cuts,
                today=today,
                anywhere=anywhere,
            )
        )
    )


def _speaking(finding: Finding, instance: Instance, policy: Policy) -> Policy:
    """Return what of the policy may speak about points of the finding, floor aside."""

    def speaks(match: Match) -> bool:
        return match.scope.holds(instance) and match.on_path(finding.protocol, finding.path)

    return msgspec.structs.replace(
        policy,
        defaults=msgspec.structs.replace(policy.defaults, unreachable=Exposure.SMALL),
        rules=tuple(rule for rule in policy.rules if speaks(rule.match)),
        overrides=tuple(one for one in policy.overrides if not one.match.is_whole and speaks(one.match)),
        cuts=(),
    )


def _judged(
    finding: Finding,
    instance: Instance,
    policy: Policy,
    *,
    cuts: tuple[int, ...],
    today: date | None,
    anywhere: AnywherePrefix,
) -> Iterator[Judged]:
    cut = tuple(pieces(finding, cuts))
    of_pieces = zip(cut, by_piece(policy.rules, cut), by_piece(policy.overrides, cut), strict=True)
    for ports, rules, overrides in of_pieces:
        here = msgspec.structs.replace(policy, rules=tuple(rules), overrides=tuple(overrides))
        piece = msgspec.structs.replace(finding, ports=ports)
        alone = Evidence(instance=instance, findings=(piece,), coverage=Observed())
        # Only an unobserved instance can be left alone.
        decision = cast("Decided", decide(alone, here, today=today, anywhere=anywhere))
        by = tuple(dict.fromkeys(reason.rule for reason in decision.reasons))
        yield Judged(finding=finding, ports=ports, level=decision.level, by=by)


def _joined(pieces: Iterator[Judged]) -> Iterator[Judged]:
    """Yield the pieces, neighbours that nothing tells apart joined."""
    last = next(pieces)
    for piece in pieces:
        if (piece.level, piece.by) == (last.level, last.by):
            last = msgspec.structs.replace(last, ports=PortRange(last.ports.begin, piece.ports.end))
        else:
            yield last
            last = piece
    yield last


def points_of(judged: tuple[Judged, ...]) -> Points:
    """Return the protocols and ports of these, whatever finding they are of."""
    return tuple(
        (protocol, ports)
        for protocol in Protocol
        for ports in joined(one.ports for one in judged if one.finding.protocol is protocol)
    )
