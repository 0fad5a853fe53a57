"""A world of three accounts in two regions where every situation occurs once, each with its own name."""

from datetime import timedelta
from typing import Any, Final

import msgspec

from aws.world import (
    NOW,
    Account,
    Balancer,
    Deny,
    Finding,
    Instance,
    Member,
    Partition,
    PrefixList,
    Rule,
    Scan,
    SecurityGroup,
    Step,
    Vpc,
    World,
    finding_arn,
    internet_path,
)

ADMIN: Final = "111111111111"
MEMBER: Final = "222222222222"
OTHER: Final = "333333333333"
STRANGER: Final = "444444444444"
"""Has credentials and a role, holds nothing, and is no member."""

HERE: Final = "us-east-1"
THERE: Final = "eu-west-1"
PAUSED: Final = Scan("EC2_INSTANCE_STOPPED", "INACTIVE")

_Situation = dict[str, Any]


class _Maker:
    """Makes the partitions one by one, with ids that count up through the whole world."""

    def __init__(self) -> None:
        self._count = 0

    def id(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}-0{self._count:016x}"

    def partition(self, account: str, region: str, situations: dict[str, _Situation], **more: Any) -> Partition:
        """
        Make one instance a situation, with a security group of its own.

        A situation says `rules` of the group, `finding` (changes of an ordinary one; a list for several), and changes
        of the instance.
        """
        vpc = Vpc(
            id=self.id("vpc"),
            subnets=(self.id("subnet"), self.id("subnet")),
            gateway=self.id("igw"),
            acl=self.id("acl"),
            denies=(Deny("198.51.100.0/24", 22, 22),),
        )
        groups: list[SecurityGroup] = list(more.pop("groups", ()))
        groups = [msgspec.structs.replace(group, vpc=vpc.id) for group in groups]
        instances: list[Instance] = []
        findings: list[Finding] = []
        for name, situation in situations.items():
            changes = dict(situation)
            group = SecurityGroup(self.id("sg"), vpc.id, tuple(changes.pop("rules", ())))
            found = changes.pop("finding", None)
            instance = self._instance(vpc, group, name, changes)
            groups.append(group)
            instances.append(instance)
            path = internet_path(vpc, group.id, instance)
            changes_of_findings = [found] if isinstance(found, dict) else found or []
            findings.extend(self._finding(account, region, path, change) for change in changes_of_findings)
        balancers = tuple(
            msgspec.structs.replace(
                balancer,
                subnets=vpc.subnets,
                targets=tuple(instance.id for instance in instances if instance.name in balancer.targets),
            )
            for balancer in more.pop("balancers", ())
        )
        return Partition(
            account=account,
            region=region,
            vpcs=(vpc,),
            groups=tuple(groups),
            instances=tuple(instances),
            findings=tuple(findings),
            balancers=balancers,
            **more,
        )

    def _instance(self, vpc: Vpc, group: SecurityGroup, name: str, changes: _Situation) -> Instance:
        ordinary = Instance(
            id=self.id("i"),
            vpc=vpc.id,
            subnet=vpc.subnets[0],
            interface=self.id("eni"),
            groups=(group.id, *changes.pop("more_groups", ())),
            tags={"Name": name} | changes.pop("more_tags", {}),
        )
        return msgspec.structs.replace(ordinary, **changes)

    def _finding(self, account: str, region: str, path: tuple[Step, ...], changes: _Situation) -> Finding:
        self._count += 1
        arn = finding_arn(account, region, self._count)
        return msgspec.structs.replace(Finding(arn=arn, instance=path[-1].id, path=path), **changes)


_ANYWHERE: Final = Rule(cidr="0.0.0.0/0", begin=22, end=22)
_OFFICE: Final = Rule(cidr="203.0.113.0/24", begin=443, end=443)


def small_world() -> World:
    """
    Return the world: three accounts under a delegated administrator, and a stranger.

    `World.named` finds an instance by its situation.
    """
    make = _Maker()
    return World(
        accounts=tuple(Account(account) for account in (ADMIN, MEMBER, OTHER, STRANGER)),
        admin=ADMIN,
        members=(Member(MEMBER), Member(OTHER)),
        partitions=(
            make.partition(ADMIN, HERE, _who_may_send()),
            make.partition(ADMIN, THERE, _observed_or_not()),
            _with_more_sources(make),
            make.partition(MEMBER, THERE, {"in-a-paused-account": {}}, network=Scan("INTERNAL_ERROR", "INACTIVE")),
            make.partition(OTHER, HERE, {"where-inspector-is-off": {}}, ec2_status="DISABLED", network=None),
            make.partition(OTHER, THERE, {"without-a-network-row": {}, **_odd_findings()}, network=None),
        ),
    )


