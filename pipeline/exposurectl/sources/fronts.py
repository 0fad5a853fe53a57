"""What may stand before a gate: load balancers that its groups refer to, or that forward to its interface."""

from collections.abc import Collection, Iterable, Iterator
from typing import TypeAlias

from exposurectl.model import Finding, PortRange
from exposurectl.sources.gates import Gate, Point, gate_of
from exposurectl.sources.network import (
    GroupReference,
    LoadBalancer,
    NetworkEvidence,
    NetworkInterface,
    Target,
    TargetGroup,
    begins_at_internet,
)

Passage: TypeAlias = tuple[Gate | None, tuple[Point, ...]]
"""A gate, None where it is not known, and the points at which it may be passed."""


def passages(
    balancers: Collection[LoadBalancer] | None, finding: Finding, network: NetworkEvidence
) -> Iterator[Passage]:
    """
    Yield the gates of these load balancers at all of their points, those of the load balancers before them, and so on.

    Which of a load balancer's ports forwards to where is not read, so all of them count. None for the load balancers
    says that they are not known.
    """
    ahead, passed = [balancers], set[str]()
    while ahead:
        following = ahead.pop()
        if following is None:
            yield None, ()
            return
        for balancer in [one for one in following if one.id not in passed]:
            passed.add(balancer.id)
            gate = gate_of(balancer.groups, balancer.subnets, network, account=finding.account)
            yield gate, gate.points() if gate else ()
            ahead.append(referenced(gate.references(gate.points()), finding, network) if gate else ())


def referenced(
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


def forwarders(
    interface: NetworkInterface, ports: PortRange | None, network: NetworkEvidence
) -> list[LoadBalancer] | None:
    """
    Return the load balancers that forward to one of these ports of an interface, or None where not all are known.

    None for the ports is any port. What a health check says of a target does not matter: a load balancer without a
    healthy target forwards to all of them.
    Source: Elastic Load Balancing's user guides, "Target group health" (fail open).
    """
    if network.balancers is None or network.target_groups is None:
        return None
    names = set[str]()
    for balancers, targets in _forwarding(interface, network):
        if targets is None:
            return None
        if any(_is_in(target, ports) and target.is_at(interface) for target in targets):
            names.update(balancers)
    known = [network.balancers[name] for name in sorted(names) if name in network.balancers]
    return known if len(known) == len(names) else None


def forwarded_ports(interface: NetworkInterface, network: NetworkEvidence) -> Iterator[PortRange]:
    """Yield the ports of an interface that a load balancer is known to forward to."""
    for _, targets in _forwarding(interface, network):
        for target in targets or ():
            if target.port is not None and target.is_at(interface):
                yield PortRange(target.port, target.port)


def stands_near(group: TargetGroup, vpcs: Collection[str], network: NetworkEvidence) -> bool:
    """
    Tell whether a load balancer in one of these VPCs forwards to a target group. One that is not known may stand there.

    Load balancers of other VPCs are left out, though one may forward to an address of a peered VPC.
    """
    listed = network.balancers or {}
    return any(name not in listed or listed[name].vpc in vpcs for name in group.balancers)


def _forwarding(
    interface: NetworkInterface, network: NetworkEvidence
) -> Iterator[tuple[Iterable[str], tuple[Target, ...] | None]]:
    """Yield load balancers of either generation that stand near an interface, and what they forward to."""
    for group in (network.target_groups or {}).values():
        if stands_near(group, (interface.vpc,), network):
            yield group.balancers, group.targets
    for balancer in (network.balancers or {}).values():
        yield (balancer.id,), balancer.targets


def _is_in(target: Target, ports: PortRange | None) -> bool:
    return ports is None or target.port is None or target.port in ports
