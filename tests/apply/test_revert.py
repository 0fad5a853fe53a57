"""The way back of an apply: what it moved goes back to where it was, and nothing else moves."""

import tempfile
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apply.acting import emulated, execute, roles
from exposurectl.apply.receipt import Outcome, Receipt, begin, ended, planned
from exposurectl.apply.revert import plan_back
from exposurectl.config import Limits
from exposurectl.demo.emulator import Emulator
from exposurectl.model import Exposure, Group, Reason, Server
from exposurectl.plan.build import build_plan
from exposurectl.plan.families import resolve
from exposurectl.plan.file import read_plan, write_plan
from exposurectl.plan.limits import guardrails
from exposurectl.plan.model import Cause, Change, Direction, Placement, Plan, Skipped, Unchanged
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
    WEB,
    WEB_CONTROLLED,
    WEB_OPEN,
    WEB_SMALL,
    group,
    group_settings,
    inventory,
    override,
    policy,
    request,
    seen,
    server,
    settings,
    unseen,
)
from plan.worlds import GROUPS, requests

DIGEST = "sha256:receipt"
LATER = AS_OF + timedelta(hours=1)
JOINS = settings(group_settings(joins="web"))
EVIDENCE = (seen("i-open", SSH), seen("i-small"), unseen("i-unseen"))
SERVERS = (
    server(1, "i-open", WEB_CONTROLLED),
    server(2, "i-small", WEB_OPEN),
    server(3, "i-open", DEFAULT),
    server(4, "i-open", WEB_OPEN),
    server(5, "i-unseen", WEB_CONTROLLED),
    server(6, "i-open", LEGACY),
)
"""One to raise, one to lower, one that joins, one that is where it belongs, and two that are left alone."""
FIRST = build_plan(request(*EVIDENCE, servers=SERVERS, settings=JOINS))
BECAUSE = "Plan 1 was applied at 2026-11-23 03:00 UTC by alice, and it goes back to where it was."
NOT_MADE = "Changes of plan 1 that this run did not make"
TOO = "may have made them, so go back on that run's receipt too."


def receipt_of(plan: Plan, outcomes: Mapping[int, Outcome] | None = None, actor: str = "alice") -> Receipt:
    """Return the receipt of an apply that went through, but for what ended otherwise, by server."""
    results = [
        msgspec.structs.replace(planned(one), outcome=(outcomes or {}).get(one.server, Outcome.APPLIED))
        for one in plan.changes
    ]
    return ended(begin(plan, actor=actor, run="", now=AS_OF), results, stopped="", now=AS_OF)


def moved(groups: Sequence[Group], changes: Sequence[Change]) -> tuple[Group, ...]:
    """Return the groups after these changes."""
    roles = {(one.group, one.server): one.after.role for one in changes}
    return tuple(
        msgspec.structs.replace(
            one,
            servers=tuple(
                msgspec.structs.replace(each, role=roles.get((one.name, each.id), each.role)) for each in one.servers
            ),
        )
        for one in groups
    )


def back(*servers: Server, receipt: Receipt | None = None, previous: Plan | None = FIRST, **others: Any) -> Plan:
    """Return the way back of the first plan, with its servers where it put them unless others are given."""
    groups = (group(*servers),) if servers else moved((group(*SERVERS),), FIRST.changes)
    asked = request(
        **{
            "groups": groups,
            "inventory": msgspec.structs.replace(inventory(), digest=DIGEST),
            "settings": JOINS,
            "as_of": LATER,
            "previous": previous,
            **others,
        }
    )
    return plan_back(receipt or receipt_of(FIRST), asked)


def ways(plan: Plan) -> list[tuple[int, Direction, int, int]]:
    return [(one.server, one.direction, one.before.role, one.after.role) for one in plan.changes]


def whys(plan: Plan) -> dict[int | None, str]:
    return {one.server: one.why for one in plan.skipped}


def test_what_was_moved_goes_back_and_is_told_to_be_raised_or_lowered() -> None:
    plan = back()

    assert ways(plan) == [
        (2, Direction.RAISE, WEB_SMALL, WEB_OPEN),
        (1, Direction.LOWER, WEB_OPEN, WEB_CONTROLLED),
    ]
    assert {one.cause for one in plan.changes} == {Cause.REVERTED}
    assert {one.reasons for one in plan.changes} == {(Reason(rule="revert", because=BECAUSE),)}
    assert (plan.summary.raised, plan.summary.join, plan.summary.lower) == (1, 0, 1)
    assert plan.summary.requests == 2 + 2 + 1  # two lists, two moves, and a look before the one that lowers


