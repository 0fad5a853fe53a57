"""A real instance as a policy case: what it takes to decide it the same, in the words of a case file."""

import re
from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import Any

from exposurectl.model import Component, Decided, Decision, Evidence, Finding, Instance, PortRange, Unobserved
from exposurectl.policy.components import (
    Alias,
    ByAlias,
    ById,
    ByType,
    ComponentPattern,
    parse_pattern,
    recognise,
    typical,
)
from exposurectl.policy.decide import pieces
from exposurectl.policy.model import Match, Policy
from exposurectl.policy.sources import admitted

_ACCOUNT = re.compile(r"[0-9]{12}")
_INSTANCE = re.compile(r"i-[0-9a-z]+")


def as_case(evidence: Evidence, decision: Decision, policy: Policy, *, today: date | None) -> dict[str, Any]:
    """
    Return the case that holds as long as the policy decides this evidence as it does now.

    Of tags and components it keeps what this policy can tell apart: other tags stay out, and a component is written
    as an alias wherever no rule asks for more.
    """
    expect = _expect(decision)
    name = f"{evidence.instance.id} is {expect['level'] if isinstance(decision, Decided) else 'left alone'}"
    return {
        "name": f"{name}, as seen on {today}" if today else name,
        "given": _given(evidence, policy, today),
        "expect": expect,
    }


def _expect(decision: Decision) -> dict[str, Any]:
    if not isinstance(decision, Decided):
        return {"level": "leave"}
    return {
        "level": decision.level.value,
        "rules": sorted({reason.rule for reason in decision.reasons}),
        "raise_only": decision.raise_only,
    }


def _given(evidence: Evidence, policy: Policy, today: date | None) -> dict[str, Any]:
    coverage = evidence.coverage
    given = {
        **_instance(evidence.instance),
        "tags": _tags(evidence.instance, policy),
        "unobserved": coverage.why or "UNKNOWN" if isinstance(coverage, Unobserved) else "",
        "as_of": today.isoformat() if today else "",
        "findings": [_finding(finding, policy) for finding in evidence.findings if finding.counts],
    }
    return {key: value for key, value in given.items() if value}


def _instance(instance: Instance) -> dict[str, str]:
    """Return what a case may say of an instance; an id or account that no rule can name is left out."""
    return {
        "instance": instance.id if _INSTANCE.fullmatch(instance.id) else "",
        "account": instance.account if _ACCOUNT.fullmatch(instance.account) else "",
        "region": instance.region,
        "vpc": instance.vpc,
        "subnet": instance.subnet,
    }


def _tags(instance: Instance, policy: Policy) -> dict[str, str]:
    named = {key for match in _matches(policy) for key, _globs in match.scope.tags}
    return {key: value for key, value in instance.tags if key in named}


def _matches(policy: Policy) -> Iterator[Match]:
    yield from (rule.match for rule in policy.rules)
    yield from (override.match for override in policy.overrides)


def _finding(finding: Finding, policy: Policy) -> dict[str, Any]:
    asked = tuple(dict.fromkeys(pattern for match in _matches(policy) for pattern in _patterns(match)))
    written: dict[str, Any] = {
        "protocol": finding.protocol.value,
        "ports": str(finding.ports),
        "path": [_component(component, asked) for component in finding.path],
    }
    sources = _sources(finding)
    return written if sources is None else {**written, "sources": sources}


def _patterns(match: Match) -> Iterator[ComponentPattern]:
    if match.path:
        path = match.path
        yield from (*(path.origin or ()), *(path.any_of or ()), *path.all_of, *path.none_of)


def _component(component: Component, asked: tuple[ComponentPattern, ...]) -> str | dict[str, str]:
    """Return the first of alias, type, id and `unknown` that the policy cannot tell from the component; else both."""
    for written in (*_aliases(component), component.type, component.id, Alias.UNKNOWN.value):
        if _answers(_meant(written), asked) == _answers(component, asked):
            return written
    return {"type": component.type, "id": component.id}


def _aliases(component: Component) -> list[str]:
    return sorted(alias.value for alias in recognise(component) - {Alias.UNKNOWN})


def _answers(component: Component | None, asked: tuple[ComponentPattern, ...]) -> list[bool] | None:
    return None if component is None else [pattern.matches(component) for pattern in asked]


def _meant(written: str) -> Component | None:
    """Return the component that a case means by this word; None where it means none."""
    match parse_pattern(written):
        case ByAlias(alias):
            return typical(alias)
        case ByType(kind):
            return Component(id="", type=kind)
        case ById(id):
            return Component(id=id, type="")
        case _:
            return None


def _sources(finding: Finding) -> list[Any] | None:
    """Return who is admitted as a case says it; None where there is no evidence for any of the ports."""
    runs = list(_runs(finding))
    match runs:
        case []:
            return None
        case [(ports, networks)] if ports == finding.ports:
            return networks
        case _:
            return [{"ports": str(ports), "cidrs": networks} for ports, networks in runs]


def _runs(finding: Finding) -> Iterator[tuple[PortRange, list[str]]]:
    """Yield the ports that have evidence, each run of them with the networks that are admitted."""
    for networks, run in groupby(pieces(finding, ()), lambda ports: admitted(finding, ports.begin)):
        if networks is not None:
            first, *others = run
            yield PortRange(first.begin, others[-1].end if others else first.end), list(map(str, networks))
