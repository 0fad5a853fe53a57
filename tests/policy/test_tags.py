import pytest

from exposurectl.diagnostics import Place
from exposurectl.policy.compile import compile_policy
from exposurectl.policy.model import Policy
from exposurectl.policy.tags import lowering_tags

from .building import files, shown

APPROVED = "because: x, approved_by: y, expires: 2027-03-31"


def said(body: str, unmatched: str = "open", unreachable: str = "controlled", unobserved: str = "leave") -> str:
    defaults = f"{{unreachable: {unreachable}, unmatched: {unmatched}, unobserved: {unobserved}}}"
    read = files(f"version: 1\ndefaults: {defaults}\n{body}\n")
    policy = compile_policy(Place("policies"), read)
    assert isinstance(policy, Policy)
    return "".join(f"{shown(problem)}\n" for problem in lowering_tags(policy, read))


def rule(level: str, match: str) -> str:
    return f"rules: [{{id: a, level: {level}, because: x, match: {match}}}]"


def override(level: str, match: str) -> str:
    return overrides((level, match))


def overrides(*given: tuple[str, str]) -> str:
    entries = (f"{{id: o{at}, level: {level}, match: {match}, {APPROVED}}}" for at, (level, match) in enumerate(given))
    return f"overrides: [{', '.join(entries)}]"


def test_a_rule_by_which_a_tag_lowers_is_told_at_its_tags() -> None:
    assert said(rule("controlled", "{tags: {Tier: internal}}")) == (
        "policies/a.yaml:3:56: warning: Tag may lower a level\n"
        '  Rule "a" gives controlled where the tag "Tier" stands, and without that the level may be open: '
        "whoever may tag an instance may lower it.\n"
        "  hint: name accounts, vpcs or instances instead, or turn this warning off in the config with the reason why "
        "the tag is trusted\n"
    )


def test_an_override_by_which_tags_lower_is_told() -> None:
    assert said(override("small", "{tags: {A: x, B: y, C: z}}")).splitlines()[1] == (
        '  Override "o0" gives small where the tags "A", "B" and "C" stand, and without that the level may be open: '
        "whoever may tag an instance may lower it."
    )


@pytest.mark.parametrize(
    "body",
    [
        rule("open", "{tags: {Tier: public}}"),
        rule("controlled", "{ports: [22]}"),
        override("open", "{tags: {Tier: public}}"),
        override("small", "{instances: [i-1]}"),
    ],
)
def test_a_tag_that_raises_and_what_asks_for_none_is_not_told(body: str) -> None:
    assert said(body) == ""


def test_a_rule_at_the_level_of_unmatched_lowers_nothing() -> None:
    assert said(rule("controlled", "{tags: {Tier: internal}}"), unmatched="controlled") == ""


@pytest.mark.parametrize(
    ("unreachable", "rules", "told"),
    [("small", "", False), ("controlled", "", True), ("small", rule("open", "{}"), True)],
)
def test_an_override_lowers_what_anything_else_may_give(unreachable: str, rules: str, told: bool) -> None:  # noqa: FBT001 - it is a value here, not a switch
    found = said(f"{override('small', '{tags: {A: x}}')}\n{rules}", unmatched="small", unreachable=unreachable)

    assert bool(found) is told


WHOLE, PARTIAL = "{tags: {A: x}}", "{tags: {A: x}, ports: [22]}"


def test_an_override_of_the_whole_instance_lowers_what_one_of_points_gives() -> None:
    raising = ("open", "{ports: [22]}")

    assert '"o1" gives controlled' in said(overrides(raising, ("controlled", WHOLE)), unmatched="controlled")
    assert said(overrides(raising, ("controlled", PARTIAL)), unmatched="controlled") == ""


def test_an_override_of_the_whole_instance_lowers_what_the_unobserved_are_given() -> None:
    def found(match: str) -> str:
        body = override("controlled", match)
        return said(body, unmatched="controlled", unreachable="small", unobserved="open")

    assert "may be open" in found(WHOLE)
    assert found(PARTIAL) == ""


def test_of_two_overrides_of_the_whole_instance_neither_lowers() -> None:
    both = overrides(("open", "{instances: [i-1]}"), ("controlled", WHOLE))

    assert said(both, unmatched="controlled") == ""


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (rule("small", WHOLE), False),
        (override("small", PARTIAL), False),
        (override("small", WHOLE), True),
        (f"{override('small', PARTIAL)}\n{rule('open', '{ports: [22]}')}", True),
    ],
)
def test_what_speaks_of_points_takes_nothing_below_the_floor(body: str, told: bool) -> None:  # noqa: FBT001 - it is a value here, not a switch
    assert bool(said(body, unmatched="controlled")) is told


def test_what_speaks_of_points_may_lower_to_the_floor() -> None:
    assert '"a" gives small' in said(rule("small", WHOLE))
    assert '"o0" gives small' in said(override("small", PARTIAL))
