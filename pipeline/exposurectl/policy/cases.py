"""Policy cases: a policy's own tests, and which of its rules they exercise."""

from collections.abc import Iterable
from datetime import date

import msgspec

from exposurectl.diagnostics import Place
from exposurectl.model import Decided, Decision, Evidence, Exposure
from exposurectl.policy.decide import decide
from exposurectl.policy.model import Policy
from exposurectl.policy.points import judged_points
from exposurectl.policy.sources import AnywherePrefix

_NONE: frozenset[str] = frozenset()
_FLOORS = frozenset({"defaults.unobserved", "defaults.unreachable"})


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What a case says must come out. None does not care."""

    level: Exposure | None
    """None is `leave`: the instance is left alone."""
    rules: frozenset[str] | None = None
    raise_only: bool | None = None


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One test of a policy: evidence, a day, and what is expected."""

    name: str
    place: Place
    evidence: Evidence
    today: date | None
    expected: Expected


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """What came out of a case."""

    case: Case
    decision: Decision
    below: frozenset[str] = _NONE
    """The ids of what decides points where the floor alone gives the level, as all of them lie below it."""

    @property
    def level(self) -> Exposure | None:
        """Return the level that came out; None where the instance is left alone."""
        return self.decision.level if isinstance(self.decision, Decided) else None

    @property
    def rules(self) -> frozenset[str]:
        """Return the ids of what gave the level."""
        return (
            frozenset(reason.rule for reason in self.decision.reasons) if isinstance(self.decision, Decided) else _NONE
        )

    @property
    def exercised(self) -> frozenset[str]:
        """Return the ids of what the case shows at work: what gave the level, or what the floor then outweighs."""
        return self.rules | self.below

    @property
    def raise_only(self) -> bool:
        """Tell whether the decision may raise but not lower."""
        return not isinstance(self.decision, Decided) or self.decision.raise_only

    @property
    def holds(self) -> bool:
        """Tell whether everything that the case expects came out."""
        expected = self.case.expected
        return (
            self.level is expected.level
            and expected.rules in {None, self.rules}
            and expected.raise_only in {None, self.raise_only}
        )


def run_case(case: Case, policy: Policy, anywhere: AnywherePrefix) -> Tested:
    """Decide the case's evidence by the policy."""
    tested = Tested(case=case, decision=decide(case.evidence, policy, today=case.today, anywhere=anywhere))
    # Nothing below the floor can give a level: to demand it of a case would leave such a rule uncovered for good.
    below = _deciding(case, policy, anywhere) if tested.rules and tested.rules <= _FLOORS else _NONE
    return msgspec.structs.replace(tested, below=below)


def _deciding(case: Case, policy: Policy, anywhere: AnywherePrefix) -> frozenset[str]:
    """Return the ids of what decides the case's points, floor aside."""
    points = judged_points(case.evidence, policy, today=case.today, anywhere=anywhere)
    return frozenset(rule for point in points for rule in point.by)


class RuleCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """How many of a policy's rules and overrides decide a case, and the ids of those that decide none, sorted."""

    total: int
    unexercised: tuple[str, ...]

    @property
    def exercised(self) -> int:
        """Return how many decide a case."""
        return self.total - len(self.unexercised)

    @property
    def percent(self) -> int:
        """Return the share of those that decide a case, never rounded up; of none, it is all."""
        return 100 * self.exercised // self.total if self.total else 100


def rule_coverage(policy: Policy, tested: Iterable[Tested]) -> RuleCoverage:
    """Tell how many of the rules and overrides decide a case."""
    total = len(policy.rules) + len(policy.overrides)
    return RuleCoverage(total=total, unexercised=unexercised(policy, tested))


def unexercised(policy: Policy, tested: Iterable[Tested]) -> tuple[str, ...]:
    """Return the ids of the rules and overrides that decided no case, sorted."""
    exercised = {rule for one in tested for rule in one.exercised}
    ids = {rule.id for rule in policy.rules} | {override.id for override in policy.overrides}
    return tuple(sorted(ids - exercised))
