"""What a made-up organization in AWS holds, and what Amazon Inspector says of it."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

import msgspec

NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
"""The moment that made-up worlds are told about, unless a test says otherwise."""

LONG_AGO: Final = datetime(2026, 1, 10, 8, 30, tzinfo=UTC)
ROLE: Final = "exposurectl-read"
"""The role that every made-up account lets the others assume."""


class Scan(msgspec.Struct, frozen=True):
    """`scanStatus` of a row of ListCoverage."""

    reason: str = "SUCCESSFUL"
    status: str = "ACTIVE"


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """Traffic that a security group admits: one of the sources, and the ports of a protocol."""

    cidr: str = ""
    """An IPv4 or IPv6 network."""
    group: str = ""
    prefix_list: str = ""
    protocol: str = "tcp"
    begin: int = 0
    end: int = 65535


class SecurityGroup(msgspec.Struct, frozen=True):
    id: str
    vpc: str
    rules: tuple[Rule, ...] = ()


class PrefixList(msgspec.Struct, frozen=True):
    id: str
    cidrs: tuple[str, ...]


class Deny(msgspec.Struct, frozen=True):
    """Traffic that a network's access list refuses, ahead of everything that it admits."""

    cidr: str
    begin: int
    end: int


class Vpc(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    subnets: tuple[str, ...]
    gateway: str
    acl: str
    denies: tuple[Deny, ...] = ()


class Balancer(msgspec.Struct, frozen=True, kw_only=True):
    """An application load balancer, and the instances behind it."""

    name: str
    groups: tuple[str, ...]
    subnets: tuple[str, ...]
    targets: tuple[str, ...]
    port: int = 80


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    vpc: str
    subnet: str
    interface: str
    groups: tuple[str, ...]
    state: str = "running"
    launched_at: datetime = LONG_AGO
    tags: dict[str, str] = {}
    coverage: Scan | None = Scan()
    """Its PACKAGE row of ListCoverage; None where it has none."""

    @property
    def name(self) -> str:
        return self.tags.get("Name", "")


class Step(msgspec.Struct, frozen=True, gc=False):
    id: str
    type: str


class Finding(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A finding; its account and region are those of its partition, and its ARN repeats them."""

    arn: str
    instance: str
    status: str = "ACTIVE"
    protocol: str = "TCP"
    begin: int = 22
    end: int = 22
    path: tuple[Step, ...] | None = ()
    """None where the finding has no `steps` at all, which the API's model allows."""
    updated_at: datetime = LONG_AGO
    type: str = "NETWORK_REACHABILITY"
    severity: str = "MEDIUM"
    resource_type: str = "AWS_EC2_INSTANCE"


class Partition(msgspec.Struct, frozen=True, kw_only=True):
    """One account in one region. Where an account has no partition, it has not turned the region on."""

    account: str
    region: str
    ec2_status: str = "ENABLED"
    network: Scan | None = Scan()
    """The account's NETWORK row of ListCoverage; None where it has none."""
    vpcs: tuple[Vpc, ...] = ()
    groups: tuple[SecurityGroup, ...] = ()
    prefix_lists: tuple[PrefixList, ...] = ()
    balancers: tuple[Balancer, ...] = ()
    instances: tuple[Instance, ...] = ()
    findings: tuple[Finding, ...] = ()


class Account(msgspec.Struct, frozen=True):
    id: str
    roles: tuple[str, ...] = (ROLE,)
    """Names of the roles that every other account of the world may assume."""


class Member(msgspec.Struct, frozen=True):
    account: str
    status: str = "ENABLED"
    """`relationshipStatus`, such as `REMOVED`."""


class World(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Accounts, what they hold, and who administers Inspector for whom, in every region alike."""

    accounts: tuple[Account, ...]
    partitions: tuple[Partition, ...]
    admin: str = ""
    """The delegated administrator, who sees all enabled members; none where every account stands alone."""
    members: tuple[Member, ...] = ()

    @cached_property
    def by_place(self) -> Mapping[tuple[str, str], Partition]:
        """Partitions by account and region."""
        return {(partition.account, partition.region): partition for partition in self.partitions}

    @property
    def regions(self) -> tuple[str, ...]:
        return tuple(sorted({partition.region for partition in self.partitions}))

    @property
    def findings(self) -> Iterator[Finding]:
        return (finding for partition in self.partitions for finding in partition.findings)

    @property
    def instances(self) -> Iterator[Instance]:
        return (instance for partition in self.partitions for instance in partition.instances)

    def named(self, name: str) -> Instance:
        """Return the one instance with this `Name` tag. It goes on after ids have changed."""
        (instance,) = (instance for instance in self.instances if instance.name == name)
        return instance

    def renamed(self, ids: Mapping[str, str]) -> "World":
        """Return the same world where every text that is a key of `ids` has become its value."""
        return msgspec.convert(_renamed(msgspec.to_builtins(self), ids), World)


def _renamed(value: Any, ids: Mapping[str, str]) -> Any:
    match value:
        case str():
            return ids.get(value, value)
        case dict():
            return {key: _renamed(held, ids) for key, held in value.items()}
        case list() | tuple():
            return [_renamed(held, ids) for held in value]
        case _:
            return value


def aws_partition(region: str) -> str:
    """Return the part of AWS that a region is in, as ARNs begin."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def finding_arn(account: str, region: str, number: int) -> str:
    return f"arn:{aws_partition(region)}:inspector2:{region}:{account}:finding/{number:032x}"


def internet_path(vpc: Vpc, group: str, instance: Instance) -> tuple[Step, ...]:
    """Return the only kind of path that real findings have been seen with: from an internet gateway."""
    return (
        Step(vpc.gateway, "AWS::EC2::InternetGateway"),
        Step(vpc.acl, "AWS::EC2::NetworkAcl"),
        Step(group, "AWS::EC2::SecurityGroup"),
        Step(instance.interface, "AWS::EC2::NetworkInterface"),
        Step(instance.id, "AWS::EC2::Instance"),
    )
