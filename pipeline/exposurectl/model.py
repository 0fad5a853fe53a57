"""The vocabulary: what a finding, an instance, a server, a role and a decision are."""

import enum
import functools
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network
from typing import TypeAlias

import msgspec

Network: TypeAlias = IPv4Network | IPv6Network

LOWEST_PORT = 0
HIGHEST_PORT = 65535


@functools.total_ordering
class Exposure(enum.Enum):
    """
    SSVC *System Exposure* 1.0.1: how reachable a system is, from least to most.

    The order is part of the meaning: `SMALL < CONTROLLED < OPEN`. There is no fourth level.
    """

    SMALL = "small"
    CONTROLLED = "controlled"
    OPEN = "open"

    def __lt__(self, other: "Exposure") -> bool:
        """Tell whether this level is less exposed than the other."""
        return _RANK[self] < _RANK[other]

    def __str__(self) -> str:
        """Return the word that policies and plans use."""
        return self.value


_RANK = {level: rank for rank, level in enumerate(Exposure)}


class Protocol(enum.Enum):
    """The transport protocols that Inspector reports; it knows no other."""

    TCP = "tcp"
    UDP = "udp"


class FindingStatus(enum.Enum):
    """Inspector's finding states. A suppressed finding is hidden by a rule of somebody's, yet its path is open."""

    ACTIVE = "ACTIVE"
    SUPPRESSED = "SUPPRESSED"
    CLOSED = "CLOSED"


class PortRange(msgspec.Struct, frozen=True, order=True, gc=False):
    """Ports from `begin` to `end`, both inclusive, each 0 to 65535."""

    begin: int
    end: int

    def __contains__(self, port: int) -> bool:
        """Tell whether the port lies in the range."""
        return self.begin <= port <= self.end

    def overlaps(self, other: "PortRange") -> bool:
        """Tell whether the two ranges have a port in common."""
        return self.begin <= other.end and other.begin <= self.end

    def __str__(self) -> str:
        """Return `22`, or `5985-5986` where there are several."""
        return str(self.begin) if self.begin == self.end else f"{self.begin}-{self.end}"


class Component(msgspec.Struct, frozen=True, gc=False):
    """One hop of a network path (Inspector: step). Both members are free text of Inspector's, and may be empty."""

    id: str
    type: str


class Ingress(msgspec.Struct, frozen=True):
    """
    Whom the security groups admit to these ports: the evidence behind `sources`.

    No networks means that the groups were read and admit nobody, which is not the same as no evidence.
    """

    ports: PortRange
    networks: tuple[Network, ...]


class Finding(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    One network-reachability finding: this port range of this instance is reachable along this path.

    Source: Finding in Amazon Inspector's API reference.
    """

    arn: str
    account: str
    region: str
    instance: str
    status: FindingStatus
    protocol: Protocol
    ports: PortRange
    path: tuple[Component, ...]
    """Origin first, instance last. Inspector may leave it empty."""
    updated_at: datetime | None = None
    """When the status last changed, in UTC; for a closed finding, when the path was seen to be gone."""
    ingress: tuple[Ingress, ...] = ()
    """What security groups admit along this path. Ports that no entry covers have no evidence."""

    @property
    def counts(self) -> bool:
        """Tell whether the path is open now; a closed one never counts towards a level."""
        return self.status is not FindingStatus.CLOSED


class Instance(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An EC2 instance and the properties that a rule may ask about. Empty text means not known."""

    id: str
    account: str = ""
    region: str = ""
    vpc: str = ""
    subnet: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    """Key and value pairs, sorted by key."""

    def tag(self, key: str) -> str | None:
        """Return the value of a tag, or None where the instance does not have it. Keys are case-sensitive."""
        return next((value for name, value in self.tags if name == key), None)


class Observed(msgspec.Struct, frozen=True, tag=True):
    """Inspector vouches for the instance: a port without a finding is not reachable."""


class Unobserved(msgspec.Struct, frozen=True, tag=True):
    """No finding proves nothing here."""

    why: str
    """A reason code, Inspector's own where it has one: `EC2_INSTANCE_STOPPED`, `FINDINGS_QUOTA`."""
    detail: str = ""


Coverage: TypeAlias = Observed | Unobserved


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one instance at one time: itself, its findings, and whether silence means anything."""

    instance: Instance
    findings: tuple[Finding, ...]
    coverage: Coverage


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """A part of AWS that could not be read, and why. Empty text stands for all accounts or all regions."""

    account: str
    region: str
    why: str


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """Instances with findings and coverage, as observed at one time, sorted by instance id."""

    as_of: datetime
    evidence: tuple[Evidence, ...]
    digest: str
    """`sha256:` and hex over what was read, whatever its order."""
    gaps: tuple[Gap, ...] = ()
    passed_over: tuple[tuple[str, int], ...] = ()
    """How many records were of another finding or resource type, by type."""


class Reason(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Why an instance has its level. It explains and never steers: nothing decides by reading a reason.

    For a rule or an override that decided points, `points`, `path` and `finding` say which; for a default or an
    override of the whole instance they are empty.
    """

    rule: str
    """The id of the rule or override, or `defaults.unmatched`, `defaults.unreachable`, `defaults.unobserved`."""
    because: str
    at: str = ""
    """`file:line:column` of the rule."""
    points: str = ""
    """Such as `tcp/22` or `tcp/1024-65535`."""
    path: tuple[str, ...] = ()
    """Component ids, origin first."""
    sources: tuple[str, ...] | None = None
    """The networks admitted to those points; None where there is no evidence."""
    finding: str = ""
    override: bool = False


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """The level of one instance, with its reasons."""

    level: Exposure
    reasons: tuple[Reason, ...]
    raise_only: bool = False
    """The instance is unobserved and the policy leaves such instances alone: this may raise but never lower."""
    without: Exposure | None = None
    """The level were the deciding points not reachable; None where that would not lower it."""
    warnings: tuple[str, ...] = ()


class LeftAlone(msgspec.Struct, frozen=True, kw_only=True):
    """No level: the instance is unobserved, and nothing that was found would raise it."""

    why: str


Decision: TypeAlias = Decided | LeftAlone


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A FutureVuls server role, which carries the Exposure of the servers in it. The API cannot read that level."""

    id: int
    name: str
    is_default: bool = False
    """The role that new servers of the group land in, whatever its name."""


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A server as FutureVuls knows it. It has exactly one role."""

    id: int
    uuid: str
    name: str
    role: int
    """The role's id."""
    instance: str
    """The EC2 instance id, trimmed and in lower case; empty where FutureVuls has none."""
    default_user: int | None = None


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A FutureVuls group as one token sees it: its servers and roles, each sorted by id."""

    name: str
    servers: tuple[Server, ...]
    roles: tuple[Role, ...]
