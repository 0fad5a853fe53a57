"""From the words of a `match` to a Match: ports, networks and components as people write them."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from ipaddress import ip_network
from typing import Any, TypeVar

from exposurectl.diagnostics import Diagnostic, ProblemId
from exposurectl.documents import Document, Path, did_you_mean
from exposurectl.model import HIGHEST_PORT, Network, PortRange, Protocol
from exposurectl.policy.components import Alias, ComponentPattern, parse_pattern
from exposurectl.policy.model import Match, PathMatch, Scope
from exposurectl.policy.sources import NamedSources, Sources, Within, merge

Value = TypeVar("Value")

_NETWORKS = " such as 203.0.113.0/24 or 2001:db8::/32"
_CIDR = re.compile(r"[^/%]+(/[0-9]+)?")
"""An address and how many of its bits count, or an address alone: no mask, which may be of two kinds, and no zone."""


def parse_ports(written: int | str) -> PortRange | str:
    """Return the ports that `22` or `5985-5986` mean, or what is wrong with them."""
    first, _dash, last = str(written).partition("-")
    begin, end = int(first), int(last or first)
    if max(begin, end) > HIGHEST_PORT:
        return f"{max(begin, end)} is not a port: the highest is {HIGHEST_PORT}."
    if begin > end:
        return f'The range "{written}" ends before it begins: write "{end}-{begin}".'
    return PortRange(begin, end)


def parse_network(written: str) -> Network | str:
    """Return the network that a CIDR or a single address means, or what is wrong with it."""
    if not _CIDR.fullmatch(written):
        return f'"{written}" is not a network{_NETWORKS}.'
    try:
        return ip_network(written)
    except ValueError as error:
        host = "host bits" in str(error)
        why = f": {error}. Write {ip_network(written, strict=False)}" if host else _NETWORKS
        return f'"{written}" is not a network{why}.'


def parse_day(written: str) -> date | str:
    """Return the date that `2027-03-31` means, or what is wrong with it."""
    try:
        return date.fromisoformat(written)
    except ValueError:
        return f"No calendar has the day {written}."


def parse_component(written: str) -> ComponentPattern | str:
    """Return what a component's name means, or what is wrong with it."""
    if "::" in written and ("*" in written or "?" in written) and parse_pattern(written) is None:
        return (
            f'"{written}" is no component: a type takes no wildcard. Write each type out, an alias, or a glob of ids.'
        )
    aliases = [alias.value for alias in Alias]
    guess = did_you_mean(written, aliases) or f"the aliases are: {', '.join(aliases)}."
    return parse_pattern(written) or f'"{written}" is no alias, type or id; {guess}'


def read_match(document: Document, path: Path, problems: list[Diagnostic]) -> Match:
    """Return the match at that path, as far as its shape can be relied on; what is wrong goes onto the list."""
    return _Reading(document, problems).match(path)


class _Reading:
    """Reads the parts of one match, noting what is wrong with its place."""

    def __init__(self, document: Document, problems: list[Diagnostic]) -> None:
        self.document = document
        self.problems = problems

    def match(self, path: Path) -> Match:
        protocol = self.document.at(*path, "protocol")
        return Match(
            scope=self._scope(path),
            path=self._path((*path, "path")) if self._stands(*path, "path") else None,
            protocol=Protocol(protocol) if protocol else None,
            ports=self._parsed((*path, "ports"), parse_ports),
            sources=self._sources((*path, "sources")) if self._stands(*path, "sources") else None,
        )

    def _stands(self, *path: str | int) -> bool:
        """Tell whether something stands at that path that can be relied on, at least in part."""
        return self.document.at(*path) is not None

    def _scope(self, path: Path) -> Scope:
        def words(key: str) -> frozenset[str] | None:
            return frozenset(self.document.at(*path, key)) if self.document.sound(*path, key) else None

        tags = self.document.at(*path, "tags").items() if self.document.sound(*path, "tags") else ()
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
        given = self.document.at(*path)
        if isinstance(given, str):
            return NamedSources(given)
        return Within(merge(self._parsed((*path, "within"), parse_network) or ()))

    def _parsed(self, path: Path, parse: Callable[[Any], Value | str]) -> tuple[Value, ...] | None:
        """Return the parsed entries of a list, or None where there is none."""
        return tuple(self._values(path, parse)) if self._stands(*path) else None

    def _values(self, path: Path, parse: Callable[[Any], Value | str]) -> Iterator[Value]:
        """Yield what the entries of a list mean, those aside that cannot be relied on."""
        for here in filter(lambda entry: self._stands(*entry), self.document.entries(*path)):
            value = parse(self.document.at(*here))
            if isinstance(value, str):
                self.problems.append(wrong_value(self.document, here, value))
            else:
                yield value


def wrong_value(document: Document, path: Path, detail: str) -> Diagnostic:
    """Return the problem of a value of the right shape that means nothing."""
    return Diagnostic(id=ProblemId.WRONG_VALUE, summary="Wrong value", place=document.place(*path), detail=detail)
