from exposurectl.diagnostics import Diagnostic, Place, ProblemId, Severity
from exposurectl.policy.claims import proved
from exposurectl.policy.compile import compile_policy
from exposurectl.policy.model import Policy

from .building import ANYWHERE, DEFAULTS, files, shown


def warnings(rules: str, more: str = "") -> list[Diagnostic]:
    read = files(f"{DEFAULTS}rules:\n{rules}{more}")
    policy = compile_policy(Place("policies"), read)
    assert isinstance(policy, Policy)
    return list(proved(policy, read, ANYWHERE))


def rule(name: str, level: str, match: str) -> str:
    return f"  - {{id: {name}, level: {level}, because: x, match: {match}}}\n"


EVERYTHING = rule("everything", "open", "{}")


def test_a_rule_that_never_decides_is_told_with_what_covers_it_and_an_example() -> None:
    (only,) = warnings(rule("ssh", "controlled", "{protocol: tcp, ports: [22]}") + EVERYTHING)

    assert shown(only) == (
        "policies/a.yaml:4:5: warning: Rule never decides\n"
        '  Wherever "ssh" matches, "everything" gives at least its level, controlled. '
        "For example: tcp/22 from an unknown component, sources anywhere.\n"
        '  hint: delete it, or narrow "everything"'
    )
    assert only.id == ProblemId.RULE_NEVER_DECIDES


def test_rules_that_cover_another_together_are_named() -> None:
    (only,) = warnings(
        rule("both", "controlled", "{ports: [22]}")
        + rule("t", "open", "{protocol: tcp}")
        + rule("u", "open", "{protocol: udp}")
    )

    assert only.detail.startswith('Wherever "both" matches, "t" and "u" give at least its level, controlled. ')
    assert only.hint == "delete it, or narrow those rules"


def test_of_many_rules_the_first_are_named() -> None:
    parts = "".join(rule(f"r{number}", "open", f"{{ports: [{number}]}}") for number in range(1, 8))
    found = warnings(rule("all", "controlled", '{ports: ["1-7"]}') + parts)

    (only,) = [one for one in found if one.id == ProblemId.RULE_NEVER_DECIDES]
    assert only.detail.startswith('Wherever "all" matches, "r1", "r2", "r3", "r4", "r5" and 2 more rules give at least')


def test_a_match_that_holds_for_nothing_is_told_with_why() -> None:
    nothing = "{path: {origin: [internet-gateway], none_of: [internet-gateway]}}"
    override = (
        f"overrides: [{{id: o, level: open, match: {nothing}, because: x, approved_by: y, expires: 2027-03-31}}]\n"
    )

    first, second = warnings(rule("none", "open", nothing) + EVERYTHING, override)

    assert shown(first) == (
        "policies/a.yaml:4:41: warning: Match holds for nothing\n"
        '  The match of "none" contradicts itself, so that it decides nothing.\n'
        "`path.none_of` (internet-gateway) excludes every origin that `path.origin` asks for (internet-gateway).\n"
        "  hint: take away one of the conditions"
    )
    assert second.detail.startswith('The match of "o" contradicts itself')
    assert str(second.place) == "policies/a.yaml:6:34"


def test_what_no_rule_describes_is_told_at_the_level_that_it_gets() -> None:
    (only,) = warnings(rule("web", "open", "{protocol: tcp}"))

    assert (only.id, only.severity, str(only.place)) == (
        ProblemId.ONLY_UNMATCHED_DECIDES,
        Severity.WARNING,
        "policies/a.yaml:2:48",
    )
    first, second = only.detail.splitlines()
    assert first == "No rule describes what follows; it is open by `defaults.unmatched`."
    assert "udp" in second
    assert " For example: udp/" in second


def test_of_many_regions_the_first_are_told_and_the_others_counted() -> None:
    origins = ("internet-gateway", "vpc-peering", "vpn-gateway", "transit-gateway", "nat-gateway", "vpc-endpoint")
    some = "".join(
        rule(f"r{index}", "open", f"{{path: {{origin: [{origin}]}}, ports: [{index}]}}")
        for index, origin in enumerate(origins)
    )

    (only,) = warnings(some)

    lines = only.detail.splitlines()
    assert len(lines) == 7
    assert lines[-1] == "And 2 more."


def test_a_policy_without_rules_leaves_everything_to_unmatched() -> None:
    read = files(DEFAULTS)
    policy = compile_policy(Place("policies"), read)
    assert isinstance(policy, Policy)

    (only,) = proved(policy, read, ANYWHERE)

    assert only.detail.splitlines()[1].startswith("ports all. For example: ")


def test_nothing_is_said_where_there_is_nothing_to_say() -> None:
    assert warnings(EVERYTHING) == []


def test_where_regions_are_no_longer_looked_for_there_may_be_more() -> None:
    scoped = "".join(
        rule(f"r{at}", "open", f'{{ports: [{at}], accounts: ["{at:012}"], regions: [eu-west-{at}]}}')
        for at in range(1, 30)
    )
    (only,) = [one for one in warnings(scoped) if one.id == ProblemId.ONLY_UNMATCHED_DECIDES]

    assert only.detail.splitlines()[-1] == "And 15 more at least."
