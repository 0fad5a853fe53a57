"""What must hold before the first write: each check has a reason of its own, and a refusal writes nothing."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from exposurectl.apply.receipt import Approval
from exposurectl.config import Settings
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError
from exposurectl.model import Exposure
from exposurectl.plan.compare import direction
from exposurectl.plan.limits import LOWERING, RAISING, Numbers, guardrails, numbers
from exposurectl.plan.model import Block, Change, Direction, Plan

ALLOWED_SKEW = timedelta(minutes=5)
"""How far this machine's clock may be behind the one that made the plan."""
LONGEST_RUN = 300
"""Minutes that an apply may take without an acknowledgement: a job on GitHub ends after six hours."""
MOST_CHANGES = 50_000


class Newest(msgspec.Struct, frozen=True, kw_only=True):
    """What stands at the tip of the branch where plans are reviewed."""

    branch: str
    commit: str
    digest: str | None
    """The digest of the environment's newest plan; None where there is none."""
    policy: str
    """The digest of the policy there."""


def check_plan(plan: Plan, settings: Settings, approval: Approval, newest: Newest | None, now: datetime) -> None:
    """
    Check what the plan says of itself against the time, the config and the branch, in the order of the promises.

    `newest` is None where the config names no branch. Raises ExposurectlError: exit code 3 where a guard stands in the
    way, 5 where the plan is not for here and now.
    """
    _check_applyable(plan)
    _check_approved(plan, approval)
    if newest:
        _check_newest(plan, newest)
    _check_age(plan, settings, now)
    if newest:
        _check_policy(plan, newest)
    _check_target(plan, settings)
    _check_changes(plan)
    _check_guards(plan, settings, approval)
    _check_length(plan, approval)


def _check_applyable(plan: Plan) -> None:
    final = [block for block in plan.blocked_by if not block.acknowledge]
    if final or not plan.applyable:
        problems = [_problem("Plan cannot be applied", f"{block.detail} ({block.reason})") for block in final]
        raise ExposurectlError(
            *problems or [_problem("Plan cannot be applied", "It says so itself.")],
            reason=final[0].reason if final else "not-applyable",
            exit_code=Exit.BLOCKED,
        )


def _check_approved(plan: Plan, approval: Approval) -> None:
    if approval.digest and approval.digest != plan.digest:
        detail = f"The plan's digest is {plan.digest}, and {approval.digest} was approved."
        raise _refused("not-approved", "Another plan was approved", detail, "review this plan, then approve its digest")


def _check_newest(plan: Plan, newest: Newest) -> None:
    if newest.digest is None:
        detail = f'{newest.branch} ({newest.commit[:12]}) has no plan for "{plan.environment}".'
    elif newest.digest != plan.digest:
        detail = f"The newest plan on {newest.branch} ({newest.commit[:12]}) is {newest.digest}, not {plan.digest}."
    else:
        return
    hint = "merge a plan that `exposurectl plan --record` made, and apply that"
    raise _refused("plan-not-newest", "Not the newest plan", detail, hint)


def _check_age(plan: Plan, settings: Settings, now: datetime) -> None:
    if now + ALLOWED_SKEW < plan.as_of:
        detail = f"It is as of {plan.as_of:%Y-%m-%d %H:%M} UTC, and it is only {now:%Y-%m-%d %H:%M}."
        raise _refused("plan-from-future", "Plan from the future", detail, "set this machine's clock")
    # The shorter of what the plan says and what the config says now: a config under review may only tighten it.
    expires = min(plan.expires_at, plan.as_of + settings.limits.plan_valid_for)
    if now >= expires:
        detail = f"It was valid until {expires:%Y-%m-%d %H:%M} UTC, and it is {now:%Y-%m-%d %H:%M}."
        raise _refused("plan-expired", "Plan expired", detail, "make a new plan from fresh evidence")


def _check_policy(plan: Plan, newest: Newest) -> None:
    if newest.policy != plan.inputs.policy:
        detail = f"It was made by {plan.inputs.policy}, and on {newest.branch} the policy is {newest.policy}."
        raise _refused("policy-changed", "Policy changed since the plan", detail, "make a new plan")


