"""How two policies differ, against every situation of a small world."""

from datetime import date

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from exposurectl.model import Decided, Exposure, Protocol
from exposurectl.policy.analysis.difference import Difference, differences
from exposurectl.policy.analysis.situation import Situation
from exposurectl.policy.decide import decide
from exposurectl.policy.model import Policy

from .brute import ALL_POINTS, POINTS, World, evidence, level, matches_of, small_policies
from .strategies import ANYWHERE, TODAY

days = st.sampled_from((None, TODAY, date(2030, 1, 1)))


@st.composite
def edits(draw: st.DrawFn) -> tuple[Policy, Policy]:
    """Return a policy, and the same after a small change, or one that only reads differently."""
    old = draw(small_policies)
    rules, overrides, defaults = list(old.rules), list(old.overrides), old.defaults
    edit = draw(st.sampled_from(("level", "drop", "defaults", "again", "other")))
    if edit == "level" and rules:
        at = draw(st.integers(0, len(rules) - 1))
        rules[at] = msgspec.structs.replace(rules[at], level=draw(st.sampled_from(Exposure)))
    if edit == "drop" and overrides:
        overrides.pop()
    elif edit == "drop" and rules:
        rules.pop(draw(st.integers(0, len(rules) - 1)))
    if edit == "defaults":
        defaults = draw(small_policies).defaults
    if edit == "again":
        rules = [msgspec.structs.replace(rule, id=f"again-{rule.id}") for rule in reversed(rules)]
    if edit == "other":
        rules = list(draw(small_policies).rules)
    return old, msgspec.structs.replace(old, rules=tuple(rules), overrides=tuple(overrides), defaults=defaults)


pairs = st.one_of(edits(), st.tuples(small_policies, small_policies))


def check(old: Policy, new: Policy, today: date | None, points: tuple[tuple[Protocol, int], ...] = POINTS) -> None:
    found = differences(old, new, ANYWHERE, today)
    world = World((*matches_of(old), *matches_of(new)), ANYWHERE, points)
    reached = list(world.reached())
    cells = [*world.quiet(), *{cell.holding: cell for cell in reached}.values()]
    levels = {cell.holding: levels_of(cell.situation, old, new, today) for cell in cells if cell.situation.reached}
    some = reached[:: len(reached) // 200 + 1]

    assert bool(found) is any(differ(levels_of(cell.situation, old, new, today)) for cell in cells)
    for cell in (*cells, *some):
        now = levels[cell.holding] if cell.situation.reached else levels_of(cell.situation, old, new, today)
        told = [one for one in found if one.holds(cell.situation)]
        assert bool(told) is differ(now)
        assert all((one.before, one.after) == now for one in told)
    for one in found:
        assert one.holds(one.region.example)
        assert (one.before, one.after) == levels_of(one.region.example, old, new, today)
        assert one.before is not one.after


def levels_of(
    situation: Situation, old: Policy, new: Policy, today: date | None
) -> tuple[Exposure | None, Exposure | None]:
    return level(situation, old, today, ANYWHERE), level(situation, new, today, ANYWHERE)


def differ(both: tuple[Exposure | None, Exposure | None]) -> bool:
    return both[0] is not both[1]


@given(pairs, days)
def test_differences_are_those_of_every_situation(both: tuple[Policy, Policy], today: date | None) -> None:
    check(*both, today)


@settings(max_examples=5)
@given(pairs, days)
def test_the_same_holds_port_by_port(both: tuple[Policy, Policy], today: date | None) -> None:
    check(*both, today, ALL_POINTS)


@given(small_policies, days)
def test_a_policy_differs_from_itself_in_nothing(policy: Policy, today: date | None) -> None:
    assert differences(policy, policy, ANYWHERE, today) == ()


@given(pairs, days)
def test_the_way_back_is_the_same_turned_round(both: tuple[Policy, Policy], today: date | None) -> None:
    old, new = both
    there, back = differences(old, new, ANYWHERE, today), differences(new, old, ANYWHERE, today)

    assert {(one.before, one.after) for one in there} == {(one.after, one.before) for one in back}


@given(pairs, days)
def test_those_who_are_heard_are_the_ones_that_decide(both: tuple[Policy, Policy], today: date | None) -> None:
    """What gives the level of an example is among the ids of its difference."""
    for one in differences(*both, ANYWHERE, today):
        for policy, ids in zip(both, (one.rules_before, one.rules_after), strict=True):
            assert set(deciding(one, policy, today)) <= set(ids)


def deciding(one: Difference, policy: Policy, today: date | None) -> set[str]:
    decision = decide(evidence(one.region.example), policy, today=today, anywhere=ANYWHERE)
    return {reason.rule for reason in decision.reasons} if isinstance(decision, Decided) else set()
