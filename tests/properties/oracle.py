"""What a policy means, decided port by port and address by address: slow, plain, and written from the reference."""

from datetime import date
from fnmatch import translate
from ipaddress import IPv4Network, ip_network
from itertools import chain
from re import fullmatch

from exposurectl.model import Component, Evidence, Exposure, Finding, Instance, Network, Observed
from exposurectl.policy.components import ByAlias, ById, ComponentPattern, recognise
from exposurectl.policy.model import Match, Policy, Scope
from exposurectl.policy.sources import NamedSources, Sources

Point = tuple[str, int]


def networks_of(finding: Finding, port: int) -> tuple[Network, ...] | None:
    """Return whom the evidence admits to a port, unmerged; None where no evidence covers it."""
    covering = [one for one in finding.ingress if one.ports.begin <= port <= one.ports.end]
    return tuple(chain.from_iterable(one.networks for one in covering)) if covering else None


def level_of(evidence: Evidence, policy: Policy, today: date, points: list[tuple[Finding, int]]) -> Exposure | None:
    """Return the instance's level by these points; None where it is left alone."""
    live = [one for one in policy.overrides if today <= one.expires and _in_scope(one.match.scope, evidence.instance)]
    whole = [one.level for one in live if not _asks_about_points(one.match)]
    observed = isinstance(evidence.coverage, Observed)
    floor = policy.defaults.unreachable
    if not observed and policy.defaults.unobserved is not None:
        floor = policy.defaults.unobserved
    if whole:
        return max(whole)
    if not points and not observed and policy.defaults.unobserved is None:
        return None
    return max([floor, *(point_level(evidence, policy, today, finding, port)[0] for finding, port in points)])


def point_level(
    evidence: Evidence, policy: Policy, today: date, finding: Finding, port: int
) -> tuple[Exposure, frozenset[str]]:
    """Return the level of one point and the ids of what gave it."""
    live = [one for one in policy.overrides if today <= one.expires and _asks_about_points(one.match)]
    for speakers in (live, policy.rules):
        speaking = [one for one in speakers if _matches(one.match, evidence.instance, finding, port)]
        if speaking:
            highest = max(one.level for one in speaking)
            return highest, frozenset(one.id for one in speaking if one.level is highest)
    return policy.defaults.unmatched, frozenset({"defaults.unmatched"})


def _asks_about_points(match: Match) -> bool:
    return any(asked is not None for asked in (match.ports, match.protocol, match.path, match.sources))


def _matches(match: Match, instance: Instance, finding: Finding, port: int) -> bool:
    path = match.path
    return (
        _in_scope(match.scope, instance)
        and match.protocol in (None, finding.protocol)
        and (match.ports is None or any(ports.begin <= port <= ports.end for ports in match.ports))
        and (match.sources is None or admits(match.sources, networks_of(finding, port)))
        and (
            path is None
            or (
                (path.origin is None or any(_is(one, _origin(finding)) for one in path.origin))
                and (path.any_of is None or any(_on(one, finding) for one in path.any_of))
                and all(_on(one, finding) for one in path.all_of)
                and not any(_on(one, finding) for one in path.none_of)
            )
        )
    )


def _origin(finding: Finding) -> Component | None:
    return finding.path[0] if finding.path else None


def _on(pattern: ComponentPattern, finding: Finding) -> bool:
    return any(_is(pattern, component) for component in finding.path)


def _is(pattern: ComponentPattern, component: Component | None) -> bool:
    if component is None:  # a path with no steps has origin `unknown`, and nothing else is known of it
        return isinstance(pattern, ByAlias) and pattern.alias.value == "unknown"
    if isinstance(pattern, ByAlias):
        return pattern.alias in recognise(component)
    if isinstance(pattern, ById):
        return _glob(pattern.glob, component.id)
    return pattern.type == component.type


def _glob(glob: str, text: str) -> bool:
    return fullmatch(translate(glob.replace("[", "[[]")), text) is not None


def _in_scope(scope: Scope, instance: Instance) -> bool:
    own = dict(instance.tags)
    return (
        all(
            wanted is None or value in wanted
            for wanted, value in (
                (scope.accounts, instance.account),
                (scope.regions, instance.region),
                (scope.vpcs, instance.vpc),
                (scope.subnets, instance.subnet),
                (scope.instances, instance.id),
            )
        )
        and all(key in own for key, _globs in scope.tags)
        and all(any(_glob(glob, own[key]) for glob in globs) for key, globs in scope.tags)
    )


def admits(sources: Sources, networks: tuple[Network, ...] | None) -> bool:
    """Tell whether sources hold, by looking at whole blocks of addresses in turn."""
    restricted = bool(networks) and not any(_anywhere(block, networks or ()) for block in _SHORT)
    if isinstance(sources, NamedSources):
        return restricted is (sources is NamedSources.RESTRICTED)
    return bool(networks) and all(_covered(network, sources.networks) for network in networks or ())


_PRIVATE = [ip_network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")]
# Every block of exactly 8 (IPv6: 16) bits: a shorter prefix counts as anywhere only if it holds such blocks.
_SHORT: list[Network] = [
    *ip_network("0.0.0.0/0").subnets(new_prefix=8),
    ip_network("2000::/16"),
    ip_network("fd00::/16"),
]


def _anywhere(block: Network, networks: tuple[Network, ...]) -> bool:
    """Tell whether a whole block that is not for private use is admitted."""
    return _covered(block, networks) and not _covered(block, tuple(_PRIVATE))


def _covered(block: Network, networks: tuple[Network, ...]) -> bool:
    """Tell whether every address of the block lies in one of the networks, halving the block where it is not plain."""
    same = [one for one in networks if one.version == block.version]
    if any(_holds(one, block) for one in same):
        return True
    if not any(_holds(block, one) for one in same):
        return False
    return all(_covered(half, tuple(same)) for half in block.subnets())


def _holds(outer: Network, inner: Network) -> bool:
    if isinstance(outer, IPv4Network):
        return isinstance(inner, IPv4Network) and inner.subnet_of(outer)
    return not isinstance(inner, IPv4Network) and inner.subnet_of(outer)
