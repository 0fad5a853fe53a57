"""What the policy makes of one instance, put into words for a reader."""

from collections.abc import Iterable
from datetime import date

import msgspec

from exposurectl.model import Component, Decided, Decision, Evidence, Finding, PortRange, Protocol, Unobserved
from exposurectl.policy.attempts import Attempt, Unmet, attempts, shown, unmet_scope
from exposurectl.policy.counterfactual import Change, Closed, Narrowed, Unreachable, Vouched, Withdrawn, counterfactuals
from exposurectl.policy.decide import decide, joined, pieces
from exposurectl.policy.model import Override, Policy
from exposurectl.policy.points import Judged, judged_points
from exposurectl.policy.sources import AnywherePrefix, admitted
from exposurectl.render.explain import Lowering, Story
from exposurectl.render.story import Admits, FindingStory, Given, OverrideStory, Tried, WholeStory


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One instance, and everything that its level depends on."""

    evidence: Evidence
    policy: Policy
    today: date | None
    anywhere: AnywherePrefix

    def answer(self) -> Decision:
        """Return the decision."""
        return decide(self.evidence, self.policy, today=self.today, anywhere=self.anywhere)


def short_story(question: Question) -> Story:
    """Return the level with its reasons, and what would lower it."""
    decision, evidence = question.answer(), question.evidence
    if not isinstance(decision, Decided):
        return Story(instance=evidence.instance.id, level=None, why=decision.why)
    found = counterfactuals(evidence, question.policy, today=question.today, anywhere=question.anywhere)
    return Story(
        instance=evidence.instance.id,
        level=decision.level,
        why=f"may raise, never lowers: unobserved: {_unobserved(evidence)}" if decision.raise_only else "",
        reasons=decision.reasons,
        lowering=tuple(Lowering(level=one.level, change=_supposed(one.change)) for one in found),
        notes=decision.warnings,
    )


def whole_story(question: Question) -> WholeStory:
    """Return everything: evidence, coverage, each rule tried, the points, the overrides and the floor."""
    evidence, policy = question.evidence, question.policy
    bare = msgspec.structs.replace(
        question,
        evidence=msgspec.structs.replace(evidence, findings=()),
        policy=msgspec.structs.replace(policy, overrides=()),
    ).answer()
    judged = judged_points(evidence, policy, today=question.today, anywhere=question.anywhere)
    tried = [attempts(one, evidence.instance, policy, question.anywhere) for one in evidence.findings]
    here = [one for one in policy.overrides if not _is_elsewhere(one, evidence)]
    return WholeStory(
        story=short_story(question),
        unobserved=_unobserved(evidence),
        floor=bare.level if isinstance(bare, Decided) else None,
        floor_by=bare.reasons[0].rule if isinstance(bare, Decided) else "defaults.unobserved: leave",
        findings=tuple(
            _finding(one, [own for own in judged if own.finding is one], mine)
            for one, mine in zip(evidence.findings, tried, strict=True)
        ),
        overrides=tuple(_override(one, question, tried) for one in here),
        elsewhere=len(policy.overrides) - len(here),
    )


def _unobserved(evidence: Evidence) -> str:
    return evidence.coverage.why if isinstance(evidence.coverage, Unobserved) else ""


def _supposed(change: Change) -> str:
    """Return the change as a condition."""
    match change:
        case Narrowed(points, networks):
            return f"if {_points(points)} admitted only {', '.join(map(str, networks))}"
        case Unreachable(points):
            return f"if {_points(points)} were not reachable"
        case Closed((path,)):
            return f"if the path {_path(path)} were closed"
        case Closed(paths):
            return f"if these {len(paths)} paths were closed: {' / '.join(map(_path, paths))}"
        case Vouched(instead_of):
            return f"if Inspector vouched for it (now {instead_of})"
        case Withdrawn(override):
            return f"if the override {override} did not exist"


def _points(points: Iterable[tuple[Protocol, PortRange]]) -> str:
    return ", ".join(f"{protocol.value}/{ports}" for protocol, ports in points)


def _path(path: Iterable[Component]) -> str:
    return " > ".join(map(shown, path)) or "without steps"


def _finding(finding: Finding, judged: Iterable[Judged], tried: Iterable[Attempt]) -> FindingStory:
    """Return one finding's part, the rules that hold before those that do not."""

    def points(ports: Iterable[PortRange]) -> str:
        return _points((finding.protocol, one) for one in ports)

    return FindingStory(
        finding=finding.arn,
        status=finding.status.value,
        points=points([finding.ports]),
        path=tuple(map(shown, finding.path)),
        counts=finding.counts,
        sources=tuple(_sources(finding)),
        given=tuple(Given(points=points([one.ports]), level=one.level, by=one.by) for one in judged),
        tried=tuple(
            Tried(
                rule=one.rule.id,
                at=one.rule.at,
                level=one.rule.level,
                override=isinstance(one.rule, Override),
                points=points(one.ports),
                unmet=tuple(map(_unmet, one.unmet)),
            )
            for one in sorted(tried, key=lambda one: not one.ports)
        ),
    )


def _sources(finding: Finding) -> list[Admits]:
    """Return who may send to which of the finding's ports, ports with the same answer together."""
    admits = [(ports, admitted(finding, ports.begin)) for ports in pieces(finding, ())]
    return [
        Admits(
            points=_points(
                (finding.protocol, one) for one in joined(ports for ports, own in admits if own == networks)
            ),
            networks=None if networks is None else tuple(map(str, networks)),
        )
        for networks in dict.fromkeys(networks for _ports, networks in admits)
    ]


def _unmet(unmet: Unmet) -> str:
    return f"{unmet.condition} asks {unmet.asks}; here: {unmet.found}"


def _is_elsewhere(override: Override, evidence: Evidence) -> bool:
    """Tell whether the override names instances, and this is none of them."""
    named = override.match.scope.instances
    return named is not None and evidence.instance.id not in named


def _override(override: Override, question: Question, tried: Iterable[tuple[Attempt, ...]]) -> OverrideStory:
    unmet = unmet_scope(override.match.scope, question.evidence.instance)
    whole = override.match.is_whole and not unmet
    return OverrideStory(
        override=override.id,
        at=override.at,
        level=override.level,
        expires=override.expires.isoformat(),
        expired=not override.is_live(question.today),
        holds_for="the whole instance" if whole else _matched(override, question.evidence, tried),
        unmet=tuple(map(_unmet, unmet)),
    )


def _matched(override: Override, evidence: Evidence, tried: Iterable[tuple[Attempt, ...]]) -> str:
    """Return the points of findings that count for which all of the override holds."""
    of_findings = zip(evidence.findings, tried, strict=True)
    matched = [
        (finding.protocol, ports)
        for finding, own in of_findings
        if finding.counts
        for attempt in own
        if attempt.rule is override
        for ports in attempt.ports
    ]
    return _points(
        (protocol, ports) for protocol in Protocol for ports in joined(own for kind, own in matched if kind is protocol)
    )
