"""One server against its instance's decision: every line that a plan may hold, and what holds a lowering."""

from datetime import timedelta

import msgspec
import pytest

from exposurectl.model import Exposure, PortRange, Reason
from exposurectl.plan.compare import direction, may_lower, recently_closed
from exposurectl.plan.fingerprint import of_evidence
from exposurectl.plan.model import Cause, Change, Direction, Placement, Plan, Skipped, Unchanged, WouldBe
from exposurectl.policy.model import Match
from plan.building import (
    AS_OF,
    CONTROLLED,
    DEFAULT,
    DEFAULTS,
    HTTPS,
    INTERNET_SSH,
    LEGACY,
    OPEN,
    SMALL,
    SSH,
    WEB_CONTROLLED,
    WEB_OPEN,
    WEB_SMALL,
    finding,
    group_settings,
    override,
    planned,
    policy,
    seen,
    server,
    settings,
    the_change,
    the_skipped,
    the_unchanged,
    unseen,
)

WEEK = timedelta(days=7)
MOMENT = timedelta(microseconds=1)
JOINING = settings(group_settings(joins="web"))
LATER = (AS_OF + timedelta(days=90)).date()


def test_a_server_in_a_role_that_no_family_lists_is_never_moved() -> None:
    plan = planned(seen("i-a", SSH), servers=(server(1, "i-a", LEGACY),))

    assert the_skipped(plan) == Skipped(
        why='unmanaged: no family lists its role "legacy"',
        server=1,
        name="server-1",
        group="web-platform",
        instance="i-a",
    )


def test_a_server_in_a_role_that_the_group_does_not_list_is_named_by_its_id() -> None:
    plan = planned(seen("i-a", SSH), servers=(server(1, "i-a", 77),))

    assert the_skipped(plan).why == 'unmanaged: no family lists its role "id 77"'


def test_a_server_without_an_instance_id_is_skipped_and_never_matched() -> None:
    plan = planned(seen("", SSH), servers=(server(1, ""),))

    assert plan.changes == ()
    assert plan.skipped[0] == Skipped(
        why="no instance id: FutureVuls does not know which instance it is",
        server=1,
        name="server-1",
        group="web-platform",
    )


def test_a_server_whose_instance_nobody_has_seen_is_skipped() -> None:
    plan = planned(servers=(server(1, "i-a"),))

    assert the_skipped(plan).why == "unobserved: NOT_IN_EVIDENCE"


def test_an_instance_id_is_matched_whole() -> None:
    plan = planned(seen("i-ab", SSH), servers=(server(1, "i-a"),))

    assert [(one.server, one.why) for one in plan.skipped] == [
        (1, "unobserved: NOT_IN_EVIDENCE"),
        (None, "no server: FutureVuls has none with this instance id"),
    ]


def test_an_unobserved_instance_without_findings_is_left_alone() -> None:
    plan = planned(unseen("i-a"), servers=(server(1, "i-a", WEB_OPEN),))

    assert the_skipped(plan) == Skipped(
        why="unobserved: EC2_INSTANCE_STOPPED", server=1, name="server-1", group="web-platform", instance="i-a"
    )


def test_a_server_that_is_where_it_belongs_is_unchanged() -> None:
    evidence = seen("i-a", HTTPS)

    plan = planned(evidence, servers=(server(1, "i-a", WEB_CONTROLLED),))

    assert the_unchanged(plan) == Unchanged(
        server=1,
        name="server-1",
        group="web-platform",
        instance="i-a",
        account="111122223333",
        region="eu-west-1",
        placement=Placement(level=CONTROLLED, role=WEB_CONTROLLED),
        evidence=of_evidence(evidence),
        observed=True,
        reasons=(
            Reason(
                rule="defaults.unmatched",
                because="No rule describes this port.",
                at="policies/defaults.yaml:2:1",
                points="tcp/443",
                path=("igw-1", "i-a"),
                finding="arn:i-a:443:0",
            ),
        ),
    )


def test_a_server_below_its_level_is_raised() -> None:
    evidence = seen("i-a", SSH, HTTPS)

    plan = planned(evidence, servers=(server(1, "i-a", WEB_SMALL),))

    assert the_change(plan) == Change(
        server=1,
        name="server-1",
        group="web-platform",
        instance="i-a",
        account="111122223333",
        region="eu-west-1",
        direction=Direction.RAISE,
        cause=Cause.FIRST_PLAN,
        before=Placement(level=SMALL, role=WEB_SMALL),
        after=Placement(level=OPEN, role=WEB_OPEN),
        evidence=of_evidence(evidence),
        observed=True,
        reasons=(
            Reason(
                rule="internet-ssh",
                because="Anyone can try to log in.",
                at="policies/internet.yaml:7:5",
                points="tcp/22",
                path=("igw-1", "i-a"),
                finding="arn:i-a:22:0",
            ),
        ),
        would_be=(WouldBe(level=CONTROLLED, condition="tcp/22 were not reachable"),),
    )


