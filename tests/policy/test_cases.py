import pytest

from exposurectl.model import Exposure
from exposurectl.policy import cases
from exposurectl.policy.cases import RuleCoverage, rule_coverage, run_case, unexercised
from exposurectl.policy.model import Policy

from .building import ANYWHERE, case, policy

SSH = "{protocol: tcp, ports: 22, path: [internet-gateway, instance], sources: [0.0.0.0/0]}"
POLICY = policy(
    "rules:\n"
    "- {id: anyone, level: open, because: x, match: {sources: anywhere}}\n"
    "- {id: listed, level: controlled, because: x, match: {sources: restricted}}\n"
    "overrides:\n"
    "- {id: vault, level: small, because: x, approved_by: y, expires: 2027-03-31, match: {instances: [i-1]}}\n"
)


def ran(given: str, expect: str, by: Policy = POLICY) -> cases.Tested:
    return run_case(case(given, expect), by, ANYWHERE)


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        (f"{{findings: [{SSH}]}}", "{level: open}"),
        (f"{{findings: [{SSH}]}}", "{level: open, rules: [anyone], raise_only: false}"),
        (f"{{findings: [{SSH}, {SSH}]}}", "{level: open, rules: [anyone, anyone]}"),
        (f"{{unobserved: X, findings: [{SSH}]}}", "{level: open, raise_only: true}"),
        ("{}", "{level: controlled, rules: [defaults.unreachable]}"),
        ("{unobserved: X}", "{level: leave}"),
        ("{unobserved: X}", "{level: leave, rules: [], raise_only: true}"),
        ("{instance: i-1}", "{level: small, rules: [vault]}"),
        ("{instance: i-1, as_of: 2027-03-31}", "{level: small}"),
        ("{instance: i-1, as_of: 2027-04-01}", "{level: controlled}"),
    ],
)
def test_a_case_holds(given: str, expect: str) -> None:
    assert ran(given, expect).holds


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        (f"{{findings: [{SSH}]}}", "{level: controlled}"),
        (f"{{findings: [{SSH}]}}", "{level: leave}"),
        (f"{{findings: [{SSH}]}}", "{level: open, rules: [listed]}"),
        (f"{{findings: [{SSH}]}}", "{level: open, rules: []}"),
        (f"{{findings: [{SSH}]}}", "{level: open, rules: [anyone, listed]}"),
        (f"{{findings: [{SSH}]}}", "{level: open, raise_only: true}"),
        (f"{{unobserved: X, findings: [{SSH}]}}", "{level: open, raise_only: false}"),
        ("{unobserved: X}", "{level: controlled}"),
        ("{unobserved: X}", "{level: leave, raise_only: false}"),
        ("{}", "{level: leave}"),
    ],
)
def test_a_case_does_not_hold(given: str, expect: str) -> None:
    assert not ran(given, expect).holds


def test_a_failing_case_tells_what_came_out() -> None:
    failing = ran(f"{{findings: [{SSH}]}}", "{level: controlled, rules: [listed], raise_only: true}")

    assert (failing.level, failing.rules, failing.raise_only) == (Exposure.OPEN, frozenset({"anyone"}), False)
    assert str(failing.case.place) == "policies/cases/a.yaml:3:3"
    assert failing.case.name == "a case"


def test_a_case_that_is_left_alone_has_no_level_and_no_rules() -> None:
    left = ran("{unobserved: X}", "{level: open}")

    assert (left.level, left.rules, left.raise_only) == (None, frozenset(), True)


def test_rules_and_overrides_that_decide_no_case_are_told() -> None:
    assert unexercised(POLICY, []) == ("anyone", "listed", "vault")
    assert unexercised(POLICY, [ran("{instance: i-1}", "{level: open}")]) == ("anyone", "listed")
    assert unexercised(POLICY, [ran(f"{{findings: [{SSH}]}}", "{level: open}")]) == ("listed", "vault")


def test_coverage_counts_rules_and_overrides_and_never_rounds_up() -> None:
    tested = [ran("{instance: i-1}", "{level: open}"), ran(f"{{findings: [{SSH}]}}", "{level: open}")]

    coverage = rule_coverage(POLICY, tested)

    assert coverage == RuleCoverage(total=3, unexercised=("listed",))
    assert (coverage.exercised, coverage.percent) == (2, 66)


BELOW = policy(
    "rules:\n"
    "- {id: listed, level: small, because: x, match: {sources: restricted}}\n"
    "- {id: wide, level: open, because: x, match: {ports: [80]}}\n"
    "overrides:\n"
    "- {id: admin, level: small, because: x, approved_by: y, expires: 2027-03-31, match: {ports: [22]}}\n"
    "- {id: vault, level: small, because: x, approved_by: y, expires: 2027-03-31, match: {instances: [i-1]}}\n",
    "version: 1\ndefaults: {unreachable: controlled, unmatched: open, unobserved: open}\n",
)


def found(port: int) -> str:
    return f"{{protocol: tcp, ports: {port}, path: [internet-gateway], sources: [203.0.113.7/32]}}"


@pytest.mark.parametrize(
    ("given", "floor", "exercised"),
    [
        (f"{{findings: [{found(443)}]}}", "unreachable", {"listed"}),
        (f"{{findings: [{found(22)}]}}", "unreachable", {"admin"}),
        (f"{{findings: [{found(22)}], as_of: 2027-04-01}}", "unreachable", {"listed"}),
        (f"{{findings: [{found(22)}, {found(443)}]}}", "unreachable", {"admin", "listed"}),
        (f"{{unobserved: X, findings: [{found(443)}]}}", "unobserved", {"listed"}),
        ("{}", "unreachable", set()),
    ],
)
def test_what_decides_points_below_the_floor_is_exercised(given: str, floor: str, exercised: set[str]) -> None:
    tested = ran(given, f"{{level: open, rules: [defaults.{floor}]}}", BELOW)

    assert tested.rules == {f"defaults.{floor}"}
    assert set(unexercised(BELOW, [tested])) == {"admin", "listed", "vault", "wide"} - exercised


@pytest.mark.parametrize(
    ("given", "exercised"),
    [
        (f"{{findings: [{found(80)}, {found(443)}]}}", {"wide"}),
        (f"{{instance: i-1, findings: [{found(443)}]}}", {"vault"}),
    ],
)
def test_what_decides_other_points_than_those_that_give_the_level_is_not(given: str, exercised: set[str]) -> None:
    tested = ran(given, "{level: open}", BELOW)

    assert set(unexercised(BELOW, [tested])) == {"admin", "listed", "vault", "wide"} - exercised


def test_a_rule_below_the_floor_is_exercised_where_the_instance_may_only_be_raised() -> None:
    rule = "rules: [{id: listed, level: small, because: x, match: {sources: restricted}}]\n"
    tested = ran(f"{{unobserved: X, findings: [{found(443)}]}}", "{level: controlled}", policy(rule))

    assert tested.raise_only
    assert rule_coverage(policy(rule), [tested]).percent == 100


def test_a_policy_of_defaults_alone_is_covered() -> None:
    assert rule_coverage(policy("rules: []\n"), []).percent == 100
