"""From the words of a `match` to a Match: ports, networks and components as people write them."""

from collections.abc import Callable, Iterator
from datetime import date
from ipaddress import ip_network
from typing import Any, TypeVar

from exposurectl.diagnostics import Diagnostic
from exposurectl.documents import Document, Path, did_you_mean
from exposurectl.model import HIGHEST_PORT, Network, PortRange, Protocol
from exposurectl.policy.components import Alias, ComponentPattern, parse_pattern
from exposurectl.policy.model import Match, PathMatch, Scope
from exposurectl.policy.sources import NamedSources, Sources, Within, merge

Value = TypeVar("Value")


def parse_ports(written: int | str) -> PortRange | str:
    """Return the ports that `22` or `5985-5986` mean, or what is wrong with them."""
    first, _dash, last = str(written).partition("-")
    begin, end = int(first), int(last or first)
    if max(begin, end) > HIGHEST_PORT:
        return f"{max(begin, end)} is not a port: the highest is {HIGHEST_PORT}."
    if begin > end:
        return f'The range "{written}" ends before it begins.'
    return PortRange(begin, end)


def parse_network(written: str) -> Network | str:
    """Return the network that a CIDR means, or what is wrong with it."""
    try:
        return ip_network(written)
    except ValueError as error:
        return f'"{written}" is not a network: {error}.'


def parse_day(written: str) -> date | str:
    """Return the date that `2027-03-31` means, or what is wrong with it."""
    try:
        return date.fromisoformat(written)
    except ValueError:
        return f"No calendar has the day {written}."


def parse_component(written: str) -> ComponentPattern | str:
    """Return what a component's name means, or what is wrong with it."""
    aliases = [alias.value for alias in Alias]
    guess = did_you_mean(written, aliases) or f"the aliases are: {', '.join(aliases)}."
    return parse_pattern(written) or f'"{written}" is no alias, type or id; {guess}'


def read_match(document: Document, path: Path, problems: list[Diagnostic]) -> Match:
    """Return the match at that path of a document whose shape is right; what is wrong goes onto the list."""
    return _Reading(document, problems).match(path)


class _Reading:
    """Reads the parts of one match, noting what is wrong with its place."""

    def __init__(self, document: Document, problems: list[Diagnostic]) -> None:
        self.document = document
        self.problems = problems

    def match(self, path: Path) -> Match:
        given = self._at(path)
        protocol = given.get("protocol")
        return Match(
            scope=self._scope(given),
            path=self._path((*path, "path")) if "path" in given else None,
            protocol=Protocol(protocol) if protocol else None,
            ports=self._parsed((*path, "ports"), parse_ports),
            sources=self._sources((*path, "sources")) if "sources" in given else None,
        )

    @staticmethod
    def _scope(given: dict[str, Any]) -> Scope:
        def words(key: str) -> frozenset[str] | None:
            return frozenset(given[key]) if key in given else None

        tags = given.get("tags", {}).items()
        return Scope(
            accounts=words("accounts"),
            regions=words("regions"),
            vpcs=words("vpcs"),
            subnets=words("subnets"),
            instances=words("instances"),
            tags=tuple(sorted((key, (globs,) if isinstance(globs, str) else tuple(globs)) for key, globs in tags)),
        )

    def _path(self, path: Path) -> PathMatch:
        return PathMatch(
            origin=self._parsed((*path, "origin"), parse_component),
            any_of=self._parsed((*path, "any_of"), parse_component),
            all_of=self._parsed((*path, "all_of"), parse_component) or (),
            none_of=self._parsed((*path, "none_of"), parse_component) or (),
        )

    def _sources(self, path: Path) -> Sources:
        given = self._at(path)
        if isinstance(given, str):
            return NamedSources(given)
        return Within(merge(self._parsed((*path, "within"), parse_network) or ()))

    def _parsed(self, path: Path, parse: Callable[[Any], Value | str]) -> tuple[Value, ...] | None:
        """Return the parsed entries of a list, or None where the key is missing."""
        entries = self._at(path)
        if entries is None:
            return None
        return tuple(self._values(path, entries, parse))

    def _values(self, path: Path, entries: list[Any], parse: Callable[[Any], Value | str]) -> Iterator[Value]:
        for index, written in enumerate(entries):
            value = parse(written)
            if isinstance(value, str):
                place = self.document.place(*path, index)
                self.problems.append(Diagnostic(summary="Wrong value", place=place, detail=value))
            else:
                yield value

    def _at(self, path: Path) -> Any:
        """Return what stands at that path, or None."""
        value = self.document.data
        for key in path:
            value = value.get(key) if isinstance(value, dict) else value[key]
            if value is None:
                return None
        return value
