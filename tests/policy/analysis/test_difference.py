"""Differences between policies as people write them."""

from datetime import date

import pytest

from exposurectl.diagnostics import ExposurectlError
from exposurectl.policy.analysis.difference import differences
from exposurectl.policy.model import Policy
from policy.building import ANYWHERE, policy

INTERNET = "{id: internet, level: open, because: x, match: {path: {origin: [internet-gateway]}, sources: anywhere}}"
LISTED = "{id: listed, level: controlled, because: x, match: {path: {origin: [internet-gateway]}, sources: restricted}}"
SMALL = "version: 1\ndefaults: {unreachable: small, unmatched: open, unobserved: leave}\n"
LATER = "version: 1\ndefaults: {unreachable: small, unmatched: small, unobserved: controlled}\n"


def rules(*written: str, overrides: str = "", defaults: str = SMALL) -> Policy:
    body = "".join(f"  - {rule}\n" for rule in written)
    return policy((f"rules:\n{body}" if written else "") + overrides, defaults)


def override(match: str, level: str = "small") -> str:
    given = f"{{id: o, level: {level}, because: x, approved_by: y, expires: 2027-03-31, match: {match}}}"
    return f"overrides:\n  - {given}\n"


def told(old: Policy, new: Policy, today: date | None = None) -> list[tuple[str, str, str]]:
    """Return each difference as its words, its levels and its ids."""
    return [
        (
            "; ".join(f"{label}: {value}" for label, value in one.words),
            f"{one.before or 'leave'} -> {one.after or 'leave'}",
            f"{', '.join(one.rules_before)} -> {', '.join(one.rules_after)}",
        )
        for one in differences(old, new, ANYWHERE, today)
    ]


def test_a_refactoring_differs_in_nothing() -> None:
    both = INTERNET.replace("internet,", "renamed,")
    halves = [
        LISTED.replace("listed,", f"{protocol},").replace("{path", f"{{protocol: {protocol}, path")
        for protocol in ("tcp", "udp")
    ]

    assert told(rules(INTERNET, LISTED), rules(*halves, both)) == []


def test_a_changed_level_is_one_row_with_both_rules() -> None:
    found = differences(rules(INTERNET, LISTED), rules(INTERNET, LISTED.replace("controlled", "small")), ANYWHERE)

    assert [one.words for one in found] == [(("path", "from internet-gateway"), ("sources", "restricted"))]
    assert [one.witness for one in found] == ["tcp/443 from an internet gateway, sources 203.0.113.7/32"]
    assert [(str(one.before), str(one.after)) for one in found] == [("controlled", "small")]


def test_ports_taken_out_of_a_rule_are_one_row() -> None:
    old = rules(LISTED.replace("{path", "{ports: [22, 443, 3389], path"))
    new = rules(LISTED.replace("{path", "{ports: [443], path"))

    assert told(old, new) == [
        (
            "ports: 22, 3389; path: from internet-gateway; sources: restricted",
            "controlled -> open",
            "listed -> defaults.unmatched",
        )
    ]


def test_an_override_of_an_instance_shows_what_it_replaces() -> None:
    new = rules(INTERNET, LISTED, overrides=override("{instances: [i-0abc]}", level="controlled"))

    assert told(rules(INTERNET, LISTED), new) == [
        (
            "path: from anything but internet-gateway; instances: instance i-0abc",
            "open -> controlled",
            "defaults.unmatched -> o",
        ),
        ("sources: anywhere; instances: instance i-0abc", "open -> controlled", "defaults.unmatched, internet -> o"),
        (
            "state: unobserved, nothing found; instances: instance i-0abc",
            "leave -> controlled",
            "defaults.unobserved -> o",
        ),
        (
            "state: observed, nothing reachable; instances: instance i-0abc",
            "small -> controlled",
            "defaults.unreachable -> o",
        ),
    ]


def test_an_override_that_has_expired_differs_in_nothing() -> None:
    old, new = rules(INTERNET), rules(INTERNET, overrides=override("{ports: [22], instances: [i-0abc]}"))

    assert told(old, new, date(2027, 4, 1)) == []
    assert told(old, new, date(2027, 3, 31)) == [
        ("ports: 22; instances: instance i-0abc", "open -> small", "defaults.unmatched, internet -> o")
    ]


