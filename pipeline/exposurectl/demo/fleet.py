"""The demo's fleet: a small company in which every situation stands once, each with what it shows."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from exposurectl import __version__
from exposurectl.demo.machines import ANYWHERE, Machine, Open, covered
from exposurectl.model import Group, Role, Server
from exposurectl.sources.observed import Partition
from exposurectl.sources.recording import Contents
from exposurectl.sources.rows import CoverageEntry

PRODUCTION, STAGING, ACQUIRED, LAB = "111122223333", "444455556666", "777788889999", "123456789012"
TOKYO, VIRGINIA = "ap-northeast-1", "us-east-1"
WEB, DATA = "web-platform", "data-platform"
TOKENS = {WEB: "demo-token-web", DATA: "demo-token-data"}
_OFFICE = ("203.0.113.7/32",)


def _web(level: str) -> tuple[str, ...]:
    return (f"{WEB}/web-{level}",)


def _db(level: str) -> tuple[str, ...]:
    return (f"{WEB}/db-{level}",)


def _batch(level: str) -> tuple[str, ...]:
    return (f"{DATA}/batch-{level}",)


def _igw(port: int, *cidrs: str) -> tuple[Open, ...]:
    return (Open(ports=(port, port), sources={str(port): cidrs}),)


MACHINES = (
    # The internet, by who may send.
    Machine(name="shop-01", roles=_web("open"), opens=(*_igw(443, *ANYWHERE), *_igw(80, *ANYWHERE))),
    Machine(name="shop-02", roles=_web("controlled"), opens=_igw(22, *ANYWHERE)),
    Machine(name="admin-01", roles=_web("controlled"), opens=_igw(22, *_OFFICE)),
    Machine(name="admin-02", roles=_web("open"), opens=_igw(8443, *_OFFICE, "198.51.100.0/24")),
    Machine(name="partner-api", roles=_web("controlled"), opens=_igw(443, "0.0.0.0/1", "128.0.0.0/1")),
    Machine(name="ipv6-edge", roles=_web("open"), opens=_igw(443, "::/0")),
    Machine(name="shared-vpc-01", roles=_web("controlled"), opens=(Open(ports=(443, 443)),)),
    Machine(
        name="wide-range",
        roles=_web("controlled"),
        opens=(Open(ports=(0, 65535), sources={"0-442": _OFFICE, "443": ANYWHERE, "444-65535": _OFFICE}),),
    ),
    Machine(
        name="behind-alb",
        roles=_web("controlled"),
        opens=(Open(ports=(80, 80), sources={"80": ANYWHERE}, balanced=True),),
    ),
    Machine(
        name="suppressed-01",
        roles=_web("controlled"),
        opens=(Open(ports=(3389, 3389), sources={"3389": ANYWHERE}, status="SUPPRESSED"),),
    ),
    # Other networks of ours, and one that nobody has described.
    Machine(name="orders-db", roles=_db("controlled"), opens=(Open(ports=(5432, 5432), origin="pcx"),)),
    Machine(name="branch-vpn", roles=_web("controlled"), opens=(Open(ports=(22, 22), origin="vgw"),)),
    Machine(
        name="snmp-probe",
        roles=_web("controlled"),
        opens=(Open(ports=(161, 161), origin="tgw", protocol="UDP"),),
        region=VIRGINIA,
    ),
    Machine(name="data-center", roles=_web("controlled"), opens=(Open(ports=(1433, 1433), origin="dxgw"),)),
    Machine(name="saas-feed", roles=_web("controlled"), opens=(Open(ports=(443, 443), origin="vpce"),)),
    Machine(
        name="new-appliance",
        roles=_web("controlled"),
        opens=(Open(ports=(8080, 8080), origin="lattice:AWS::VpcLattice::Service"),),
    ),
    # Observed, and nothing found.
    Machine(name="internal-01", roles=_web("controlled")),
    Machine(name="internal-02", roles=_web("controlled"), region=VIRGINIA),
    Machine(name="internal-03", roles=_web("controlled"), reason="UNMANAGED_EC2_INSTANCE"),
    Machine(name="internal-04", roles=_web("controlled"), reason="NO_INVENTORY"),
    Machine(name="orders-replica", roles=_db("open")),
    Machine(name="audit-db", roles=_db("controlled")),
    # Overrides: approved, and expired.
    Machine(name="bastion-tokyo", roles=_web("controlled"), opens=_igw(22, *ANYWHERE)),
    Machine(name="vault-01", roles=_db("small")),
    Machine(name="old-bastion", roles=_web("open"), opens=_igw(22, *ANYWHERE)),
    # A path that closed: two days ago, and ten.
    Machine(
        name="closed-lately",
        roles=_web("open"),
        opens=(Open(ports=(22, 22), sources={}, status="CLOSED", changed=timedelta(days=2)),),
    ),
    Machine(
        name="closed-long-ago",
        roles=_web("open"),
        opens=(Open(ports=(22, 22), sources={}, status="CLOSED", changed=timedelta(days=10)),),
    ),
    # Nobody vouches for these.
    Machine(
        name="excluded-01",
        roles=_web("open"),
        reason="EXCLUDED_BY_TAG",
        tags={"InspectorEc2Exclusion": "true"},
    ),
    Machine(
        name="stopped-exposed",
        roles=_db("small"),
        opens=_igw(22, *ANYWHERE),
        state="stopped",
        reason="EC2_INSTANCE_STOPPED",
    ),
    Machine(name="stopped-01", roles=_web("open"), state="stopped", reason="EC2_INSTANCE_STOPPED"),
    Machine(name="terminated-01", roles=_web("controlled"), state="terminated", reason="RESOURCE_TERMINATED"),
    Machine(name="fresh-01", roles=_web("open"), age=timedelta(hours=2)),
    Machine(name="pending-01", roles=_web("open"), reason="PENDING_INITIAL_SCAN"),
    Machine(name="scanning-01", roles=_web("open"), reason="SCAN_IN_PROGRESS"),
    Machine(name="broken-scan", roles=_web("open"), reason="INTERNAL_ERROR"),
    Machine(name="denied-01", roles=_web("open"), reason="ACCESS_DENIED"),
    Machine(name="uncovered-01", roles=_web("open"), reason=""),
    Machine(name="leaving-01", roles=_web("open"), reason="PENDING_DISABLE"),
    Machine(name="acquired-web", roles=_web("open"), account=ACQUIRED),
    Machine(name="acquired-db", roles=_db("open"), account=ACQUIRED),
    Machine(name="lab-01", roles=_web("open"), account=LAB),
    # Servers and instances that do not pair one to one.
    Machine(name="twice-01", roles=(*_web("controlled"), *_web("controlled")), opens=_igw(443, *ANYWHERE)),
    Machine(name="shared-01", roles=(*_web("open"), *_batch("open")), opens=_igw(8080, *ANYWHERE)),
    Machine(name="paired-01", roles=_batch("controlled"), unknown_to=("futurevuls",)),
    Machine(name="nameless-01", roles=_batch("controlled"), unknown_to=("futurevuls",)),
    Machine(name="forgotten-01", roles=_batch("open"), unknown_to=("ec2",)),
    Machine(name="unregistered-01", roles=(), opens=_igw(443, *ANYWHERE)),
    # Roles: one that nobody manages, and the group's default.
    Machine(name="legacy-erp", roles=(f"{WEB}/legacy",), opens=_igw(443, *ANYWHERE)),
    Machine(name="newcomer-01", roles=(f"{WEB}/default",)),
    Machine(name="newcomer-02", roles=(f"{WEB}/default",), opens=_igw(443, *ANYWHERE)),
    # The other group.
    Machine(name="etl-01", roles=_batch("controlled"), account=STAGING, opens=(Open(ports=(22, 22), origin="pcx"),)),
    Machine(name="etl-02", roles=_batch("controlled"), account=STAGING),
    Machine(name="notebook-01", roles=_batch("controlled"), account=STAGING, opens=_igw(8888, *ANYWHERE)),
)

PAIRED = "paired-01"
"""FutureVuls does not know its instance; the config does."""

_ROLES = {
    WEB: (
        "default",
        *(f"{family}-{level}" for family in ("web", "db") for level in ("open", "controlled", "small")),
        "legacy",
    ),
    DATA: ("default", "batch-open", "batch-controlled", "batch-small"),
}


def groups() -> tuple[Group, ...]:
    """Return FutureVuls' groups with their roles and servers."""
    return tuple(_group(name, offset) for offset, name in enumerate((DATA, WEB), start=1))


