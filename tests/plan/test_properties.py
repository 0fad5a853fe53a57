"""What holds of every plan, whatever it is made from."""

from collections import Counter

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from exposurectl.model import Exposure
from exposurectl.plan.build import build_plan
from exposurectl.plan.compare import direction
from exposurectl.plan.file import read_plan, seal, write_plan
from exposurectl.plan.limits import guardrails, lowers
from exposurectl.plan.model import Change, Direction, Plan, Skipped, Unchanged
from exposurectl.plan.request import Request
from plan.worlds import degraded, reordered, requests

Key = tuple[str, int]
Row = Change | Unchanged | Skipped


def changes_of(plan: Plan) -> dict[Key, Change]:
    return {(change.group, change.server): change for change in plan.changes}


def levels_now(made: Request, plan: Plan) -> dict[Key, Exposure | None]:
    """Return the level that each server of the plan's groups has before it is applied."""
    level_of = {(group.name, role.id): role.level for group in plan.target.groups for role in group.roles}
    return {
        (group.name, server.id): level_of.get((group.name, server.role))
        for group in made.groups
        for server in group.servers
    }


@given(requests())
def test_a_plan_that_was_written_is_read_back_the_same(made: Request) -> None:
    plan = build_plan(made)

    assert read_plan("plan.json", write_plan(plan)) == plan


@given(requests())
def test_a_plan_is_sealed(made: Request) -> None:
    plan = build_plan(made)

    assert seal(plan) == plan


@given(requests(), st.data())
def test_the_order_of_the_input_never_changes_a_byte(made: Request, data: st.DataObject) -> None:
    turned = data.draw(reordered(made))

    assert write_plan(build_plan(turned)) == write_plan(build_plan(made))


@given(requests())
def test_every_server_of_every_group_stands_in_the_plan_exactly_once(made: Request) -> None:
    plan = build_plan(made)

    rows: list[Row] = [*plan.changes, *plan.unchanged, *(one for one in plan.skipped if one.server is not None)]
    assert Counter((row.group, row.server) for row in rows) == Counter(
        (group.name, server.id) for group in made.groups for server in group.servers
    )


@given(requests())
def test_every_instance_stands_in_the_plan(made: Request) -> None:
    plan = build_plan(made)

    rows: list[Row] = [*plan.changes, *plan.unchanged, *plan.skipped]
    named = {row.instance for row in rows}
    assert {evidence.instance.id for evidence in made.inventory.evidence} <= named


@given(requests())
def test_the_numbers_of_the_summary_add_up(made: Request) -> None:
    plan = build_plan(made)

    directions = Counter(change.direction for change in plan.changes)
    said = plan.summary
    assert (said.raised, said.join, said.lower) == tuple(directions[one] for one in Direction)
    assert said.raised + said.join + said.lower == len(plan.changes)
    assert (said.unchanged, said.skipped) == (len(plan.unchanged), len(plan.skipped))
    looks = sum(map(lowers, plan.changes))
    assert said.requests == len(plan.changes) + looks + 2 * len({change.group for change in plan.changes})


@given(requests())
def test_a_change_leads_from_where_the_server_is_to_another_level_of_a_pinned_role(made: Request) -> None:
    plan = build_plan(made)

    now = levels_now(made, plan)
    pinned = {(group.name, role.id): role.level for group in plan.target.groups for role in group.roles}
    for key, change in changes_of(plan).items():
        assert change.before.level is now[key]
        assert change.after.level is pinned[change.group, change.after.role]
        assert change.before.level is not change.after.level
        assert change.direction is direction(change.before, change.after.level)


@given(requests())
def test_changes_are_in_the_order_in_which_they_are_made(made: Request) -> None:
    plan = build_plan(made)

    order = [(list(Direction).index(change.direction), change.group, change.server) for change in plan.changes]
    assert order == sorted(order)


@given(requests())
def test_a_plan_is_applyable_unless_something_blocks_it(made: Request) -> None:
    plan = build_plan(made)

    managed = len(plan.changes) + len(plan.unchanged)
    blocks = set(guardrails(plan.changes, managed, made.settings.limits))
    assert plan.applyable is (plan.blocked_by == ())
    assert blocks <= set(plan.blocked_by)
    assert ("evidence-incomplete" in {block.reason for block in plan.blocked_by}) is bool(made.inventory.gaps)


@given(requests())
def test_a_plan_after_its_changes_were_made_has_none(made: Request) -> None:
    first = changes_of(build_plan(made))

    groups = tuple(
        msgspec.structs.replace(
            group,
            servers=tuple(
                msgspec.structs.replace(server, role=first[group.name, server.id].after.role)
                if (group.name, server.id) in first
                else server
                for server in group.servers
            ),
        )
        for group in made.groups
    )

    assert build_plan(msgspec.structs.replace(made, groups=groups)).changes == ()


@given(requests(gaps=False), st.data())
def test_missing_evidence_lowers_no_server(made: Request, data: st.DataObject) -> None:
    """
    P4. Policy: `unobserved: leave`. Evidence goes missing as the readers report it; see `degraded`.

    A server of an instance that misses evidence is never planned below where it is now, nor to join below open. A
    server of any other instance has the very line that it has by the whole evidence.
    """
    poorer, lost = data.draw(degraded(made))

    whole, plan = build_plan(made), build_plan(poorer)

    now = levels_now(made, plan)
    for key, change in changes_of(plan).items():
        if change.instance in lost:
            assert change.after.level is not None
            assert change.after.level >= (now[key] or Exposure.OPEN)
        else:
            assert changes_of(whole)[key] == change
    assert {row for row in whole.unchanged if row.instance not in lost} <= set(plan.unchanged)
    assert plan.summary.lower <= whole.summary.lower


@given(requests(gaps=False), st.data())
def test_missing_evidence_of_the_previous_plan_changes_causes_only(made: Request, data: st.DataObject) -> None:
    poorer, _ = data.draw(degraded(made))

    whole = build_plan(made)
    after_poorer = build_plan(msgspec.structs.replace(made, previous=build_plan(poorer)))

    assert [(one.group, one.server, one.after) for one in after_poorer.changes] == [
        (one.group, one.server, one.after) for one in whole.changes
    ]
