"""Where servers are against where the last plan left them: one line a server, one cause a line."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exposurectl.model import FindingStatus, Gap, Group, Role, Server
from exposurectl.plan.build import build_plan
from exposurectl.plan.drift import CAUSES, Drift, Made, Standing, drift_of
from exposurectl.plan.model import Cause, Change, Plan, Unchanged
from exposurectl.plan.request import Request
from plan.building import (
    AS_OF,
    CONTROLLED,
    DEFAULT,
    LEGACY,
    OPEN,
    ROLES,
    SMALL,
    SSH,
    WEB_CONTROLLED,
    WEB_OPEN,
    WEB_SMALL,
    group,
    group_settings,
    inventory,
    override,
    planned,
    policy,
    request,
    resealed,
    seen,
    server,
    settings,
    unseen,
)
from plan.worlds import requests

KEY = ("web-platform", 1)
IN_OPEN = Standing(level=OPEN, role=WEB_OPEN, name="web-open")
IN_CONTROLLED = Standing(level=CONTROLLED, role=WEB_CONTROLLED, name="web-controlled")
IN_SMALL = Standing(level=SMALL, role=WEB_SMALL, name="web-small")
RAISED = planned(seen("i-a", SSH), servers=(server(1, "i-a", WEB_CONTROLLED),))
"""The one server goes from controlled to open."""
SETTLED = planned(seen("i-a", SSH), servers=(server(1, "i-a", WEB_OPEN),))
"""The one server is open, where it belongs."""


def drift(last: Plan, *servers: Server, made: Made | None = None, evidence: Any = None, **others: Any) -> Drift:
    """Return the drift of servers since a plan, a day later; without other evidence it is the same as then."""
    groups = others.pop("groups", (group(*servers),))
    asked = request(
        *(evidence if evidence is not None else (seen("i-a", SSH),)),
        groups=groups,
        previous=last,
        as_of=AS_OF + timedelta(days=1),
        **others,
    )
    outcomes = {} if made is None else {KEY: made}
    return drift_of(last, build_plan(asked), groups, outcomes, receipts=len(outcomes))


def told(found: Drift) -> list[tuple[str, Standing | None, Standing | None, Standing | None]]:
    return [(line.cause, line.left, line.now, line.wanted) for line in found.lines]


def test_nothing_drifts_where_everything_is_as_it_was_left() -> None:
    found = drift(SETTLED, server(1, "i-a", WEB_OPEN))

    assert (found.lines, found.unread, found.unknown, found.is_certain) == ((), (), (), True)
    assert (found.plan, found.sequence, found.environment) == (SETTLED.digest, 1, "production")
    assert (found.planned_at, found.as_of) == (AS_OF, AS_OF + timedelta(days=1))


@pytest.mark.parametrize(
    ("made", "role", "expected"),
    [
        (Made.YES, WEB_OPEN, []),
        (Made.YES, WEB_CONTROLLED, [("edited-remotely", IN_OPEN, IN_CONTROLLED, IN_OPEN)]),
        (Made.YES, WEB_SMALL, [("edited-remotely", IN_OPEN, IN_SMALL, IN_OPEN)]),
        (Made.NO, WEB_CONTROLLED, [("first-plan", IN_CONTROLLED, IN_CONTROLLED, IN_OPEN)]),
        (Made.NO, WEB_OPEN, [("edited-remotely", IN_CONTROLLED, IN_OPEN, IN_OPEN)]),
        (Made.UNKNOWN, WEB_OPEN, []),
        (Made.UNKNOWN, WEB_CONTROLLED, [("first-plan", IN_CONTROLLED, IN_CONTROLLED, IN_OPEN)]),
        (Made.UNKNOWN, WEB_SMALL, [("edited-remotely", IN_OPEN, IN_SMALL, IN_OPEN)]),
        (None, WEB_OPEN, []),
        (None, WEB_CONTROLLED, [("first-plan", IN_CONTROLLED, IN_CONTROLLED, IN_OPEN)]),
        (Made.GONE, WEB_OPEN, []),
        (Made.GONE, WEB_CONTROLLED, [("first-plan", None, IN_CONTROLLED, IN_OPEN)]),
    ],
)
def test_a_change_is_expected_where_apply_left_it(made: Made | None, role: int, expected: list[Any]) -> None:
    assert expected == told(drift(RAISED, server(1, "i-a", role), made=made))


def test_a_server_that_people_moved_to_where_the_policy_puts_it_now_is_drift_all_the_same() -> None:
    found = drift(SETTLED, server(1, "i-a", WEB_SMALL), evidence=(seen("i-a"),))

    assert told(found) == [("edited-remotely", IN_OPEN, IN_SMALL, IN_SMALL)]


def test_a_server_in_a_role_that_no_family_lists_has_a_level_that_nobody_knows() -> None:
    legacy = Standing(level=None, role=LEGACY, name="legacy")

    assert told(drift(SETTLED, server(1, "i-a", LEGACY))) == [("edited-remotely", IN_OPEN, legacy, None)]


def test_a_role_that_nobody_has_the_name_of_is_shown_by_its_id() -> None:
    unnamed = Standing(level=None, role=77, name="id 77")

    assert told(drift(SETTLED, server(1, "i-a", 77))) == [("edited-remotely", IN_OPEN, unnamed, None)]


def test_a_server_is_shown_by_the_name_that_it_has_now() -> None:
    renamed = msgspec.structs.replace(server(1, "i-a", LEGACY), name="renamed")

    assert [line.name for line in drift(SETTLED, renamed).lines] == ["renamed"]


def test_a_role_that_is_gone_keeps_the_name_it_had() -> None:
    roles = (*(role for role in ROLES if role.id != WEB_OPEN), Role(id=50, name="web-open"))
    found = drift(SETTLED, groups=(group(server(1, "i-a", 50), roles=roles),))

    assert told(found) == [("edited-remotely", IN_OPEN, *[Standing(level=OPEN, role=50, name="web-open")] * 2)]


@pytest.mark.parametrize(("last", "made"), [(SETTLED, None), (RAISED, Made.YES), (RAISED, None)])
def test_a_server_that_is_no_longer_there_is_gone(last: Plan, made: Made | None) -> None:
    found = drift(last, made=made)

    assert told(found) == [("gone", IN_OPEN, None, None)]
    assert [(line.server, line.name, line.group, line.instance) for line in found.lines] == [
        (1, "server-1", "web-platform", "i-a")
    ]


def test_a_server_that_apply_did_not_find_is_not_gone_anew() -> None:
    assert drift(RAISED, made=Made.GONE).lines == ()


@pytest.mark.parametrize(
    ("cause", "evidence", "policy_now"),
    [
        (Cause.FINDINGS_CHANGED, seen("i-a"), policy()),
        (Cause.POLICY_CHANGED, seen("i-a", SSH), policy(rules=(), digest="sha256:other")),
        (
            Cause.OVERRIDE_CHANGED,
            seen("i-a", SSH),
            policy(override("o", "i-a", SMALL, (AS_OF + timedelta(days=9)).date()), digest="sha256:other"),
        ),
    ],
)
def test_what_should_be_done_now_has_the_cause_that_a_plan_gives_it(
    cause: Cause, evidence: Any, policy_now: Any
) -> None:
    found = drift(SETTLED, server(1, "i-a", WEB_OPEN), evidence=(evidence,), policy=policy_now)

    assert [cause.value] == [line.cause for line in found.lines]
    assert [line.now for line in found.lines] == [IN_OPEN]


def test_an_override_that_expired_is_drift() -> None:
    agreed = policy(override("o", "i-a", SMALL, AS_OF.date()))
    last = planned(seen("i-a", SSH), servers=(server(1, "i-a", WEB_SMALL),), policy=agreed)

    found = drift(last, server(1, "i-a", WEB_SMALL), policy=agreed)

    assert told(found) == [("override-expired", IN_SMALL, IN_SMALL, IN_OPEN)]


def test_a_new_server_is_drift_where_it_is_not_yet_where_it_belongs() -> None:
    joins = settings(group_settings(joins="web"))
    servers = (server(1, "i-a", WEB_OPEN), server(2, "i-a", DEFAULT), server(3, "i-a", WEB_OPEN))

    found = drift(SETTLED, *servers, settings=joins)

    assert told(found) == [("new-server", None, Standing(level=None, role=DEFAULT, name="default"), IN_OPEN)]


def test_what_a_revert_put_back_and_the_policy_still_wants_is_reverted() -> None:
    back = msgspec.structs.replace(
        RAISED.changes[0], cause=Cause.REVERTED, before=RAISED.changes[0].after, after=RAISED.changes[0].before
    )
    last = resealed(RAISED, changes=(back,))

    found = drift(last, server(1, "i-a", WEB_CONTROLLED), made=Made.YES)

    assert told(found) == [("reverted", IN_CONTROLLED, IN_CONTROLLED, IN_OPEN)]
    assert found.receipts == 1


def test_what_a_revert_put_back_is_reverted_whatever_the_plan_of_now_is_compared_with() -> None:
    back = msgspec.structs.replace(
        RAISED.changes[0], cause=Cause.REVERTED, before=RAISED.changes[0].after, after=RAISED.changes[0].before
    )
    now = (group(server(1, "i-a", WEB_CONTROLLED)),)

    found = drift_of(
        resealed(RAISED, changes=(back,)), planned(seen("i-a", SSH), groups=now), now, {KEY: Made.YES}, receipts=1
    )

    assert told(found) == [("reverted", IN_CONTROLLED, IN_CONTROLLED, IN_OPEN)]


def test_a_server_that_nothing_vouches_for_any_more_is_unknown() -> None:
    found = drift(SETTLED, server(1, "i-a", WEB_OPEN), evidence=(unseen("i-a"),))

    assert found.lines == ()
    assert [(one.server, one.why) for one in found.unknown] == [(1, "unobserved: EC2_INSTANCE_STOPPED")]
    assert not found.is_certain


def test_a_server_that_was_moved_is_told_once_although_nothing_vouches_for_it() -> None:
    found = drift(SETTLED, server(1, "i-a", WEB_SMALL), evidence=())

    assert told(found) == [("edited-remotely", IN_OPEN, IN_SMALL, None)]
    assert found.unknown == ()


def test_a_server_that_the_plan_left_alone_is_not_unknown_anew() -> None:
    last = planned(unseen("i-a"), servers=(server(1, "i-a", WEB_OPEN),))

    found = drift(last, server(1, "i-a", WEB_SMALL), evidence=(unseen("i-a"), unseen("i-no-server")))

    assert (found.lines, found.unknown, found.is_certain) == ((), (), True)


def test_a_lowering_that_waits_for_the_path_to_stay_closed_is_not_unknown() -> None:
    closed = seen("i-a", findings=(msgspec.structs.replace(seen("i-a", SSH).findings[0], status=FindingStatus.CLOSED),))

    found = drift(SETTLED, server(1, "i-a", WEB_OPEN), evidence=(closed,))

    assert (found.lines, found.unknown) == ((), ())


def test_evidence_that_could_not_be_read_leaves_no_certainty() -> None:
    gap = Gap(account="111122223333", region="us-east-1", why="ACCESS_DENIED")

    found = drift(SETTLED, server(1, "i-a", WEB_OPEN), inventory=inventory(seen("i-a", SSH), gaps=(gap,)))

    assert found.lines == ()
    assert found.unread == ("111122223333 us-east-1 could not be read: ACCESS_DENIED.",)
    assert not found.is_certain


def test_lines_are_sorted_by_cause_then_group_then_server() -> None:
    evidence = (seen("i-a", SSH), seen("i-b"))
    last = planned(*evidence, servers=tuple(server(n, "i-a", WEB_OPEN) for n in (5, 4, 3, 2)))

    found = drift(
        last,
        *(server(9, "i-b", WEB_OPEN), server(5, "i-a", WEB_SMALL), server(4, "i-a", WEB_OPEN)),
        server(3, "i-a", WEB_SMALL),
        evidence=evidence,
    )

    assert [(line.cause, line.server) for line in found.lines] == [
        ("edited-remotely", 3),
        ("edited-remotely", 5),
        ("gone", 2),
        ("new-server", 9),
    ]


def test_every_cause_of_a_plan_is_a_cause_of_drift() -> None:
    assert {cause.value for cause in Cause} | {"gone"} == set(CAUSES)
    assert len(CAUSES) == len(set(CAUSES))


def applied(plan: Plan, groups: tuple[Group, ...]) -> tuple[Group, ...]:
    """Return the groups after the plan's changes."""
    roles = {(change.group, change.server): change.after.role for change in plan.changes}

    def moved(name: str, one: Server) -> Server:
        return msgspec.structs.replace(one, role=roles.get((name, one.id), one.role))

    return tuple(
        Group(name=one.name, servers=tuple(moved(one.name, each) for each in one.servers), roles=one.roles)
        for one in groups
    )


