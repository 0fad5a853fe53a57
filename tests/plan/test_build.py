"""A whole plan: what is skipped, warned of and blocked, its sums, and what binds it to its inputs."""

from datetime import timedelta
from ipaddress import ip_network

import msgspec
import pytest

from exposurectl import __version__
from exposurectl.config import Limits
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError, Place
from exposurectl.model import Gap, Group, Ingress, PortRange, Role
from exposurectl.plan.build import build_plan, minutes
from exposurectl.plan.fingerprint import of_groups
from exposurectl.plan.model import (
    FORMAT_VERSION,
    Block,
    Direction,
    Inputs,
    PinnedRole,
    Plan,
    Skipped,
    Summary,
    TargetGroup,
)
from exposurectl.policy.model import Match
from exposurectl.policy.sources import NamedSources
from plan.building import (
    AS_OF,
    CONTROLLED,
    DEFAULT,
    HTTPS,
    INTERNET_SSH,
    OPEN,
    ROLES,
    SMALL,
    SSH,
    WEB_CONTROLLED,
    WEB_OPEN,
    WEB_SMALL,
    finding,
    group,
    group_settings,
    inventory,
    override,
    planned,
    policy,
    request,
    seen,
    server,
    settings,
    three_changes,
    unseen,
)

TODAY = AS_OF.date()
YESTERDAY, LATER = TODAY - timedelta(days=1), TODAY + timedelta(days=90)


def test_changes_are_raises_then_joins_then_lowerings() -> None:
    directions = [change.direction for change in three_changes().changes]

    assert directions == [Direction.RAISE, Direction.JOIN, Direction.LOWER]


def test_changes_of_one_direction_are_sorted_by_group_and_server() -> None:
    pair = (server(9, "i-a"), server(10, "i-a"))
    groups = (group(*pair, name="web"), group(*pair, name="data"))

    plan = planned(seen("i-a", SSH), groups=groups, settings=settings(group_settings("web"), group_settings("data")))

    assert [(change.group, change.server) for change in plan.changes] == [
        ("data", 9),
        ("data", 10),
        ("web", 9),
        ("web", 10),
    ]


def test_a_plan_says_what_it_follows_from() -> None:
    asked = request(seen("i-a", SSH), servers=(server(1, "i-a"),))

    plan = build_plan(asked)

    assert plan.inputs == Inputs(
        policy="sha256:policy",
        config="sha256:config",
        snapshot="sha256:snapshot",
        servers=of_groups(asked.groups),
        git_commit="c0ffee",
    )
    assert (plan.format_version, plan.tool_version, plan.environment) == (FORMAT_VERSION, __version__, "production")


def test_a_plan_is_valid_for_as_long_as_the_config_says() -> None:
    plan = planned(settings=settings(limits=Limits(plan_valid_for=timedelta(hours=2))))

    assert (plan.as_of, plan.expires_at) == (AS_OF, AS_OF + timedelta(hours=2))


def test_plans_are_counted_and_chained() -> None:
    first = planned()
    second = planned(previous=first)

    assert (first.sequence, first.previous) == (1, None)
    assert (second.sequence, second.previous) == (2, first.digest)


def test_a_plan_pins_the_roles_of_its_families_by_id() -> None:
    plan = planned(groups=(group(roles=ROLES[::-1]),))

    assert plan.target.url == "https://rest.vuls.biz"
    assert plan.target.groups == (
        TargetGroup(
            name="web-platform",
            roles=(
                PinnedRole(id=WEB_OPEN, name="web-open", family="web", level=OPEN),
                PinnedRole(id=WEB_CONTROLLED, name="web-controlled", family="web", level=CONTROLLED),
                PinnedRole(id=WEB_SMALL, name="web-small", family="web", level=SMALL),
            ),
        ),
    )


