from datetime import date

import pytest

from exposurectl.policy.model import Policy
from exposurectl.policy.overrides import expired, expiring, too_long, unused

from .building import ANYWHERE, evidence, policy

APPROVED = "because: Checked., approved_by: security-team"
SSH = "{protocol: tcp, ports: 22, path: [internet-gateway, instance]}"


def with_overrides(*written: str) -> Policy:
    return policy(f"overrides: [{', '.join(written)}]\n")


def override(name: str, level: str, match: str, expires: str = "2027-03-31") -> str:
    return f"{{id: {name}, level: {level}, match: {match}, expires: {expires}, {APPROVED}}}"


def unused_ids(by: Policy, *fleet: str, today: date = date(2027, 3, 31)) -> list[str]:
    given = [evidence(one) for one in fleet]

    return [one.id for one in unused(by, given, today=today, anywhere=ANYWHERE)]


@pytest.mark.parametrize(
    ("today", "ids"),
    [
        (date(2027, 3, 30), []),
        (date(2027, 3, 31), ["early"]),
        (date(2027, 4, 1), ["early", "late"]),
    ],
)
def test_an_override_has_expired_after_its_last_valid_day(today: date, ids: list[str]) -> None:
    by = with_overrides(override("late", "small", "{}"), override("early", "small", "{}", "2027-03-30"))

    assert [one.id for one in expired(by, today)] == ids


@pytest.mark.parametrize(
    ("today", "ids"),
    [
        (date(2027, 3, 16), []),
        (date(2027, 3, 17), ["early"]),
        (date(2027, 3, 18), ["early", "late"]),
        (date(2027, 3, 31), ["early", "late"]),
        (date(2027, 4, 1), ["late"]),
        (date(2027, 4, 2), []),
    ],
)
def test_an_override_expires_soon_from_so_many_days_before_its_last_one_until_that_day(
    today: date, ids: list[str]
) -> None:
    by = with_overrides(override("late", "small", "{}", "2027-04-01"), override("early", "small", "{}"))

    assert [one.id for one in expiring(by, today, 14)] == ids


def test_within_no_days_an_override_expires_soon_on_its_last_day_alone() -> None:
    by = with_overrides(override("early", "small", "{}"))
    days = [date(2027, 3, 30), date(2027, 3, 31), date(2027, 4, 1)]

    assert [len(expiring(by, day, 0)) for day in days] == [0, 1, 0]


@pytest.mark.parametrize(
    ("today", "ids"),
    [
        (date(2026, 3, 30), ["early", "late"]),
        (date(2026, 3, 31), ["late"]),
        (date(2026, 4, 1), []),
        (date(2028, 1, 1), []),
    ],
)
def test_an_override_holds_too_long_where_more_days_than_so_many_follow(today: date, ids: list[str]) -> None:
    by = with_overrides(override("late", "small", "{}", "2027-04-01"), override("early", "small", "{}"))

    assert [one.id for one in too_long(by, today, 365)] == ids


def test_an_override_until_the_end_of_time_holds_too_long() -> None:
    by = with_overrides(override("forever", "small", "{}", "9999-12-31"))

    assert [one.id for one in too_long(by, date(1970, 1, 1), 3650)] == ["forever"]
    assert expiring(by, date(1970, 1, 1), 365) == ()


def test_an_override_that_changes_an_instance_is_used() -> None:
    by = with_overrides(override("vault", "small", "{}"), override("ssh", "controlled", "{ports: [22]}"))

    assert unused_ids(with_overrides(override("vault", "small", "{}")), "{}") == []
    assert unused_ids(with_overrides(override("ssh", "controlled", "{ports: [22]}")), f"{{findings: [{SSH}]}}") == []
    assert unused_ids(by, "{}", f"{{findings: [{SSH}]}}") == ["ssh"]


def test_an_override_that_gives_the_level_that_stands_anyway_is_unused() -> None:
    assert unused_ids(with_overrides(override("same", "controlled", "{}")), "{}") == ["same"]


def test_an_override_whose_instance_is_not_there_is_unused() -> None:
    assert unused_ids(with_overrides(override("gone", "small", "{instances: [i-1]}")), "{}") == ["gone"]
    assert unused_ids(with_overrides(override("gone", "small", "{}"))) == ["gone"]


def test_an_override_that_gives_a_level_where_there_was_none_is_used() -> None:
    assert unused_ids(with_overrides(override("vault", "small", "{}")), "{unobserved: EXCLUDED_BY_TAG}") == []


def test_an_expired_override_is_not_reported_as_unused() -> None:
    by = with_overrides(override("old", "small", "{}", "2026-01-01"))

    assert unused_ids(by, "{}") == []


def test_a_fleet_is_read_no_further_than_needed() -> None:
    given = iter([evidence("{}"), evidence("{}"), evidence("{}")])
    by = with_overrides(override("vault", "small", "{}"))

    assert unused(by, given, today=date(2027, 1, 1), anywhere=ANYWHERE) == ()
    assert len(list(given)) == 1
