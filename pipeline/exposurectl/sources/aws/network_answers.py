"""What EC2 answers about a network, parsed once. A part that is not understood is refused."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from typing import Any, TypeAlias

import msgspec

from exposurectl.model import HIGHEST_PORT, LOWEST_PORT, Network, PortRange
from exposurectl.sources.findings import instance_id
from exposurectl.sources.network import (
    ALL_PORTS,
    AclEntry,
    GroupReference,
    GroupRule,
    NetworkAcl,
    NetworkInterface,
    PrefixListReference,
    RuleSource,
    UnknownSource,
)

Rules: TypeAlias = tuple[GroupRule, ...]

_WITH_PORTS = frozenset({"tcp", "6", "udp", "17"})


class _Answer(msgspec.Struct, frozen=True, rename="pascal"):
    """Members that are not named are ignored. Source: Amazon EC2's API reference."""


class _Group(_Answer, frozen=True):
    group_id: str


class _Attachment(_Answer, frozen=True):
    instance_id: str = ""


class _Private(_Answer, frozen=True):
    private_ip_address: str


class _Ipv6(_Answer, frozen=True):
    address: str = msgspec.field(name="Ipv6Address")


class _Ipv4Prefix(_Answer, frozen=True):
    prefix: str = msgspec.field(name="Ipv4Prefix")


class _Ipv6Prefix(_Answer, frozen=True):
    prefix: str = msgspec.field(name="Ipv6Prefix")


class _Interface(_Answer, frozen=True):
    network_interface_id: str
    owner_id: str
    subnet_id: str
    vpc_id: str
    private_ip_addresses: tuple[_Private, ...] = ()
    ipv6_addresses: tuple[_Ipv6, ...] = ()
    ipv4_prefixes: tuple[_Ipv4Prefix, ...] = ()
    ipv6_prefixes: tuple[_Ipv6Prefix, ...] = ()
    groups: tuple[_Group, ...] = ()
    attachment: _Attachment = _Attachment()


class _Interfaces(_Answer, frozen=True):
    network_interfaces: tuple[_Interface, ...]


class _OwnedGroup(_Answer, frozen=True):
    group_id: str
    owner_id: str


class _Groups(_Answer, frozen=True):
    security_groups: tuple[_OwnedGroup, ...]


class _Referenced(_Answer, frozen=True):
    group_id: str
    user_id: str = ""


class _Rule(_Answer, frozen=True):
    group_id: str
    is_egress: bool
    ip_protocol: str
    from_port: int | None = None
    to_port: int | None = None
    cidr_ipv4: str | None = None
    cidr_ipv6: str | None = None
    prefix_list_id: str | None = None
    referenced_group_info: _Referenced | None = None


class _Rules(_Answer, frozen=True):
    security_group_rules: tuple[_Rule, ...]


class _ListEntry(_Answer, frozen=True):
    cidr: str


class _ListEntries(_Answer, frozen=True):
    entries: tuple[_ListEntry, ...]


class _PortSpan(msgspec.Struct, frozen=True):
    begin: int = msgspec.field(name="From")
    end: int = msgspec.field(name="To")


class _Entry(_Answer, frozen=True):
    egress: bool
    protocol: str
    rule_action: str
    rule_number: int
    cidr_block: str | None = None
    ipv6_cidr_block: str | None = None
    port_range: _PortSpan | None = None


class _Association(_Answer, frozen=True):
    subnet_id: str = ""


class _Acl(_Answer, frozen=True):
    network_acl_id: str
    associations: tuple[_Association, ...]
    entries: tuple[_Entry, ...]


class _Acls(_Answer, frozen=True):
    network_acls: tuple[_Acl, ...]


def interfaces(page: Any) -> Iterator[NetworkInterface]:
    """Yield the interfaces of a page of DescribeNetworkInterfaces. Raises ValueError."""
    for one in msgspec.convert(page, _Interfaces).network_interfaces:
        yield NetworkInterface(
            id=one.network_interface_id,
            account=one.owner_id,
            groups=tuple(sorted(group.group_id for group in one.groups)),
            subnet=one.subnet_id,
            instance=instance_id(one.attachment.instance_id),
            vpc=one.vpc_id,
            addresses=_addresses(one),
        )


