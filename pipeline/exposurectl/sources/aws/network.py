"""Reading of a network what bears on some findings, in one account and region, in as few calls as that takes."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from exposurectl.model import Component, Finding
from exposurectl.sources.admission import depends_on_forwarders
from exposurectl.sources.aws.network_calls import Calls
from exposurectl.sources.fronts import forwarders
from exposurectl.sources.network import (
    GroupReference,
    LoadBalancer,
    NetworkEvidence,
    NetworkInterface,
    PrefixListReference,
    RuleSource,
    SecurityGroup,
    first_balancer,
    first_interface,
)


def read_network(
    client_of: Callable[[str], Any], findings: Collection[Finding]
) -> tuple[NetworkEvidence, tuple[str, ...]]:
    """
    Read what the interfaces and the load balancers on the findings' paths let through; and say what was not read.

    `client_of` gives the client of `ec2`, `elbv2` or `elb`; what it raises passes through. A call that fails leaves
    its part of the evidence absent, and is named once as `operation: error code`.
    """
    calls = Calls(client_of)
    network = _on_paths(calls, findings)
    waiting = _interfaces_of((one for one in findings if depends_on_forwarders(one, network)), network)
    if waiting:
        network = _with_forwarders(calls, network, waiting)
    return network, tuple(sorted(calls.unread))


def _on_paths(calls: Calls, findings: Collection[Finding]) -> NetworkEvidence:
    """Read what the paths name, and what their groups refer to."""
    hops = {hop for finding in findings if (hop := first_balancer(finding.path))}
    names = {hop.id for finding in findings if (hop := first_interface(finding.path))}
    found = {interface.id: interface for interface in calls.interfaces(names)}
    groups = calls.groups({group for interface in found.values() for group in interface.groups})
    network = NetworkEvidence(interfaces=found, groups=groups)
    near: dict[str, LoadBalancer] = {}
    if hops or any(_references(groups)):
        network = replace(network, balancers=calls.balancers)
        near = _named(network.balancers or {}, hops)
    subnets = {interface.subnet for interface in found.values()}
    return _followed(calls, network, near, subnets)


def _with_forwarders(
    calls: Calls, network: NetworkEvidence, interfaces: Collection[NetworkInterface]
) -> NetworkEvidence:
    """Add which load balancers forward to these interfaces, and what those let through."""
    network = replace(network, balancers=calls.balancers)
    if network.balancers is None:
        return network
    vpcs = {interface.vpc for interface in interfaces}
    present = any(one.vpc in vpcs and one.id.startswith("arn:") for one in network.balancers.values())
    network = replace(network, target_groups=calls.target_groups(vpcs, network) if present else {})
    near = {one.id: one for interface in interfaces for one in forwarders(interface, None, network) or ()}
    return _followed(calls, network, near, set())


def _followed(
    calls: Calls, network: NetworkEvidence, near: dict[str, LoadBalancer], subnets: set[str]
) -> NetworkEvidence:
    """Add what guards these load balancers, those that their groups refer to, and so on, and these subnets."""
    near, groups = dict(near), dict(network.groups)
    _follow(calls, network.balancers or {}, near, groups)
    subnets = subnets | {subnet for balancer in near.values() for subnet in balancer.subnets}
    lists = {source.id for source in _lists(groups)}
    return replace(
        network,
        groups=groups,
        prefix_lists={**network.prefix_lists, **calls.prefix_lists(lists - network.prefix_lists.keys())},
        acls={**network.acls, **calls.acls(subnets - network.acls.keys())},
    )


def _interfaces_of(findings: Iterable[Finding], network: NetworkEvidence) -> list[NetworkInterface]:
    hops = {hop.id for finding in findings if (hop := first_interface(finding.path))}
    return [network.interfaces[name] for name in sorted(hops)]


def _named(listed: Mapping[str, LoadBalancer], hops: Collection[Component]) -> dict[str, LoadBalancer]:
    return {name: one for name, one in listed.items() if any(one.is_named_by(hop) for hop in hops)}


def _follow(
    calls: Calls,
    listed: Mapping[str, LoadBalancer],
    near: dict[str, LoadBalancer],
    groups: dict[str, SecurityGroup],
) -> None:
    """Add the load balancers that groups refer to, their groups, the load balancers that those refer to, and so on."""
    asked = set(groups)
    while True:
        referenced = {reference.id for reference in _references(groups)}
        near |= {name: one for name, one in listed.items() if referenced.intersection(one.groups)}
        more = {group for balancer in near.values() for group in balancer.groups} - asked
        if not more:
            return
        asked |= more
        groups |= calls.groups(more)


def _sources(groups: Mapping[str, SecurityGroup]) -> Iterator[RuleSource]:
    return (rule.source for group in groups.values() for rule in group.rules)


def _references(groups: Mapping[str, SecurityGroup]) -> Iterator[GroupReference]:
    return (source for source in _sources(groups) if isinstance(source, GroupReference))


def _lists(groups: Mapping[str, SecurityGroup]) -> Iterator[PrefixListReference]:
    return (source for source in _sources(groups) if isinstance(source, PrefixListReference))
