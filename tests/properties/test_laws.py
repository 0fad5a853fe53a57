"""The laws of the policy reference, §4: what holds for every policy and every instance."""

from collections.abc import Sequence
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from exposurectl.model import (
    HIGHEST_PORT,
    LOWEST_PORT,
    Coverage,
    Decided,
    Decision,
    Evidence,
    Exposure,
    Finding,
    Observed,
    PortRange,
    Unobserved,
)
from exposurectl.policy.decide import decide
from exposurectl.policy.model import Match, Policy
from exposurectl.policy.sources import NamedSources, Within

from .strategies import (
    ANYWHERE,
    TODAY,
    compiled,
    evidence,
    findings,
    instances,
    levels,
    matches,
    policies,
    policy_of,
    wide_matches,
    written_overrides,
    written_rules,
)


def decision(given: Evidence, policy: Policy) -> Decision:
    return decide(given, policy, today=TODAY, anywhere=ANYWHERE)


def rank(came_out: Decision) -> int:
    """Return how high a decision is; being left alone is lower than every level."""
    return list(Exposure).index(came_out.level) if isinstance(came_out, Decided) else -1


def in_any_order(came_out: Decision) -> Any:
    """Return a decision as one that does not care for the order of its reasons."""
    if not isinstance(came_out, Decided):
        return came_out
    return (came_out.level, frozenset(came_out.reasons), came_out.raise_only, came_out.without, came_out.warnings)


def level_and_rules(came_out: Decision) -> tuple[int, frozenset[str], tuple[str, ...]]:
    if not isinstance(came_out, Decided):
        return rank(came_out), frozenset(), ()
    return rank(came_out), frozenset(reason.rule for reason in came_out.reasons), came_out.warnings


def set_to(came_out: Decision, today: Exposure) -> Exposure:
    """Return the level that an instance gets that has one today."""
    if not isinstance(came_out, Decided):
        return today
    return max(today, came_out.level) if came_out.raise_only else came_out.level


@given(policies(matches=st.one_of(matches, wide_matches)), evidence(), st.randoms(use_true_random=False))
def test_reordering_rules_and_overrides_changes_nothing(policy: Policy, given: Evidence, random: Any) -> None:
    rules, overrides = list(policy.rules), list(policy.overrides)
    random.shuffle(rules)
    random.shuffle(overrides)

    shuffled = policy_of(policy.defaults, rules, overrides)

    assert in_any_order(decision(given, policy)) == in_any_order(decision(given, shuffled))


@given(policies(), evidence(), st.randoms(use_true_random=False))
def test_reordering_findings_and_their_evidence_changes_nothing(policy: Policy, given: Evidence, random: Any) -> None:
    shuffled = [replace(finding, ingress=in_other_order(finding.ingress, random)) for finding in given.findings]
    random.shuffle(shuffled)

    after = decision(replace(given, findings=tuple(shuffled)), policy)

    assert in_any_order(decision(given, policy)) == in_any_order(after)


def in_other_order(values: Sequence[Any], random: Any) -> tuple[Any, ...]:
    other = list(values)
    random.shuffle(other)
    return tuple(other)


@given(
    st.lists(written_rules, max_size=4),
    st.lists(written_overrides, max_size=2),
    evidence(),
    st.randoms(use_true_random=False),
)
def test_reordering_files_and_what_stands_in_them_changes_nothing(
    rules: list[dict[str, Any]], overrides: list[dict[str, Any]], given: Evidence, random: Any
) -> None:
    defaults = {"unreachable": "small", "unmatched": "controlled", "unobserved": "leave"}
    named_rules = [{"id": f"r{number}", **rule} for number, rule in enumerate(rules)]
    named_overrides = [{"id": f"o{number}", **override} for number, override in enumerate(overrides)]
    cut = len(named_rules) // 2
    files: list[tuple[str, dict[str, Any]]] = [
        ("policies/a.yaml", {"version": 1, "defaults": defaults, "rules": named_rules, "overrides": named_overrides})
    ]
    random.shuffle(named_rules)
    random.shuffle(named_overrides)
    others: list[tuple[str, dict[str, Any]]] = [
        ("policies/a.yaml", {"version": 1, "rules": named_rules[:cut]}),
        ("policies/b.yaml", {"version": 1, "overrides": named_overrides, "defaults": defaults}),
        ("policies/c.yaml", {"version": 1, "rules": named_rules[cut:]}),
    ]
    random.shuffle(others)

    one, other = decision(given, compiled(files)), decision(given, compiled(others))

    assert level_and_rules(one) == level_and_rules(other)


