"""Small random worlds, as odd as AWS allows."""

from datetime import timedelta
from typing import Final

import msgspec
from hypothesis import strategies as st

from aws.small import ADMIN, HERE, MEMBER, OTHER, STRANGER, THERE
from aws.world import (
    LONG_AGO,
    NOW,
    Account,
    Finding,
    Instance,
    Member,
    Partition,
    Rule,
    Scan,
    SecurityGroup,
    Step,
    Vpc,
    World,
    finding_arn,
    internet_path,
)

CIDRS: Final = ("0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "203.0.113.0/24", "198.51.100.7/32", "10.0.0.0/8")
STATES: Final = ("running", "stopped", "terminated", "pending", "stopping", "shutting-down")
EC2_STATUSES: Final = ("ENABLED", "ENABLING", "DISABLING", "DISABLED", "SUSPENDING", "SUSPENDED")
REASONS: Final = (
    "SUCCESSFUL",
    "PENDING_INITIAL_SCAN",
    "SCAN_IN_PROGRESS",
    "INTERNAL_ERROR",
    "ACCESS_DENIED",
    "EC2_INSTANCE_STOPPED",
    "RESOURCE_TERMINATED",
    "EXCLUDED_BY_TAG",
    "PENDING_DISABLE",
    "UNMANAGED_EC2_INSTANCE",
    "NO_INVENTORY",
    "STALE_INVENTORY",
    "UNSUPPORTED_OS",
    "AGENTLESS_INSTANCE_STORAGE_LIMIT_EXCEEDED",
)

scans = st.builds(Scan, st.sampled_from(REASONS), st.sampled_from(["ACTIVE", "ACTIVE", "INACTIVE"]))
ports = st.sampled_from([(22, 22), (80, 80), (443, 443), (8000, 8100), (0, 65535)])
rules = st.builds(
    lambda cidr, protocol, span: Rule(cidr=cidr, protocol=protocol, begin=span[0], end=span[1]),
    st.sampled_from(CIDRS),
    st.sampled_from(["tcp", "udp", "-1"]),
    ports,
)


def identity(prefix: str, *numbers: int) -> str:
    """Return the id with these numbers in it, which is the same in every world."""
    return f"{prefix}-0{''.join(f'{number:04x}' for number in numbers):0>16}"


def instances(vpc: Vpc, group: SecurityGroup, place: int, number: int) -> st.SearchStrategy[Instance]:
    return st.builds(
        Instance,
        id=st.just(identity("i", place, number)),
        vpc=st.just(vpc.id),
        subnet=st.just(vpc.subnets[0]),
        interface=st.just(identity("eni", place, number)),
        groups=st.just((group.id,)),
        state=st.sampled_from((*STATES[:1] * 5, *STATES)),
        launched_at=st.sampled_from([LONG_AGO, LONG_AGO, NOW - timedelta(hours=1)]),
        tags=st.sampled_from([{}, {"Environment": "dev"}, {"inspectorec2exclusion": ""}]).map(
            lambda tags: {"Name": f"at-{place}-{number}"} | tags
        ),
        coverage=st.none() | scans,
    )


@st.composite
def findings(draw: st.DrawFn, partition: Partition, number: int, place: int) -> Finding:
    """Draw a finding of an instance that there is: by the internet, by a peering, or by nothing that it tells."""
    instance = draw(st.sampled_from(partition.instances))
    begin, end = draw(ports)
    usual = internet_path(partition.vpcs[0], partition.groups[0].id, instance)
    peering = (Step("pcx-0a1b2c3d4e5f60718", "AWS::EC2::VPCPeeringConnection"), *usual[1:])
    return Finding(
        arn=finding_arn(partition.account, partition.region, place << 16 | number),
        instance=instance.id,
        status=draw(st.sampled_from(["ACTIVE", "ACTIVE", "SUPPRESSED", "CLOSED"])),
        protocol=draw(st.sampled_from(["TCP", "UDP"])),
        begin=begin,
        end=end,
        path=draw(st.sampled_from([usual, usual, peering, None])),
        updated_at=draw(st.sampled_from([LONG_AGO, NOW - timedelta(hours=3)])),
        type=draw(st.sampled_from(["NETWORK_REACHABILITY"] * 4 + ["PACKAGE_VULNERABILITY"])),
    )


@st.composite
def partitions(draw: st.DrawFn, account: str, region: str, place: int) -> Partition:
    vpc = Vpc(
        id=identity("vpc", place),
        subnets=(identity("subnet", place),),
        gateway=identity("igw", place),
        acl=identity("acl", place),
    )
    group = SecurityGroup(identity("sg", place), vpc.id, tuple(draw(st.lists(rules, max_size=3, unique=True))))
    held = [draw(instances(vpc, group, place, number)) for number in range(draw(st.integers(0, 4)))]
    bare = Partition(
        account=account,
        region=region,
        ec2_status=draw(st.sampled_from(EC2_STATUSES[:1] * 6 + EC2_STATUSES)),
        network=draw(st.sampled_from([Scan(), Scan(), Scan("INTERNAL_ERROR", "INACTIVE"), None])),
        vpcs=(vpc,),
        groups=(group,),
        instances=tuple(held),
    )
    count = draw(st.integers(0, 6)) if held else 0
    found = tuple(draw(findings(bare, number, place)) for number in range(count))
    return msgspec.structs.replace(bare, findings=found)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw up to three accounts in up to two regions, with a delegated administrator or without."""
    accounts = (ADMIN, MEMBER, OTHER)[: draw(st.integers(1, 3))]
    regions = (HERE, THERE)[: draw(st.integers(1, 2))]
    places = [(account, region) for account in accounts for region in regions]
    administered = draw(st.booleans())
    statuses = st.sampled_from(["ENABLED", "ENABLED", "ENABLED", "REMOVED"])
    return World(
        accounts=tuple(Account(account) for account in (*accounts, STRANGER)),
        partitions=tuple(draw(partitions(*where, place)) for place, where in enumerate(places)),
        admin=ADMIN if administered else "",
        members=tuple(Member(account, draw(statuses)) for account in accounts[1:]) if administered else (),
    )