def test_an_instance_without_a_server_is_skipped_after_the_servers() -> None:
    plan = planned(seen("i-b", SSH, name="shop"), seen("i-a"), servers=(server(1, ""),))

    assert plan.skipped[1:] == (
        Skipped(why="no server: FutureVuls has none with this instance id", instance="i-a"),
        Skipped(why="no server: FutureVuls has none with this instance id", instance="i-b", name="shop"),
    )


def test_an_instance_whose_server_is_skipped_is_not_skipped_twice() -> None:
    plan = planned(unseen("i-a"), servers=(server(1, "i-a"),))

    assert [one.server for one in plan.skipped] == [1]


def test_an_instance_that_is_several_servers_moves_as_all_of_them_and_the_plan_says_so() -> None:
    groups = (group(server(2, "i-a"), server(1, "i-a")), group(server(7, "i-a"), name="data"))

    plan = planned(
        seen("i-a", SSH),
        groups=groups,
        settings=settings(group_settings(), group_settings("data")),
        inventory=inventory(seen("i-a", SSH)),
    )

    assert [change.server for change in plan.changes] == [7, 1, 2]
    assert plan.warnings == (
        "i-a is 3 servers: server-7 (data 7), server-1 (web-platform 1), server-2 (web-platform 2).",
    )


def test_servers_without_an_instance_are_not_one_instance() -> None:
    assert planned(servers=(server(1, ""), server(2, ""))).warnings == ()


def test_an_override_that_changes_no_instance_is_a_warning() -> None:
    idle = policy(override("idle", "i-nobody", SMALL, LATER))

    plan = planned(seen("i-a", SSH), policy=idle)

    assert plan.warnings == ('policies/overrides.yaml:4:5: Override "idle" changes no instance.',)
    assert plan.applyable


EXPIRED = policy(override("old", "i-a", SMALL, YESTERDAY))
HELD = (
    'policies/overrides.yaml:4:5: Override "old" held until 2026-11-22; '
    "renew it with a new date and approval, or delete it."
)


def test_an_expired_override_blocks_the_plan() -> None:
    plan = planned(seen("i-a", SSH), policy=EXPIRED)

    assert plan.blocked_by == (Block(reason="override-expired", detail=HELD),)
    assert not plan.applyable
    assert plan.warnings == ()


def test_an_expired_override_is_a_warning_where_the_config_says_so() -> None:
    plan = planned(seen("i-a", SSH), policy=EXPIRED, settings=settings(expired_overrides_block=False))

    assert (plan.blocked_by, plan.applyable) == ((), True)
    assert plan.warnings == (HELD,)


def test_an_expired_override_decides_nothing() -> None:
    plan = planned(seen("i-a", SSH), servers=(server(1, "i-a", WEB_SMALL),), policy=EXPIRED)

    assert [change.after.level for change in plan.changes] == [OPEN]


def test_an_override_holds_on_its_last_day() -> None:
    last_day = policy(override("old", "i-a", SMALL, TODAY))

    plan = planned(seen("i-a", SSH), servers=(server(1, "i-a", WEB_SMALL),), policy=last_day)

    assert (plan.blocked_by, plan.changes) == ((), ())


def test_overrides_that_match_the_same_are_a_warning() -> None:
    clash = policy(override("one", "i-a", SMALL, LATER), override("two", "i-a", CONTROLLED, LATER))

    plan = planned(unseen("i-0"), seen("i-a", SSH), policy=clash)

    assert "i-a: overrides one and two match the same: the higher level stands." in plan.warnings


def test_what_was_passed_over_is_counted_in_order() -> None:
    passed = msgspec.structs.replace(inventory(), passed_over=(("PACKAGE_VULNERABILITY", 3), ("CODE", 1)))

    assert planned(inventory=passed).warnings == (
        "Passed over 1 of type CODE.",
        "Passed over 3 of type PACKAGE_VULNERABILITY.",
    )


