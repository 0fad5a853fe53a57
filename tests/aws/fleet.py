"""A large world of ordinary instances, the same for the same numbers."""

import hashlib
import itertools
from datetime import timedelta
from typing import Final

import msgspec

from aws.world import (
    LONG_AGO,
    Account,
    Finding,
    Instance,
    Member,
    Partition,
    Rule,
    SecurityGroup,
    Vpc,
    World,
    finding_arn,
    internet_path,
)

REGIONS: Final = ("us-east-1", "eu-west-1", "ap-northeast-1", "eu-central-1", "us-west-2", "ap-southeast-2")
PORTS: Final = (22, 80, 443, 3389, 3306, 5432, 8080, 8443, 9200, 27017)
_STATUSES: Final = ("ACTIVE",) * 8 + ("SUPPRESSED", "CLOSED")


def fleet(accounts: int, regions: int, findings: int, *, instances: int = 0) -> World:
    """
    Return a world with so many findings in all, spread evenly, and so many instances an account and region.

    Without a number of instances, each has up to ten findings. A tenth of the findings is suppressed, a tenth closed.
    The first account is the delegated administrator of all others. Ids begin as AWS's do, with a 0, and look random
    from there on: asking by prefix splits them evenly.
    """
    names = [f"{100_000_000_001 + number}" for number in range(accounts)]
    places = list(itertools.product(names, REGIONS[:regions]))
    share, rest = divmod(findings, len(places))
    shares = [share + (number < rest) for number in range(len(places))]
    return World(
        accounts=tuple(Account(name) for name in names),
        admin=names[0],
        members=tuple(Member(name) for name in names[1:]),
        partitions=tuple(
            _partition(account, region, count, instances or -(-count // len(PORTS)))
            for (account, region), count in zip(places, shares, strict=True)
        ),
    )


def _partition(account: str, region: str, findings: int, instances: int) -> Partition:
    vpc = Vpc(
        id=_id("vpc", account, region),
        subnets=(_id("subnet", account, region),),
        gateway=_id("igw", account, region),
        acl=_id("acl", account, region),
    )
    group = SecurityGroup(_id("sg", account, region), vpc.id, (Rule(cidr="0.0.0.0/0"),))
    held = tuple(
        Instance(
            id=_id("i", account, region, number),
            vpc=vpc.id,
            subnet=vpc.subnets[0],
            interface=_id("eni", account, region, number),
            groups=(group.id,),
            tags={"Environment": "production"},
        )
        for number in range(instances)
    )
    bare = Partition(account=account, region=region, vpcs=(vpc,), groups=(group,), instances=held)
    return msgspec.structs.replace(bare, findings=_findings(bare, findings))


def _findings(bare: Partition, count: int) -> tuple[Finding, ...]:
    account, region, instances = bare.account, bare.region, bare.instances
    paths = [internet_path(bare.vpcs[0], bare.groups[0].id, instance) for instance in instances]
    seed = int.from_bytes(hashlib.sha256(f"{account} {region}".encode()).digest()[:16], "big")
    findings = []
    for number in range(count):
        turn, which = divmod(number, len(instances))
        port = PORTS[turn] if turn < len(PORTS) else 10_000 + turn
        findings.append(
            Finding(
                arn=finding_arn(account, region, (seed + number * 0x9E3779B97F4A7C15F39CC0605CEDC835) % (1 << 128)),
                instance=instances[which].id,
                status=_STATUSES[number % len(_STATUSES)],
                begin=port,
                end=port,
                path=paths[which],
                updated_at=LONG_AGO + timedelta(minutes=number % 10_000),
            )
        )
    return tuple(findings)


def _id(prefix: str, *of: object) -> str:
    return f"{prefix}-0{hashlib.sha256(f'{prefix} {of}'.encode()).hexdigest()[:16]}"