def _group(name: str, offset: int) -> Group:
    roles = {
        role: Role(id=offset * 10 + index, name=role, is_default=index == 0) for index, role in enumerate(_ROLES[name])
    }
    placed = [
        (machine, role.partition("/")[2])
        for machine in MACHINES
        for role in machine.roles
        if role.startswith(f"{name}/")
    ]
    servers = tuple(
        Server(
            id=offset * 1000 + index,
            uuid="",
            name=machine.name,
            role=roles[role].id,
            instance="" if "futurevuls" in machine.unknown_to else machine.instance,
        )
        for index, (machine, role) in enumerate(placed, start=1)
    )
    return Group(name=name, servers=servers, roles=tuple(roles.values()))


def contents(as_of: datetime) -> Contents:
    """Return everything that a snapshot of the fleet at that time holds."""
    known = [machine for machine in MACHINES if "ec2" not in machine.unknown_to]
    return Contents(
        tool_version=__version__,
        as_of=as_of,
        statuses=("ACTIVE", "SUPPRESSED", "CLOSED"),
        partitions=tuple(_partitions()),
        findings=tuple(finding for machine in known for finding in machine.findings(as_of)),
        coverage=(*_network_coverage(), *(row for machine in known for row in machine.coverage())),
        instances=tuple(machine.instance_row(as_of) for machine in known),
        ingress=tuple(row for machine in known for row in machine.ingress()),
        groups=groups(),
    )


def _partitions() -> Iterator[Partition]:
    """Yield the accounts and regions. Inspector is off in the acquired company's account."""
    for account in (PRODUCTION, STAGING, ACQUIRED, LAB):
        for region in (TOKYO, VIRGINIA):
            status = "DISABLED" if account == ACQUIRED else "ENABLED"
            yield Partition(account=account, region=region, complete=True, ec2_status=status)


def _network_coverage() -> Iterator[CoverageEntry]:
    """Yield the accounts' network coverage. The lab has none yet."""
    for account in (PRODUCTION, STAGING):
        for region in (TOKYO, VIRGINIA):
            status = {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"}
            yield covered(account, region, ("AWS_ACCOUNT", account), "NETWORK", status)
