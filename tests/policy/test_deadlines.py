from datetime import date

import pytest

from exposurectl.diagnostics import Place, Severity
from exposurectl.policy.compile import compile_policy
from exposurectl.policy.deadlines import Deadlines, override_problems
from exposurectl.policy.model import Policy

from .building import DEFAULTS, files, shown

TODAY = date(2027, 4, 1)


def said(expires: str, today: date = TODAY, deadlines: Deadlines | None = None) -> str:
    """Return what is said of an override `a` that stands in line 3."""
    override = f"{{id: a, level: open, match: {{}}, because: x, approved_by: y, expires: {expires}}}"
    read = files(f"{DEFAULTS}overrides: [{override}]\n")
    policy = compile_policy(Place("policies"), read)
    assert isinstance(policy, Policy)

    found = override_problems(policy, read, today, deadlines or Deadlines())
    return "".join(f"{shown(problem)}\n" for problem in found)


def test_an_override_whose_last_day_has_passed_is_an_error() -> None:
    assert said("2027-03-31") == (
        "policies/a.yaml:3:82: error: Override expired\n"
        '  The last valid day of override "a" was 2027-03-31: it decides nothing any more, and it blocks every plan.\n'
        "  hint: delete it, or have it approved again and write a later day\n"
    )


def test_an_expired_override_is_a_warning_where_the_config_says_so() -> None:
    assert said("2027-03-31", deadlines=Deadlines(expired_is_error=False)) == (
        "policies/a.yaml:3:82: warning: Override expired\n"
        '  The last valid day of override "a" was 2027-03-31: it decides nothing any more.\n'
        "  hint: delete it, or have it approved again and write a later day\n"
    )


@pytest.mark.parametrize(
    ("expires", "away"),
    [
        ("2027-04-01", "today"),
        ("2027-04-02", "1 day from 2027-04-01"),
        ("2027-04-15", "14 days from 2027-04-01"),
    ],
)
def test_an_override_that_expires_soon_is_a_warning(expires: str, away: str) -> None:
    assert said(expires) == (
        "policies/a.yaml:3:82: warning: Override expires soon\n"
        f'  The last valid day of override "a" is {expires}, {away}. After it, the override decides nothing.\n'
        "  hint: delete it, or have it approved again and write a later day\n"
    )


@pytest.mark.parametrize("expires", ["2027-04-16", "2028-03-31"])
def test_nothing_is_said_of_an_override_in_between(expires: str) -> None:
    assert said(expires) == ""


def test_an_override_that_holds_too_long_is_an_error() -> None:
    assert said("2028-04-01") == (
        "policies/a.yaml:3:82: error: Override holds too long\n"
        '  Override "a" would hold until 2028-04-01, 366 days from 2027-04-01. The limit is 365 days, so that somebody '
        "looks at it again.\n"
        "  hint: write 2028-03-31 or an earlier day\n"
    )


def test_the_limits_are_those_of_the_config() -> None:
    assert "1 day from" in said("2027-04-02", deadlines=Deadlines(max_days=0, expiring_days=0))
    assert said("2028-04-01", deadlines=Deadlines(max_days=366, expiring_days=365)) == ""


def test_the_end_of_time_is_no_problem() -> None:
    assert "write 9999-12-31" not in said("9999-12-31", today=date(9999, 12, 30))
    assert "hint: write 9999-12-31" in said("9999-12-31", date(9999, 12, 29), Deadlines(max_days=1)).replace("30", "31")


def test_only_what_blocks_is_an_error() -> None:
    assert Severity.ERROR.value in said("2000-01-01")
