"""Why a rule speaks about a finding or does not: each condition that was tried and did not hold."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

import msgspec

from exposurectl.model import HIGHEST_PORT, Component, Finding, Instance, PortRange
from exposurectl.policy.components import ByAlias, ByType, ComponentPattern, glob_matches
from exposurectl.policy.decide import joined, pieces
from exposurectl.policy.model import Match, Override, PathMatch, Policy, Rule, Scope
from exposurectl.policy.sources import Admitted, AnywherePrefix, NamedSources, Sources, admitted, holds

Cut = list[tuple[PortRange, Admitted]]
"""The pieces of a finding that no rule tells apart, each with whom it admits."""


class Unmet(msgspec.Struct, frozen=True):
    """A condition that does not hold, in the words of the policy: what it asks, and what is there instead."""

    condition: str
    asks: str
    found: str


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One rule or override, tried on one finding."""

    rule: Rule | Override
    ports: tuple[PortRange, ...]
    """The ports for which all of it holds."""
    unmet: tuple[Unmet, ...]
    """What does not hold, where it holds for no port."""


def attempts(finding: Finding, instance: Instance, policy: Policy, anywhere: AnywherePrefix) -> tuple[Attempt, ...]:
    """Return every rule, and every override of points that is about this instance, tried on the finding."""
    overrides = (one for one in policy.overrides if not one.match.is_whole and one.match.scope.holds(instance))
    tried: tuple[Rule | Override, ...] = (*policy.rules, *overrides)
    cut = [(ports, admitted(finding, ports.begin)) for ports in pieces(finding, policy.cuts)]
    return tuple(_attempt(one, finding, instance, cut, anywhere) for one in tried)


def _attempt(
    rule: Rule | Override, finding: Finding, instance: Instance, cut: Cut, anywhere: AnywherePrefix
) -> Attempt:
    match = rule.match
    around = (*unmet_scope(match.scope, instance), *_unmet_path(match, finding))
    ports = () if around else _speaking(match, cut, anywhere)
    unmet = () if ports else (*around, *_unmet_ports(match, finding, cut, anywhere))
    return Attempt(rule=rule, ports=ports, unmet=unmet)


def _speaking(match: Match, cut: Cut, anywhere: AnywherePrefix) -> tuple[PortRange, ...]:
    asked = joined(match.ports) if match.ports is not None else [PortRange(0, HIGHEST_PORT)]
    near = (piece for own in asked for piece in _pieces_in(own, cut))
    return tuple(joined(ports for ports, networks in near if match.on_port(ports.begin, networks, anywhere)))


def _pieces_in(asked: PortRange, cut: Cut) -> Cut:
    """Return the pieces that begin within some ports; the cut is in order."""

    def begin(piece: tuple[PortRange, Admitted]) -> int:
        return piece[0].begin

    return cut[bisect_left(cut, asked.begin, key=begin) : bisect_right(cut, asked.end, key=begin)]


def unmet_scope(scope: Scope, instance: Instance) -> tuple[Unmet, ...]:
    """Return which of the scope's conditions the instance does not meet; none where the scope holds."""
    own = (
        ("accounts", scope.accounts, instance.account),
        ("regions", scope.regions, instance.region),
        ("vpcs", scope.vpcs, instance.vpc),
        ("subnets", scope.subnets, instance.subnet),
        ("instances", scope.instances, instance.id),
    )
    named = (
        Unmet(key, _any(sorted(asked)), has or "not known")
        for key, asked, has in own
        if asked is not None and has not in asked
    )
    return (*named, *_unmet_tags(scope, instance))


def _unmet_tags(scope: Scope, instance: Instance) -> Iterator[Unmet]:
    for key, globs in scope.tags:
        value = instance.tag(key)
        if value is None or not any(glob_matches(glob, value) for glob in globs):
            yield Unmet(f"tags {key}", _any(globs), "no such tag" if value is None else f'"{value}"')


def _unmet_path(match: Match, finding: Finding) -> Iterator[Unmet]:
    """Yield what the match asks of protocol and path and this finding is not."""
    if match.protocol is not None and match.protocol is not finding.protocol:
        yield Unmet("protocol", match.protocol.value, finding.protocol.value)
    asked, path = match.path or PathMatch(), finding.path
    if not PathMatch(origin=asked.origin).holds(path):
        yield Unmet("path.origin", _patterns(asked.origin or ()), shown(path[0]) if path else "a path without steps")
    if not PathMatch(any_of=asked.any_of).holds(path):
        yield Unmet("path.any_of", _patterns(asked.any_of or ()), "not on the path")
    missing = [one for one in asked.all_of if not PathMatch(all_of=(one,)).holds(path)]
    if missing:
        yield Unmet("path.all_of", _patterns(missing, " and "), "not on the path")
    barred = [one for one in path if any(pattern.matches(one) for pattern in asked.none_of)]
    if barred:
        yield Unmet("path.none_of", f"no {_patterns(asked.none_of)}", ", ".join(map(shown, barred)))


def _unmet_ports(match: Match, finding: Finding, cut: Cut, anywhere: AnywherePrefix) -> Iterator[Unmet]:
    """Yield what the match asks of ports and their sources and none of the finding's are."""
    asked = match.ports or (finding.ports,)
    within = [networks for ports, networks in cut if any(ports.begin in own for own in asked)]
    if not within:
        yield Unmet("ports", _any(map(str, asked)), str(finding.ports))
    elif match.sources is not None and not any(holds(match.sources, one, anywhere) for one in within):
        found = dict.fromkeys(_networks(networks) for networks in within)
        yield Unmet("sources", _sources(match.sources), " / ".join(found))


def shown(component: Component) -> str:
    """Return what a component is called: by its id, else by its type."""
    return component.id or component.type or "a component without id and type"


def _patterns(patterns: Iterable[ComponentPattern], between: str = " or ") -> str:
    return _any(map(_pattern, patterns), between)


def _pattern(pattern: ComponentPattern) -> str:
    match pattern:
        case ByAlias(alias):
            return alias.value
        case ByType(kind):
            return kind
        case _:
            return pattern.glob


def _sources(asked: Sources) -> str:
    if isinstance(asked, NamedSources):
        return asked.value
    return f"within {', '.join(map(str, asked.networks))}"


def _networks(networks: Admitted) -> str:
    """Return who is admitted, where a rule asks about it."""
    if networks is None:
        return "no evidence, which counts as anywhere"
    return ", ".join(map(str, networks)) or "nobody, which counts as anywhere"


def _any(words: Iterable[str], between: str = " or ") -> str:
    return between.join(words)
