"""The one cause of each change, judged by two plans one after the other."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from exposurectl.model import Evidence, PortRange
from exposurectl.plan.cause import GOES_BACK
from exposurectl.plan.model import Cause, Plan, Skipped
from exposurectl.policy.model import Policy
from plan.building import (
    AS_OF,
    CONTROLLED,
    DEFAULT,
    HTTPS,
    INTERNET_SSH,
    LEGACY,
    OPEN,
    SSH,
    WEB_CONTROLLED,
    WEB_OPEN,
    WEB_SMALL,
    finding,
    group_settings,
    override,
    planned,
    policy,
    resealed,
    seen,
    server,
    settings,
    the_change,
    unseen,
)

TODAY = AS_OF.date()
LATER = TODAY + timedelta(days=90)


def plan_of(evidence: Evidence, role: int, previous: Plan | None = None, **others: Any) -> Plan:
    """Return a plan for the one server of an instance, a day after the previous one."""
    as_of = previous.as_of + timedelta(days=1) if previous else AS_OF
    return planned(evidence, servers=(server(1, "i-a", role),), previous=previous, as_of=as_of, **others)


def cause_of(plan: Plan) -> Cause:
    return the_change(plan).cause


def agreed(*ports: int, expires: date = LATER) -> Policy:
    return policy(override("agreed", "i-a", CONTROLLED, expires, *ports), digest="sha256:with-override")


def changed(policy: Policy) -> Policy:
    return msgspec.structs.replace(policy, digest="sha256:changed")


def test_a_change_of_the_first_plan_has_no_other_cause() -> None:
    assert cause_of(plan_of(seen("i-a", SSH), WEB_SMALL)) is Cause.FIRST_PLAN


def test_a_server_that_the_previous_plan_did_not_know_is_new() -> None:
    empty = planned()

    assert cause_of(plan_of(seen("i-a", SSH), WEB_SMALL, empty)) is Cause.NEW_SERVER


def test_a_server_of_the_same_number_in_another_group_is_new() -> None:
    elsewhere = planned(seen("i-a", SSH), servers=(server(1, "i-a", WEB_OPEN),))
    renamed = tuple(msgspec.structs.replace(row, group="other") for row in elsewhere.unchanged)
    previous = msgspec.structs.replace(elsewhere, unchanged=renamed)

    assert cause_of(plan_of(seen("i-a", SSH), WEB_SMALL, previous)) is Cause.NEW_SERVER


def test_a_new_path_is_changed_findings() -> None:
    previous = plan_of(seen("i-a"), WEB_SMALL)

    assert cause_of(plan_of(seen("i-a", SSH), WEB_SMALL, previous)) is Cause.FINDINGS_CHANGED


def test_a_path_that_is_gone_is_changed_findings() -> None:
    previous = plan_of(seen("i-a", SSH), WEB_OPEN)

    assert cause_of(plan_of(seen("i-a"), WEB_OPEN, previous)) is Cause.FINDINGS_CHANGED


def test_a_path_that_admits_more_than_it_did_is_changed_findings() -> None:
    wider = seen("i-a", findings=(msgspec.structs.replace(finding("i-a", HTTPS), ports=PortRange(SSH, HTTPS)),))
    previous = plan_of(seen("i-a", HTTPS), WEB_CONTROLLED)

    plan = plan_of(wider, WEB_CONTROLLED, previous)

    assert previous.changes == ()
    assert cause_of(plan) is Cause.FINDINGS_CHANGED


def test_a_new_path_under_a_changed_policy_is_changed_findings_where_it_decides() -> None:
    previous = plan_of(seen("i-a"), WEB_SMALL)

    plan = plan_of(seen("i-a", SSH), WEB_SMALL, previous, policy=changed(policy()))

    assert cause_of(plan) is Cause.FINDINGS_CHANGED


def test_a_rule_that_decides_otherwise_is_a_changed_policy() -> None:
    previous = plan_of(seen("i-a", SSH), WEB_OPEN)

    plan = plan_of(seen("i-a", SSH), WEB_OPEN, previous, policy=policy(rules=(), digest="sha256:other"))

    assert cause_of(plan) is Cause.POLICY_CHANGED


def test_a_rule_that_decides_otherwise_is_a_changed_policy_although_an_idle_path_came_too() -> None:
    controlled = (msgspec.structs.replace(INTERNET_SSH, level=CONTROLLED),)
    previous = plan_of(seen("i-a", SSH), WEB_CONTROLLED, policy=policy(rules=controlled, digest="sha256:other"))

    plan = plan_of(seen("i-a", SSH, HTTPS), WEB_CONTROLLED, previous)

    assert cause_of(plan) is Cause.POLICY_CHANGED


def test_settings_that_decide_otherwise_count_as_the_policy() -> None:
    previous = plan_of(seen("i-a", SSH), WEB_OPEN)

    plan = plan_of(seen("i-a", SSH), WEB_OPEN, previous, policy=policy(rules=()))

    assert cause_of(plan) is Cause.POLICY_CHANGED


def test_an_instance_that_inspector_no_longer_vouches_for_is_changed_coverage() -> None:
    previous = plan_of(seen("i-a"), WEB_SMALL)

    assert cause_of(plan_of(unseen("i-a", SSH), WEB_SMALL, previous)) is Cause.COVERAGE_CHANGED


def test_an_instance_that_inspector_vouches_for_again_is_changed_coverage() -> None:
    previous = plan_of(unseen("i-a", SSH), WEB_OPEN)

    assert cause_of(plan_of(seen("i-a", HTTPS), WEB_OPEN, previous)) is Cause.COVERAGE_CHANGED


@pytest.mark.parametrize("before", [unseen("i-a"), unseen("i-a", HTTPS)], ids=["left alone", "never lowered"])
def test_a_server_that_was_skipped_as_unobserved_has_changed_coverage(before: Evidence) -> None:
    previous = plan_of(before, WEB_OPEN)

    plan = plan_of(seen("i-a", HTTPS), WEB_OPEN, previous)

    assert previous.changes == ()
    assert cause_of(plan) is Cause.COVERAGE_CHANGED


def test_a_server_that_was_held_has_changed_findings() -> None:
    closed = seen("i-a", findings=(finding("i-a", SSH, closed=timedelta(days=6, hours=1)),))
    previous = plan_of(closed, WEB_OPEN)

    plan = plan_of(closed, WEB_OPEN, previous)

    assert previous.changes == ()
    assert cause_of(plan) is Cause.FINDINGS_CHANGED


def test_a_server_that_was_not_managed_is_new() -> None:
    previous = plan_of(seen("i-a", SSH), LEGACY)

    assert cause_of(plan_of(seen("i-a", SSH), WEB_SMALL, previous)) is Cause.NEW_SERVER


def test_a_new_override_is_a_changed_override() -> None:
    previous = plan_of(seen("i-a", SSH), WEB_OPEN)

    assert cause_of(plan_of(seen("i-a", SSH), WEB_OPEN, previous, policy=agreed())) is Cause.OVERRIDE_CHANGED


def test_a_deleted_override_is_a_changed_override() -> None:
    previous = plan_of(seen("i-a", SSH), WEB_CONTROLLED, policy=agreed())

    assert cause_of(plan_of(seen("i-a", SSH), WEB_CONTROLLED, previous)) is Cause.OVERRIDE_CHANGED


def test_an_override_with_another_level_is_a_changed_override() -> None:
    raised = policy(override("agreed", "i-a", OPEN, LATER), digest="sha256:raised")
    previous = plan_of(seen("i-a"), WEB_CONTROLLED, policy=agreed())

    assert cause_of(plan_of(seen("i-a"), WEB_CONTROLLED, previous, policy=raised)) is Cause.OVERRIDE_CHANGED


def test_an_override_past_its_last_day_is_an_expired_override() -> None:
    previous = plan_of(seen("i-a", SSH), WEB_CONTROLLED, policy=agreed(expires=TODAY))

    plan = plan_of(seen("i-a", SSH), WEB_CONTROLLED, previous, policy=agreed(expires=TODAY))

    assert previous.changes == ()
    assert cause_of(plan) is Cause.OVERRIDE_EXPIRED


def test_a_new_path_beside_an_override_is_changed_findings() -> None:
    previous = plan_of(seen("i-a", HTTPS), WEB_CONTROLLED, policy=agreed(HTTPS))

    plan = plan_of(seen("i-a", HTTPS, SSH), WEB_CONTROLLED, previous, policy=agreed(HTTPS))

    assert previous.changes == ()
    assert [reason.override for reason in previous.unchanged[0].reasons] == [True]
    assert cause_of(plan) is Cause.FINDINGS_CHANGED


def test_a_server_that_somebody_moved_was_edited_remotely() -> None:
    previous = plan_of(seen("i-a", SSH), WEB_OPEN)

    assert cause_of(plan_of(seen("i-a", SSH), WEB_SMALL, previous)) is Cause.EDITED_REMOTELY


def test_a_server_that_somebody_moved_elsewhere_than_planned_was_edited_remotely() -> None:
    previous = plan_of(seen("i-a", SSH), WEB_CONTROLLED)

    assert cause_of(plan_of(seen("i-a", SSH), WEB_SMALL, previous)) is Cause.EDITED_REMOTELY


def test_a_change_that_was_applied_and_undone_by_hand_later_was_edited_remotely() -> None:
    first = plan_of(seen("i-a", SSH), WEB_SMALL)
    second = plan_of(seen("i-a", SSH), WEB_OPEN, first)

    assert second.changes == ()
    assert cause_of(plan_of(seen("i-a", SSH), WEB_SMALL, second)) is Cause.EDITED_REMOTELY


@pytest.mark.parametrize("plans", [1, 2, 3])
def test_a_change_that_nobody_made_keeps_its_cause(plans: int) -> None:
    previous = plan_of(seen("i-a"), WEB_SMALL)

    for _ in range(plans):
        previous = plan_of(seen("i-a", SSH), WEB_SMALL, previous)

    assert cause_of(previous) is Cause.FINDINGS_CHANGED


def test_a_change_that_nobody_made_and_that_leads_elsewhere_now_has_a_cause_of_its_own() -> None:
    previous = plan_of(seen("i-a", HTTPS), WEB_SMALL)

    plan = plan_of(unseen("i-a", SSH), WEB_SMALL, previous)

    assert cause_of(previous) is Cause.FIRST_PLAN
    assert cause_of(plan) is Cause.COVERAGE_CHANGED


def test_every_cause_occurs_here() -> None:
    words = {"first-plan", "new-server", "policy-changed", "findings-changed", "coverage-changed"}

    more = {"override-changed", "override-expired", "edited-remotely"}
    assert {cause.value for cause in Cause} == words | more | {"reverted"}  # the last is of no comparison


def test_a_server_that_joins_has_a_cause_as_any_other() -> None:
    joining = settings(group_settings(joins="web"))
    previous = planned(seen("i-a", SSH), settings=joining)

    assert cause_of(plan_of(seen("i-a", SSH), DEFAULT, previous, settings=joining)) is Cause.NEW_SERVER


def test_a_change_that_a_revert_proposed_and_that_is_decided_otherwise_now_is_still_the_reverts() -> None:
    first = planned(seen("i-a", SSH), servers=(server(1, "i-a", WEB_SMALL),))
    back = resealed(first, changes=(msgspec.structs.replace(the_change(first), cause=Cause.REVERTED),))

    assert cause_of(plan_of(seen("i-a"), WEB_CONTROLLED, back)) is Cause.REVERTED


def reverted(plan: Plan, evidence: str | None = None) -> Plan:
    """Return the plan as a revert has it that left its one server in the role for controlled."""
    (row,) = plan.unchanged
    known = row.evidence if evidence is None else evidence
    placement = msgspec.structs.replace(row.placement, level=CONTROLLED, role=WEB_CONTROLLED)
    left = msgspec.structs.replace(row, placement=placement, evidence=known, observed=bool(known))
    return resealed(plan, unchanged=(left,), warnings=(f"{GOES_BACK} Plan 1 was applied.",))


def test_a_server_that_a_revert_left_where_no_policy_puts_it_is_the_reverts() -> None:
    previous = reverted(plan_of(seen("i-a", SSH), WEB_OPEN))

    assert cause_of(plan_of(seen("i-a", SSH), WEB_CONTROLLED, previous)) is Cause.REVERTED


def test_what_a_revert_does_not_know_has_not_changed_since() -> None:
    previous = reverted(plan_of(seen("i-a", SSH), WEB_OPEN), evidence="")

    assert cause_of(plan_of(seen("i-a", SSH), WEB_CONTROLLED, previous)) is Cause.REVERTED


def test_another_policy_after_a_revert_is_a_changed_policy() -> None:
    previous = reverted(plan_of(seen("i-a", SSH), WEB_OPEN))

    plan = plan_of(seen("i-a", SSH), WEB_CONTROLLED, previous, policy=changed(policy()))

    assert cause_of(plan) is Cause.POLICY_CHANGED


@pytest.mark.parametrize(
    ("evidence", "cause"),
    [(seen("i-a", SSH, HTTPS), Cause.FINDINGS_CHANGED), (unseen("i-a", SSH), Cause.COVERAGE_CHANGED)],
)
def test_other_evidence_after_a_revert_is_the_cause(evidence: Evidence, cause: Cause) -> None:
    previous = reverted(plan_of(seen("i-a", SSH), WEB_OPEN))

    assert cause_of(plan_of(evidence, WEB_CONTROLLED, previous)) is cause


def test_an_override_past_its_last_day_is_the_cause_after_a_revert_too() -> None:
    raised = policy(override("agreed", "i-a", OPEN, TODAY), digest="sha256:raised")
    previous = reverted(plan_of(seen("i-a"), WEB_OPEN, policy=raised))

    assert cause_of(plan_of(seen("i-a"), WEB_CONTROLLED, previous, policy=raised)) is Cause.OVERRIDE_EXPIRED


def skipped_by(why: str, *warnings: str) -> Plan:
    skipped = Skipped(why=why, server=1, name="server-1", group="web-platform", instance="i-a")
    return resealed(planned(), skipped=(skipped,), warnings=warnings)


OF_A_REVERT = ["back already: x", "families changed: x", "joined: x", "moved since: x", "not moved by this run: x"]


@pytest.mark.parametrize("why", OF_A_REVERT)
def test_a_server_that_a_revert_left_without_a_level_is_the_reverts(why: str) -> None:
    previous = skipped_by(why, GOES_BACK)

    assert cause_of(plan_of(seen("i-a", SSH), WEB_SMALL, previous)) is Cause.REVERTED


@pytest.mark.parametrize(
    ("why", "cause"),
    [
        ("", Cause.NEW_SERVER),
        ("gone: FutureVuls has this server no longer", Cause.NEW_SERVER),
        ("unmanaged: x", Cause.NEW_SERVER),
        ("held until then: x", Cause.FINDINGS_CHANGED),
        ("unobserved: x", Cause.COVERAGE_CHANGED),
    ],
)
def test_what_a_revert_repeats_of_the_plan_before_means_the_same(why: str, cause: Cause) -> None:
    assert cause_of(plan_of(seen("i-a", SSH), WEB_SMALL, skipped_by(why, GOES_BACK))) is cause


def test_another_policy_finds_a_server_new_that_a_revert_left_without_a_level() -> None:
    previous = skipped_by("joined: x", GOES_BACK)

    plan = plan_of(seen("i-a", SSH), WEB_SMALL, previous, policy=changed(policy()))

    assert cause_of(plan) is Cause.NEW_SERVER


@pytest.mark.parametrize("warnings", [(), ("Something else.",), ("Something else.", GOES_BACK)])
def test_only_a_revert_leaves_servers_as_a_revert_does(warnings: tuple[str, ...]) -> None:
    previous = skipped_by("joined: x", *warnings)

    assert cause_of(plan_of(seen("i-a", SSH), WEB_SMALL, previous)) is Cause.NEW_SERVER
