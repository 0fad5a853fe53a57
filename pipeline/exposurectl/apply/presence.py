"""What must hold of FutureVuls before the first write: its roles are those of the plan, and its clock is ours."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta

from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError
from exposurectl.model import Role
from exposurectl.plan.model import TargetGroup
from exposurectl.targets.skew import MOST_SKEW


def check_roles(pinned: TargetGroup, roles: tuple[Role, ...]) -> None:
    """
    Check that every pinned role still has its id and its name, and that no other role has taken the name.

    Raises ExposurectlError with exit code 5 and every role that is not what was reviewed.
    """
    names = {role.id: role.name for role in roles}
    uses = Counter(names.values())
    problems = [
        Diagnostic(
            summary="Role changed since the plan",
            detail=detail,
            hint="check the role's Exposure in FutureVuls, then make a new plan",
        )
        for role in pinned.roles
        for detail in _role_problems(role.id, role.name, names, uses, pinned.name)
    ]
    if problems:
        raise ExposurectlError(*problems, reason="role-changed", exit_code=Exit.REFUSED)


def _role_problems(role: int, name: str, names: Mapping[int, str], uses: Counter[str], group: str) -> Iterator[str]:
    if role not in names:
        yield f'The group "{group}" has the role {role}, "{name}", no longer.'
    elif names[role] != name:
        yield f'The role {role} of the group "{group}" was "{name}" and is now "{names[role]}".'
    elif uses[name] > 1:
        yield f'The group "{group}" has {uses[name]} roles named "{name}".'


def check_skew(skew: timedelta | None) -> None:
    """Check FutureVuls' clock, as its last reply told it, less this machine's; None where it did not tell."""
    if skew is not None and abs(skew) > MOST_SKEW:
        minutes = round(abs(skew).total_seconds() / 60)
        way = "behind" if skew > timedelta(0) else "ahead of"
        problem = Diagnostic(
            summary="Clocks differ",
            detail=f"This machine's clock is {minutes} minutes {way} FutureVuls'. A plan's age is told by it.",
            hint="set this machine's clock, then apply the plan again",
        )
        raise ExposurectlError(problem, reason="clock-skew", exit_code=Exit.REFUSED)
