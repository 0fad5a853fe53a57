"""Role families of a group, resolved to the roles that FutureVuls has."""

from collections import Counter
from collections.abc import Mapping

import msgspec

from exposurectl.config import Family, GroupSettings
from exposurectl.diagnostics import Diagnostic, ExposurectlError
from exposurectl.model import Exposure, Group, Role
from exposurectl.plan.model import PinnedRole, Placement


class Families(msgspec.Struct, frozen=True, kw_only=True):
    """What each role of a group stands for, and where a family's levels are."""

    by_role: Mapping[int, PinnedRole]
    by_level: Mapping[tuple[str, Exposure], int]
    names: Mapping[int, str]
    """The name of every role of the group, managed or not."""
    joins: Mapping[int, str]
    """The default role's id and the family that its servers join; empty where they stay."""

    def family_of(self, role: int) -> str | None:
        """Return the family whose servers are in that role, or None where no family manages it."""
        pinned = self.by_role.get(role)
        return pinned.family if pinned else self.joins.get(role)

    def placement(self, role: int) -> Placement:
        """Return the role with the level that it stands for."""
        pinned = self.by_role.get(role)
        return Placement(level=pinned.level if pinned else None, role=role)


def resolve(group: Group, settings: GroupSettings) -> Families:
    """
    Return the group's families by role id.

    Raises ExposurectlError where a role does not exist or its name is not unique: a guess could move a server
    anywhere.
    """
    problems = [
        problem for family in settings.families for level in Exposure for problem in _problems(group, family, level)
    ]
    if problems:
        raise ExposurectlError(*problems, reason="role-missing")
    ids = {role.name: role.id for role in group.roles}
    pinned = [
        PinnedRole(id=ids[name], name=name, family=family.name, level=level)
        for family in settings.families
        for level, name in family.roles.items()
    ]
    return Families(
        by_role={role.id: role for role in sorted(pinned, key=lambda role: role.id)},
        by_level={(role.family, role.level): role.id for role in pinned},
        names={role.id: role.name for role in group.roles},
        joins=_joins(group.roles, settings, {role.id for role in pinned}),
    )


def _joins(roles: tuple[Role, ...], settings: GroupSettings, managed: set[int]) -> dict[int, str]:
    """Return which family the default role's servers join; one that a family lists already is simply managed."""
    default = [role.id for role in roles if role.is_default and role.id not in managed]
    return {role: settings.default_role_joins for role in default if settings.default_role_joins}


def _problems(group: Group, family: Family, level: Exposure) -> list[Diagnostic]:
    name = family.roles[level]
    found = Counter(role.name for role in group.roles)[name]
    if found == 1:
        return []
    names = ", ".join(sorted(role.name for role in group.roles)) or "none"
    missing = f'The group "{group.name}" has no role "{name}". Its roles are: {names}.'
    return [
        Diagnostic(
            summary="Role not unique" if found else "Role missing",
            place=family.place,
            detail=f'The group "{group.name}" has {found} roles named "{name}".' if found else missing,
            hint=f"create it in FutureVuls with Exposure {level.value}, or correct the name"
            if not found
            else "give each role a name of its own in FutureVuls",
        )
    ]
