"""A small world to plan for: one policy, one group, and as many instances and servers as a test needs."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from exposurectl.config import Family, GroupSettings, Limits, Settings
from exposurectl.diagnostics import Place
from exposurectl.model import (
    Component,
    Coverage,
    Evidence,
    Exposure,
    Finding,
    FindingStatus,
    Gap,
    Group,
    Instance,
    Inventory,
    Observed,
    PortRange,
    Protocol,
    Role,
    Server,
    Unobserved,
)
from exposurectl.plan.build import build_plan
from exposurectl.plan.file import seal
from exposurectl.plan.model import Change, Plan, Skipped, Unchanged
from exposurectl.plan.request import Request
from exposurectl.policy.model import Defaults, Match, Override, Policy, Rule, Scope

AS_OF = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
SMALL, CONTROLLED, OPEN = Exposure
DEFAULT, WEB_OPEN, WEB_CONTROLLED, WEB_SMALL, LEGACY = 30, 31, 32, 33, 39
ROLES = (
    Role(id=DEFAULT, name="default", is_default=True),
    Role(id=WEB_OPEN, name="web-open"),
    Role(id=WEB_CONTROLLED, name="web-controlled"),
    Role(id=WEB_SMALL, name="web-small"),
    Role(id=LEGACY, name="legacy"),
)
WEB = Family(
    name="web",
    roles={OPEN: "web-open", CONTROLLED: "web-controlled", SMALL: "web-small"},
    place=Place("production.yaml", 8, 11),
)
SSH, HTTPS = 22, 443
INTERNET_SSH = Rule(
    id="internet-ssh",
    level=OPEN,
    because="Anyone can try to log in.",
    match=Match(ports=(PortRange(SSH, SSH),)),
    at="policies/internet.yaml:7:5",
    place=Place("policies/internet.yaml", 7, 5),
)
DEFAULTS = Defaults(unreachable=SMALL, unmatched=CONTROLLED, unobserved=None, at="policies/defaults.yaml:2:1")
"""An instance is open by a finding of port 22, controlled by any other, and small without one."""


def policy(*overrides: Override, rules: tuple[Rule, ...] = (INTERNET_SSH,), digest: str = "sha256:policy") -> Policy:
    return Policy(defaults=DEFAULTS, rules=rules, overrides=overrides, digest=digest, cuts=(SSH, SSH + 1))


def override(name: str, instance: str, level: Exposure, expires: date, *ports: int) -> Override:
    """Return an exception for an instance, or for some of its ports only."""
    scope = Scope(instances=frozenset({instance}))
    return Override(
        id=name,
        level=level,
        because="It was agreed.",
        match=Match(scope=scope, ports=tuple(PortRange(port, port) for port in ports) or None),
        at="policies/overrides.yaml:4:5",
        place=Place("policies/overrides.yaml", 4, 5),
        approved_by="security-team",
        expires=expires,
    )


def finding(
    instance: str, port: int, *, closed: timedelta | None = None, at: datetime | None = None, number: int = 0
) -> Finding:
    """Return a path from the internet, or one that closed so long before the plan."""
    return Finding(
        arn=f"arn:{instance}:{port}:{number}",
        account="111122223333",
        region="eu-west-1",
        instance=instance,
        status=FindingStatus.ACTIVE if closed is None else FindingStatus.CLOSED,
        protocol=Protocol.TCP,
        ports=PortRange(port, port),
        path=(Component("igw-1", "AWS::EC2::InternetGateway"), Component(instance, "AWS::EC2::Instance")),
        updated_at=at if closed is None else AS_OF - closed,
    )


def seen(
    instance: str, *ports: int, findings: tuple[Finding, ...] = (), coverage: Coverage | None = None, name: str = ""
) -> Evidence:
    """Return an instance that Inspector vouches for, with these ports reachable."""
    return Evidence(
        instance=Instance(
            id=instance,
            account="111122223333",
            region="eu-west-1",
            tags=(("Name", name),) if name else (),
        ),
        findings=(*(finding(instance, port) for port in ports), *findings),
        coverage=coverage or Observed(),
    )


def unseen(instance: str, *ports: int, why: str = "EC2_INSTANCE_STOPPED") -> Evidence:
    """Return an instance that nobody vouches for; these ports were found reachable all the same."""
    return seen(instance, *ports, coverage=Unobserved(why))


def server(number: int, instance: str, role: int = WEB_CONTROLLED) -> Server:
    return Server(id=number, uuid=f"u-{number}", name=f"server-{number}", role=role, instance=instance)


def group(*servers: Server, name: str = "web-platform", roles: tuple[Role, ...] = ROLES) -> Group:
    return Group(name=name, servers=servers, roles=roles)


def group_settings(
    name: str = "web-platform",
    *,
    families: tuple[Family, ...] = (WEB,),
    joins: str = "",
    servers: Mapping[int, str] | None = None,
) -> GroupSettings:
    return GroupSettings(
        name=name,
        token="env:TOKEN",
        families=families,
        place=Place("production.yaml", 5, 7),
        default_role_joins=joins,
        servers=servers or {},
    )


GENEROUS = Limits(raise_percent=100, lower_count=1_000)
"""Limits that stop nothing, for tests of something else."""


def settings(*groups: GroupSettings, limits: Limits = GENEROUS, expired_overrides_block: bool = True) -> Settings:
    return Settings(
        environment="production",
        regions=("eu-west-1",),
        anywhere_v4=8,
        anywhere_v6=16,
        url="https://rest.vuls.biz",
        requests_per_minute=20,
        groups=groups or (group_settings(),),
        limits=limits,
        expired_overrides_block=expired_overrides_block,
        digest="sha256:config",
    )


def inventory(*evidence: Evidence, gaps: tuple[Gap, ...] = ()) -> Inventory:
    return Inventory(as_of=AS_OF, evidence=evidence, digest="sha256:snapshot", gaps=gaps)


def request(*evidence: Evidence, **others: Any) -> Request:
    """Return a request for this evidence, with the usual policy and settings; `servers` stand in the one group."""
    servers = others.pop("servers", ())
    given: dict[str, Any] = {
        "inventory": inventory(*evidence),
        "groups": (group(*servers),),
        "policy": policy(),
        "settings": settings(),
        "as_of": AS_OF,
        "git_commit": "c0ffee",
    }
    return Request(**{**given, **others})


def planned(*evidence: Evidence, **others: Any) -> Plan:
    return build_plan(request(*evidence, **others))


def the_change(plan: Plan) -> Change:
    """Return the one change of a plan that has nothing else about servers."""
    (change,) = plan.changes
    return change


def the_unchanged(plan: Plan) -> Unchanged:
    assert plan.changes == ()
    (unchanged,) = plan.unchanged
    return unchanged


def the_skipped(plan: Plan) -> Skipped:
    assert (plan.changes, plan.unchanged) == ((), ())
    (skipped,) = plan.skipped
    return skipped


def resealed(plan: Plan, **changes: Any) -> Plan:
    """Return the plan with something else in it, and a digest to match."""
    return seal(msgspec.structs.replace(plan, **changes))


def three_changes() -> Plan:
    """Return a plan that raises, joins and lowers a server each."""
    return planned(
        seen("i-raised", SSH),
        seen("i-joined", SSH),
        seen("i-lowered"),
        servers=(server(1, "i-raised"), server(2, "i-joined", DEFAULT), server(3, "i-lowered", WEB_OPEN)),
        settings=settings(group_settings(joins="web")),
    )
