"""What must hold before the first write: each refusal has its own reason and exit code."""

from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from apply.acting import URL, USUAL, WEB, emulated, execute, plan_for, settings_for
from exposurectl.apply.checks import ALLOWED_SKEW, check_plan, check_roles
from exposurectl.config import Limits, Settings
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError
from exposurectl.model import Group, Role
from exposurectl.plan.model import Block, Direction, Placement, Plan, Summary
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


def refused(plan: Plan, settings: Settings | None = None, now: datetime = AS_OF) -> ExposurectlError:
    with pytest.raises(ExposurectlError) as caught:
        check_plan(plan, settings or settings_for(), now)
    return caught.value


def with_change(plan: Plan, index: int, **changes: object) -> Plan:
    changed = replace(plan.changes[index], **changes)
    return resealed(plan, changes=(*plan.changes[:index], changed, *plan.changes[index + 1 :]))


def test_a_plan_for_here_and_now_passes() -> None:
    check_plan(PLAN, settings_for(), AS_OF)


def test_a_plan_without_changes_passes() -> None:
    nothing = Summary(raised=0, join=0, lower=0, unchanged=0, skipped=0, requests=0, minutes=0)

    check_plan(resealed(PLAN, changes=(), summary=nothing), settings_for(), AS_OF)


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
    check_plan(PLAN, settings_for(), PLAN.expires_at - SECOND)


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
    check_plan(PLAN, settings_for(), PLAN.as_of - early)


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
            "Plan is for another environment",
            'It is for "production", and the config is "staging".',
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


def test_a_group_of_the_plan_that_does_not_change_need_not_be_in_the_config() -> None:
    check_plan(plan_for(URL, USUAL, Group(name="idle", servers=(), roles=ROLES)), settings_for(), AS_OF)


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
            "review each lowering, then write `lower: {count: 2}` into the config.",
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
    check_plan(PLAN, settings_for(limits=Limits(lower_count=2, raise_percent=100, raise_count=3)), AS_OF)


def raising(raised: int) -> Plan:
    """Return a plan that raises so many of 20 servers."""
    fleet = tuple(server(number, "i-open", WEB_SMALL if number < raised else WEB_OPEN) for number in range(20))
    return plan_for(URL, group(*fleet))


def test_a_percentage_is_of_all_servers_that_the_plan_manages() -> None:
    check_plan(raising(6), settings_for(limits=Limits()), AS_OF)


def test_one_more_than_the_percentage_is_stopped() -> None:
    error = refused(raising(7), settings_for(limits=Limits()))

    assert (error.exit_code, error.reason) == (Exit.BLOCKED, "guardrail-raise")


PINNED = PLAN.target.groups[0]


def role_problems(*roles: Role) -> list[Diagnostic]:
    with pytest.raises(ExposurectlError) as caught:
        check_roles(PINNED, Group(name=WEB, servers=(), roles=roles))
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
    check_roles(PINNED, USUAL)


def test_a_new_role_does_no_harm() -> None:
    check_roles(PINNED, Group(name=WEB, servers=(), roles=(*ROLES, Role(id=40, name="new"))))


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