def test_defaults_differ_where_they_are_heard() -> None:
    assert told(rules(INTERNET), rules(INTERNET, defaults=LATER)) == [
        ("path: from anything but internet-gateway", "open -> small", "defaults.unmatched -> defaults.unmatched"),
        ("sources: restricted", "open -> small", "defaults.unmatched -> defaults.unmatched"),
        ("state: unobserved, nothing found", "leave -> controlled", "defaults.unobserved -> defaults.unobserved"),
    ]


def test_a_higher_floor_shows_where_rules_gave_less() -> None:
    high = SMALL.replace("unreachable: small", "unreachable: controlled")
    low = LISTED.replace("controlled", "small")

    assert told(rules(low), rules(low, defaults=high)) == [
        ("path: from internet-gateway; sources: restricted", "small -> controlled", "listed -> defaults.unreachable"),
        ("state: observed, nothing reachable", "small -> controlled", "defaults.unreachable -> defaults.unreachable"),
    ]


@pytest.mark.parametrize(
    ("match", "words"),
    [
        ("{tags: {Env: prod}}", "tag Env=prod"),
        ('{tags: {Env: "*"}}', "tag Env=*"),
        ('{tags: {Env: [prod, "d*"]}}', "tag Env=prod, d*"),
        ('{accounts: ["111122223333", "444455556666"]}', "account 111122223333, 444455556666"),
        ("{regions: [eu-west-1], vpcs: [vpc-1]}", "region eu-west-1, VPC vpc-1"),
    ],
)
def test_scopes_are_told(match: str, words: str) -> None:
    rule = f"{{id: a, level: small, because: x, match: {match}}}"

    assert told(rules(), rules(rule))[0][0] == f"instances: {words}"


def test_whatever_is_found_is_one_row() -> None:
    old = rules(overrides=override("{tags: {Env: prod}}", "open"))
    new = rules(overrides=override("{tags: {Env: prod}}", "controlled"))

    assert told(old, new) == [("instances: tag Env=prod", "open -> controlled", "o -> o")]


def test_where_it_would_take_too_much_work_it_says_so() -> None:
    globs = ", ".join(f'"*{one}*{one}*"' for one in "abcdefghijklmnop")
    many = rules(f"{{id: a, level: small, because: x, match: {{tags: {{Env: [{globs}]}}}}}}")

    with pytest.raises(ExposurectlError) as raised:
        differences(rules(), many, ANYWHERE)

    assert raised.value.reason == "policy-too-intricate"
    assert raised.value.problems[0].summary == "Policies too intricate to compare"


def test_a_thousand_overrides_that_both_have_are_no_hindrance() -> None:
    """It was called too intricate: each override was a box of its own, to be gone round one after the other."""
    each = "".join(
        f"  - {{id: o{at}, level: {'small' if at % 2 else 'open'}, because: x, approved_by: y, expires: 2027-03-31, "
        f"match: {{instances: [i-{at:017x}]}}}}\n"
        for at in range(1000)
    )
    written = (INTERNET, LISTED)
    changed = (INTERNET, LISTED.replace("controlled", "small"))

    (found,) = differences(
        rules(*written, overrides=f"overrides:\n{each}"), rules(*changed, overrides=f"overrides:\n{each}"), ANYWHERE
    )

    assert (found.rules_before, found.rules_after) == (("listed",), ("listed",))


def test_who_speaks_in_a_corner_only_is_not_named_where_another_speaks_for_all() -> None:
    gateway = "{id: gateway, level: controlled, because: x, match: {path: {origin: [internet-gateway]}}}"
    balancer = "{id: balancer, level: controlled, because: x, match: {path: {origin: [load-balancer]}}}"

    found = told(rules(gateway, balancer), rules(gateway.replace("controlled", "open"), balancer))

    assert [ids for _words, _levels, ids in found] == ["gateway -> gateway"]
