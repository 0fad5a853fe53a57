"""One server against its instance's decision: a change, nothing to do, or left alone with the reason."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

import msgspec

from exposurectl.model import Decided, Evidence, Exposure, LeftAlone, Server, Unobserved
from exposurectl.plan.cause import History, cause_of
from exposurectl.plan.families import Families
from exposurectl.plan.fingerprint import of_evidence
from exposurectl.plan.model import Change, Direction, Placement, Skipped, Unchanged, WouldBe

Line: TypeAlias = Change | Unchanged | Skipped


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """One instance's evidence and what the policy decided about it."""

    evidence: Evidence
    decision: Decided | LeftAlone


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What the servers of one group are compared with."""

    group: str
    families: Families
    pairings: Mapping[int, str]
    """Server id to instance id, where the config says which instance a server is."""
    fleet: Mapping[str, Judgement]
    """By instance id."""
    then: History
    as_of: datetime
    min_clear_age: timedelta

    def line(self, server: Server) -> Line:
        """Return what the plan says of a server."""
        instance = self.pairings.get(server.id, server.instance)
        family = self.families.family_of(server.role)
        if family is None:
            role = self.families.names.get(server.role, f"id {server.role}")
            return self._skipped(server, instance, f'unmanaged: no family lists its role "{role}"')
        if not instance:
            return self._skipped(server, instance, "no instance id: FutureVuls does not know which instance it is")
        judgement = self.fleet.get(instance)
        if judgement is None:
            return self._skipped(server, instance, "unobserved: NOT_IN_EVIDENCE")
        if isinstance(judgement.decision, LeftAlone):
            return self._skipped(server, instance, judgement.decision.why)
        return self._placed(server, family, judgement.evidence, judgement.decision)

    def _placed(self, server: Server, family: str, evidence: Evidence, decision: Decided) -> Line:
        """Return the line of a server whose instance has a level."""
        standing = Unchanged(
            server=server.id,
            name=server.name,
            group=self.group,
            instance=evidence.instance.id,
            account=evidence.instance.account,
            region=evidence.instance.region,
            placement=self.families.placement(server.role),
            evidence=of_evidence(evidence),
            observed=not isinstance(evidence.coverage, Unobserved),
            reasons=decision.reasons,
        )
        if standing.placement.level is decision.level:
            return standing
        held = self._held(evidence, decision, standing.placement)
        if held:
            return self._skipped(server, standing.instance, held)
        return self._change(standing, decision, self.families.by_level[family, decision.level])

    def _change(self, standing: Unchanged, decision: Decided, role: int) -> Change:
        return Change(
            server=standing.server,
            name=standing.name,
            group=standing.group,
            instance=standing.instance,
            account=standing.account,
            region=standing.region,
            direction=direction(standing.placement, decision.level),
            cause=cause_of(standing, decision.level, self.then),
            before=standing.placement,
            after=Placement(level=decision.level, role=role),
            evidence=standing.evidence,
            observed=standing.observed,
            reasons=standing.reasons,
            would_be=would_be(decision),
        )

    def _held(self, evidence: Evidence, decision: Decided, before: Placement) -> str:
        """Return why a server may not go below where it is, or nothing where it may or where it is not to."""
        if not may_lower(before, decision.level):
            return ""
        if decision.raise_only and isinstance(evidence.coverage, Unobserved):
            return f"unobserved: {evidence.coverage.why}; {decision.level} by what is known, and never lowered by it"
        return recently_closed(evidence, self.as_of, self.min_clear_age)

    def _skipped(self, server: Server, instance: str, why: str) -> Skipped:
        return Skipped(why=why, server=server.id, name=server.name, group=self.group, instance=instance)


def direction(before: Placement, level: Exposure) -> Direction:
    """Return what moving a server from its placement to a level does."""
    if before.level is None:
        return Direction.JOIN
    return Direction.RAISE if before.level < level else Direction.LOWER


def may_lower(before: Placement, level: Exposure) -> bool:
    """
    Tell whether the move may show less exposure than now.

    Nobody knows the level of the default role; SSVC's advice for an unknown exposure is to assume open.
    """
    return level < (before.level or Exposure.OPEN)


def would_be(decision: Decided) -> tuple[WouldBe, ...]:
    """Return the level that the instance would have were the points that decide not reachable."""
    points = sorted({reason.points for reason in decision.reasons})
    if decision.without is None or not any(points):
        return ()
    return (WouldBe(level=decision.without, condition=f"{', '.join(points)} were not reachable"),)


def recently_closed(evidence: Evidence, as_of: datetime, min_clear_age: timedelta) -> str:
    """
    Return until when a path that closed lately holds the instance where it is, or nothing.

    Inspector reopens a finding that recurs within 7 days. A closing time that is not known holds as well.
    """
    closed = [finding for finding in evidence.findings if not finding.counts]
    if any(finding.updated_at is None for finding in closed):
        return "held: a path closed at a time that Inspector does not tell"
    until = max((finding.updated_at + min_clear_age for finding in closed if finding.updated_at), default=as_of)
    if until <= as_of:
        return ""
    return f"held until {until:%Y-%m-%d %H:%M} UTC: a path closed less than {_span(min_clear_age)} ago"


def _span(age: timedelta) -> str:
    hours = age.total_seconds() / 3600
    return f"{age.days} days" if age == timedelta(days=age.days) else f"{hours:g} hours"
