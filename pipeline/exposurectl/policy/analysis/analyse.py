"""What can be proved about a policy without any findings: rules that never decide, and what no rule describes."""

import contextlib
import enum
from collections.abc import Iterator, Sequence
from operator import eq

import msgspec

from exposurectl.diagnostics import Place
from exposurectl.model import Exposure
from exposurectl.policy.analysis.boxes import MOST_STEPS, Box
from exposurectl.policy.analysis.globs import TooIntricateError
from exposurectl.policy.analysis.neighbours import Neighbours
from exposurectl.policy.analysis.nothing import contradictions
from exposurectl.policy.analysis.region import Region
from exposurectl.policy.analysis.senders import positions
from exposurectl.policy.analysis.space import KINDS, REACHED, Space
from exposurectl.policy.analysis.widening import Inside, widened
from exposurectl.policy.model import Override, Policy, Rule
from exposurectl.policy.sources import AnywherePrefix

MOST_REGIONS = 20
"""How many regions that no rule describes are told. There may be more of them."""


class ClaimKind(enum.Enum):
    """What a claim says."""

    NEVER_DECIDES = "never-decides"
    """For all that the rule matches, other rules give at least its level."""
    HOLDS_FOR_NOTHING = "holds-for-nothing"
    """The match of the rule or override contradicts itself."""
    ONLY_UNMATCHED = "only-unmatched"
    """A region that no rule describes."""