@given(policies(), evidence(), findings())
def test_one_more_finding_never_lowers(policy: Policy, given: Evidence, more: Finding) -> None:
    after = decision(replace(given, findings=(*given.findings, more)), policy)

    assert rank(decision(given, policy)) <= rank(after)


@given(policies(matches=st.one_of(matches, wide_matches)), evidence(), findings(), st.booleans())
def test_one_more_open_port_never_lowers(policy: Policy, given: Evidence, finding: Finding, above: bool) -> None:  # noqa: FBT001 Hypothesis passes it
    ports = finding.ports
    wider = PortRange(ports.begin, ports.end + 1) if above else PortRange(ports.begin - 1, ports.end)
    assume(wider.begin >= LOWEST_PORT)
    assume(wider.end <= HIGHEST_PORT)

    before = decision(replace(given, findings=(*given.findings, finding)), policy)
    after = decision(replace(given, findings=(*given.findings, replace(finding, ports=wider))), policy)

    assert rank(before) <= rank(after)


@given(policies(matches=st.one_of(matches, wide_matches)), evidence(), findings(), st.data())
def test_splitting_a_findings_range_in_two_changes_nothing(
    policy: Policy, given: Evidence, finding: Finding, data: st.DataObject
) -> None:
    ports = finding.ports
    assume(ports.begin < ports.end)
    cut = data.draw(st.integers(ports.begin, ports.end - 1))
    halves = (
        replace(finding, ports=PortRange(ports.begin, cut)),
        replace(finding, ports=PortRange(cut + 1, ports.end)),
    )

    whole = decision(replace(given, findings=(*given.findings, finding)), policy)
    split = decision(replace(given, findings=(*given.findings, *halves)), policy)

    assert level_and_rules(whole) == level_and_rules(split)
    assert getattr(whole, "without", None) is getattr(split, "without", None)


@given(policies(overrides=0), evidence())
def test_with_no_overrides_no_level_is_below_unreachable(policy: Policy, given: Evidence) -> None:
    came_out = decision(given, policy)

    assert not isinstance(came_out, Decided) or policy.defaults.unreachable <= came_out.level


@given(policies(), evidence(findings=st.lists(findings(ingress=st.just(())), max_size=3).map(tuple)))
def test_without_evidence_nothing_is_judged_restricted(policy: Policy, given: Evidence) -> None:
    others = policy_of(
        policy.defaults,
        [rule for rule in policy.rules if not asks_for_evidence(rule.match)],
        [override for override in policy.overrides if not asks_for_evidence(override.match)],
    )

    assert decision(given, policy) == decision(given, others)


def asks_for_evidence(match: Match) -> bool:
    return match.sources is NamedSources.RESTRICTED or isinstance(match.sources, Within)


@given(policies(matches=st.one_of(matches, wide_matches)), evidence())
def test_an_expired_override_equals_an_absent_one(policy: Policy, given: Evidence) -> None:
    live = [override for override in policy.overrides if override.expires >= TODAY]

    without = policy_of(policy.defaults, list(policy.rules), live)

    assert decision(given, policy) == decision(given, without)


@given(policies(), evidence(coverage=st.just(Observed())), st.data())
def test_missing_evidence_never_lowers_where_the_unobserved_are_left_alone(
    policy: Policy, given: Evidence, data: st.DataObject
) -> None:
    leave = replace(policy, defaults=replace(policy.defaults, unobserved=None))
    seen = decision(given, leave)
    assert isinstance(seen, Decided)
    kept = [finding for finding in given.findings if data.draw(st.booleans())]

    lost = replace(given, findings=tuple(kept), coverage=Unobserved("FINDINGS_QUOTA"))

    assert seen.level <= set_to(decision(lost, leave), seen.level)


@given(policies(), evidence(), levels)
def test_losing_inspectors_view_never_lowers(policy: Policy, given: Evidence, today: Exposure) -> None:
    views: tuple[Coverage, ...] = (Observed(), Unobserved("ACCESS_DENIED"))

    seen, unseen = (decision(replace(given, coverage=view), policy) for view in views)

    assert min(set_to(seen, today), today) <= set_to(unseen, today)


@given(policies(), evidence(), instances)
def test_an_instance_that_no_rule_tells_from_another_has_its_level(policy: Policy, given: Evidence, other: Any) -> None:
    scopes = [*(rule.match.scope for rule in policy.rules), *(one.match.scope for one in policy.overrides)]
    assume(all(scope.holds(given.instance) is scope.holds(other) for scope in scopes))

    assert decision(given, policy) == decision(replace(given, instance=other), policy)
