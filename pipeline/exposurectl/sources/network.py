"""What was read of a network: interfaces, security groups, prefix lists, network ACLs and load balancers."""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Final, TypeAlias

import msgspec

from exposurectl.model import HIGHEST_PORT, LOWEST_PORT, Component, Network, PortRange, Protocol

ALL_PORTS: Final = PortRange(LOWEST_PORT, HIGHEST_PORT)

_WRITTEN = {Protocol.TCP: ("-1", "tcp", "6"), Protocol.UDP: ("-1", "udp", "17")}
_BALANCER_TYPE = "AWS::ElasticLoadBalancing"
_BALANCER_IDS = ("app/", "net/", "gwy/")
_PARTS = ("::TargetGroup", "::Listener", "::ListenerRule")
"""What belongs to a load balancer, and is none."""


class PrefixListReference(msgspec.Struct, frozen=True):
    """A rule's source that stands for the networks of a prefix list."""

    id: str


class GroupReference(msgspec.Struct, frozen=True):
    """A rule's source that stands for every interface which carries a security group."""

    id: str
    account: str
    """The group's owner; empty where EC2 does not say."""


class UnknownSource(msgspec.Struct, frozen=True):
    """A rule's source of a kind that this program does not know. It may admit anybody."""


RuleSource: TypeAlias = Network | PrefixListReference | GroupReference | UnknownSource


class GroupRule(msgspec.Struct, frozen=True, kw_only=True):
    """One inbound rule of a security group."""

    protocol: str
    """As EC2 writes it: a name, a number, or `-1` for all protocols."""
    ports: PortRange
    source: RuleSource

    def is_about(self, protocol: Protocol) -> bool:
        """Tell whether the rule speaks about any packets of this protocol."""
        return self.protocol in _WRITTEN[protocol]

    def covers(self, protocol: Protocol, port: int) -> bool:
        """Tell whether the rule speaks about packets to this port."""
        return self.is_about(protocol) and port in self.ports


class SecurityGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A security group with all its inbound rules. One that has none admits nobody."""

    id: str
    account: str
    """Its owner."""
    rules: tuple[GroupRule, ...]


class AclEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One inbound entry of a network ACL."""

    number: int
    protocol: str
    """As EC2 writes it: a number, or `-1` for all protocols."""
    ports: PortRange
    network: Network
    allow: bool

    def is_about(self, protocol: Protocol) -> bool:
        """Tell whether the entry speaks about any packets of this protocol."""
        return self.protocol in _WRITTEN[protocol]

    def covers(self, protocol: Protocol, port: int) -> bool:
        """Tell whether the entry speaks about packets to this port."""
        return self.is_about(protocol) and port in self.ports


class NetworkAcl(msgspec.Struct, frozen=True, kw_only=True):
    """A network ACL: the first of its entries that matches a packet decides."""

    id: str
    entries: tuple[AclEntry, ...]
    """Sorted by number."""


class PrefixList(msgspec.Struct, frozen=True, kw_only=True):
    """A managed prefix list with all its entries."""

    id: str
    networks: tuple[Network, ...]


class NetworkInterface(msgspec.Struct, frozen=True, kw_only=True):
    """A network interface, and where it stands."""

    id: str
    account: str
    groups: tuple[str, ...]
    subnet: str
    instance: str
    """What it is attached to; empty where that is no instance, such as for a load balancer's own interface."""
    vpc: str = ""
    addresses: tuple[Network, ...] = ()
    """Its private addresses of both versions, and the prefixes that it hands on to containers."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What a load balancer forwards to: an instance, or an address."""

    instance: str = ""
    address: IPv4Address | IPv6Address | None = None
    port: int | None = None
    """None where it is not known, so that it may be any."""

    def is_at(self, interface: NetworkInterface) -> bool:
        """Tell whether packets for this target may arrive at the interface."""
        if self.address is None:
            return bool(self.instance) and self.instance == interface.instance
        return any(self.address in network for network in interface.addresses)


class TargetGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Targets, and the load balancers of the present generation that forward to them."""

    id: str
    """The ARN."""
    balancers: tuple[str, ...]
    """Their ARNs."""
    targets: tuple[Target, ...] | None
    """All of them, or None where they were not read."""


class LoadBalancer(msgspec.Struct, frozen=True, kw_only=True):
    """A load balancer of either generation. Without groups it admits whoever finds it."""

    id: str
    """The ARN; for a Classic Load Balancer, its name."""
    groups: tuple[str, ...]
    subnets: tuple[str, ...]
    vpc: str
    targets: tuple[Target, ...] = ()
    """Of a Classic Load Balancer all that it forwards to. One of the present generation has target groups instead."""

    def is_named_by(self, component: Component) -> bool:
        """
        Tell whether a hop of a path is this load balancer, written as an ARN, as `app/name/id` or as its name.

        Names are unique in one generation only, so a name counts where the hop's type says which that is.
        """
        is_present = component.type.startswith(f"{_BALANCER_TYPE}V2::")
        if not self.id.startswith("arn:"):
            return not is_present and component.id.rpartition(":loadbalancer/")[2] == self.id
        tail = self.id.partition(":loadbalancer/")[2]
        return component.id in {self.id, tail} or (is_present and component.id in tail.split("/")[1:2])


class NetworkEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """
    All that was read of the network of one account and region. What could not be read is absent, never empty.

    So each part that is missing can only widen whom a path seems to admit.
    """

    interfaces: Mapping[str, NetworkInterface] = {}
    """By id, as the groups and prefix lists."""
    groups: Mapping[str, SecurityGroup] = {}
    prefix_lists: Mapping[str, PrefixList] = {}
    acls: Mapping[str, NetworkAcl] = {}
    """By subnet, each of which has exactly one."""
    balancers: Mapping[str, LoadBalancer] | None = None
    """
    Every load balancer there is, by id, or None where they were not all read.

    Only a whole list tells that a security group is on no load balancer.
    """
    target_groups: Mapping[str, TargetGroup] | None = None
    """
    Every target group of the load balancers near the interfaces, by id, or None where they were not all read.

    Only a whole list tells that no load balancer forwards to an instance.
    """


def is_balancer(component: Component) -> bool:
    """Tell whether a hop of a path belongs to a load balancer, by its type or by its id."""
    arn = component.id.startswith("arn:") and ":elasticloadbalancing:" in component.id
    return arn or component.type.startswith(_BALANCER_TYPE) or component.id.startswith(_BALANCER_IDS)


def first_balancer(path: tuple[Component, ...]) -> Component | None:
    """Return the load balancer nearest the origin; where a path names only parts of one, the first of those."""
    hops = [component for component in path if is_balancer(component)]
    whole = [component for component in hops if not _is_part(component)]
    return next(iter(whole or hops), None)


def _is_part(component: Component) -> bool:
    return component.type.endswith(_PARTS) or ":targetgroup/" in component.id or ":listener" in component.id


def first_interface(path: tuple[Component, ...]) -> Component | None:
    """Return the network interface nearest the origin."""
    hops = (hop for hop in path if hop.type == "AWS::EC2::NetworkInterface" or hop.id.startswith("eni-"))
    return next(hops, None)


def begins_at_internet(path: tuple[Component, ...]) -> bool:
    """Tell whether the path begins at an internet gateway, by its type or by its id."""
    return bool(path) and (path[0].type == "AWS::EC2::InternetGateway" or path[0].id.startswith("igw-"))
