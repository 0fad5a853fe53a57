"""A policy: defaults, rules and overrides, compiled from files into values."""

from datetime import date

import msgspec

from exposurectl.diagnostics import Place
from exposurectl.model import Component, Exposure, Instance, PortRange, Protocol
from exposurectl.policy.components import Alias, ByAlias, ComponentPattern, glob_matches
from exposurectl.policy.sources import Admitted, AnywherePrefix, Sources, holds


class PathMatch(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule asks of a network path. None does not care; a list is any-of, save for `all_of`."""

    origin: tuple[ComponentPattern, ...] | None = None
    any_of: tuple[ComponentPattern, ...] | None = None
    all_of: tuple[ComponentPattern, ...] = ()
    none_of: tuple[ComponentPattern, ...] = ()

    def holds(self, path: tuple[Component, ...]) -> bool:
        """Tell whether the path is what the rule asks for."""
        return (
            (self.origin is None or _begins(path, self.origin))
            and (self.any_of is None or any(_stands(pattern, path) for pattern in self.any_of))
            and all(_stands(pattern, path) for pattern in self.all_of)
            and not any(_stands(pattern, path) for pattern in self.none_of)
        )


def _begins(path: tuple[Component, ...], origins: tuple[ComponentPattern, ...]) -> bool:
    """Tell whether the path's origin is one of these; a path with no steps has origin `unknown`."""
    if not path:
        return ByAlias(Alias.UNKNOWN) in origins
    return any(origin.matches(path[0]) for origin in origins)


def _stands(pattern: ComponentPattern, path: tuple[Component, ...]) -> bool:
    return any(pattern.matches(component) for component in path)


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Which instances a rule or an override is about. None does not care."""

    accounts: frozenset[str] | None = None
    regions: frozenset[str] | None = None
    vpcs: frozenset[str] | None = None
    subnets: frozenset[str] | None = None
    instances: frozenset[str] | None = None
    tags: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Tag keys, each with its globs: every key must stand with a value that one of them matches."""

    def holds(self, instance: Instance) -> bool:
        """Tell whether the instance is one of those."""
        return (
            (self.accounts is None or instance.account in self.accounts)
            and (self.regions is None or instance.region in self.regions)
            and (self.vpcs is None or instance.vpc in self.vpcs)
            and (self.subnets is None or instance.subnet in self.subnets)
            and (self.instances is None or instance.id in self.instances)
            and all(_tagged(instance, key, globs) for key, globs in self.tags)
        )


def _tagged(instance: Instance, key: str, globs: tuple[str, ...]) -> bool:
    value = instance.tag(key)
    return value is not None and any(glob_matches(glob, value) for glob in globs)


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """When a rule or an override speaks: all of it must hold."""

    scope: Scope = Scope()
    path: PathMatch | None = None
    protocol: Protocol | None = None
    ports: tuple[PortRange, ...] | None = None
    sources: Sources | None = None

    @property
    def is_whole(self) -> bool:
        """Tell whether it asks about instances only, and nothing about points."""
        return self.path is None and self.protocol is None and self.ports is None and self.sources is None

    def on_path(self, protocol: Protocol, path: tuple[Component, ...]) -> bool:
        """Tell whether it can hold for any port of this protocol along this path."""
        return self.protocol in {None, protocol} and (self.path is None or self.path.holds(path))

    def on_port(self, port: int, networks: Admitted, anywhere: AnywherePrefix) -> bool:
        """Tell whether it holds for this port with these admitted networks, path and protocol aside."""
        in_ports = self.ports is None or any(port in ports for ports in self.ports)
        return in_ports and (self.sources is None or holds(self.sources, networks, anywhere))


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """Match + level + because. The highest level among the rules that match a point is the point's level."""

    id: str
    level: Exposure
    because: str
    match: Match
    at: str
    """Where it stands, counted from the policy directory: `policies/internet.yaml:9:5`."""
    place: Place
    """Where it stands, as a person at this terminal would open it."""


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """A dated, approved exception: it replaces the level of what it matches."""

    id: str
    level: Exposure
    because: str
    match: Match
    at: str
    place: Place
    approved_by: str
    expires: date
    """The last day on which it holds, in UTC."""
    ticket: str = ""

    def is_live(self, today: date | None) -> bool:
        """Tell whether it holds on that day; without a day, nothing has expired."""
        return today is None or today <= self.expires


class Defaults(msgspec.Struct, frozen=True, kw_only=True):
    """What holds where no rule speaks."""

    unreachable: Exposure
    unmatched: Exposure
    unobserved: Exposure | None
    """None is `leave`: an unobserved instance may be raised but is never lowered."""
    at: str


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """A whole policy. Rules and overrides are sorted by id: the order in which they were written never matters."""

    defaults: Defaults
    rules: tuple[Rule, ...]
    overrides: tuple[Override, ...]
    digest: str
    """`sha256:` and hex over the files that were compiled."""
    cuts: tuple[int, ...]
    """The ports at which some rule's or override's ports begin or have just ended, in order."""