def test_the_way_back_is_a_plan_like_any_other() -> None:
    plan = back()

    assert read_plan("back.json", write_plan(plan)) == plan
    assert (plan.sequence, plan.previous) == (2, FIRST.digest)
    assert (plan.as_of, plan.expires_at) == (LATER, LATER + timedelta(hours=24))
    assert plan.target == FIRST.target
    assert plan.inputs.snapshot == DIGEST
    assert (plan.applyable, plan.blocked_by) == (True, ())


def test_the_reader_is_told_what_the_plan_rests_on_and_what_comes_next() -> None:
    assert back().warnings == (
        (
            "No evidence was read: this plan only goes back. Plan 1 was applied at 2026-11-23 03:00 UTC by alice "
            f"({FIRST.digest})."
        ),
        (
            "The next ordinary plan proposes the same changes again, unless the policy or the evidence is another "
            "by then: change the policy first."
        ),
        "What it says of servers that it does not move is what plan 1 said of them.",
    )


def test_the_reader_is_told_that_other_plans_came_after() -> None:
    second = build_plan(request(*EVIDENCE, servers=SERVERS, settings=JOINS, previous=FIRST))

    assert back(previous=second).warnings[2:] == (
        "What it says of servers that it does not move is what plan 2 said of them.",
        "Plan 1 is not the last one, which is plan 2: what was moved since stays where it is.",
    )


@pytest.mark.parametrize(
    ("outcomes", "warnings"),
    [
        ({1: Outcome.UNKNOWN, 2: Outcome.GONE}, ()),
        ({1: Outcome.NOOP}, (f"Changes of plan 1 that were there already: 1. Another run of it {TOO}",)),
        *(
            (dict.fromkeys((1, 2), outcome), (f"{NOT_MADE}: 2. A later run of it {TOO}",))
            for outcome in (Outcome.NOT_ATTEMPTED, Outcome.FAILED, Outcome.CONFLICT)
        ),
        (
            {1: Outcome.NOOP, 2: Outcome.NOT_ATTEMPTED, 3: Outcome.FAILED},
            (
                f"Changes of plan 1 that were there already: 1. Another run of it {TOO}",
                f"{NOT_MADE}: 2. A later run of it {TOO}",
            ),
        ),
    ],
)
def test_the_reader_is_told_that_other_runs_of_the_plan_may_have_moved_more(
    outcomes: Mapping[int, Outcome], warnings: tuple[str, ...]
) -> None:
    assert back(receipt=receipt_of(FIRST, outcomes)).warnings[2:-1] == warnings


def test_without_a_previous_plan_it_is_the_first_and_knows_nothing_of_the_others() -> None:
    plan = back(previous=None)

    assert (plan.sequence, plan.previous, len(plan.warnings)) == (1, None, 2)
    assert ways(plan) == ways(back())
    because = "It was not moved by this run of plan 1: a revert leaves it where it is."
    assert [(one.server, one.evidence, one.observed, one.reasons) for one in plan.unchanged] == [
        (number, "", False, (Reason(rule="revert", because=because),)) for number in (4, 5)
    ]
    assert {(one.name, one.account, one.region) for one in plan.unchanged} == {
        ("server-4", "", ""),
        ("server-5", "", ""),
    }
    assert whys(plan)[6] == "not moved by this run of plan 1: a revert leaves it where it is"


def test_nobody_is_named_where_the_actor_is_not_known() -> None:
    (first, *_) = back(receipt=receipt_of(FIRST, actor="")).changes[0].reasons

    assert first.because == "Plan 1 was applied at 2026-11-23 03:00 UTC, and it goes back to where it was."


def test_what_was_not_moved_stays_as_the_previous_plan_has_it() -> None:
    plan = back()

    (unchanged,) = plan.unchanged
    assert unchanged == next(one for one in FIRST.unchanged if one.server == 4)
    assert {one.server: one.why for one in FIRST.skipped if one.server}.items() <= whys(plan).items()
    assert plan.counts == FIRST.counts


