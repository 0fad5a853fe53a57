"""Rules that cases expect."""

import pytest

from exposurectl.policy.expected_rules import unknown_rules

from .building import DEFAULTS, document, policy, shown

RULE = "rules: [{id: internet-anyone, level: open, because: x, match: {}}]\n"


def said(expect: str) -> list[str]:
    text = f"version: 1\ncases: [{{name: a, given: {{}}, expect: {expect}}}]\n"
    return [shown(one) for one in unknown_rules([document(text, "cases")], policy(RULE, DEFAULTS))]


def test_a_misspelt_rule_is_told_with_the_one_that_is_near() -> None:
    assert said("{level: open, rules: [internet-anyon]}") == [
        (
            "policies/a.yaml:2:60: error: Unknown rule\n"
            '  The policy has no rule or override "internet-anyon", so that the case never holds.\n'
            '  hint: did you mean "internet-anyone"?'
        )
    ]


def test_of_a_rule_that_is_near_to_none_it_is_said_what_can_stand_there() -> None:
    (only,) = said("{level: open, rules: [zzz]}")

    assert only.endswith(
        "hint: name a rule, an override, or defaults.unmatched or defaults.unobserved or defaults.unreachable"
    )


@pytest.mark.parametrize(
    "expect",
    [
        "{level: open}",
        "{level: open, rules: [internet-anyone, defaults.unmatched, defaults.unreachable, defaults.unobserved]}",
    ],
)
def test_of_what_there_is_nothing_is_said(expect: str) -> None:
    assert said(expect) == []
