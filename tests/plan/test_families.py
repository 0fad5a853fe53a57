"""Role families: what each role of a group stands for, and what is refused rather than guessed."""

import pytest

from exposurectl.config import GroupSettings
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError, Place
from exposurectl.model import Group, Role
from exposurectl.plan.families import resolve
from exposurectl.plan.model import PinnedRole, Placement
from plan.building import (
    CONTROLLED,
    DEFAULT,
    LEGACY,
    OPEN,
    ROLES,
    SMALL,
    WEB_CONTROLLED,
    WEB_OPEN,
    WEB_SMALL,
    group,
    group_settings,
)

FAMILY_PLACE = Place("production.yaml", 8, 11)


def refused(roles: Group, settings: GroupSettings) -> ExposurectlError:
    with pytest.raises(ExposurectlError) as caught:
        resolve(roles, settings)
    return caught.value


def test_each_role_of_a_family_is_pinned_with_its_level() -> None:
    families = resolve(group(), group_settings())

    assert families.by_role == {
        WEB_OPEN: PinnedRole(id=WEB_OPEN, name="web-open", family="web", level=OPEN),
        WEB_CONTROLLED: PinnedRole(id=WEB_CONTROLLED, name="web-controlled", family="web", level=CONTROLLED),
        WEB_SMALL: PinnedRole(id=WEB_SMALL, name="web-small", family="web", level=SMALL),
    }
    assert list(families.by_role) == sorted(families.by_role)


def test_each_level_of_a_family_has_its_role() -> None:
    families = resolve(group(), group_settings())

    assert families.by_level == {
        ("web", OPEN): WEB_OPEN,
        ("web", CONTROLLED): WEB_CONTROLLED,
        ("web", SMALL): WEB_SMALL,
    }


def test_every_role_of_the_group_keeps_its_name() -> None:
    assert resolve(group(), group_settings()).names[LEGACY] == "legacy"


def test_a_managed_role_belongs_to_its_family() -> None:
    families = resolve(group(), group_settings())

    assert families.family_of(WEB_SMALL) == "web"
    assert families.placement(WEB_SMALL) == Placement(level=SMALL, role=WEB_SMALL)


def test_a_role_that_no_family_lists_belongs_to_none() -> None:
    families = resolve(group(), group_settings())

    assert families.family_of(LEGACY) is None
    assert families.placement(LEGACY) == Placement(level=None, role=LEGACY)


def test_the_default_role_joins_the_family_that_the_config_names() -> None:
    families = resolve(group(), group_settings(joins="web"))

    assert families.joins == {DEFAULT: "web"}
    assert families.family_of(DEFAULT) == "web"
    assert families.placement(DEFAULT) == Placement(level=None, role=DEFAULT)


def test_the_default_role_joins_nothing_where_the_config_names_no_family() -> None:
    families = resolve(group(), group_settings())

    assert families.joins == {}
    assert families.family_of(DEFAULT) is None


def test_a_default_role_that_a_family_lists_is_managed_and_joins_nothing() -> None:
    roles = tuple(Role(id=role.id, name=role.name, is_default=role.name == "web-small") for role in ROLES)

    families = resolve(group(roles=roles), group_settings(joins="web"))

    assert families.joins == {}
    assert families.placement(WEB_SMALL) == Placement(level=SMALL, role=WEB_SMALL)


def test_a_role_named_default_that_is_not_the_default_joins_nothing() -> None:
    roles = (Role(id=DEFAULT, name="default"), *ROLES[1:])

    assert resolve(group(roles=roles), group_settings(joins="web")).joins == {}


def test_a_missing_role_is_named_with_those_that_there_are() -> None:
    error = refused(group(roles=(ROLES[3], ROLES[1])), group_settings())

    assert (error.reason, error.exit_code) == ("role-missing", Exit.ERROR)
    assert error.problems == (
        Diagnostic(
            summary="Role missing",
            place=FAMILY_PLACE,
            detail='The group "web-platform" has no role "web-controlled". Its roles are: web-open, web-small.',
            hint="create it in FutureVuls with Exposure controlled, or correct the name",
        ),
    )


def test_all_missing_roles_are_named_at_once() -> None:
    error = refused(group(roles=()), group_settings())

    assert [problem.detail for problem in error.problems] == [
        f'The group "web-platform" has no role "web-{level}". Its roles are: none.'
        for level in ("small", "controlled", "open")
    ]


def test_a_role_name_that_stands_twice_is_refused() -> None:
    error = refused(group(roles=(*ROLES, Role(id=40, name="web-open"))), group_settings())

    assert error.reason == "role-missing"
    assert error.problems == (
        Diagnostic(
            summary="Role not unique",
            place=FAMILY_PLACE,
            detail='The group "web-platform" has 2 roles named "web-open".',
            hint="give each role a name of its own in FutureVuls",
        ),
    )


def test_a_name_that_stands_twice_and_that_no_family_lists_does_no_harm() -> None:
    families = resolve(group(roles=(*ROLES, Role(id=40, name="legacy"))), group_settings())

    assert families.family_of(40) is None
