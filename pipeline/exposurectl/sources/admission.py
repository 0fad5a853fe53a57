"""Whom the network admits to the ports of a finding: the rows of `ingress.ndjson`."""

from collections.abc import Collection, Iterator

import msgspec

from exposurectl.model import Finding, PortRange
from exposurectl.sources.addresses import NEVER_FROM_THE_INTERNET, NOBODY, Addresses
from exposurectl.sources.gates import Gate, Point, gate_of
from exposurectl.sources.network import (
    GroupReference,
    LoadBalancer,
    NetworkEvidence,
    begins_at_internet,
    first_balancer,
    first_interface,
)
from exposurectl.sources.rows import IngressRow


class _Entrance(msgspec.Struct, frozen=True):
    """The gate that a path meets first."""

    gate: Gate
    is_own: bool
    """The gate is the instance's own, and so has the finding's ports. A load balancer listens on others."""


class _Admission(msgspec.Struct, frozen=True):
    """Who may send, and the groups that say so."""

    addresses: Addresses
    groups: frozenset[str]


def admitted(finding: Finding, network: NetworkEvidence) -> tuple[IngressRow, ...]:
    """
    Return whom the security groups and network ACLs along a finding's path admit, in the fewest ranges of ports.

    Ports without a row have no evidence. A row without CIDRs says that everything was read and admits nobody.
    Evidence that is missing never makes a row narrower.
    """
    entrance = _entrance(finding, network)
    if entrance is None:
        return ()
    pieces = [(ports, _admission(entrance, ports, finding, network)) for ports in _pieces(entrance, finding)]
    return tuple(_row(finding, ports, admission) for ports, admission in _joined(pieces))


def _entrance(finding: Finding, network: NetworkEvidence) -> _Entrance | None:
    """Return the gate nearest the origin: behind a load balancer, an interface only ever sees the load balancer."""
    if first_balancer(finding.path):
        gate = _gate_of_balancer(finding, network)
        return _Entrance(gate, is_own=False) if gate else None
    hop = first_interface(finding.path)
    interface = network.interfaces.get(hop.id) if hop else None
    if interface is None or interface.account != finding.account:
        return None
    gate = gate_of(interface.groups, [interface.subnet], network, account=finding.account)
    return _Entrance(gate, is_own=interface.instance == finding.instance) if gate else None


def _gate_of_balancer(finding: Finding, network: NetworkEvidence) -> Gate | None:
    hop = first_balancer(finding.path)
    balancers = (network.balancers or {}).values()
    found = next((balancer for balancer in balancers if hop and balancer.is_named_by(hop)), None)
    return gate_of(found.groups, found.subnets, network, account=finding.account) if found else None


def _pieces(entrance: _Entrance, finding: Finding) -> Iterator[PortRange]:
    return entrance.gate.pieces(finding.protocol, finding.ports) if entrance.is_own else iter([finding.ports])


def _admission(entrance: _Entrance, ports: PortRange, finding: Finding, network: NetworkEvidence) -> _Admission | None:
    """Add up the gate and those of the load balancers that it admits; None where one of them is not known."""
    impossible = NEVER_FROM_THE_INTERNET if begins_at_internet(finding.path) else NOBODY
    addresses, groups = NOBODY, set[str]()
    points = ((finding.protocol, ports.begin),) if entrance.is_own else entrance.gate.points()
    for gate, at in _with_balancers(entrance.gate, points, finding, network):
        senders = gate.senders(at, network.prefix_lists, impossible=impossible) if gate else None
        if gate is None or senders is None:
            return None
        addresses |= senders
        groups |= set(gate.groups)
    # Admitting private addresses alone cannot explain a path from the internet. A load balancer that the groups
    # admit by address would: nothing here says whom that one admits.
    if addresses and not addresses - impossible:
        return None
    return _Admission(addresses, frozenset(groups))


def _with_balancers(
    gate: Gate, points: tuple[Point, ...], finding: Finding, network: NetworkEvidence
) -> Iterator[tuple[Gate | None, tuple[Point, ...]]]:
    """
    Yield the gate, and at all of their points the gates of the load balancers before it, before those, and so on.

    Which of a load balancer's ports forwards to this one is not read, so all of them count. None is a gate that is
    not known.
    """
    yield gate, points
    ahead, passed = [gate.references(points)], set[str]()
    while ahead:
        balancers = _balancers_with(ahead.pop(), finding, network)
        if balancers is None:
            yield None, ()
            return
        for balancer in [one for one in balancers if one.id not in passed]:
            passed.add(balancer.id)
            before = gate_of(balancer.groups, balancer.subnets, network, account=finding.account)
            yield before, before.points() if before else ()
            ahead.append(before.references(before.points()) if before else frozenset())


def _balancers_with(
    references: Collection[GroupReference], finding: Finding, network: NetworkEvidence
) -> list[LoadBalancer] | None:
    """
    Return the load balancers that carry one of the groups, or None where the groups may admit somebody unseen.

    An ordinary group admits only its own members, which are no way in from an internet gateway. A path from a peered
    network or a VPN may begin at such a member, whose address is not read.
    """
    if not references:
        return []
    foreign = any(reference.account != finding.account for reference in references)
    if network.balancers is None or foreign or not begins_at_internet(finding.path):
        return None
    ids = {reference.id for reference in references}
    return [balancer for balancer in network.balancers.values() if ids.intersection(balancer.groups)]


def _joined(pieces: list[tuple[PortRange, _Admission | None]]) -> Iterator[tuple[PortRange, _Admission]]:
    """Yield the pieces with evidence, neighbours that admit the same addresses as one."""
    known = [(ports, admission) for ports, admission in pieces if admission is not None]
    if not known:
        return
    ports, admission = known[0]
    for following, other in known[1:]:
        if following.begin == ports.end + 1 and other.addresses == admission.addresses:
            ports = PortRange(ports.begin, following.end)
            admission = _Admission(admission.addresses, admission.groups | other.groups)
        else:
            yield ports, admission
            ports, admission = following, other
    yield ports, admission


def _row(finding: Finding, ports: PortRange, admission: _Admission) -> IngressRow:
    return IngressRow(
        finding=finding.arn,
        ports=str(ports),
        cidrs=tuple(str(network) for network in admission.addresses.networks()),
        groups=tuple(sorted(admission.groups)),
    )
