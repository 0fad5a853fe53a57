"""The engine against a plain reading of the reference, port by port and block by block."""

import re
from collections.abc import Iterable
from datetime import date
from ipaddress import IPv4Network
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from exposurectl.model import Decided, Evidence, Finding, Network, Reason
from exposurectl.policy.decide import decide, pieces
from exposurectl.policy.model import Override, Policy
from exposurectl.policy.sources import AnywherePrefix, NamedSources, Within, holds, merge

from .oracle import admits, level_of, networks_of, point_level
from .strategies import (
    ANYWHERE,
    PORTS,
    TODAY,
    busy_evidence,
    evidence,
    findings,
    matches,
    networks,
    policies,
    sources,
    wide_matches,
)

# Ranges begin and end at `PORTS` only, so that ports between two of them differ in nothing.
UNIVERSE = (*PORTS, 8, 100, PORTS[-2] - 1)


def points_of(given: Evidence) -> list[tuple[Finding, int]]:
    return [
        (finding, port)
        for finding in given.findings
        for port in UNIVERSE
        if finding.status.value != "CLOSED" and finding.ports.begin <= port <= finding.ports.end
    ]


@given(policies(matches=wide_matches), busy_evidence)
def test_the_level_is_that_of_the_ports_one_by_one_where_many_rules_speak(policy: Policy, given: Evidence) -> None:
    came_out = decide(given, policy, today=TODAY, anywhere=ANYWHERE)

    assert level_of(given, policy, TODAY, points_of(given)) is getattr(came_out, "level", None)


@given(policies(), evidence(), st.sampled_from((TODAY, date(2026, 1, 1), date(2030, 1, 1))))
def test_the_level_is_that_of_the_ports_one_by_one(policy: Policy, given: Evidence, today: date) -> None:
    came_out = decide(given, policy, today=today, anywhere=ANYWHERE)

    assert level_of(given, policy, today, points_of(given)) is getattr(came_out, "level", None)


@given(policies(matches=st.one_of(matches, wide_matches)), busy_evidence)
def test_the_reasons_are_enough_to_recompute_the_level(policy: Policy, given: Evidence) -> None:
    came_out = decide(given, policy, today=TODAY, anywhere=ANYWHERE)
    told = {reason for reason in getattr(came_out, "reasons", ()) if reason.points}

    judged = {(finding, port): point_level(given, policy, TODAY, finding, port) for finding, port in points_of(given)}

    whole = any(one.match.is_whole and one.match.scope.holds(given.instance) for one in live(policy))
    assert isinstance(came_out, Decided) or not judged
    assert not (whole and told)
    if isinstance(came_out, Decided) and not whole:
        deciding = {
            (rule, *told_of(finding, port))
            for (finding, port), (level, rules) in judged.items()
            if level is came_out.level
            for rule in rules
        }
        assert deciding == {
            (reason.rule, reason.finding, reason.path, reason.sources, protocol, port)
            for reason in told
            for protocol, port in ports_of(reason)
        }


def live(policy: Policy) -> list[Override]:
    return [one for one in policy.overrides if one.expires >= TODAY]


def told_of(finding: Finding, port: int) -> tuple[object, ...]:
    """Return what a reason says of a point."""
    admitted = networks_of(finding, port)
    path = tuple(component.id or component.type for component in finding.path)
    shown = None if admitted is None else tuple(str(network) for network in merge(admitted))
    return finding.arn, path, shown, finding.protocol.value, port


def ports_of(reason: Reason) -> list[tuple[str, int]]:
    """Return the points that a reason names, out of the universe."""
    return [
        (match["protocol"], port)
        for match in re.finditer(r"(?P<protocol>tcp|udp)/(?P<begin>\d+)(-(?P<end>\d+))?", reason.points)
        for port in UNIVERSE
        if int(match["begin"]) <= port <= int(match["end"] or match["begin"])
    ]


@given(sources, st.one_of(st.none(), networks))
def test_sources_hold_by_every_block_of_addresses(
    asked: NamedSources | Within, given: tuple[Network, ...] | None
) -> None:
    admitted = None if given is None else merge(given)

    assert admits(asked, given) is holds(asked, admitted, ANYWHERE)


# Prefixes of 4 to 10 bits in 0.0.0.0/4, to which 10.0.0.0/8 belongs: 64 blocks of 10 bits, by number.
prefixes = st.integers(4, 10).flatmap(
    lambda bits: st.sampled_from(list(IPv4Network("0.0.0.0/4").subnets(new_prefix=bits)))
)
some_prefixes = st.lists(prefixes, max_size=8).map(tuple)


def blocks_of(networks: Iterable[Network]) -> set[int]:
    ranges = ((int(network.network_address) >> 22, 1 << (10 - network.prefixlen)) for network in networks)
    return {block for first, many in ranges for block in range(first, first + many)}


@given(some_prefixes)
def test_merging_covers_the_same_addresses_with_the_fewest_networks(given: tuple[IPv4Network, ...]) -> None:
    merged = merge(given)

    covered = blocks_of(given)
    whole = {
        network
        for bits in range(4, 11)
        for network in IPv4Network("0.0.0.0/4").subnets(new_prefix=bits)
        if blocks_of((network,)) <= covered
    }
    assert covered == blocks_of(merged)
    assert set(merged) == {network for network in whole if network.prefixlen == 4 or network.supernet() not in whole}


@given(some_prefixes, st.integers(4, 10))
def test_a_merged_prefix_counts_as_anywhere_where_a_block_that_long_is_admitted(
    given: tuple[IPv4Network, ...], bits: int
) -> None:
    judged = holds(NamedSources.ANYWHERE, merge(given), AnywherePrefix(v4=bits))

    covered = blocks_of(given)
    private = blocks_of((IPv4Network("10.0.0.0/8"),))
    whole = [blocks_of((block,)) for block in IPv4Network("0.0.0.0/4").subnets(new_prefix=bits)]
    assert judged is (not covered or any(block <= covered and not block <= private for block in whole))


@given(some_prefixes, some_prefixes)
def test_within_holds_where_every_block_lies_inside(
    inner: tuple[IPv4Network, ...], outer: tuple[IPv4Network, ...]
) -> None:
    judged = holds(Within(merge(outer)), merge(inner), ANYWHERE)

    assert judged is (bool(inner) and blocks_of(inner) <= blocks_of(outer))


@given(findings(), policies())
def test_a_findings_pieces_are_its_ports_in_order(finding: Finding, policy: Policy) -> None:
    cut = list(pieces(finding, policy.cuts))

    assert (cut[0].begin, cut[-1].end) == (finding.ports.begin, finding.ports.end)
    assert all(before.end + 1 == after.begin for before, after in pairwise(cut))
    assert all(piece.begin <= piece.end for piece in cut)