@given(requests())
def test_a_plan_that_was_just_applied_has_not_drifted(made: Request) -> None:
    plan = build_plan(made)
    groups = applied(plan, made.groups)
    fresh = build_plan(msgspec.structs.replace(made, groups=groups, previous=plan))

    for told_of in ({(one.group, one.server): Made.YES for one in plan.changes}, {}):
        assert drift_of(plan, fresh, groups, told_of, receipts=1).lines == ()


@given(requests(), st.data())
def test_every_server_that_is_elsewhere_has_exactly_one_line(made: Request, data: st.DataObject) -> None:
    plan = build_plan(made)
    left = applied(plan, made.groups)
    edits = {
        (one.name, each.id): data.draw(st.sampled_from([*(role.id for role in ROLES), 0]))
        for one in left
        for each in one.servers
    }
    now = tuple(
        Group(
            name=one.name,
            servers=tuple(
                msgspec.structs.replace(each, role=edits[one.name, each.id])
                for each in one.servers
                if edits[one.name, each.id]
            ),
            roles=one.roles,
        )
        for one in left
    )
    fresh = build_plan(msgspec.structs.replace(made, groups=now, previous=plan))
    placed: tuple[Change | Unchanged, ...] = (*plan.unchanged, *plan.changes)
    rows = {(row.group, row.server): row for row in placed}

    found = drift_of(plan, fresh, now, dict.fromkeys(rows, Made.YES), receipts=1)

    lines = {(line.group, line.server): line for line in found.lines}
    assert len(lines) == len(found.lines)
    for key, row in rows.items():
        role = row.after.role if isinstance(row, Change) else row.placement.role
        cause = lines[key].cause if key in lines else ""
        assert (cause == "gone") == (edits[key] == 0)
        assert (cause == "edited-remotely") == (edits[key] not in {0, role})
    assert {(one.group, one.server) for one in fresh.changes} <= lines.keys()
    assert all((one.group, one.server) not in lines for one in found.unknown)