def test_a_server_above_its_level_is_lowered() -> None:
    change = the_change(planned(seen("i-a"), servers=(server(1, "i-a", WEB_OPEN),)))

    assert change.direction is Direction.LOWER
    assert change.before == Placement(level=OPEN, role=WEB_OPEN)
    assert change.after == Placement(level=SMALL, role=WEB_SMALL)
    assert change.would_be == ()


@pytest.mark.parametrize(
    ("ports", "after"),
    [((SSH,), (OPEN, WEB_OPEN)), ((HTTPS,), (CONTROLLED, WEB_CONTROLLED)), ((), (SMALL, WEB_SMALL))],
)
def test_a_server_in_the_default_role_joins_from_a_level_that_nobody_knows(
    ports: tuple[int, ...], after: tuple[Exposure, int]
) -> None:
    change = the_change(planned(seen("i-a", *ports), servers=(server(1, "i-a", DEFAULT),), settings=JOINING))

    assert change.direction is Direction.JOIN
    assert change.before == Placement(level=None, role=DEFAULT)
    assert (change.after.level, change.after.role) == after


def test_a_server_in_the_default_role_stays_where_no_family_is_joined() -> None:
    plan = planned(seen("i-a", SSH), servers=(server(1, "i-a", DEFAULT),))

    assert the_skipped(plan).why == 'unmanaged: no family lists its role "default"'


def test_a_pairing_says_which_instance_a_server_is() -> None:
    paired = settings(group_settings(servers={1: "i-b"}))

    change = the_change(planned(seen("i-b", SSH), servers=(server(1, ""),), settings=paired))

    assert (change.server, change.instance) == (1, "i-b")


def test_a_pairing_stands_before_what_futurevuls_knows() -> None:
    paired = settings(group_settings(servers={1: "i-b"}))

    plan = planned(seen("i-a"), seen("i-b", SSH), servers=(server(1, "i-a"),), settings=paired)

    assert the_change(plan).instance == "i-b"
    assert [one.instance for one in plan.skipped] == ["i-a"]


def test_an_unobserved_instance_is_raised_by_what_was_found() -> None:
    change = the_change(planned(unseen("i-a", SSH), servers=(server(1, "i-a", WEB_SMALL),)))

    assert (change.direction, change.after.level, change.observed) == (Direction.RAISE, OPEN, False)


def test_an_unobserved_instance_is_never_lowered_by_what_was_found() -> None:
    plan = planned(unseen("i-a", HTTPS), servers=(server(1, "i-a", WEB_OPEN),))

    why = "unobserved: EC2_INSTANCE_STOPPED; controlled by what is known, and never lowered by it"
    assert the_skipped(plan).why == why


def test_an_unobserved_instance_is_not_lowered_by_an_override_either() -> None:
    lowering = policy(override("agreed", "i-a", SMALL, LATER))

    plan = planned(unseen("i-a", SSH), servers=(server(1, "i-a", WEB_OPEN),), policy=lowering)

    assert the_skipped(plan).why == "unobserved: EC2_INSTANCE_STOPPED; small by what is known, and never lowered by it"


def test_an_unobserved_instance_is_lowered_to_the_level_that_the_policy_gives_the_unobserved() -> None:
    by = msgspec.structs.replace(policy(), defaults=msgspec.structs.replace(DEFAULTS, unobserved=CONTROLLED))

    change = the_change(planned(unseen("i-a"), servers=(server(1, "i-a", WEB_OPEN),), policy=by))

    assert (change.direction, change.after.level) == (Direction.LOWER, CONTROLLED)


def test_a_move_within_a_level_is_never_counted_as_a_raise() -> None:
    assert direction(Placement(level=SMALL, role=WEB_SMALL), SMALL) is Direction.LOWER


def test_an_unobserved_instance_joins_where_it_is_open() -> None:
    change = the_change(planned(unseen("i-a", SSH), servers=(server(1, "i-a", DEFAULT),), settings=JOINING))

    assert (change.direction, change.after.level) == (Direction.JOIN, OPEN)


def test_an_unobserved_instance_does_not_join_below_open() -> None:
    plan = planned(unseen("i-a", HTTPS), servers=(server(1, "i-a", DEFAULT),), settings=JOINING)

    why = "unobserved: EC2_INSTANCE_STOPPED; controlled by what is known, and never lowered by it"
    assert the_skipped(plan).why == why


def closed_plan(role: int, closed: timedelta, *ports: int) -> Plan:
    evidence = seen("i-a", *ports, findings=(finding("i-a", 3389, closed=closed),))
    return planned(evidence, servers=(server(1, "i-a", role),), settings=JOINING)


def test_a_path_that_closed_lately_holds_its_server() -> None:
    plan = closed_plan(WEB_OPEN, timedelta(days=2))

    assert the_skipped(plan).why == "held until 2026-11-28 03:00 UTC: a path closed less than 7 days ago"


def test_a_path_that_closed_lately_holds_a_server_from_joining_below_open() -> None:
    plan = closed_plan(DEFAULT, timedelta(days=2), HTTPS)

    assert the_skipped(plan).why == "held until 2026-11-28 03:00 UTC: a path closed less than 7 days ago"


