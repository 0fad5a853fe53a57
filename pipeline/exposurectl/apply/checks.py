"""What must hold before the first write: each check has a reason of its own, and a refusal writes nothing."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from exposurectl.config import Settings
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError
from exposurectl.model import Exposure, Group
from exposurectl.plan.compare import direction
from exposurectl.plan.limits import guardrails
from exposurectl.plan.model import Change, Direction, Plan, TargetGroup

ALLOWED_SKEW = timedelta(minutes=5)
"""How far this machine's clock may be behind the one that made the plan."""


def check_plan(plan: Plan, settings: Settings, now: datetime) -> None:
    """
    Check what the plan says of itself against the time and the config, in the order of the promises.

    Raises ExposurectlError: exit code 3 where a guard stands in the way, 5 where the plan is not for here and now.
    """
    if plan.blocked_by or not plan.applyable:
        problems = [_problem("Plan cannot be applied", f"{block.detail} ({block.reason})") for block in plan.blocked_by]
        raise ExposurectlError(
            *problems or [_problem("Plan cannot be applied", "It says so itself.")],
            reason=plan.blocked_by[0].reason if plan.blocked_by else "not-applyable",
            exit_code=Exit.BLOCKED,
        )
    _check_age(plan, now)
    _check_target(plan, settings)
    _check_changes(plan)
    managed = len(plan.changes) + len(plan.unchanged)
    blocks = tuple(guardrails(plan.changes, managed, settings.limits))
    if blocks:
        problems = [_problem("Guardrail", block.detail) for block in blocks]
        raise ExposurectlError(*problems, reason=blocks[0].reason, exit_code=Exit.BLOCKED)


def _check_age(plan: Plan, now: datetime) -> None:
    if now >= plan.expires_at:
        detail = f"It was valid until {plan.expires_at:%Y-%m-%d %H:%M} UTC, and it is {now:%Y-%m-%d %H:%M}."
        raise _refused("plan-expired", "Plan expired", detail, "make a new plan from fresh evidence")
    if now < plan.as_of - ALLOWED_SKEW:
        detail = f"It is as of {plan.as_of:%Y-%m-%d %H:%M} UTC, and it is only {now:%Y-%m-%d %H:%M}."
        raise _refused("plan-from-future", "Plan from the future", detail, "set this machine's clock")


def _check_target(plan: Plan, settings: Settings) -> None:
    if plan.target.url != settings.url:
        detail = f"It is for {plan.target.url}, and the config is for {settings.url}."
        raise _refused("target-changed", "Plan is for another target", detail, "name its config with --config")
    if plan.environment != settings.environment:
        detail = f'It is for "{plan.environment}", and the config is "{settings.environment}".'
        raise _refused("target-changed", "Plan is for another environment", detail, "name its config with --config")
    missing = {change.group for change in plan.changes} - {group.name for group in settings.groups}
    if missing:
        detail = f"The config has no group {', '.join(sorted(missing))}."
        raise _refused("target-changed", "Plan is for another target", detail, "name its config with --config")


def _check_changes(plan: Plan) -> None:
    """Check that the numbers people read are the numbers of the changes, and that each is what its roles make it."""
    counted = Counter(change.direction for change in plan.changes)
    said = {
        Direction.RAISE: plan.summary.raised,
        Direction.JOIN: plan.summary.join,
        Direction.LOWER: plan.summary.lower,
    }
    pinned = {(group.name, role.id): role.level for group in plan.target.groups for role in group.roles}
    strays = [change for change in plan.changes if not _is_consistent(change, pinned)]
    if strays or any(counted[one] != count for one, count in said.items()):
        detail = "Its summary and its changes do not say the same, or a change is not what the roles that it pins say."
        raise _refused("plan-inconsistent", "Plan contradicts itself", detail, "make a new plan")


def _is_consistent(change: Change, pinned: Mapping[tuple[str, int], Exposure]) -> bool:
    """Tell whether a change's levels are those of its roles, and its direction is theirs: guardrails count by it."""
    return (
        pinned.get((change.group, change.after.role)) is change.after.level is not None
        and pinned.get((change.group, change.before.role)) is change.before.level
        and change.direction is direction(change.before, change.after.level)
    )


def check_roles(pinned: TargetGroup, group: Group) -> None:
    """
    Check that every pinned role still has its id and its name, and that no other role has taken the name.

    Raises ExposurectlError with exit code 5 and every role that is not what was reviewed.
    """
    names = {role.id: role.name for role in group.roles}
    uses = Counter(names.values())
    problems = [
        _problem("Role changed since the plan", detail, "check the role's Exposure in FutureVuls, then make a new plan")
        for role in pinned.roles
        for detail in _role_problems(role.id, role.name, names, uses, group.name)
    ]
    if problems:
        raise ExposurectlError(*problems, reason="role-changed", exit_code=Exit.REFUSED)


def _role_problems(role: int, name: str, names: dict[int, str], uses: Counter[str], group: str) -> Iterable[str]:
    if role not in names:
        yield f'The group "{group}" has the role {role}, "{name}", no longer.'
    elif names[role] != name:
        yield f'The role {role} of the group "{group}" was "{name}" and is now "{names[role]}".'
    elif uses[name] > 1:
        yield f'The group "{group}" has {uses[name]} roles named "{name}".'


def _problem(summary: str, detail: str, hint: str = "") -> Diagnostic:
    return Diagnostic(summary=summary, detail=detail, hint=hint)


def _refused(reason: str, summary: str, detail: str, hint: str) -> ExposurectlError:
    return ExposurectlError(_problem(summary, detail, hint), reason=reason, exit_code=Exit.REFUSED)
