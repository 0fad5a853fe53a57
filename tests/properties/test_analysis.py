"""What is proved about a policy, against every situation of a small world."""

import msgspec
from hypothesis import given, settings

from exposurectl.model import Exposure, Protocol
from exposurectl.policy.analysis.analyse import MOST_REGIONS, Claim, ClaimKind, analyse
from exposurectl.policy.analysis.situation import Situation
from exposurectl.policy.model import Match, Override, Policy, Rule

from .brute import ALL_POINTS, POINTS, World, level, matches_of, small_policies
from .strategies import ANYWHERE, TODAY


def claimed(claims: tuple[Claim, ...], kind: ClaimKind) -> dict[str, Claim]:
    return {claim.id: claim for claim in claims if claim.kind is kind}


def covering(rules: list[Rule], rule: Rule) -> int:
    """Return the others that give at least a rule's level, as bits by position."""
    return sum(1 << at for at, other in enumerate(rules) if other is not rule and other.level >= rule.level)


def holds(match: Match, situation: Situation) -> bool:
    reached = situation.reached
    return (
        reached is not None
        and match.scope.holds(situation.instance)
        and match.on_path(reached.protocol, reached.path)
        and match.on_port(reached.port, reached.networks, ANYWHERE)
    )


def without(policy: Policy, *ids: str) -> Policy:
    """Return a policy of rules alone and with the lowest floor, so that all that they give shows."""
    rules = tuple(rule for rule in policy.rules if rule.id not in ids)
    floor = msgspec.structs.replace(policy.defaults, unreachable=Exposure.SMALL)
    return msgspec.structs.replace(policy, rules=rules, overrides=(), defaults=floor)


def check_dead_rules(policy: Policy, world: World) -> None:
    claims = analyse(policy, ANYWHERE)
    rules = list(policy.rules)
    cells = list({cell.holding: cell for cell in world.reached()}.values())
    dead = claimed(claims, ClaimKind.NEVER_DECIDES)

    for at, rule in enumerate(rules):
        own = [cell for cell in cells if cell.holding >> at & 1]
        assert (rule.id in dead) is (own != [] and all(cell.holding & covering(rules, rule) for cell in own))
        if rule.id in dead:
            claim = dead[rule.id]
            least = msgspec.structs.replace(policy, rules=(*(one for one in rules if one.id in claim.covering), rule))
            assert claim.region
            assert holds(rule.match, claim.region.example)
            for cell in own:
                for whole in (policy, least):
                    given = [level(cell.situation, without(whole, *gone), TODAY, ANYWHERE) for gone in ((), (rule.id,))]
                    assert given[0] is given[1]


def check_covering(policy: Policy, world: World) -> None:
    """No rule that a claim names can be left out."""
    positions = {rule.id: at for at, rule in enumerate(policy.rules)}
    holding = {cell.holding for cell in world.reached()}
    for claim in claimed(analyse(policy, ANYWHERE), ClaimKind.NEVER_DECIDES).values():
        own = [some for some in holding if some >> positions[claim.id] & 1]
        for left_out in claim.covering:
            others = sum(1 << positions[one] for one in claim.covering if one != left_out)
            assert not all(some & others for some in own)


def check_nothing_and_unmatched(policy: Policy, world: World) -> None:
    claims = analyse(policy, ANYWHERE)
    entries: list[Rule | Override] = [*policy.rules, *policy.overrides]
    cells = list(world.reached())
    nothing = claimed(claims, ClaimKind.HOLDS_FOR_NOTHING)
    regions = [claim for claim in claims if claim.kind is ClaimKind.ONLY_UNMATCHED]
    rules = (1 << len(policy.rules)) - 1

    assert set(nothing) == {
        entry.id for at, entry in enumerate(entries) if not any(cell.holding >> at & 1 for cell in cells)
    }
    assert all(claim.why for claim in nothing.values())
    complete = len(regions) < MOST_REGIONS
    for cell in cells[:: len(cells) // 200 + 1]:
        inside = [claim for claim in regions if claim.region and claim.region.holds(cell.situation)]
        assert not (inside and cell.holding & rules)
        assert inside or cell.holding & rules or not complete
    for claim in regions:
        assert claim.region
        assert claim.region.holds(claim.region.example)
        assert not any(holds(rule.match, claim.region.example) for rule in policy.rules)


def check(policy: Policy, points: tuple[tuple[Protocol, int], ...] = POINTS) -> None:
    world = World(matches_of(policy), ANYWHERE, points)
    check_dead_rules(policy, world)
    check_covering(policy, world)
    check_nothing_and_unmatched(policy, world)


@given(small_policies)
def test_every_claim_holds_and_no_dead_rule_is_missed(policy: Policy) -> None:
    check(policy)


@settings(max_examples=5)
@given(small_policies)
def test_the_same_holds_port_by_port(policy: Policy) -> None:
    check(policy, ALL_POINTS)