class Claim(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One thing that is proved about a policy."""

    kind: ClaimKind
    id: str
    """The rule or override; `defaults.unmatched` for what no rule describes."""
    at: str
    """Where it stands, counted from the policy directory."""
    place: Place | None
    """Where it stands, as a person at this terminal would open it; None for `defaults.unmatched`."""
    covering: tuple[str, ...] = ()
    """The rules that decide in its stead, sorted. Without any one of them, the claim would not hold."""
    why: tuple[str, ...] = ()
    """What contradicts what, in sentences, where it holds for nothing."""
    words: tuple[tuple[str, str], ...] = ()
    """Which region, as label and value."""
    witness: str = ""
    """A situation out of what the rule matches, or of the region; empty where there is none."""
    region: Region | None = None
    """What the rule matches, or what no rule describes."""


def analyse(policy: Policy, anywhere: AnywherePrefix, *, most_steps: int = MOST_STEPS) -> tuple[Claim, ...]:
    """
    Return all that is proved about a policy, by place.

    A rule is called dead only where that holds for every instance and finding that there could be; where telling would
    take too much work, nothing is said. Overrides do not count: they expire.
    """
    about = (_about_rules(policy, anywhere, most_steps), _about_overrides(policy, anywhere))
    claims = [claim for one in about for claim in _as_far_as_told(one)]
    return tuple(sorted(claims, key=_order))


def _as_far_as_told(claims: Iterator[Claim]) -> Iterator[Claim]:
    """Yield claims until telling more would take too much work."""
    with contextlib.suppress(TooIntricateError):
        yield from claims


def _order(claim: Claim) -> tuple[bool, Place, str, tuple[tuple[str, str], ...]]:
    """Return what sorts claims: those about the defaults come last."""
    return claim.place is None, claim.place or Place(""), claim.id, claim.words


def _about_rules(policy: Policy, anywhere: AnywherePrefix, most_steps: int) -> Iterator[Claim]:
    space = Space((rule.match for rule in policy.rules), anywhere, most_steps)
    boxes = [(rule, space.box(rule.match)) for rule in policy.rules]
    rules = [(rule, box) for rule, box in boxes if box]
    yield from (_holds_for_nothing(space, rule) for rule, box in boxes if not box)
    yield from _never_decide(space, rules)
    yield from _only_unmatched(space, policy, [box for _rule, box in rules])


def _about_overrides(policy: Policy, anywhere: AnywherePrefix) -> Iterator[Claim]:
    """Yield what contradicts itself. Overrides have a space of their own: two thousand instances would slow rules."""
    space = Space((override.match for override in policy.overrides), anywhere)
    yield from (_holds_for_nothing(space, one) for one in policy.overrides if not space.box(one.match))


def _holds_for_nothing(space: Space, entry: Rule | Override) -> Claim:
    why = contradictions(space, entry.match)
    return Claim(kind=ClaimKind.HOLDS_FOR_NOTHING, id=entry.id, at=entry.at, place=entry.place, why=why)


def _never_decide(space: Space, rules: Sequence[tuple[Rule, Box]]) -> Iterator[Claim]:
    """Yield a claim for each rule that others cover which give at least its level."""
    rules = sorted(rules, key=lambda pair: _breadth(space, pair[1]), reverse=True)
    neighbours = Neighbours([box for _rule, box in rules])
    enough = {level: sum(1 << at for at, (rule, _box) in enumerate(rules) if rule.level >= level) for level in Exposure}
    for at, (rule, box) in enumerate(rules):
        others = enough[rule.level] & ~(1 << at)
        alone = [rules[other] for other in positions(neighbours.holding(box) & others)]
        near = [rules[other] for other in positions(neighbours.meeting(box) & others)]
        covering = _alone(space, box, alone) or _together(space, box, near)
        if covering:
            region = Region(space, box)
            yield Claim(
                kind=ClaimKind.NEVER_DECIDES,
                id=rule.id,
                at=rule.at,
                place=rule.place,
                covering=covering,
                words=region.words,
                witness=region.witness,
                region=region,
            )


def _breadth(space: Space, box: Box) -> int:
    """Return how many sides a box leaves open: the broadest may cover alone what many others cover together."""
    whole = [*map(eq, box.sides, space.everything.sides)].count(True)
    return whole - len(box.paths.present) - bool(box.paths.absent)


def _alone(space: Space, box: Box, others: Sequence[tuple[Rule, Box]]) -> tuple[str, ...]:
    """Return the id of one that covers the box alone, if there is one: most dead rules are of that kind."""
    return next(((rule.id,) for rule, own in others if space.boxes.meet(box, own) == box), ())


def _together(space: Space, box: Box, others: Sequence[tuple[Rule, Box]]) -> tuple[str, ...]:
    """Return ids of others that cover the box and of which none can be left out; none where they do not cover it."""
    try:
        proof = space.boxes.proof(box, [own for _rule, own in others])
        needed = [others[at] for at in proof or ()]
        for one in needed[::-1]:
            fewer = [other for other in needed if other is not one]
            if not space.boxes.escape(box, [own for _rule, own in fewer]):
                needed = fewer
    except TooIntricateError:
        return ()
    return tuple(sorted(rule.id for rule, _box in needed))


def _only_unmatched(space: Space, policy: Policy, rules: Sequence[Box]) -> Iterator[Claim]:
    """Yield what no rule meets, region by region."""
    for box in _unmet(space, rules):
        region = Region(space, box)
        yield Claim(
            kind=ClaimKind.ONLY_UNMATCHED,
            id="defaults.unmatched",
            at=policy.defaults.at,
            place=None,
            words=region.words,
            witness=region.witness,
            region=region,
        )


def _unmet(space: Space, rules: Sequence[Box]) -> list[Box]:
    """Return boxes that no rule meets, each as wide as it goes, until all is told or enough is."""
    told: list[Box] = []
    try:
        for part in space.boxes.escapes(space.of_kinds(REACHED), rules):
            while (left := space.boxes.escape(part, told)) and len(told) < MOST_REGIONS:
                told.append(widened(space, left, lambda around: _outside(space, around, rules)))
            if len(told) == MOST_REGIONS:
                break
    except TooIntricateError:
        return told
    return told


def _outside(space: Space, around: Box, rules: Sequence[Box]) -> Inside:
    """Return what tells of parts of a box that they meet no rule."""
    near = [rule for rule in rules if space.boxes.meet(around, rule)]
    return lambda box: box.sides[KINDS] == REACHED and not any(space.boxes.meet(box, rule) for rule in near)