def _addresses(one: _Interface) -> tuple[Network, ...]:
    """Return the private addresses of an interface, and the prefixes of those that its containers have."""
    found = tuple(ip_network(address) for address in _written_addresses(one))
    if not found:
        raise ValueError(f"{one.network_interface_id} has no address")
    return found


def _written_addresses(one: _Interface) -> Iterator[str]:
    yield from (private.private_ip_address for private in one.private_ip_addresses)
    yield from (own.address for own in one.ipv6_addresses)
    yield from (own.prefix for own in one.ipv4_prefixes)
    yield from (own.prefix for own in one.ipv6_prefixes)


def owners(page: Any) -> Iterator[tuple[str, str]]:
    """Yield the group and its owner, for each of a page of DescribeSecurityGroups."""
    groups = msgspec.convert(page, _Groups).security_groups
    return ((group.group_id, group.owner_id) for group in groups)


def rules_by_group(pages: Iterable[Any]) -> dict[str, Rules]:
    """Return the inbound rules of all pages of DescribeSecurityGroupRules, by group."""
    rules: dict[str, list[GroupRule]] = defaultdict(list)
    for page in pages:
        for rule in msgspec.convert(page, _Rules).security_group_rules:
            if not rule.is_egress:
                rules[rule.group_id].append(_rule(rule))
    return {group: tuple(of_group) for group, of_group in rules.items()}


def _rule(rule: _Rule) -> GroupRule:
    """Return a rule; one whose ports are not understood is about all of them, which is the wider reading."""
    protocol, begin, end = rule.ip_protocol.lower(), rule.from_port, rule.to_port
    known = protocol in _WITH_PORTS and begin is not None and end is not None
    ports = PortRange(begin or LOWEST_PORT, end or LOWEST_PORT) if known else ALL_PORTS
    is_range = LOWEST_PORT <= ports.begin <= ports.end <= HIGHEST_PORT
    return GroupRule(protocol=protocol, ports=ports if is_range else ALL_PORTS, source=_source(rule))


def _source(rule: _Rule) -> RuleSource:
    written = rule.cidr_ipv4 or rule.cidr_ipv6
    if written:
        try:
            return ip_network(written, strict=False)
        except ValueError:
            return UnknownSource()
    if rule.prefix_list_id:
        return PrefixListReference(rule.prefix_list_id)
    if rule.referenced_group_info:
        return GroupReference(rule.referenced_group_info.group_id, rule.referenced_group_info.user_id)
    return UnknownSource()


def entries(page: Any) -> Iterator[Network]:
    """Yield the networks of a page of GetManagedPrefixListEntries. Raises ValueError for what is no network."""
    return (ip_network(entry.cidr, strict=False) for entry in msgspec.convert(page, _ListEntries).entries)


def acls(page: Any) -> Iterator[tuple[str, NetworkAcl]]:
    """Yield the subnet and its network ACL, for each that a page of DescribeNetworkAcls names. Raises ValueError."""
    for acl in msgspec.convert(page, _Acls).network_acls:
        inbound = sorted((entry for entry in acl.entries if not entry.egress), key=lambda entry: entry.rule_number)
        parsed = NetworkAcl(id=acl.network_acl_id, entries=tuple(_entry(entry) for entry in inbound))
        for association in acl.associations:
            yield association.subnet_id, parsed


def _entry(entry: _Entry) -> AclEntry:
    """Return an entry. A deny for ports that are not understood would take too much away, so it is refused."""
    span = entry.port_range if entry.protocol in _WITH_PORTS else _PortSpan(LOWEST_PORT, HIGHEST_PORT)
    if span is None:
        raise ValueError(f"entry {entry.rule_number} has no ports")
    return AclEntry(
        number=entry.rule_number,
        protocol=entry.protocol,
        ports=PortRange(span.begin, span.end),
        network=ip_network(entry.cidr_block or entry.ipv6_cidr_block or "", strict=False),
        allow=entry.rule_action == "allow",
    )