def test_a_join_is_not_reverted() -> None:
    assert whys(back())[3] == "joined: it was in the default role, whose level nobody knows; move it by hand"


@pytest.mark.parametrize(
    ("role", "why"),
    [
        (WEB_SMALL, 'moved since: somebody put it into the role "web-small"'),
        (LEGACY, 'moved since: somebody put it into the role "legacy"'),
        (77, 'moved since: somebody put it into the role "id 77"'),
    ],
)
@pytest.mark.parametrize("outcome", [Outcome.APPLIED, Outcome.UNKNOWN])
def test_a_server_that_was_moved_since_is_left_where_it_is(role: int, why: str, outcome: Outcome) -> None:
    plan = back(server(1, "i-open", role), receipt=receipt_of(FIRST, {1: outcome}))

    assert plan.changes == ()
    assert plan.skipped[0] == Skipped(why=why, server=1, name="server-1", group="web-platform", instance="i-open")


@pytest.mark.parametrize("outcome", [Outcome.APPLIED, Outcome.UNKNOWN])
def test_a_server_that_is_back_already_needs_nothing(outcome: Outcome) -> None:
    plan = back(server(1, "i-open", WEB_CONTROLLED), receipt=receipt_of(FIRST, {1: outcome}))

    assert plan.changes == ()
    assert [(one.server, one.placement.level) for one in plan.unchanged] == [(1, CONTROLLED)]


def test_a_server_that_is_back_in_the_default_role_needs_nothing() -> None:
    assert whys(back(server(3, "i-open", DEFAULT)))[3] == "back already: it is in the default role"


def test_of_an_unknown_outcome_the_server_itself_tells() -> None:
    assert ways(back(receipt=receipt_of(FIRST, {1: Outcome.UNKNOWN}))) == ways(back())


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.APPLIED, Outcome.UNKNOWN}, key=str))
def test_what_the_apply_did_not_move_is_not_moved_back(outcome: Outcome) -> None:
    assert [one.server for one in back(receipt=receipt_of(FIRST, {1: outcome})).changes] == [2]


def test_a_server_that_is_gone_is_said_to_be() -> None:
    gone = "gone: FutureVuls has this server no longer"

    plan = back(server(1, "i-open", WEB_OPEN))

    assert [one for one in plan.skipped if one.why == gone] == [
        Skipped(why=gone, server=number, name=f"server-{number}", group="web-platform") for number in (2, 3)
    ]


def family(**roles: str) -> Any:
    names = {Exposure(level): name for level, name in roles.items()}
    return settings(group_settings(families=(msgspec.structs.replace(WEB, roles={**WEB.roles, **names}),)))


@pytest.mark.parametrize(
    ("config", "why"),
    [
        (family(open="legacy"), "unmanaged: no family lists both of its roles any more"),
        (family(controlled="legacy"), "unmanaged: no family lists both of its roles any more"),
        (
            family(open="web-small", small="web-open"),
            "families changed: its roles no longer stand for the levels of the receipt",
        ),
        (
            family(controlled="web-small", small="web-controlled"),
            "families changed: its roles no longer stand for the levels of the receipt",
        ),
    ],
)
def test_a_server_whose_roles_mean_something_else_now_is_left_where_it_is(config: Any, why: str) -> None:
    plan = back(server(1, "i-open", WEB_OPEN), settings=config)

    assert (plan.changes, whys(plan)[1]) == ((), why)


def test_a_server_does_not_change_its_family() -> None:
    roles = (*ROLES, *(msgspec.structs.replace(role, id=role.id + 20, name=f"x-{role.name}") for role in ROLES[1:4]))
    apart = (
        msgspec.structs.replace(WEB, roles={OPEN: "web-open", CONTROLLED: "x-web-controlled", SMALL: "x-web-small"}),
        msgspec.structs.replace(
            WEB, name="x", roles={OPEN: "x-web-open", CONTROLLED: "web-controlled", SMALL: "web-small"}
        ),
    )

    plan = back(
        groups=(group(server(1, "i-open", WEB_OPEN), roles=roles),), settings=settings(group_settings(families=apart))
    )

    assert whys(plan)[1] == "families changed: its roles no longer stand for the levels of the receipt"


