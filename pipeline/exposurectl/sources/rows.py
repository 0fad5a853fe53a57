"""What stands on one line of each of a snapshot's files."""

import ipaddress
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec

from exposurectl.model import HIGHEST_PORT, Ingress, Instance, Network, PortRange, Role, Server
from exposurectl.sources.findings import instance_id, shown
from exposurectl.sources.observed import CoverageRow, InstanceState

Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
Filled: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]

_PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?", re.ASCII)


class CoverageEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line of `coverage.ndjson`: a row of ListCoverage as it was returned, and whose answer it stood in."""

    account: Filled
    region: Filled
    covered: msgspec.Raw


class InstanceRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line of `instances.ndjson`: an instance as EC2's inventory has it."""

    id: Filled
    account: Filled
    region: Filled
    vpc: str = ""
    subnet: str = ""
    state: str = ""
    launched_at: Moment | None = None
    tags: dict[str, str] = {}

    def as_instance(self) -> Instance:
        """Return what rules may ask about."""
        return Instance(
            id=instance_id(self.id),
            account=self.account,
            region=self.region,
            vpc=self.vpc,
            subnet=self.subnet,
            tags=tuple(sorted(self.tags.items())),
        )

    def as_state(self) -> InstanceState:
        """Return what bears on whether the instance is observed."""
        return InstanceState(state=self.state, launched_at=self.launched_at, tags=tuple(sorted(self.tags.items())))


class IngressRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A line of `ingress.ndjson`: whom the security groups along a finding's path admit to these ports.

    No row is no evidence; a row without CIDRs says that the groups were read and admit nobody.
    """

    finding: Filled
    ports: str
    """`22` or `1024-65535`."""
    cidrs: tuple[str, ...]
    groups: tuple[str, ...] = ()
    """The ids of the security groups that were read."""

    def problems(self) -> Iterator[str]:
        """Say what is wrong with the values, each as `key: why`."""
        if _ports(self.ports) is None:
            yield f"ports: expected a port or begin-end within 0 to 65535, got {shown(self.ports)}"
        for index, cidr in enumerate(self.cidrs):
            if _network(cidr) is None:
                yield f"cidrs[{index}]: expected an IPv4 or IPv6 network, got {shown(cidr)}"

    def as_ingress(self) -> Ingress:
        """Return the evidence. The row must have no problems."""
        networks = {network for cidr in self.cidrs if (network := _network(cidr))}
        return Ingress(_ports(self.ports) or PortRange(0, 0), tuple(sorted(networks, key=_network_order)))


class ServerRow(Server, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line of `servers.ndjson`: a server and the FutureVuls group that it is in."""

    group: Filled

    def as_server(self) -> Server:
        """Return the server alone."""
        return Server(**{field: getattr(self, field) for field in Server.__struct_fields__})


class RoleRow(Role, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line of `roles.ndjson`: a role and the FutureVuls group that it is in."""

    group: Filled

    def as_role(self) -> Role:
        """Return the role alone."""
        return Role(**{field: getattr(self, field) for field in Role.__struct_fields__})


class _ScanStatus(msgspec.Struct, frozen=True, rename="camel"):
    status_code: str = ""
    reason: str = ""


class Covered(msgspec.Struct, frozen=True, rename="camel"):
    """A row of ListCoverage. Source: CoveredResource in Amazon Inspector's API reference."""

    resource_type: str
    resource_id: str
    account_id: str
    scan_type: str
    scan_status: _ScanStatus | None = None

    def as_coverage(self) -> CoverageRow:
        """Return what bears on whether an instance is observed."""
        status = self.scan_status or _ScanStatus()
        return CoverageRow(scan_type=self.scan_type, status=status.status_code, reason=status.reason)


def _ports(written: str) -> PortRange | None:
    match = _PORTS.fullmatch(written)
    if match is None:
        return None
    begin, end = int(match[1]), int(match[2] or match[1])
    return PortRange(begin, end) if begin <= end <= HIGHEST_PORT else None


def _network(written: str) -> Network | None:
    try:
        return ipaddress.ip_network(written, strict=False)
    except ValueError:
        return None


def _network_order(network: Network) -> tuple[int, int, int]:
    return network.version, int(network.network_address), network.prefixlen
