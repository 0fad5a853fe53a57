"""Every situation of a small world that some matches can tell apart, found by trying, and decided by `decide`."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from ipaddress import ip_network
from itertools import combinations, product
from operator import or_
from typing import NamedTuple, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from exposurectl.model import (
    HIGHEST_PORT,
    Component,
    Decided,
    Evidence,
    Exposure,
    Finding,
    FindingStatus,
    Ingress,
    Instance,
    Observed,
    PortRange,
    Protocol,
    Unobserved,
)
from exposurectl.policy.analysis.situation import Reached, Situation
from exposurectl.policy.components import Alias, ByAlias, ById, ByType, ComponentPattern
from exposurectl.policy.decide import decide
from exposurectl.policy.model import Match, Override, PathMatch, Policy, Rule, Scope
from exposurectl.policy.sources import Admitted, AnywherePrefix, NamedSources, Sources, Within, holds, merge

from .strategies import PORTS, policies, port_ranges

Value = TypeVar("Value")

# What rules of the small world say.

PATTERNS: tuple[ComponentPattern, ...] = (
    ByAlias(Alias.INTERNET_GATEWAY),
    ByAlias(Alias.VPC_PEERING),
    ByAlias(Alias.UNKNOWN),
    ByType("AWS::EC2::SecurityGroup"),
    ById("sg-*"),
    ById("*1"),
)
NETWORKS = tuple(map(ip_network, ("8.0.0.0/8", "8.0.0.0/9", "10.0.0.0/8", "203.0.113.0/24", "2001:db8::/32")))
GLOBS = ("prod", "p*", "*d", "*", "?")

# What can be found there: all that those can tell apart.

COMPONENTS = tuple(
    Component(id=own, type=kind)
    for own in ("", "x", "1", "sg-", "sg-1", "igw-", "igw-1", "pcx-", "pcx-1", "eni-", "eni-1")
    for kind in ("", "AWS::EC2::InternetGateway", "AWS::EC2::VPCPeeringConnection", "AWS::EC2::SecurityGroup")
)
_HOSTS = tuple(
    map(ip_network, ("8.0.0.1/32", "8.200.0.1/32", "9.0.0.1/32", "10.0.0.1/32", "203.0.113.7/32", "2001:db8::1/128"))
)
_WIDE = ((), (ip_network("8.0.0.0/8"),), (ip_network("0.0.0.0/0"),), (ip_network("2000::/4"),))
SENDERS: tuple[Admitted, ...] = (
    None,
    *(merge((*some, *wide)) for wide in _WIDE for size in range(7) for some in combinations(_HOSTS, size)),
)
INSTANCES = tuple(
    Instance(id=own, account=account, tags=tags)
    for own in ("i-0", "i-1")
    for account in ("", "111122223333", "444455556666")
    for tags in ((), *((("Env", value),) for value in ("", "prod", "p", "pd", "pp", "d", "x", "xd", "xx")))
)
POINTS = tuple((protocol, port) for protocol in Protocol for port in (*PORTS, 8, 100, PORTS[-2] - 1))
ALL_POINTS = tuple((protocol, port) for protocol in Protocol for port in range(HIGHEST_PORT + 1))


def _some(values: tuple[Value, ...], most: int = 2) -> SearchStrategy[tuple[Value, ...]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True).map(tuple)


def _at_times(strategy: SearchStrategy[Value]) -> SearchStrategy[Value | None]:
    return st.one_of(st.none(), st.none(), strategy)


_sources: SearchStrategy[Sources] = st.one_of(
    st.sampled_from(NamedSources), _some(NETWORKS).map(lambda some: Within(merge(some)))
)
_paths = st.builds(
    PathMatch,
    origin=_at_times(_some(PATTERNS)),
    any_of=_at_times(_some(PATTERNS)),
    all_of=st.one_of(st.just(()), _some(PATTERNS)),
    none_of=st.one_of(st.just(()), _some(PATTERNS)),
)
scopes = st.builds(
    Scope,
    accounts=st.sampled_from((None, None, frozenset({"111122223333"}), frozenset({"111122223333", "444455556666"}))),
    tags=st.one_of(st.just(()), _some(GLOBS).map(lambda globs: (("Env", globs),))),
)
unscoped_matches: SearchStrategy[Match] = st.builds(
    Match,
    path=_at_times(_paths),
    protocol=_at_times(st.sampled_from(Protocol)),
    ports=_at_times(st.lists(port_ranges, min_size=1, max_size=2).map(tuple)),
    sources=_at_times(_sources),
)
scoped_matches: SearchStrategy[Match] = st.builds(
    Match,
    scope=scopes,
    path=_at_times(_paths),
    ports=_at_times(st.lists(port_ranges, min_size=1, max_size=1).map(tuple)),
    sources=_at_times(_sources),
)
whole_matches: SearchStrategy[Match] = st.builds(
    lambda scope, own: Match(scope=Scope(accounts=scope.accounts, tags=scope.tags, instances=own)),
    scopes,
    st.sampled_from((None, frozenset({"i-0"}))),
)
any_matches = st.one_of(unscoped_matches, unscoped_matches, scoped_matches)
small_policies = st.one_of(
    policies(matches=unscoped_matches, overrides=0),
    policies(matches=any_matches, overrides=1),
    policies(matches=st.one_of(unscoped_matches, scoped_matches, whole_matches), overrides=2),
)


class Cell(NamedTuple):
    """One situation, and which of the matches hold there, as bits by position."""

    situation: Situation
    holding: int


class World:
    """The situations that some matches tell apart: of those that all of them treat alike, one stands for all."""

    def __init__(
        self, matches: Iterable[Match], anywhere: AnywherePrefix, points: tuple[tuple[Protocol, int], ...] = POINTS
    ) -> None:
        self.matches = tuple(matches)
        self.points = self._apart(points, lambda match, one: match.protocol in {None, one[0]} and _on(match, one[1]))
        self.paths = self._apart(self._found_paths(), lambda match, one: match.path is None or match.path.holds(one))
        self.senders = self._apart(
            SENDERS, lambda match, one: match.sources is None or holds(match.sources, one, anywhere)
        )
        self.instances = self._apart(INSTANCES, lambda match, one: match.scope.holds(one))

    def reached(self) -> Iterator[Cell]:
        """Yield every situation in which a port is reachable."""
        sides = product(self.points, self.paths, self.senders, self.instances)
        for ((protocol, port), a), (path, b), (networks, c), (instance, d) in sides:
            reached = Reached(protocol=protocol, port=port, path=path, networks=networks)
            yield Cell(Situation(instance=instance, reached=reached), a & b & c & d)

    def quiet(self) -> Iterator[Cell]:
        """Yield every situation in which none is; what asks about ports holds nowhere there."""
        whole = sum(1 << at for at, match in enumerate(self.matches) if match.is_whole)
        for (instance, holding), observed in product(self.instances, (True, False)):
            yield Cell(Situation(instance=instance, reached=None, observed=observed), holding & whole)

    def _apart(self, values: Iterable[Value], holds_for: Callable[[Match, Value], bool]) -> list[tuple[Value, int]]:
        """Return a value for each set of matches that hold for some value, with that set."""
        first: dict[int, Value] = {}
        for value in values:
            holding = sum(1 << at for at, match in enumerate(self.matches) if holds_for(match, value))
            first.setdefault(holding, value)
        return [(value, holding) for holding, value in first.items()]

    def _found_paths(self) -> Iterator[tuple[Component, ...]]:
        """Yield a path for each origin and each set of patterns that something on a path with that origin matches."""
        asked = [match.path for match in self.matches if match.path]
        patterns = {one for path in asked for one in (*(path.origin or ()), *(path.any_of or ()), *path.all_of)}
        known = [*patterns, *{one for path in asked for one in path.none_of}]
        kinds = {tuple(pattern.matches(component) for pattern in known): component for component in COMPONENTS}
        yield ()
        for begin, origin in kinds.items():
            seen = {begin}
            queue: list[tuple[tuple[bool, ...], tuple[Component, ...]]] = [(begin, (origin,))]
            for passed, path in queue:
                yield path
                for kind, component in kinds.items():
                    both = tuple(map(or_, passed, kind))
                    if both not in seen:
                        seen.add(both)
                        queue.append((both, (*path, component)))


def _on(match: Match, port: int) -> bool:
    return match.ports is None or any(port in ports for ports in match.ports)


def level(situation: Situation, policy: Policy, today: date | None, anywhere: AnywherePrefix) -> Exposure | None:
    """Return what `decide` makes of a situation: a finding of one port, or none."""
    decision = decide(evidence(situation), policy, today=today, anywhere=anywhere)
    return decision.level if isinstance(decision, Decided) else None


def evidence(situation: Situation) -> Evidence:
    """Return the evidence of a situation."""
    reached, instance = situation.reached, situation.instance
    findings = (_finding(instance, reached),) if reached else ()
    coverage = Observed() if situation.observed else Unobserved("EC2_INSTANCE_STOPPED")
    return Evidence(instance=instance, findings=findings, coverage=coverage)


def _finding(instance: Instance, reached: Reached) -> Finding:
    ports = PortRange(reached.port, reached.port)
    return Finding(
        arn="arn:1",
        account=instance.account,
        region=instance.region,
        instance=instance.id,
        status=FindingStatus.ACTIVE,
        protocol=reached.protocol,
        ports=ports,
        path=reached.path,
        ingress=() if reached.networks is None else (Ingress(ports, reached.networks),),
    )


def matches_of(policy: Policy) -> tuple[Match, ...]:
    """Return the matches of a policy, rules first."""
    entries: tuple[Rule | Override, ...] = (*policy.rules, *policy.overrides)
    return tuple(entry.match for entry in entries)
