"""P4: take away any part of the evidence, as a collection that fails there would, and no server is ever lowered."""

import random
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aws.bodies import account_row, finding_body, instance_row, resource_body
from aws.small import HERE, THERE
from aws.strategies import EC2_STATUSES, REASONS, STATES
from aws.world import LONG_AGO, NOW, Finding, Instance, Scan, Step, finding_arn
from aws.world import Partition as Place
from exposurectl.diagnostics import Place as At
from exposurectl.model import Decided, Exposure, Gap, Ingress, Inventory, Server
from exposurectl.model import Instance as Known
from exposurectl.plan.build import build_plan
from exposurectl.plan.model import Direction
from exposurectl.plan.request import Request
from exposurectl.policy.decide import decide
from exposurectl.policy.files import load_policy
from exposurectl.policy.sources import AnywherePrefix
from exposurectl.sources.circumstances import Surroundings
from exposurectl.sources.collection import Collection
from exposurectl.sources.evidence import evidence_of
from exposurectl.sources.observed import Partition
from exposurectl.sources.recording import Contents, write_snapshot
from exposurectl.sources.rows import CoverageEntry, Covered, IngressRow, InstanceRow
from exposurectl.sources.snapshot import read_snapshot
from plan.building import WEB_CONTROLLED, WEB_OPEN, WEB_SMALL, group
from plan.building import settings as plan_settings