def _who_may_send() -> dict[str, _Situation]:
    halves = [Rule(cidr=cidr, begin=22, end=22) for cidr in ("0.0.0.0/1", "128.0.0.0/1")]
    return {
        "open": {"rules": [_ANYWHERE], "finding": {}},
        "controlled": {"rules": [_OFFICE], "finding": {"begin": 443, "end": 443}},
        "open-by-halves": {"rules": halves, "finding": {}},
        "open-by-ipv6": {"rules": [Rule(cidr="::/0", begin=22, end=22)], "finding": {}},
        "open-to-everything": {"rules": [Rule(cidr="0.0.0.0/0", protocol="-1")], "finding": {"begin": 0, "end": 65535}},
        "open-by-udp": {
            "rules": [Rule(cidr="0.0.0.0/0", protocol="udp", begin=53, end=53)],
            "finding": {"protocol": "UDP", "begin": 53, "end": 53},
        },
        "quiet": {"rules": [_OFFICE]},
        "suppressed": {"rules": [_ANYWHERE], "finding": {"status": "SUPPRESSED"}},
        "closed-just-now": {"finding": {"status": "CLOSED", "updated_at": NOW - timedelta(hours=3)}},
        "closed-long-ago": {"finding": {"status": "CLOSED", "updated_at": NOW - timedelta(days=20)}},
        "found-twice": {
            "rules": [_ANYWHERE, _OFFICE],
            "finding": [{}, {"begin": 443, "end": 443, "severity": "LOW"}],
        },
    }


def _observed_or_not() -> dict[str, _Situation]:
    gone = Scan("RESOURCE_TERMINATED", "INACTIVE")
    return {
        "stopped-with-a-finding": {"state": "stopped", "coverage": PAUSED, "rules": [_ANYWHERE], "finding": {}},
        "stopped": {"state": "stopped", "coverage": PAUSED},
        "terminated": {"state": "terminated", "coverage": gone},
        "excluded-by-tag": {
            "more_tags": {"InspectorEc2Exclusion": ""},
            "coverage": Scan("EXCLUDED_BY_TAG", "INACTIVE"),
        },
        "just-launched": {"launched_at": NOW - timedelta(hours=1), "coverage": Scan("PENDING_INITIAL_SCAN")},
        "being-launched": {"state": "pending", "launched_at": NOW - timedelta(minutes=1), "coverage": None},
        "not-in-coverage": {"coverage": None},
        "unmanaged": {"coverage": Scan("UNMANAGED_EC2_INSTANCE", "INACTIVE")},
        "without-inventory": {"coverage": Scan("NO_INVENTORY", "INACTIVE")},
        "pending-disable": {"coverage": Scan("PENDING_DISABLE", "INACTIVE")},
        "access-denied": {"coverage": Scan("ACCESS_DENIED", "INACTIVE")},
        "scan-failed": {"coverage": Scan("INTERNAL_ERROR", "INACTIVE")},
    }


def _with_more_sources(make: _Maker) -> Partition:
    """Return a partition where security groups name other things than networks: lists, groups, a load balancer."""
    prefixes = PrefixList(make.id("pl"), ("203.0.113.0/24", "198.51.100.0/24"))
    front = SecurityGroup(make.id("sg"), "", (Rule(cidr="0.0.0.0/0", begin=80, end=80),))
    wide = SecurityGroup(make.id("sg"), "", (_ANYWHERE,))
    return make.partition(
        MEMBER,
        HERE,
        {
            "behind-a-balancer": {
                "rules": [Rule(group=front.id, begin=80, end=80)],
                "finding": {"begin": 80, "end": 80, "severity": "LOW"},
            },
            "controlled-by-prefix-list": {
                "rules": [Rule(prefix_list=prefixes.id, begin=22, end=22)],
                "finding": {},
            },
            "open-by-another-group": {
                "rules": [Rule(cidr="10.0.0.0/8", begin=22, end=22)],
                "more_groups": (wide.id,),
                "finding": {},
            },
        },
        prefix_lists=(prefixes,),
        groups=(front, wide),
        balancers=(Balancer(name="front", groups=(front.id,), subnets=(), targets=("behind-a-balancer",)),),
    )


def _odd_findings() -> dict[str, _Situation]:
    peering = (Step("pcx-0a1b2c3d4e5f60718", "AWS::EC2::VPCPeeringConnection"), Step("i-", "AWS::EC2::Instance"))
    package = {"type": "PACKAGE_VULNERABILITY", "path": None}
    return {
        "reached-by-peering": {"finding": {"path": peering}},
        "reached-without-steps": {"finding": {"path": None}},
        "with-a-weak-package": {"finding": package},
    }