def test_evidence_that_could_not_be_read_blocks_the_plan() -> None:
    gaps = (
        Gap(account="", region="", why="THROTTLED"),
        Gap(account="444455556666", region="us-east-1", why="ACCESS_DENIED"),
        Gap(account="111122223333", region="", why="DISABLED"),
    )

    plan = planned(inventory=inventory(seen("i-a", SSH), gaps=gaps), servers=(server(1, "i-a"),))

    assert plan.blocked_by == (
        Block(reason="evidence-incomplete", detail="everything could not be read: THROTTLED."),
        Block(reason="evidence-incomplete", detail="111122223333 could not be read: DISABLED."),
        Block(reason="evidence-incomplete", detail="444455556666 us-east-1 could not be read: ACCESS_DENIED."),
    )
    assert not plan.applyable
    assert len(plan.changes) == 1


def test_a_guardrail_blocks_the_plan() -> None:
    plan = planned(seen("i-a"), servers=(server(1, "i-a", WEB_OPEN),), settings=settings(limits=Limits()))

    assert [(block.reason, block.acknowledge) for block in plan.blocked_by] == [
        ("guardrail-lower", "--accept-lowering 1")
    ]
    assert plan.applyable


def test_a_lowering_after_evidence_was_lost_is_blocked() -> None:
    rows = (server(1, "i-a", WEB_OPEN), server(2, "i-b", WEB_OPEN))
    before = planned(seen("i-a", SSH), seen("i-b", SSH), servers=rows)

    plan = planned(seen("i-a"), servers=rows, previous=before)

    assert [block.reason for block in plan.blocked_by] == ["inventory-dropped", "findings-dropped"]


def test_servers_that_are_skipped_do_not_count_as_managed() -> None:
    fleet = [seen(f"i-{number}", *((SSH,) if number < 4 else (HTTPS,))) for number in range(10)]
    servers = tuple(server(number, f"i-{number}") for number in range(10))
    limits = settings(limits=Limits(raise_percent=40))

    whole = planned(*fleet, servers=servers, settings=limits)
    without = planned(*fleet[:9], servers=servers, settings=limits)

    assert (len(whole.changes), whole.blocked_by) == (4, ())
    assert [block.reason for block in without.blocked_by] == ["guardrail-raise"]


def test_the_summary_counts_every_row() -> None:
    plan = planned(
        *(seen(name, SSH) for name in ("i-raised", "i-joined", "i-unchanged", "i-alone")),
        seen("i-lowered"),
        servers=(
            server(1, "i-raised"),
            server(2, "i-joined", DEFAULT),
            server(3, "i-lowered", WEB_OPEN),
            server(4, "i-unchanged", WEB_OPEN),
            server(5, "i-missing"),
        ),
        settings=settings(group_settings(joins="web")),
    )

    assert plan.summary == Summary(raised=1, join=1, lower=1, unchanged=1, skipped=2, requests=6, minutes=1)


def fleet_of(servers: int, changes: int, roles: int = 5, name: str = "web-platform") -> Group:
    """Return a group of which the first servers are to be raised and the others have no instance."""
    more = tuple(Role(id=1_000 + number, name=f"role-{number}") for number in range(roles - len(ROLES)))
    rows = tuple(server(number, "i-a" if number < changes else "") for number in range(servers))
    return group(*rows, name=name, roles=(*ROLES, *more))


@pytest.mark.parametrize(
    ("servers", "changes", "roles", "requests", "minutes"),
    [
        (1_000, 0, 5, 0, 0),
        (1, 1, 5, 3, 1),
        (1_000, 1, 5, 3, 1),
        (1_001, 1, 5, 4, 1),
        (2_001, 1, 5, 5, 1),
        (1, 1, 100, 3, 1),
        (1, 1, 101, 4, 1),
        (18, 18, 5, 20, 1),
        (19, 19, 5, 21, 2),
        (38, 38, 5, 40, 2),
        (1_001, 500, 5, 503, 26),
    ],
)
def test_requests_are_the_pages_of_the_lists_and_one_for_each_change(
    servers: int, changes: int, roles: int, requests: int, minutes: int
) -> None:
    plan = planned(seen("i-a", SSH), groups=(fleet_of(servers, changes, roles),))

    assert len(plan.changes) == changes
    assert (plan.summary.requests, plan.summary.minutes) == (requests, minutes)