POLICY = load_policy(Path(__file__).parents[2] / "policies")
ANYWHERE = AnywherePrefix()
ACCOUNTS = ("111111111111", "222222222222", "333333333333")
REGIONS = (HERE, THERE)
ROLES = {Exposure.OPEN: WEB_OPEN, Exposure.CONTROLLED: WEB_CONTROLLED, Exposure.SMALL: WEB_SMALL}
CIDRS = ("0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "203.0.113.0/24", "10.0.0.0/8")
PORTS = ((22, 22), (80, 80), (443, 443), (8000, 8100), (0, 65535))
ORIGINS = (
    Step("igw-1", "AWS::EC2::InternetGateway"),
    Step("igw-1", "AWS::EC2::InternetGateway"),
    Step("pcx-1", "AWS::EC2::VPCPeeringConnection"),
    Step("vgw-1", "AWS::EC2::VPNGateway"),
    Step("odd-1", "AWS::EC2::SomethingNew"),
)


def usually(chance: random.Random, usual: str, others: Iterable[str]) -> str:
    return usual if chance.random() < 0.8 else chance.choice([*others])


class _World:
    """Random contents of a snapshot, complete, with one listing for each status and region."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.count = 0
        self.findings: list[tuple[str, str, str, bytes]] = []
        """With account, region and status."""
        self.partitions: list[Partition] = []
        self.coverage: list[CoverageEntry] = []
        self.instances: list[InstanceRow] = []
        self.ingress: list[tuple[str, str, IngressRow]] = []
        """With account and region."""
        for account in ACCOUNTS[: chance.randint(1, 3)]:
            for region in REGIONS[: chance.randint(1, 2)]:
                self._fill(account, region)

    def _fill(self, account: str, region: str) -> None:
        chance = self.chance
        ec2_status = usually(chance, "ENABLED", EC2_STATUSES)
        self.partitions.append(Partition(account=account, region=region, complete=True, ec2_status=ec2_status))
        place = Place(account=account, region=region)
        if chance.random() < 0.9:
            scan = Scan(usually(chance, "SUCCESSFUL", REASONS), usually(chance, "ACTIVE", ["INACTIVE"]))
            self._cover(account, region, account_row(place, scan))
        for _ in range(chance.randint(0, 3)):
            self._add_instance(place)

    def _cover(self, account: str, region: str, row: dict[str, object]) -> None:
        self.coverage.append(
            CoverageEntry(account=account, region=region, covered=msgspec.Raw(msgspec.json.encode(row)))
        )

    def _add_instance(self, place: Place) -> None:
        chance = self.chance
        self.count += 1
        instance = Instance(
            id=f"i-{self.count:017x}",
            vpc="vpc-1",
            subnet="subnet-1",
            interface=f"eni-{self.count:017x}",
            groups=("sg-1",),
            state=usually(chance, "running", STATES),
            launched_at=LONG_AGO if chance.random() < 0.9 else NOW - timedelta(hours=1),
            tags={"InspectorEC2Exclusion": ""} if chance.random() < 0.1 else {},
        )
        if chance.random() < 0.9:
            scan = Scan(usually(chance, "SUCCESSFUL", REASONS), usually(chance, "ACTIVE", ["INACTIVE"]))
            row = instance_row(place, instance, scan)
            self._cover(place.account, place.region, row)
            if chance.random() < 0.1:
                self._cover(place.account, place.region, {**row, "scanType": "NETWORK"})
        if chance.random() < 0.95:
            self.instances.append(
                InstanceRow(
                    id=instance.id,
                    account=place.account,
                    region=place.region,
                    state=instance.state,
                    launched_at=instance.launched_at,
                    tags=instance.tags,
                )
            )
        for _ in range(chance.choice((0, 0, 1, 1, 2))):
            self._add_finding(place, instance)

    def _add_finding(self, place: Place, instance: Instance) -> None:
        chance = self.chance
        self.count += 1
        begin, end = chance.choice(PORTS)
        path = (chance.choice(ORIGINS), Step(instance.id, "AWS::EC2::Instance")) if chance.random() < 0.9 else None
        finding = Finding(
            arn=finding_arn(place.account, place.region, self.count),
            instance=instance.id,
            status=chance.choice(("ACTIVE", "ACTIVE", "ACTIVE", "SUPPRESSED", "CLOSED")),
            protocol=chance.choice(("TCP", "UDP")),
            begin=begin,
            end=end,
            path=path,
            updated_at=chance.choice((LONG_AGO, NOW - timedelta(hours=3))),
        )
        resource = resource_body(instance.id, "AWS_EC2_INSTANCE", place, instance)
        body = finding_body(finding, place.account, resource)
        self.findings.append((place.account, place.region, finding.status, body))
        if chance.random() < 0.8 and finding.status != "CLOSED":
            cidrs = tuple(chance.sample(CIDRS, chance.randint(0, 2)))
            ports = f"{begin}-{end}" if begin < end else str(begin)
            row = IngressRow(finding=finding.arn, ports=ports, cidrs=cidrs)
            self.ingress.append((place.account, place.region, row))

    def contents(self) -> Contents:
        return Contents(
            tool_version="0",
            as_of=NOW,
            statuses=self.statuses,
            partitions=tuple(sorted(self.partitions, key=lambda one: (one.account, one.region))),
            findings=tuple(body for *_, body in self.findings),
            coverage=tuple(self.coverage),
            instances=tuple(self.instances),
            ingress=tuple(row for *_, row in self.ingress),
            groups=(),
        )

    statuses: tuple[str, ...] = ("ACTIVE", "SUPPRESSED", "CLOSED")

    # What may fail, each with what `collect` makes of it.

    def lose_something(self) -> None:
        self.chance.choice(
            (
                self._lose_pages,
                self._lose_coverage,
                self._lose_ingress,
                self._lose_inventory,
                self._lose_members,
                self._lose_region,
                self._lose_account,
                self._lose_statuses,
                self._lose_account_status,
                self._enter_nowhere,
            )
        )()

    def _incomplete(self, why: str, *, account: str = "", region: str = "") -> None:
        self.partitions = [
            msgspec.structs.replace(one, complete=False, why=why)
            if account in ("", one.account) and region in ("", one.region)
            else one
            for one in self.partitions
        ]

    def _lose_pages(self) -> None:
        """A page fails, so the rest of its listing is lost: some of a region's findings in some of the statuses."""
        region, share = self.chance.choice(REGIONS), self.chance.random()
        listing = self.chance.choice((("ACTIVE", "SUPPRESSED"), ("CLOSED",)))
        lost = [one for one in self.findings if one[1:2] == (region,) and one[2] in listing]
        lost = [one for one in lost if self.chance.random() <= share]
        self.findings = [one for one in self.findings if one not in lost]
        self._without_ingress_of_nothing()
        self._incomplete("ListFindings", region=region)

    def _without_ingress_of_nothing(self) -> None:
        bodies = b"".join(body for *_, body in self.findings)
        self.ingress = [one for one in self.ingress if one[2].finding.encode() in bodies]

    def _lose_coverage(self) -> None:
        region = self.chance.choice(REGIONS)
        self.coverage = [row for row in self.coverage if row.region != region]
        self._incomplete("ListCoverage", region=region)

    def _lose_ingress(self) -> None:
        """Some of the calls about an account's network fail; what is left never says more than before."""
        account, region = self.chance.choice(ACCOUNTS), self.chance.choice(REGIONS)
        self.ingress = [one for one in self.ingress if one[:2] != (account, region) or self.chance.random() < 0.5]
        self._incomplete("DescribeSecurityGroupRules", account=account, region=region)

    def _lose_inventory(self) -> None:
        account, region = self.chance.choice(ACCOUNTS), self.chance.choice(REGIONS)
        self.instances = [row for row in self.instances if (row.account, row.region) != (account, region)]
        self._incomplete("DescribeInstances", account=account, region=region)

    def _lose_members(self) -> None:
        """ListMembers fails: only the caller's own account is read in that region."""
        region = self.chance.choice(REGIONS)
        self._keep(lambda account, where: where != region or account == ACCOUNTS[0])
        self.partitions.append(Partition(account="", region=region, complete=False, why="ListMembers"))

    def _lose_region(self) -> None:
        """The config does not name it any more, or nothing of it was read."""
        region = self.chance.choice(REGIONS)
        self._keep(lambda _, where: where != region)

    def _lose_account(self) -> None:
        """It is no member any more."""
        lost = self.chance.choice(ACCOUNTS)
        self._keep(lambda account, _: account != lost)

    def _keep(self, is_kept: Callable[[str, str], bool]) -> None:
        self.partitions = [one for one in self.partitions if is_kept(one.account, one.region)]
        self.findings = [one for one in self.findings if is_kept(one[0], one[1])]
        self.coverage = [one for one in self.coverage if is_kept(one.account, one.region)]
        self.instances = [one for one in self.instances if is_kept(one.account, one.region)]
        self.ingress = [one for one in self.ingress if is_kept(one[0], one[1])]

    def _lose_statuses(self) -> None:
        """The findings come from a report, which has active ones only, or from events, which vouch for nothing."""
        self.statuses = self.chance.choice((("ACTIVE",), ()))
        kept = self.statuses or ("ACTIVE", "CLOSED")
        self.findings = [one for one in self.findings if one[2] in kept]
        self._without_ingress_of_nothing()

    def _lose_account_status(self) -> None:
        account = self.chance.choice(ACCOUNTS)
        self.partitions = [
            msgspec.structs.replace(one, complete=False, why="BatchGetAccountStatus", ec2_status="")
            if one.account == account
            else one
            for one in self.partitions
        ]

    def _enter_nowhere(self) -> None:
        """There is no role to assume: no inventory and no security groups of other accounts, and no gap either."""
        self.instances = [row for row in self.instances if row.account == ACCOUNTS[0]]
        self.ingress = [one for one in self.ingress if one[0] == ACCOUNTS[0]]


def inventory_of(contents: Contents) -> Inventory:
    """Return what a snapshot with these contents says, without writing one; a test below compares the two."""
    collection = Collection()
    for text in contents.findings:
        collection.take(text, place=At("findings"), called="Finding")
    found = collection.finish()
    ingress: dict[str, list[Ingress]] = {}
    for row in contents.ingress:
        ingress.setdefault(row.finding, []).append(row.as_ingress())
    findings = [
        msgspec.structs.replace(one, ingress=tuple(sorted(ingress.get(one.arn, ()), key=lambda entry: entry.ports)))
        for one in found.findings
    ]
    around = Surroundings(
        as_of=contents.as_of,
        statuses=contents.statuses,
        partitions=contents.partitions,
        covered=[(row.region, msgspec.json.decode(row.covered, type=Covered)) for row in contents.coverage],
        instances=contents.instances,
        findings=findings,
    )
    known: dict[str, Known] = {one.id: one for one in found.instances}
    known |= {row.id: row.as_instance() for row in contents.instances}
    return Inventory(
        as_of=contents.as_of,
        evidence=evidence_of(findings, known.values(), around.coverage_of),
        digest="",
        gaps=tuple(
            Gap(account=one.account, region=one.region, why=one.why) for one in contents.partitions if not one.complete
        ),
    )


def servers_of(inventory: Inventory, chance: random.Random) -> tuple[Server, ...]:
    """Return a server for each instance, at the level that all of the evidence gives it; at any where that is none."""
    servers = []
    for number, evidence in enumerate(inventory.evidence, start=1):
        decision = decide(evidence, POLICY, today=NOW.date(), anywhere=ANYWHERE)
        level = decision.level if isinstance(decision, Decided) else chance.choice([*Exposure])
        servers.append(
            Server(id=number, uuid=str(number), name=str(number), role=ROLES[level], instance=evidence.instance.id)
        )
    return tuple(servers)


def directions(inventory: Inventory, servers: tuple[Server, ...]) -> set[Direction]:
    request = Request(
        inventory=inventory, groups=(group(*servers),), policy=POLICY, settings=plan_settings(), as_of=NOW
    )
    return {change.direction for change in build_plan(request).changes}


@settings(max_examples=2_000)
@given(st.integers(0, 2**64), st.integers(1, 3))
def test_losing_any_part_of_the_evidence_lowers_nobody(seed: int, losses: int) -> None:
    world = _World(random.Random(seed))  # noqa: S311  # a made-up world
    whole = inventory_of(world.contents())
    servers = servers_of(whole, world.chance)
    assert directions(whole, servers) == set()

    for _ in range(losses):
        world.lose_something()

    assert Direction.LOWER not in directions(inventory_of(world.contents()), servers)


@pytest.mark.parametrize("seed", range(40))
def test_a_snapshot_on_disk_says_the_same(seed: int, tmp_path: Path) -> None:
    world = _World(random.Random(seed))  # noqa: S311  # a made-up world
    for _ in range(seed % 3):
        world.lose_something()
    contents = world.contents()

    write_snapshot(tmp_path / "snapshot", contents)

    read, made = read_snapshot(tmp_path / "snapshot").inventory, inventory_of(contents)
    assert (read.evidence, sorted(read.gaps, key=repr)) == (made.evidence, sorted(made.gaps, key=repr))


def test_losses_do_reach_servers_that_more_would_lower() -> None:
    """Else the property above would hold of nothing: worlds must have the cases that it is about."""
    lowered = raised = 0
    for seed in range(300):
        world = _World(random.Random(seed))  # noqa: S311  # a made-up world
        servers = servers_of(inventory_of(world.contents()), world.chance)
        world.findings = [one for one in world.findings if one[2] == "CLOSED"]
        world.ingress = []
        lowered += Direction.LOWER in directions(inventory_of(world.contents()), servers)  # not marked as incomplete
        world = _World(random.Random(seed))  # noqa: S311  # a made-up world
        world.ingress = []
        raised += Direction.RAISE in directions(inventory_of(world.contents()), servers)

    assert lowered > 30
    assert raised > 10
