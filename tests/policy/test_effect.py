"""What another policy would do to a fleet."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exposurectl.model import Evidence, Exposure
from exposurectl.policy.effect import Direction, Outcome, Shift, direction, effect
from exposurectl.policy.model import Policy
from policy.building import ANYWHERE, evidence, policy

SMALL, CONTROLLED, OPEN = Exposure
TODAY = date(2027, 1, 1)
SSH = "{protocol: tcp, ports: 22, path: [internet-gateway, instance]}"
DNS = "{protocol: udp, ports: 53, path: [internet-gateway, instance]}"
STOPPED = "EC2_INSTANCE_STOPPED"
OUTCOMES = [
    Outcome(level=None, rules=()),
    *(Outcome(level=level, raise_only=raise_only, rules=()) for level in Exposure for raise_only in (False, True)),
]


def ssh(level: str, name: str = "ssh") -> str:
    return f"rules: [{{id: {name}, level: {level}, because: Logins., match: {{ports: [22]}}}}]\n"


def defaults(unobserved: str, unmatched: str = "open") -> str:
    return f"version: 1\ndefaults: {{unreachable: controlled, unmatched: {unmatched}, unobserved: {unobserved}}}\n"


def named(name: str, what: str) -> Evidence:
    return evidence(f"{{instance: {name}, {what}}}")


def shifts(old: Policy, new: Policy, *fleet: Evidence, today: date = TODAY) -> tuple[Shift, ...]:
    return effect(old, new, fleet, today=today, anywhere=ANYWHERE)


def told(shift: Shift) -> tuple[str, Exposure | None, Exposure | None, list[str]]:
    ids = [instance.id for instance in shift.instances]
    return shift.direction.value, shift.before.level, shift.after.level, ids


def test_the_same_policy_changes_nothing() -> None:
    assert shifts(policy(ssh("open")), policy(ssh("open")), named("i-1", f"findings: [{SSH}]")) == ()


def test_a_rule_by_another_name_changes_nothing() -> None:
    assert shifts(policy(ssh("open")), policy(ssh("open", "login")), named("i-1", f"findings: [{SSH}]")) == ()


def test_instances_that_change_are_grouped_by_levels_and_rules_the_gravest_first() -> None:
    old = policy(
        "rules: [{id: ssh, level: open, because: A., match: {ports: [22]}},"
        " {id: dns, level: controlled, because: B., match: {ports: [53]}}]\n"
    )
    new = policy(
        "rules: [{id: ssh, level: controlled, because: A., match: {ports: [22]}},"
        " {id: dns-2, level: open, because: B., match: {ports: [53]}}]\n"
    )
    fleet = [
        named("i-4", f"findings: [{DNS}]"),
        named("i-3", f"findings: [{SSH}]"),
        named("i-2", "findings: []"),
        named("i-1", f"findings: [{SSH}]"),
    ]

    found = shifts(old, new, *fleet)

    assert [told(shift) for shift in found] == [
        ("lower", OPEN, CONTROLLED, ["i-1", "i-3"]),
        ("raise", CONTROLLED, OPEN, ["i-4"]),
    ]
    assert [(shift.before.rules, shift.after.rules) for shift in found] == [
        (("ssh",), ("ssh",)),
        (("dns",), ("dns-2",)),
    ]


def test_instances_that_another_rule_moves_are_another_group() -> None:
    old = policy(ssh("controlled"), defaults("leave", "controlled"))
    new = policy(ssh("open"), defaults("leave", "open"))

    found = shifts(old, new, named("i-1", f"findings: [{SSH}]"), named("i-2", f"findings: [{DNS}]"))

    assert [shift.after.rules for shift in found] == [("defaults.unmatched",), ("ssh",)]


def test_an_override_that_expires_changes_as_of_its_day() -> None:
    held = "overrides: [{id: vault, level: small, because: A., match: {}, approved_by: team, expires: 2027-03-31}]\n"
    old, new = policy(""), policy(held)

    assert [told(one) for one in shifts(old, new, named("i-1", "findings: []"), today=date(2027, 3, 31))] == [
        ("lower", CONTROLLED, SMALL, ["i-1"])
    ]
    assert shifts(old, new, named("i-1", "findings: []"), today=date(2027, 4, 1)) == ()


@pytest.mark.parametrize(
    ("expected", "old", "new", "findings"),
    [
        ([], "leave", "leave", ""),
        ([("set", None, CONTROLLED, ["i-1"])], "leave", "controlled", ""),
        ([("raise", None, OPEN, ["i-1"])], "leave", "open", ""),
        ([("leave", CONTROLLED, None, ["i-1"])], "controlled", "leave", ""),
        ([("lower", CONTROLLED, CONTROLLED, ["i-1"])], "leave", "controlled", SSH),
        ([("leave", CONTROLLED, CONTROLLED, ["i-1"])], "controlled", "leave", SSH),
    ],
)
def test_an_unobserved_instance_that_is_left_alone_or_no_longer_is_changes(
    expected: list[object], old: str, new: str, findings: str
) -> None:
    given = named("i-1", f"unobserved: {STOPPED}, findings: [{findings}]")
    one, other = policy(ssh("controlled"), defaults(old)), policy(ssh("controlled"), defaults(new))

    assert [told(shift) for shift in shifts(one, other, given)] == expected


def test_what_is_unobserved_is_never_lowered_by_a_rule_where_the_policy_leaves_it() -> None:
    given = named("i-1", f"unobserved: {STOPPED}, findings: [{SSH}]")

    assert [told(one) for one in shifts(policy(ssh("open")), policy(ssh("controlled")), given)] == [
        ("leave", OPEN, CONTROLLED, ["i-1"])
    ]
    assert [told(one) for one in shifts(policy(ssh("controlled")), policy(ssh("open")), given)] == [
        ("raise", CONTROLLED, OPEN, ["i-1"])
    ]


def test_left_alone_and_at_least_small_are_the_same() -> None:
    lowest = "version: 1\ndefaults: {unreachable: small, unmatched: small, unobserved: leave}\n"
    vault = "overrides: [{id: v, level: small, because: A., match: {}, approved_by: t, expires: 2027-03-31}]\n"
    given = named("i-1", f"unobserved: {STOPPED}")

    assert shifts(policy("", lowest), policy(vault, lowest), given) == ()


def stays(outcome: Outcome, now: Exposure) -> Exposure:
    """Return where an instance ends: the meaning of an outcome, as `plan` carries it out."""
    if outcome.level is None or (outcome.raise_only and now > outcome.level):
        return now
    return outcome.level


@given(st.sampled_from(OUTCOMES), st.sampled_from(OUTCOMES))
def test_a_direction_is_what_happens_to_instances_wherever_the_old_policy_lets_them_be(
    before: Outcome, after: Outcome
) -> None:
    settled = {stays(before, now) for now in Exposure}
    moves = {(now < stays(after, now)) - (stays(after, now) < now) for now in settled}

    expected = {
        (False, False): Direction.LEAVE,
        (True, False): Direction.RAISE,
        (False, True): Direction.LOWER,
        (True, True): Direction.SET,
    }[1 in moves, -1 in moves]
    assert direction(before, after) is expected


def test_the_order_of_the_fleet_changes_nothing() -> None:
    fleet = [named(f"i-{number}", f"findings: [{SSH}]") for number in range(5)]
    old, new = policy(ssh("open")), policy(ssh("controlled"))

    assert shifts(old, new, *fleet) == shifts(old, new, *reversed(fleet))
    assert [told(one) for one in shifts(old, new, *fleet)] == [
        ("lower", OPEN, CONTROLLED, [f"i-{n}" for n in range(5)])
    ]
