"""Two policies: every situation that they judge differently."""

from collections.abc import Iterator
from datetime import date

import msgspec

from exposurectl.diagnostics import Diagnostic, ExposurectlError
from exposurectl.model import Exposure
from exposurectl.policy.analysis.boxes import Box
from exposurectl.policy.analysis.comparison import Comparison, Found
from exposurectl.policy.analysis.globs import TooIntricateError
from exposurectl.policy.analysis.layers import Layers
from exposurectl.policy.analysis.region import Region
from exposurectl.policy.analysis.situation import Situation
from exposurectl.policy.analysis.space import EVERY_KIND, QUIET, REACHED, UNOBSERVED, Space
from exposurectl.policy.model import Match, Override, Policy, Rule
from exposurectl.policy.sources import AnywherePrefix

_SIMPLER = (
    "write fewer globs that begin with `*` and fewer lists of `within` that overlap, or compare the two by what they "
    "make of a snapshot"
)


class Difference(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Situations to which one policy gives one level, and another policy another."""

    words: tuple[tuple[str, str], ...]
    """Which situations, as label and value: `("ports", "tcp/22, tcp/3389")`. What is not said may be anything."""
    before: Exposure | None
    """None is `leave`: the instance is left alone."""
    after: Exposure | None
    rules_before: tuple[str, ...]
    """
    Ids of the rules, overrides and defaults that gave the level before, sorted; of those that speak in a corner only,
    none that others speak for.
    """
    rules_after: tuple[str, ...]
    witness: str
    """One of the situations, such as `tcp/8443 from an internet gateway, sources anywhere`."""
    region: Region

    def holds(self, situation: Situation) -> bool:
        """Tell whether a situation is one of these."""
        return self.region.holds(situation)


def differences(
    old: Policy, new: Policy, anywhere: AnywherePrefix, today: date | None = None
) -> tuple[Difference, ...]:
    """
    Return every region in which the two give different levels, in the fewest boxes that are found.

    No box is told from another by what it does not need: boxes may overlap where they say the same. None at all means
    that no instance, whatever is found, is decided differently. `today` is the day by which overrides expire; without
    it, none has expired. Raises ExposurectlError where an exact answer would take too much work.
    """
    try:
        return _differences(old, new, anywhere, today)
    except TooIntricateError:
        detail = "Their globs and rules cross each other in so many ways that what differs cannot be said exactly."
        problem = Diagnostic(summary="Policies too intricate to compare", detail=detail, hint=_SIMPLER)
        raise ExposurectlError(problem, reason="policy-too-intricate") from None


def _differences(old: Policy, new: Policy, anywhere: AnywherePrefix, today: date | None) -> tuple[Difference, ...]:
    entries: tuple[Rule | Override, ...] = (*old.rules, *old.overrides, *new.rules, *new.overrides)
    space = Space((entry.match for entry in entries), anywhere)
    before, after = Layers.of(old, space, today), Layers.of(new, space, today)
    comparison = Comparison(space, before.joined(), after.joined())
    for seed in _seeds(old, new, space, today):
        comparison.look_in(seed)
    return tuple(sorted((_difference(space, one, before, after) for one in comparison.needed()), key=_order))


def _difference(space: Space, found: Found, before: Layers, after: Layers) -> Difference:
    region = Region(space, found.box)

    def in_example(box: Box) -> bool:
        return space.holds(box, region.example)

    return Difference(
        words=region.words,
        before=found.before,
        after=found.after,
        rules_before=before.heard(found.box, in_example),
        rules_after=after.heard(found.box, in_example),
        witness=region.witness,
        region=region,
    )


def _order(difference: Difference) -> tuple[bool, str, str, tuple[tuple[str, str], ...], str]:
    """Return what sorts differences: those that lower come first, since they are what a reviewer must not miss."""
    before, after = difference.before, difference.after
    lowers = before is not None and after is not None and after < before
    return not lowers, str(before or "leave"), str(after or "leave"), difference.words, difference.witness


def _seeds(old: Policy, new: Policy, space: Space, today: date | None) -> Iterator[Box]:
    """Yield boxes outside of which nothing differs: what only one of the two says, and where defaults differ."""
    said, saying = _said(old, today), _said(new, today)
    for match, _level, is_override in [one for one in said | saying if (one in said) != (one in saying)]:
        kinds = EVERY_KIND if is_override and match.is_whole else REACHED
        box = space.box(match, kinds)
        if box:
            yield box
    one, other = old.defaults, new.defaults
    kinds = UNOBSERVED if one.unobserved is not other.unobserved else 0
    kinds |= REACHED if one.unmatched is not other.unmatched else 0
    kinds |= REACHED | QUIET if one.unreachable is not other.unreachable else 0
    if kinds:
        yield space.of_kinds(kinds)


def _said(policy: Policy, today: date | None) -> dict[tuple[Match, Exposure, bool], None]:
    """Return all that a policy says on that day, whatever the ids, in order."""
    live = [one for one in policy.overrides if one.is_live(today)]
    rules = [(one.match, one.level, False) for one in policy.rules]
    return dict.fromkeys([*rules, *((one.match, one.level, True) for one in live)])