def test_a_path_that_closed_lately_does_not_keep_a_server_from_joining_as_open() -> None:
    assert the_change(closed_plan(DEFAULT, timedelta(days=2), SSH)).direction is Direction.JOIN


def test_a_path_that_closed_lately_does_not_keep_a_server_from_being_raised() -> None:
    assert the_change(closed_plan(WEB_SMALL, timedelta(days=2), SSH)).direction is Direction.RAISE


def test_a_path_that_closed_long_ago_holds_nothing() -> None:
    assert the_change(closed_plan(WEB_OPEN, timedelta(days=8))).direction is Direction.LOWER


def test_a_hold_ends_exactly_when_the_path_has_been_closed_for_long_enough() -> None:
    assert recently_closed(seen("i-a", findings=(finding("i-a", SSH, closed=WEEK),)), AS_OF, WEEK) == ""


def test_a_hold_lasts_until_the_last_moment() -> None:
    evidence = seen("i-a", findings=(finding("i-a", SSH, closed=WEEK - MOMENT),))

    held = "held until 2026-11-23 03:00 UTC: a path closed less than 7 days ago"
    assert recently_closed(evidence, AS_OF, WEEK) == held


def test_the_path_that_closed_last_decides_how_long_a_server_is_held() -> None:
    closed = tuple(finding("i-a", SSH, closed=timedelta(days=days)) for days in (6, 1, 3))

    held = "held until 2026-11-29 03:00 UTC: a path closed less than 7 days ago"
    assert recently_closed(seen("i-a", findings=closed), AS_OF, WEEK) == held


def test_a_path_that_closed_at_an_unknown_time_holds() -> None:
    old = finding("i-a", SSH, closed=timedelta(days=300))
    unknown = msgspec.structs.replace(old, updated_at=None)

    held = "held: a path closed at a time that Inspector does not tell"
    assert recently_closed(seen("i-a", findings=(old, unknown)), AS_OF, WEEK) == held


def test_an_open_path_holds_nothing_however_new_it_is() -> None:
    evidence = seen("i-a", findings=(finding("i-a", SSH, at=AS_OF), finding("i-a", HTTPS)))

    assert recently_closed(evidence, AS_OF, WEEK) == ""


def test_a_hold_of_hours_says_so() -> None:
    evidence = seen("i-a", findings=(finding("i-a", SSH, closed=timedelta(hours=1)),))

    held = "held until 2026-11-23 14:00 UTC: a path closed less than 12 hours ago"
    assert recently_closed(evidence, AS_OF, timedelta(hours=12)) == held


def test_a_condition_names_all_points_that_decide() -> None:
    evidence = seen("i-a", SSH, findings=(finding("i-a", SSH, number=1), finding("i-a", HTTPS)))

    change = the_change(planned(evidence, servers=(server(1, "i-a", WEB_SMALL),)))

    assert change.would_be == (WouldBe(level=CONTROLLED, condition="tcp/22 were not reachable"),)


def test_a_condition_names_the_points_of_every_path() -> None:
    both = msgspec.structs.replace(INTERNET_SSH, match=Match(ports=(PortRange(SSH, SSH), PortRange(HTTPS, HTTPS))))
    by = msgspec.structs.replace(policy(rules=(both,)), cuts=(SSH, SSH + 1, HTTPS, HTTPS + 1))

    change = the_change(planned(seen("i-a", SSH, HTTPS), servers=(server(1, "i-a", WEB_CONTROLLED),), policy=by))

    assert change.would_be == (WouldBe(level=SMALL, condition="tcp/22, tcp/443 were not reachable"),)


def test_an_override_of_the_whole_instance_has_no_condition() -> None:
    raising = policy(override("agreed", "i-a", OPEN, LATER))

    change = the_change(planned(seen("i-a"), servers=(server(1, "i-a"),), policy=raising))

    assert change.would_be == ()
    assert [reason.rule for reason in change.reasons] == ["agreed"]


@pytest.mark.parametrize(
    ("before", "level", "expected"),
    [
        (SMALL, CONTROLLED, Direction.RAISE),
        (CONTROLLED, OPEN, Direction.RAISE),
        (OPEN, CONTROLLED, Direction.LOWER),
        (CONTROLLED, SMALL, Direction.LOWER),
        (None, OPEN, Direction.JOIN),
        (None, SMALL, Direction.JOIN),
    ],
)
def test_a_direction_follows_from_the_levels(before: Exposure | None, level: Exposure, expected: Direction) -> None:
    assert direction(Placement(level=before, role=1), level) is expected


@pytest.mark.parametrize(
    ("before", "level", "expected"),
    [
        (OPEN, CONTROLLED, True),
        (SMALL, CONTROLLED, False),
        (OPEN, OPEN, False),
        (None, CONTROLLED, True),
        (None, OPEN, False),
    ],
)
def test_an_unknown_level_is_taken_for_open(before: Exposure | None, level: Exposure, *, expected: bool) -> None:
    assert may_lower(Placement(level=before, role=1), level) is expected