def test_lowering_back_needs_the_same_acknowledgement_as_any() -> None:
    strict = msgspec.structs.replace(JOINS, limits=Limits(raise_percent=100))

    plan = back(settings=strict)

    assert [(block.reason, block.acknowledge) for block in plan.blocked_by] == [
        ("guardrail-lower", "--accept-lowering 1")
    ]
    assert plan.applyable


def test_a_percentage_is_of_all_servers_that_the_way_back_manages() -> None:
    many = group(*(server(number, "i-small", WEB_OPEN if number <= 4 else WEB_SMALL) for number in range(1, 21)))
    roomy = msgspec.structs.replace(JOINS, limits=Limits(lower_count=4))
    plan = build_plan(request(*EVIDENCE, groups=(many,), settings=roomy))

    way_back = back(groups=moved((many,), plan.changes), receipt=receipt_of(plan), previous=plan, settings=roomy)

    assert (way_back.summary.raised, way_back.summary.unchanged) == (4, 16)
    assert way_back.blocked_by == ()


def test_what_stops_an_ordinary_plan_does_not_stop_the_way_back() -> None:
    ended_lately = override("old", "i-small", OPEN, AS_OF.date() - timedelta(days=1))

    plan = back(policy=policy(ended_lately))

    assert (plan.applyable, plan.blocked_by) == (True, ())


def test_a_pairing_of_the_config_names_the_instance() -> None:
    paired = settings(group_settings(joins="web", servers={1: "i-paired"}))

    assert {one.server: one.instance for one in back(settings=paired).changes} == {1: "i-paired", 2: "i-small"}


def next_plan(way_back: Plan, *servers: Server, **others: Any) -> Plan:
    """Return the ordinary plan after a revert, of the same evidence."""
    return build_plan(request(*EVIDENCE, servers=servers, previous=way_back, **{"settings": JOINS, **others}))


@pytest.mark.parametrize("previous", [FIRST, None], ids=["after the plan", "without a previous plan"])
@pytest.mark.parametrize(
    "outcomes",
    [{}, {1: Outcome.NOT_ATTEMPTED}, dict.fromkeys((1, 2, 3), Outcome.NOT_ATTEMPTED)],
    ids=["back already", "one not attempted", "none attempted"],
)
def test_what_a_revert_found_where_it_was_at_first_is_proposed_again_because_of_it(
    outcomes: Mapping[int, Outcome], previous: Plan | None
) -> None:
    way_back = back(*SERVERS, receipt=receipt_of(FIRST, outcomes), previous=previous)

    plan = next_plan(way_back, *SERVERS)

    assert way_back.changes == ()
    assert [(one.server, one.cause) for one in plan.changes] == [
        (number, Cause.REVERTED)
        for number in (1, 3, 2)  # one to raise, one that joins, one to lower
    ]


def test_a_server_that_joined_is_not_new_after_a_revert() -> None:
    way_back = back()

    (raised, *_) = next_plan(way_back, server(3, "i-open", WEB_SMALL)).changes

    assert whys(way_back)[3].startswith("joined:")
    assert raised.cause is Cause.REVERTED


@pytest.mark.parametrize("role", [WEB_SMALL, LEGACY])
def test_a_server_that_was_moved_before_a_revert_is_not_new_after_it(role: int) -> None:
    way_back = back(server(1, "i-open", role))

    (raised, *_) = next_plan(way_back, server(1, "i-open", WEB_SMALL)).changes

    assert whys(way_back)[1].startswith("moved since:")
    assert raised.cause is Cause.REVERTED


def test_a_server_whose_roles_meant_something_else_for_a_revert_is_not_new_after_it() -> None:
    swapped = family(open="web-small", small="web-open")
    way_back = back(server(1, "i-open", WEB_OPEN), settings=swapped)

    (raised, *_) = next_plan(way_back, server(1, "i-open", WEB_OPEN), settings=swapped).changes

    assert whys(way_back)[1].startswith("families changed:")
    assert raised.cause is Cause.REVERTED


OUTCOMES = st.dictionaries(st.integers(1, 12), st.sampled_from(Outcome), max_size=4)


def reverting(made: Request, receipt: Receipt, groups: tuple[Group, ...], previous: Plan) -> Request:
    """Return the request for a way back; what was asked before is forgotten but for its policy and settings."""
    nothing = msgspec.structs.replace(inventory(), digest=receipt.plan)
    return msgspec.structs.replace(made, inventory=nothing, groups=groups, previous=previous)


