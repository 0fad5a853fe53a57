"""Random worlds to plan for: small fleets in which every kind of row occurs often."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from exposurectl.config import Limits
from exposurectl.model import Evidence, Exposure, Finding, Gap, Group, Server, Unobserved
from exposurectl.plan.build import build_plan
from exposurectl.plan.request import Request
from plan.building import (
    AS_OF,
    HTTPS,
    ROLES,
    SSH,
    finding,
    group,
    group_settings,
    inventory,
    override,
    policy,
    request,
    seen,
    settings,
)

INSTANCES = tuple(f"i-{number}" for number in range(5))
GROUPS = ("web-platform", "data-platform")
_LAST_DAYS = tuple((AS_OF + timedelta(days=days)).date() for days in (-1, 0, 90))
_AGES = tuple(timedelta(days=days) for days in (0, 1, 7, 8))
_WHY = ("EC2_INSTANCE_STOPPED", "ACCESS_DENIED")


@st.composite
def _findings(draw: st.DrawFn, instance: str) -> tuple[Finding, ...]:
    opened = draw(st.lists(st.sampled_from((SSH, HTTPS, 80)), max_size=3, unique=True))
    closed = draw(st.lists(st.sampled_from(_AGES), max_size=1))
    found = (
        *(finding(instance, port) for port in opened),
        *(finding(instance, 3389, closed=age) for age in closed),
    )
    untimed = draw(st.booleans())
    return tuple(msgspec.structs.replace(one, updated_at=None) for one in found) if untimed else found


@st.composite
def _evidence(draw: st.DrawFn, instance: str) -> Evidence:
    coverage = Unobserved(draw(st.sampled_from(_WHY))) if draw(st.integers(0, 3)) == 0 else None
    return seen(instance, findings=draw(_findings(instance)), coverage=coverage, name=draw(st.sampled_from(("", "x"))))


_servers: SearchStrategy[tuple[Server, ...]] = st.lists(
    st.builds(
        Server,
        id=st.integers(1, 12),
        uuid=st.just(""),
        name=st.sampled_from(("web", "\u5e97", "a|b\n", "")),
        role=st.sampled_from(tuple(role.id for role in ROLES)),
        instance=st.sampled_from((*INSTANCES, "i-nobody", "")),
    ),
    max_size=6,
    unique_by=lambda server: server.id,
).map(lambda servers: tuple(sorted(servers, key=lambda server: server.id)))

_overrides = st.lists(
    st.tuples(
        st.sampled_from(INSTANCES),
        st.sampled_from(Exposure),
        st.sampled_from(_LAST_DAYS),
        st.sampled_from(((), (SSH,))),
    ),
    max_size=2,
).map(
    lambda given: tuple(
        override(f"override-{number}", instance, level, day, *ports)
        for number, (instance, level, day, ports) in enumerate(given)
    )
)


@st.composite
def _settings(draw: st.DrawFn) -> Any:
    groups = [
        group_settings(
            name,
            joins=draw(st.sampled_from(("web", ""))),
            servers=draw(st.dictionaries(st.integers(1, 12), st.sampled_from(INSTANCES), max_size=1)),
        )
        for name in GROUPS
    ]
    limits = draw(st.sampled_from((Limits(), Limits(raise_percent=100, lower_count=100))))
    return settings(*groups, limits=limits, expired_overrides_block=draw(st.booleans()))


@st.composite
def requests(draw: st.DrawFn, *, gaps: bool = True) -> Request:
    """Return everything that a plan follows from, sometimes with a plan before it."""
    known = sorted(draw(st.sets(st.sampled_from(INSTANCES))))
    missing = (Gap(account="111122223333", region="us-east-1", why="ACCESS_DENIED"),)
    made = request(
        groups=tuple(group(*draw(_servers), name=name) for name in GROUPS),
        inventory=inventory(
            *(draw(_evidence(instance)) for instance in known), gaps=missing if gaps and draw(st.booleans()) else ()
        ),
        policy=policy(*draw(_overrides)),
        settings=draw(_settings()),
    )
    return msgspec.structs.replace(made, previous=build_plan(made)) if draw(st.booleans()) else made


@st.composite
def reordered(draw: st.DrawFn, made: Request) -> Request:
    """Return the same request with its servers, roles, groups and evidence in another order."""

    def shuffled(rows: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(draw(st.permutations(rows)))

    groups = [Group(name=one.name, servers=shuffled(one.servers), roles=shuffled(one.roles)) for one in made.groups]
    return msgspec.structs.replace(
        made,
        groups=shuffled(groups),
        settings=msgspec.structs.replace(made.settings, groups=shuffled(made.settings.groups)),
        inventory=msgspec.structs.replace(made.inventory, evidence=shuffled(made.inventory.evidence)),
    )


@st.composite
def degraded(draw: st.DrawFn, made: Request) -> tuple[Request, set[str]]:
    """
    Return the request with evidence missing, and the instances that miss some.

    What is missing is known to be missing, which is the readers' own promise: an instance is not there at all, or
    nobody vouches for it and any of its findings may be gone with it.
    """
    kept: list[Evidence] = []
    lost: set[str] = set()
    for evidence in made.inventory.evidence:
        fate = draw(st.sampled_from(("whole", "unobserved", "gone")))
        lost |= {evidence.instance.id} if fate != "whole" else set()
        if fate == "unobserved":
            findings = tuple(one for one in evidence.findings if draw(st.booleans()))
            evidence = msgspec.structs.replace(evidence, findings=findings, coverage=Unobserved("ACCESS_DENIED"))  # noqa: PLW2901
        kept += [evidence] if fate != "gone" else []
    return msgspec.structs.replace(made, inventory=msgspec.structs.replace(made.inventory, evidence=tuple(kept))), lost
