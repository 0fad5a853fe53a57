"""A gate: the security groups and network ACLs that one interface or load balancer puts in the way of packets."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TypeAlias

import msgspec

from exposurectl.model import PortRange, Protocol
from exposurectl.sources.addresses import NOBODY, Addresses
from exposurectl.sources.network import (
    ALL_PORTS,
    GroupReference,
    GroupRule,
    NetworkAcl,
    NetworkEvidence,
    PrefixList,
    PrefixListReference,
    UnknownSource,
)

Point: TypeAlias = tuple[Protocol, int]
"""A protocol and a port."""


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """What packets must pass: all groups together admit, then the network ACL of the subnet may refuse."""

    groups: tuple[str, ...]
    """Their ids, sorted."""
    rules: tuple[GroupRule, ...]
    """Of all the groups: they add up."""
    acls: tuple[NetworkAcl, ...]
    """One for each subnet, or none where one of them is not known; a packet may come through any."""

    def pieces(self, protocol: Protocol, within: PortRange = ALL_PORTS) -> Iterator[PortRange]:
        """Yield the range in pieces, in each of which no rule and no entry tells any two ports apart."""
        rules = [rule.ports for rule in self.rules if rule.is_about(protocol)]
        entries = [entry.ports for acl in self.acls for entry in acl.entries if entry.is_about(protocol)]
        return split(within, [*rules, *entries])

    def points(self) -> tuple[Point, ...]:
        """Return a point for each piece of both protocols, so that no port of the gate is left out."""
        return tuple((protocol, ports.begin) for protocol in Protocol for ports in self.pieces(protocol))

    def references(self, points: Iterable[Point]) -> frozenset[GroupReference]:
        """Return the groups that the rules admit at any of these points."""
        sources = (rule.source for point in points for rule in self._rules_at(point))
        return frozenset(source for source in sources if isinstance(source, GroupReference))

    def senders(
        self, points: Iterable[Point], lists: Mapping[str, PrefixList], *, impossible: Addresses
    ) -> Addresses | None:
        """
        Return the addresses that the gate admits at any of these points, or None where that cannot be told.

        If the network ACLs leave only addresses that cannot have come along the path, they contradict the finding
        and take nothing away. Else an ACL that was read could make a port look less restricted than one that was not.
        """
        named, left = NOBODY, NOBODY
        for point in points:
            here = _named(self._rules_at(point), lists)
            if here is None:
                return None
            named |= here
            left |= self._left_by_acls(here, point)
        return left if left == named or left - impossible else named

    def named(self, points: Iterable[Point], lists: Mapping[str, PrefixList]) -> Addresses | None:
        """Return the addresses that the groups alone admit at any of these points, or None where one is not known."""
        return _named((rule for point in points for rule in self._rules_at(point)), lists)

    def _rules_at(self, point: Point) -> Iterator[GroupRule]:
        return (rule for rule in self.rules if rule.covers(*point))

    def _left_by_acls(self, addresses: Addresses, point: Point) -> Addresses:
        if not self.acls or not addresses:
            return addresses
        left = NOBODY
        for acl in self.acls:
            left |= addresses - _denied(acl, addresses, point)
        return left


def split(within: PortRange, at: Iterable[PortRange]) -> Iterator[PortRange]:
    """Yield the range in pieces, each of which lies wholly inside or outside each of the others."""
    cuts = {cut for ports in at for cut in (ports.begin, ports.end + 1) if within.begin < cut <= within.end}
    begins = [within.begin, *sorted(cuts)]
    for begin, after in zip(begins, [*begins[1:], within.end + 1], strict=True):
        yield PortRange(begin, after - 1)


def gate_of(
    groups: Collection[str], subnets: Collection[str], network: NetworkEvidence, *, account: str
) -> Gate | None:
    """
    Return the gate of an interface or a load balancer, or None where its groups are not all known.

    What has no group lets everything through. A group of another account may have rules that we cannot read.
    """
    known = [network.groups[name] for name in sorted(set(groups)) if name in network.groups]
    if not known or len(known) < len(set(groups)) or any(group.account != account for group in known):
        return None
    acls = [network.acls[subnet] for subnet in sorted(set(subnets)) if subnet in network.acls]
    return Gate(
        groups=tuple(group.id for group in known),
        rules=tuple(rule for group in known for rule in group.rules),
        acls=tuple(acls) if len(acls) == len(set(subnets)) else (),
    )


def _named(rules: Iterable[GroupRule], lists: Mapping[str, PrefixList]) -> Addresses | None:
    """Return the addresses that rules name themselves or by a prefix list, or None where one is not known."""
    named = NOBODY
    for rule in rules:
        match rule.source:
            case GroupReference():
                continue
            case PrefixListReference(id=name) if name in lists:
                named |= Addresses.of(lists[name].networks)
            case PrefixListReference() | UnknownSource():
                return None
            case network:
                named |= Addresses.of([network])
    return named


def _denied(acl: NetworkAcl, addresses: Addresses, point: Point) -> Addresses:
    """Return which of the addresses meet a deny first. What no entry speaks of is left alone."""
    undecided, denied = addresses, NOBODY
    for entry in acl.entries:
        if undecided and entry.covers(*point):
            matched = undecided & Addresses.of([entry.network])
            undecided -= matched
            denied |= NOBODY if entry.allow else matched
    return denied