def where(groups: Sequence[Group]) -> dict[tuple[str, int], int]:
    return {(one.name, each.id): each.role for one in groups for each in one.servers}


@given(requests(), OUTCOMES, st.data())
def test_every_server_that_was_applied_is_back_and_nobody_else_moved(
    made: Request, outcomes: Mapping[int, Outcome], data: st.DataObject
) -> None:
    plan = build_plan(made)
    receipt = receipt_of(plan, outcomes)
    done = {(one.group, one.server) for one in receipt.results if one.outcome is Outcome.APPLIED}
    maybe = {(one.group, one.server) for one in receipt.results if one.outcome is Outcome.UNKNOWN}
    happened = done | {key for key in sorted(maybe) if data.draw(st.booleans())}
    after = moved(made.groups, [one for one in plan.changes if (one.group, one.server) in happened])
    edited = data.draw(st.sets(st.sampled_from(sorted(where(after)) or [("", 0)]), max_size=1))
    someone = [(key, data.draw(st.sampled_from([role.id for role in ROLES]))) for key in sorted(edited)]
    now = moved(after, [_edit(name, number, role) for (name, number), role in someone])

    request_back = reverting(made, receipt, now, plan)
    way_back = plan_back(receipt, request_back)
    restored = moved(now, way_back.changes)

    joined = {(one.group, one.server) for one in receipt.results if one.before.level is None}
    for key, role in where(restored).items():
        untouched = key in joined or key not in happened or where(now)[key] != where(after)[key]
        by_hand = key in maybe and where(now)[key] == where(moved(made.groups, plan.changes))[key]
        if not by_hand:  # somebody did what an unknown write may have done; nobody can tell the two apart
            assert role == (where(now) if untouched else where(made.groups))[key]
    again = plan_back(receipt, reverting(made, receipt, restored, way_back))
    assert again.changes == ()
    assert read_plan("back.json", write_plan(way_back)) == way_back


def _edit(name: str, number: int, role: int) -> Change:
    placement = Placement(level=None, role=role)
    return msgspec.structs.replace(FIRST.changes[0], group=name, server=number, after=placement)


@given(requests(), OUTCOMES)
def test_every_change_back_is_what_apply_checks_for(made: Request, outcomes: Mapping[int, Outcome]) -> None:
    plan = build_plan(made)
    receipt = receipt_of(plan, outcomes)
    now = moved(made.groups, plan.changes)

    way_back = plan_back(receipt, reverting(made, receipt, now, plan))

    managed = len(way_back.changes) + len(way_back.unchanged)
    assert way_back.blocked_by == tuple(guardrails(way_back.changes, managed, made.settings.limits))
    for one in now:
        families = resolve(one, next(each for each in made.settings.groups if each.name == one.name))
        for change in way_back.changes:
            if change.group == one.name:
                assert families.placement(change.before.role) == change.before
                assert families.placement(change.after.role) == change.after
                lower = change.after.level is not None and change.before.level is not None
                assert lower
                assert change.direction is not Direction.JOIN
    rows: tuple[Change | Unchanged | Skipped, ...] = (*way_back.changes, *way_back.unchanged, *way_back.skipped)
    assert sorted((each.group, each.server or 0) for each in rows) == sorted(where(now))


@given(requests())
def test_the_emulated_futurevuls_is_as_it_was_before(made: Request) -> None:
    with tempfile.TemporaryDirectory() as name, emulated(*made.groups) as futurevuls:
        there = msgspec.structs.replace(made, settings=msgspec.structs.replace(made.settings, url=futurevuls.url))
        plan = build_plan(there)
        first, second = Path(name, "first"), Path(name, "second")
        first.mkdir()
        second.mkdir()
        before = _everywhere(futurevuls)

        receipt = execute(plan, first).receipt
        way_back = plan_back(receipt, reverting(there, receipt, moved(made.groups, plan.changes), plan))
        finished = execute(way_back, second)

        assert {one.outcome for one in finished.receipt.results} <= {Outcome.APPLIED}
        joined = {(one.group, one.server): one.after.role for one in plan.changes if one.direction is Direction.JOIN}
        assert _everywhere(futurevuls) == before | joined


def _everywhere(futurevuls: Emulator) -> dict[tuple[str, int], int]:
    return {(name, number): role for name in GROUPS for number, role in roles(futurevuls, name).items()}