def _check_target(plan: Plan, settings: Settings) -> None:
    missing = {change.group for change in plan.changes} - {group.name for group in settings.groups}
    if plan.target.url != settings.url:
        detail = f"It is for {plan.target.url}, and the config is for {settings.url}."
    elif plan.environment != settings.environment:
        detail = f'It is for the environment "{plan.environment}", and the config is "{settings.environment}".'
    elif missing:
        detail = f"The config has no group {', '.join(sorted(missing))}."
    else:
        return
    raise _refused("target-changed", "Plan is for another target", detail, "name its config with --config")


def _check_changes(plan: Plan) -> None:
    """Check that the numbers people read are the numbers of the changes, and that each is what its roles make it."""
    if len(plan.changes) > MOST_CHANGES:
        detail = f"It has {len(plan.changes)} changes; {MOST_CHANGES} is the limit."
        raise _refused("plan-too-large", "Plan too large", detail, "plan fewer groups at once")
    counted = Counter(change.direction for change in plan.changes)
    said = {
        Direction.RAISE: plan.summary.raised,
        Direction.JOIN: plan.summary.join,
        Direction.LOWER: plan.summary.lower,
    }
    pinned = {(group.name, role.id): role.level for group in plan.target.groups for role in group.roles}
    strays = [change for change in plan.changes if not _is_consistent(change, pinned)]
    twice = len({(change.group, change.server) for change in plan.changes}) < len(plan.changes)
    if strays or twice or any(counted[one] != count for one, count in said.items()):
        detail = "Its summary and its changes do not say the same, or a change is not what the roles that it pins say."
        raise _refused("plan-inconsistent", "Plan contradicts itself", detail, "make a new plan")


def _is_consistent(change: Change, pinned: Mapping[tuple[str, int], Exposure]) -> bool:
    """Tell whether a change's levels are those of its roles, and its direction is theirs: guardrails count by it."""
    return (
        pinned.get((change.group, change.after.role)) is change.after.level is not None
        and pinned.get((change.group, change.before.role)) is change.before.level
        and change.direction is direction(change.before, change.after.level)
    )


def _check_guards(plan: Plan, settings: Settings, approval: Approval) -> None:
    """Check the guardrails by the config of now, and that what they want acknowledged was, by its exact number."""
    managed = len(plan.changes) + len(plan.unchanged)
    found = numbers(plan.changes)
    _check_numbers(approval, found)
    blocks = dict.fromkeys((*guardrails(plan.changes, managed, settings.limits), *plan.blocked_by))
    standing = [block for block in blocks if not _is_accepted(block, approval)]
    if standing:
        problems = [_problem("Guardrail", block.detail) for block in standing]
        raise ExposurectlError(*problems, reason=standing[0].reason, exit_code=Exit.BLOCKED)


def _check_numbers(approval: Approval, found: Numbers) -> None:
    """Check that a number that was accepted is the exact one, whether or not it was asked for."""
    for flag, accepted, count in (
        (LOWERING, approval.lowering, found.lowering),
        (RAISING, approval.raising, found.raising),
    ):
        if accepted is not None and accepted != count:
            detail = f"{flag} {accepted} was given, and the plan has {count}: it is not the plan that was looked at."
            problem = _problem("Wrong number acknowledged", detail, "review the plan, then give its exact number")
            raise ExposurectlError(problem, reason="acknowledgement", exit_code=Exit.BLOCKED)


def _is_accepted(block: Block, approval: Approval) -> bool:
    flag = block.acknowledge.partition(" ")[0]
    given = {LOWERING: approval.lowering, RAISING: approval.raising}
    return given.get(flag) is not None


def _check_length(plan: Plan, approval: Approval) -> None:
    most = approval.max_minutes or LONGEST_RUN
    if plan.summary.minutes > most:
        detail = f"Applying it takes about {plan.summary.minutes} minutes at the configured pace; {most} is the limit."
        hint = f"plan fewer changes, or give it the time: --max-duration {plan.summary.minutes}"
        raise ExposurectlError(_problem("Apply too long", detail, hint), reason="too-long", exit_code=Exit.BLOCKED)


def _problem(summary: str, detail: str, hint: str = "") -> Diagnostic:
    return Diagnostic(summary=summary, detail=detail, hint=hint)


def _refused(reason: str, summary: str, detail: str, hint: str) -> ExposurectlError:
    return ExposurectlError(_problem(summary, detail, hint), reason=reason, exit_code=Exit.REFUSED)
