"""Networks made by hand: an instance behind its interface, and what may stand before it."""

from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_network

from exposurectl.model import Component, Finding, FindingStatus, PortRange, Protocol
from exposurectl.sources.network import (
    ALL_PORTS,
    AclEntry,
    GroupReference,
    GroupRule,
    LoadBalancer,
    NetworkAcl,
    NetworkEvidence,
    NetworkInterface,
    PrefixList,
    PrefixListReference,
    RuleSource,
    SecurityGroup,
    Target,
    TargetGroup,
    UnknownSource,
)

ACCOUNT, OTHER_ACCOUNT = "111122223333", "444455556666"
PRIVATE_ADDRESS = "10.0.0.9"
INSTANCE, INTERFACE = "i-0123456789abcdef0", "eni-0123456789abcdef0"
ALB = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/50dc6c495c0c9188"
ARN = "arn:aws:inspector2:eu-west-1:111122223333:finding/00000000000000000000000000000001"
IGW, PEERING = Component("igw-1", "AWS::EC2::InternetGateway"), Component("pcx-1", "AWS::EC2::VPCPeeringConnection")
ENI = Component(INTERFACE, "AWS::EC2::NetworkInterface")
TARGET = Component(INSTANCE, "AWS::EC2::Instance")
DIRECT = (IGW, Component("acl-1", "AWS::EC2::NetworkAcl"), Component("sg-1", "AWS::EC2::SecurityGroup"), ENI, TARGET)


def finding(
    begin: int, end: int | None = None, *, path: tuple[Component, ...] = DIRECT, protocol: Protocol = Protocol.TCP
) -> Finding:
    return Finding(
        arn=ARN,
        account=ACCOUNT,
        region="eu-west-1",
        instance=INSTANCE,
        status=FindingStatus.ACTIVE,
        protocol=protocol,
        ports=PortRange(begin, begin if end is None else end),
        path=path,
    )


def source(written: str) -> RuleSource:
    """Return what a rule's source means: a network, `pl-…`, `sg-…`, `account/sg-…`, or something else."""
    owner, slash, name = written.partition("/")
    if slash and name.startswith("sg-"):
        return GroupReference(name, owner)
    if written.startswith("sg-"):
        return GroupReference(written, ACCOUNT)
    if written.startswith("pl-"):
        return PrefixListReference(written)
    return ip_network(written) if slash else UnknownSource()


def rule(protocol: str, ports: int | tuple[int, int] | None, written: str) -> GroupRule:
    span = ALL_PORTS if ports is None else PortRange(*((ports, ports) if isinstance(ports, int) else ports))
    return GroupRule(protocol=protocol, ports=span, source=source(written))


def group(name: str, *rules: GroupRule, account: str = ACCOUNT) -> SecurityGroup:
    return SecurityGroup(id=name, account=account, rules=rules)


def interface(
    *groups: str, instance: str = INSTANCE, account: str = ACCOUNT, name: str = INTERFACE
) -> NetworkInterface:
    return NetworkInterface(
        id=name,
        account=account,
        groups=groups,
        subnet="subnet-1",
        instance=instance,
        vpc="vpc-1",
        addresses=(ip_network(PRIVATE_ADDRESS),),
    )


def balancer(
    *groups: str,
    arn: str = ALB,
    subnets: tuple[str, ...] = ("subnet-2", "subnet-3"),
    vpc: str = "vpc-1",
    targets: tuple[Target, ...] = (),
) -> LoadBalancer:
    return LoadBalancer(id=arn, groups=groups, subnets=subnets, vpc=vpc, targets=targets)


def target(written: str, port: int | None) -> Target:
    """Return an instance's id or an address as what is forwarded to."""
    if written.startswith("i-"):
        return Target(instance=written, port=port)
    return Target(address=ip_address(written), port=port)


def target_group(*targets: Target, of: str = ALB, name: str = "tg-1", unread: bool = False) -> TargetGroup:
    return TargetGroup(id=name, balancers=(of,), targets=None if unread else targets)


def deny(number: int, network: str, ports: int | None = None, protocol: str = "-1") -> AclEntry:
    return _entry(number, network, ports, protocol, allow=False)


def allow(number: int, network: str, ports: int | None = None, protocol: str = "-1") -> AclEntry:
    return _entry(number, network, ports, protocol, allow=True)


def _entry(number: int, network: str, port: int | None, protocol: str, *, allow: bool) -> AclEntry:
    ports = ALL_PORTS if port is None else PortRange(port, port)
    return AclEntry(number=number, protocol=protocol, ports=ports, network=ip_network(network), allow=allow)


def acl(*entries: AclEntry) -> NetworkAcl:
    return NetworkAcl(id="acl-1", entries=entries)


def network(
    *groups: SecurityGroup,
    interfaces: Iterable[NetworkInterface] | None = None,
    lists: Mapping[str, tuple[str, ...]] | None = None,
    acls: Mapping[str, NetworkAcl] | None = None,
    balancers: Iterable[LoadBalancer] | None = (),
    targets: Iterable[TargetGroup] | None = None,
) -> NetworkEvidence:
    """Return evidence of one interface that carries all the groups, unless the interfaces are given."""
    own = [interface(*(one.id for one in groups))] if interfaces is None else interfaces
    return NetworkEvidence(
        interfaces={one.id: one for one in own},
        groups={one.id: one for one in groups},
        prefix_lists={
            name: PrefixList(id=name, networks=tuple(ip_network(one) for one in networks))
            for name, networks in (lists or {}).items()
        },
        acls=acls or {},
        balancers=None if balancers is None else {one.id: one for one in balancers},
        target_groups=None if targets is None else {one.id: one for one in targets},
    )