def test_only_groups_with_changes_are_listed() -> None:
    groups = (fleet_of(1, 1), fleet_of(3_000, 0, name="data"), fleet_of(1_500, 2, name="more"))
    named = settings(*(group_settings(name) for name in ("more", "data", "web-platform")))

    plan = planned(seen("i-a", SSH), groups=groups, settings=named)

    assert plan.summary.requests == (1 + 1 + 1) + (2 + 1 + 2)
    assert [one.name for one in plan.target.groups] == ["data", "more", "web-platform"]


def test_a_group_without_servers_is_listed_by_no_request_and_pinned_all_the_same() -> None:
    plan = planned()

    assert (plan.summary.requests, len(plan.target.groups[0].roles)) == (0, 3)


def test_a_group_that_was_not_given_is_an_error_with_its_place() -> None:
    named = settings(group_settings(), group_settings("data"), group_settings("lab"))

    with pytest.raises(ExposurectlError) as caught:
        planned(settings=named)

    assert (caught.value.reason, caught.value.exit_code) == ("group-missing", Exit.ERROR)
    assert caught.value.problems == tuple(
        Diagnostic(
            summary="No servers of a group",
            place=Place("production.yaml", 5, 7),
            detail=f'Neither servers nor roles of the group "{name}" were given.',
            hint=f"record the group, or name its file: --servers '{name}=FILE'",
        )
        for name in ("data", "lab")
    )


def test_a_group_that_the_config_does_not_name_is_left_out() -> None:
    plan = planned(seen("i-a", SSH), groups=(group(), group(server(1, "i-a"), name="other")))

    assert (plan.changes, [one.name for one in plan.target.groups]) == ((), ["web-platform"])


def test_a_missing_role_is_an_error() -> None:
    with pytest.raises(ExposurectlError) as caught:
        planned(groups=(group(roles=ROLES[:2]),))

    assert caught.value.reason == "role-missing"


def test_a_plan_for_nothing_is_a_plan() -> None:
    plan = planned()

    assert isinstance(plan, Plan)
    assert plan.summary == Summary(raised=0, join=0, lower=0, unchanged=0, skipped=0, requests=0, minutes=0)
    assert plan.applyable


def test_no_requests_take_no_time() -> None:
    assert minutes([], 20) == 0


def test_an_expired_override_that_would_change_nothing_is_said_to_be_expired_and_no_more() -> None:
    old = override("old", "i-elsewhere", OPEN, AS_OF.date() - timedelta(days=1))

    plan = planned(seen("i-a"), policy=policy(old), settings=settings(expired_overrides_block=False))

    (warning,) = plan.warnings
    assert "held until 2026-11-22" in warning


@pytest.mark.parametrize(
    ("network", "narrow", "wide"),
    [("16.0.0.0/6", {"anywhere_v4": 5}, {"anywhere_v4": 6}), ("2000::/6", {"anywhere_v6": 5}, {"anywhere_v6": 6})],
)
def test_the_config_says_how_wide_anywhere_is(network: str, narrow: dict[str, int], wide: dict[str, int]) -> None:
    admits = (Ingress(PortRange(SSH, SSH), (ip_network(network),)),)
    evidence = seen("i-a", findings=(msgspec.structs.replace(finding("i-a", SSH), ingress=admits),))
    anyone = msgspec.structs.replace(INTERNET_SSH, match=Match(sources=NamedSources.ANYWHERE))

    found = [
        planned(
            evidence,
            servers=(server(1, "i-a", WEB_SMALL),),
            policy=policy(rules=(anyone,)),
            settings=msgspec.structs.replace(settings(), **how),
        )
        for how in (narrow, wide)
    ]

    assert [plan.changes[0].after.level for plan in found] == [CONTROLLED, OPEN]
