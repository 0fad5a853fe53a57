"""What must hold before the first write: each refusal has its own reason and exit code."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from apply.acting import URL, USUAL, WEB, emulated, execute, plan_for, settings_for
from exposurectl.apply.checks import ALLOWED_SKEW, MOST_CHANGES, Newest, check_plan
from exposurectl.apply.presence import check_roles, check_skew
from exposurectl.apply.receipt import Approval
from exposurectl.config import Limits, Settings
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError
from exposurectl.model import Group, Role
from exposurectl.plan.model import Block, Direction, Placement, Plan, Summary
from exposurectl.targets.skew import MOST_SKEW
from plan.building import (
    AS_OF,
    CONTROLLED,
    OPEN,
    ROLES,
    SMALL,
    WEB_CONTROLLED,
    WEB_OPEN,
    WEB_SMALL,
    group,
    resealed,
    server,
)

replace = msgspec.structs.replace
PLAN = plan_for()
SECOND = timedelta(seconds=1)


def passes(
    plan: Plan,
    settings: Settings | None = None,
    now: datetime = AS_OF,
    *,
    approval: Approval = Approval(),  # noqa: B008 - it is frozen
    newest: Newest | None = None,
) -> None:
    check_plan(plan, settings or settings_for(), approval, newest, now)


def refused(
    plan: Plan,
    settings: Settings | None = None,
    now: datetime = AS_OF,
    *,
    approval: Approval = Approval(),  # noqa: B008 - it is frozen
    newest: Newest | None = None,
) -> ExposurectlError:
    with pytest.raises(ExposurectlError) as caught:
        passes(plan, settings, now, approval=approval, newest=newest)
    return caught.value


def with_change(plan: Plan, index: int, **changes: object) -> Plan:
    changed = replace(plan.changes[index], **changes)
    return resealed(plan, changes=(*plan.changes[:index], changed, *plan.changes[index + 1 :]))


def test_a_plan_for_here_and_now_passes() -> None:
    passes(PLAN, settings_for(), AS_OF)


def test_a_plan_without_changes_passes() -> None:
    nothing = Summary(raised=0, join=0, lower=0, unchanged=0, skipped=0, requests=0, minutes=0)

    passes(resealed(PLAN, changes=(), summary=nothing), settings_for(), AS_OF)


def test_a_blocked_plan_is_stopped_with_the_reason_of_its_first_block() -> None:
    blocks = (Block(reason="evidence-incomplete", detail="One."), Block(reason="override-expired", detail="Two."))

    error = refused(resealed(PLAN, applyable=False, blocked_by=blocks))

    assert (error.exit_code, error.reason) == (Exit.BLOCKED, "evidence-incomplete")
    assert error.problems == (
        Diagnostic(summary="Plan cannot be applied", detail="One. (evidence-incomplete)"),
        Diagnostic(summary="Plan cannot be applied", detail="Two. (override-expired)"),
    )


def test_a_plan_with_blocks_that_says_it_can_be_applied_is_stopped() -> None:
    error = refused(resealed(PLAN, blocked_by=(Block(reason="guardrail-raise", detail="Too many."),)))

    assert (error.exit_code, error.reason) == (Exit.BLOCKED, "guardrail-raise")


def test_a_plan_that_cannot_be_applied_and_does_not_say_why_is_stopped() -> None:
    error = refused(resealed(PLAN, applyable=False))

    assert (error.exit_code, error.reason) == (Exit.BLOCKED, "not-applyable")
    assert error.problems == (Diagnostic(summary="Plan cannot be applied", detail="It says so itself."),)


def test_a_plan_is_valid_to_its_last_second() -> None:
    passes(PLAN, settings_for(), PLAN.expires_at - SECOND)


@pytest.mark.parametrize("late", [timedelta(0), SECOND, timedelta(days=400)])
def test_an_expired_plan_is_refused(late: timedelta) -> None:
    error = refused(PLAN, now=PLAN.expires_at + late)

    assert (error.exit_code, error.reason) == (Exit.REFUSED, "plan-expired")


def test_an_expired_plan_is_refused_with_both_times() -> None:
    assert refused(PLAN, now=PLAN.expires_at).problems == (
        Diagnostic(
            summary="Plan expired",
            detail="It was valid until 2026-11-24 03:00 UTC, and it is 2026-11-24 03:00.",
            hint="make a new plan from fresh evidence",
        ),
    )


@pytest.mark.parametrize("early", [timedelta(0), SECOND, ALLOWED_SKEW])
def test_a_clock_a_little_behind_does_no_harm(early: timedelta) -> None:
    passes(PLAN, settings_for(), PLAN.as_of - early)


def test_the_allowed_skew_is_five_minutes() -> None:
    assert timedelta(minutes=5) == ALLOWED_SKEW


def test_a_plan_from_the_future_is_refused() -> None:
    error = refused(PLAN, now=PLAN.as_of - ALLOWED_SKEW - SECOND)

    assert (error.exit_code, error.reason) == (Exit.REFUSED, "plan-from-future")
    assert error.problems == (
        Diagnostic(
            summary="Plan from the future",
            detail="It is as of 2026-11-23 03:00 UTC, and it is only 2026-11-23 02:54.",
            hint="set this machine's clock",
        ),
    )


def test_a_plan_from_the_end_of_time_is_refused_like_any_other() -> None:
    assert refused(resealed(PLAN, as_of=datetime.max.replace(tzinfo=UTC))).reason == "plan-from-future"


ANOTHER_CONFIG = "name its config with --config"


@pytest.mark.parametrize(
    ("settings", "summary", "detail"),
    [
        (
            settings_for("https://other.example"),
            "Plan is for another target",
            "It is for https://rest.vuls.biz, and the config is for https://other.example.",
        ),
        (
            replace(settings_for(), environment="staging"),
            "Plan is for another target",
            'It is for the environment "production", and the config is "staging".',
        ),
        (
            settings_for(URL, "data-platform"),
            "Plan is for another target",
            "The config has no group web-platform.",
        ),
    ],
    ids=["url", "environment", "group"],
)
def test_a_plan_for_somewhere_else_is_refused(settings: Settings, summary: str, detail: str) -> None:
    error = refused(PLAN, settings)

    assert (error.exit_code, error.reason) == (Exit.REFUSED, "target-changed")
    assert error.problems == (Diagnostic(summary=summary, detail=detail, hint=ANOTHER_CONFIG),)


def test_every_group_that_the_config_has_not_is_named() -> None:
    plan = with_change(with_change(PLAN, 0, group="b-gone"), 1, group="a-gone")

    assert refused(plan).problems[0].detail == "The config has no group a-gone, b-gone."


def test_a_group_of_the_plan_that_does_not_change_need_not_be_in_the_config() -> None:
    passes(plan_for(URL, USUAL, Group(name="idle", servers=(), roles=ROLES)), settings_for(), AS_OF)


@pytest.mark.parametrize("number", ["raised", "join", "lower"])
def test_a_summary_that_does_not_count_its_changes_is_refused(number: str) -> None:
    summary = replace(PLAN.summary, **{number: getattr(PLAN.summary, number) + 1})

    error = refused(resealed(PLAN, summary=summary))

    assert (error.exit_code, error.reason) == (Exit.REFUSED, "plan-inconsistent")
    assert error.problems == (
        Diagnostic(
            summary="Plan contradicts itself",
            detail="Its summary and its changes do not say the same, or a change is not what the roles that it pins "
            "say.",
            hint="make a new plan",
        ),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"after": Placement(level=OPEN, role=39)},
        {"after": Placement(level=None, role=39)},
        {"after": Placement(level=OPEN, role=WEB_SMALL)},
        {"after": Placement(level=CONTROLLED, role=WEB_OPEN)},
        {"before": Placement(level=CONTROLLED, role=WEB_SMALL)},
        {"before": Placement(level=SMALL, role=39)},
        {"before": Placement(level=None, role=WEB_SMALL)},
        {"direction": Direction.JOIN},
        {"after": Placement(level=SMALL, role=WEB_SMALL)},
    ],
    ids=str,
)
def test_a_change_that_is_not_what_its_roles_make_it_is_refused(changes: dict[str, object]) -> None:
    assert refused(with_change(PLAN, 0, **changes)).reason == "plan-inconsistent"


def test_more_changes_than_any_apply_could_make_are_refused_before_they_are_looked_at() -> None:
    many = replace(PLAN, changes=(PLAN.changes[0],) * (MOST_CHANGES + 1))

    error = refused(many)

    assert (error.exit_code, error.reason) == (Exit.REFUSED, "plan-too-large")
    assert error.problems == (
        Diagnostic(
            summary="Plan too large",
            detail="It has 50001 changes; 50000 is the limit.",
            hint="plan fewer groups at once",
        ),
    )
    assert refused(replace(many, changes=many.changes[1:])).reason == "plan-inconsistent"


def test_a_change_of_a_group_that_the_plan_does_not_pin_is_refused() -> None:
    both = settings_for(URL, WEB, "data-platform")

    assert refused(with_change(PLAN, 0, group="data-platform"), both).reason == "plan-inconsistent"


def test_a_lowering_that_calls_itself_a_raise_is_refused() -> None:
    lowering = PLAN.changes[-1]
    disguised = with_change(PLAN, len(PLAN.changes) - 1, direction=Direction.RAISE)
    summary = replace(PLAN.summary, raised=PLAN.summary.raised + 1, lower=PLAN.summary.lower - 1)

    error = refused(resealed(disguised, summary=summary), settings_for(limits=Limits(raise_percent=100)))

    assert lowering.direction is Direction.LOWER
    assert error.reason == "plan-inconsistent"


def test_guardrails_are_judged_by_the_config_and_not_by_the_plan() -> None:
    error = refused(PLAN, settings_for(limits=Limits()))

    assert PLAN.applyable
    assert (error.exit_code, error.reason) == (Exit.BLOCKED, "guardrail-lower")
    assert error.problems == (
        Diagnostic(
            summary="Guardrail",
            detail="The plan lowers 2, and limits.lower.count is 0: "
            "review each lowering, then apply it with --accept-lowering 2.",
        ),
    )


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(lower_count=2, raise_percent=100, raise_count=2), "guardrail-raise"),
        (Limits(lower_count=1, raise_percent=100, raise_count=3), "guardrail-lower"),
        (Limits(lower_count=0, raise_percent=100, raise_count=0), "guardrail-lower"),
    ],
    ids=["one raise too many", "one lowering too many", "both"],
)
def test_a_stricter_config_stops_a_plan_that_was_fine(limits: Limits, reason: str) -> None:
    error = refused(PLAN, settings_for(limits=limits))

    assert (error.exit_code, error.reason) == (Exit.BLOCKED, reason)


def test_a_config_that_allows_exactly_this_much_stops_nothing() -> None:
    passes(PLAN, settings_for(limits=Limits(lower_count=2, raise_percent=100, raise_count=3)), AS_OF)


def raising(raised: int) -> Plan:
    """Return a plan that raises so many of 20 servers."""
    fleet = tuple(server(number, "i-open", WEB_SMALL if number < raised else WEB_OPEN) for number in range(20))
    return plan_for(URL, group(*fleet))


def test_a_percentage_is_of_all_servers_that_the_plan_manages() -> None:
    passes(raising(6), settings_for(limits=Limits()), AS_OF)


def test_one_more_than_the_percentage_is_stopped() -> None:
    error = refused(raising(7), settings_for(limits=Limits()))

    assert (error.exit_code, error.reason) == (Exit.BLOCKED, "guardrail-raise")


PINNED = PLAN.target.groups[0]


def role_problems(*roles: Role) -> list[Diagnostic]:
    with pytest.raises(ExposurectlError) as caught:
        check_roles(PINNED, roles)
    assert (caught.value.exit_code, caught.value.reason) == (Exit.REFUSED, "role-changed")
    return list(caught.value.problems)


def problem(detail: str) -> Diagnostic:
    return Diagnostic(
        summary="Role changed since the plan",
        detail=detail,
        hint="check the role's Exposure in FutureVuls, then make a new plan",
    )


def renamed(number: int, name: str) -> tuple[Role, ...]:
    return tuple(replace(role, name=name) if role.id == number else role for role in ROLES)


def test_roles_as_they_were_pass() -> None:
    check_roles(PINNED, USUAL.roles)


def test_a_new_role_does_no_harm() -> None:
    check_roles(PINNED, (*ROLES, Role(id=40, name="new")))


def test_a_renamed_role_is_refused() -> None:
    assert role_problems(*renamed(WEB_OPEN, "was-open")) == [
        problem('The role 31 of the group "web-platform" was "web-open" and is now "was-open".')
    ]


def test_a_deleted_role_is_refused() -> None:
    assert role_problems(*(role for role in ROLES if role.id != WEB_CONTROLLED)) == [
        problem('The group "web-platform" has the role 32, "web-controlled", no longer.')
    ]


def test_a_name_that_a_second_role_has_taken_is_refused() -> None:
    assert role_problems(*ROLES, Role(id=40, name="web-small")) == [
        problem('The group "web-platform" has 2 roles named "web-small".')
    ]


def test_swapped_names_are_two_problems() -> None:
    names = {WEB_OPEN: "web-small", WEB_SMALL: "web-open"}

    swapped = [replace(role, name=names.get(role.id, role.name)) for role in ROLES]

    assert [one.detail for one in role_problems(*swapped)] == [
        'The role 31 of the group "web-platform" was "web-open" and is now "web-small".',
        'The role 33 of the group "web-platform" was "web-small" and is now "web-open".',
    ]


@pytest.mark.parametrize(
    "roles",
    [
        renamed(WEB_OPEN, "was-open"),
        tuple(role for role in ROLES if role.id != WEB_CONTROLLED),
        (*ROLES, Role(id=40, name="web-small")),
    ],
    ids=["renamed", "gone", "duplicated"],
)
def test_a_role_that_is_not_what_was_reviewed_means_no_write_and_no_receipt(
    roles: tuple[Role, ...], tmp_path: Path
) -> None:
    with emulated(replace(USUAL, roles=roles)) as futurevuls:
        with pytest.raises(ExposurectlError) as caught:
            execute(plan_for(futurevuls.url), tmp_path)

        assert (caught.value.exit_code, caught.value.reason) == (Exit.REFUSED, "role-changed")
        assert futurevuls.writes == ()
    assert list(tmp_path.iterdir()) == []


NEWEST = Newest(branch="origin/main", commit="c0ffee" * 6 + "c0ff", digest=PLAN.digest, policy=PLAN.inputs.policy)


def test_the_newest_plan_by_the_policy_of_the_branch_passes() -> None:
    passes(PLAN, newest=NEWEST, approval=Approval(digest=PLAN.digest))


def test_a_plan_that_was_not_approved_is_refused() -> None:
    error = refused(PLAN, approval=Approval(digest="sha256:other"))

    assert (error.exit_code, error.reason) == (Exit.REFUSED, "not-approved")
    assert error.problems == (
        Diagnostic(
            summary="Another plan was approved",
            detail=f"The plan's digest is {PLAN.digest}, and sha256:other was approved.",
            hint="review this plan, then approve its digest",
        ),
    )


@pytest.mark.parametrize(
    ("digest", "detail"),
    [
        ("sha256:newer", f"The newest plan on origin/main (c0ffeec0ffee) is sha256:newer, not {PLAN.digest}."),
        (None, 'origin/main (c0ffeec0ffee) has no plan for "production".'),
    ],
)
def test_a_plan_that_is_not_the_newest_on_the_branch_is_refused(digest: str | None, detail: str) -> None:
    error = refused(PLAN, newest=replace(NEWEST, digest=digest))

    assert (error.exit_code, error.reason) == (Exit.REFUSED, "plan-not-newest")
    hint = "merge a plan that `exposurectl plan --record` made, and apply that"
    assert error.problems == (Diagnostic(summary="Not the newest plan", detail=detail, hint=hint),)


def test_a_plan_by_another_policy_than_the_branch_has_is_refused_with_both() -> None:
    error = refused(PLAN, newest=replace(NEWEST, policy="sha256:merged"))

    assert (error.exit_code, error.reason) == (Exit.REFUSED, "policy-changed")
    assert error.problems == (
        Diagnostic(
            summary="Policy changed since the plan",
            detail=f"It was made by {PLAN.inputs.policy}, and on origin/main the policy is sha256:merged.",
            hint="make a new plan",
        ),
    )


def test_the_checks_come_in_the_order_of_the_promises() -> None:
    wrong: dict[str, dict[str, object]] = {
        "not-approved": {"approval": Approval(digest="sha256:other", lowering=9)},
        "plan-not-newest": {"newest": replace(NEWEST, digest=None, policy="sha256:other")},
        "plan-expired": {"newest": replace(NEWEST, policy="sha256:other")},
        "policy-changed": {"newest": replace(NEWEST, policy="sha256:other"), "now": AS_OF},
        "target-changed": {"now": AS_OF},
    }
    late = PLAN.expires_at
    elsewhere = settings_for("https://other.example", limits=Limits())

    found = []
    for expected in wrong.values():
        circumstances: dict[str, Any] = {"now": late, "approval": Approval(lowering=9), **expected}
        found.append(refused(PLAN, elsewhere, **circumstances).reason)

    assert found == list(wrong)


def test_a_shorter_validity_in_the_config_ends_a_plan_sooner() -> None:
    short = settings_for(limits=Limits(lower_count=2, raise_percent=100, plan_valid_for=timedelta(hours=1)))

    passes(PLAN, short, AS_OF + timedelta(hours=1) - SECOND)

    assert refused(PLAN, short, AS_OF + timedelta(hours=1)).reason == "plan-expired"


def test_a_guardrail_is_lifted_by_its_exact_number() -> None:
    passes(PLAN, settings_for(limits=Limits(raise_count=0)), approval=Approval(lowering=2, raising=3))


@pytest.mark.parametrize(
    ("approval", "said"),
    [
        (Approval(lowering=1), "--accept-lowering 1 was given, and the plan has 2"),
        (Approval(lowering=3), "--accept-lowering 3 was given, and the plan has 2"),
        (Approval(lowering=2, raising=4), "--accept-raising 4 was given, and the plan has 3"),
    ],
)
def test_another_number_than_the_exact_one_lifts_nothing(approval: Approval, said: str) -> None:
    error = refused(PLAN, settings_for(limits=Limits(lower_count=9, raise_percent=100)), approval=approval)

    assert (error.exit_code, error.reason) == (Exit.BLOCKED, "acknowledgement")
    assert error.problems == (
        Diagnostic(
            summary="Wrong number acknowledged",
            detail=f"{said}: it is not the plan that was looked at.",
            hint="review the plan, then give its exact number",
        ),
    )


def test_one_acknowledgement_does_not_lift_the_other_guardrail() -> None:
    strict = settings_for(limits=Limits(raise_count=0))

    assert refused(PLAN, strict, approval=Approval(lowering=2)).reason == "guardrail-raise"
    assert refused(PLAN, strict, approval=Approval(raising=3)).reason == "guardrail-lower"


def test_a_block_that_the_plan_was_made_with_stands_until_it_is_acknowledged() -> None:
    block = Block(reason="findings-dropped", detail="Half is gone.", acknowledge="--accept-lowering 2")
    plan = resealed(PLAN, blocked_by=(block,))

    assert refused(plan).reason == "findings-dropped"
    passes(plan, approval=Approval(lowering=2))


def test_an_acknowledgement_is_known_by_its_flag_whatever_else_it_says() -> None:
    block = Block(reason="findings-dropped", detail="Half is gone.", acknowledge="--accept-lowering 2 --and more")

    passes(resealed(PLAN, blocked_by=(block,)), approval=Approval(lowering=2))


def test_an_acknowledgement_that_this_version_does_not_know_lifts_nothing() -> None:
    plan = resealed(PLAN, blocked_by=(Block(reason="new", detail="New.", acknowledge="--accept-anything 2"),))

    assert refused(plan, approval=Approval(lowering=2, raising=3)).reason == "new"


def test_a_plan_that_takes_more_than_five_hours_needs_the_time() -> None:
    slow = resealed(PLAN, summary=replace(PLAN.summary, minutes=301))

    error = refused(slow)

    assert (error.exit_code, error.reason) == (Exit.BLOCKED, "too-long")
    assert error.problems == (
        Diagnostic(
            summary="Apply too long",
            detail="Applying it takes about 301 minutes at the configured pace; 300 is the limit.",
            hint="plan fewer changes, or give it the time: --max-duration 301",
        ),
    )
    passes(resealed(slow, summary=replace(slow.summary, minutes=300)))
    passes(slow, approval=Approval(max_minutes=301))
    assert refused(slow, approval=Approval(max_minutes=300)).reason == "too-long"


def test_a_server_that_stands_in_the_plan_twice_is_a_contradiction() -> None:
    summary = replace(PLAN.summary, raised=PLAN.summary.raised + 1)

    assert refused(resealed(PLAN, changes=(PLAN.changes[0], *PLAN.changes), summary=summary)).reason == (
        "plan-inconsistent"
    )


@pytest.mark.parametrize("skew", [None, timedelta(0), MOST_SKEW, -MOST_SKEW])
def test_clocks_that_nearly_agree_pass(skew: timedelta | None) -> None:
    check_skew(skew)


@pytest.mark.parametrize(
    ("skew", "told"), [(timedelta(minutes=11), "11 minutes behind"), (timedelta(days=-1), "1440 minutes ahead of")]
)
def test_clocks_that_differ_are_refused(skew: timedelta, told: str) -> None:
    with pytest.raises(ExposurectlError) as caught:
        check_skew(skew)

    assert (caught.value.exit_code, caught.value.reason) == (Exit.REFUSED, "clock-skew")
    assert caught.value.problems == (
        Diagnostic(
            summary="Clocks differ",
            detail=f"This machine's clock is {told} FutureVuls'. A plan's age is told by it.",
            hint="set this machine's clock, then apply the plan again",
        ),
    )
