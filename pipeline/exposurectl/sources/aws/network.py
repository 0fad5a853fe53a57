"""Reading of a network what bears on some findings, in one account and region, in as few calls as that takes."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Final

import msgspec
from botocore.exceptions import ClientError

from exposurectl.model import Component
from exposurectl.sources.aws import network_answers as answers
from exposurectl.sources.aws.access import FAILURES
from exposurectl.sources.network import (
    GroupReference,
    LoadBalancer,
    NetworkAcl,
    NetworkEvidence,
    NetworkInterface,
    PrefixList,
    PrefixListReference,
    RuleSource,
    SecurityGroup,
)

BATCH: Final = 200
"""The most values that one filter of EC2's takes; more ids of interfaces than that make slow answers."""

_NOT_FOUND = "InvalidNetworkInterfaceID.NotFound"
_INTERFACE = re.compile(r"eni-(?:[0-9a-f]{17}|[0-9a-f]{8})(?![0-9a-f])")


def read_network(
    client_of: Callable[[str], Any], interfaces: Collection[str], *, balancers: Collection[Component] = ()
) -> tuple[NetworkEvidence, tuple[str, ...]]:
    """
    Read what these interfaces, and the load balancers that paths name, let through; and say what could not be read.

    `client_of` gives the client of `ec2`, `elbv2` or `elb`; what it raises passes through. A call that fails leaves
    its part of the evidence absent, and is named once as `operation: error code`.
    """
    reading = _Reading(client_of)
    found = {interface.id: interface for interface in reading.interfaces(interfaces)}
    groups = reading.groups({group for interface in found.values() for group in interface.groups})
    listed: dict[str, LoadBalancer] | None = None
    near: dict[str, LoadBalancer] = {}
    if balancers or any(_references(groups)):
        listed = reading.balancers()
        near = _named(listed or {}, balancers)
        _follow(reading, listed or {}, near, groups)
    subnets = {interface.subnet for interface in found.values()} | {
        subnet for balancer in near.values() for subnet in balancer.subnets
    }
    evidence = NetworkEvidence(
        interfaces=found,
        groups=groups,
        prefix_lists=reading.prefix_lists({source.id for source in _lists(groups)}),
        acls=reading.acls(subnets),
        balancers=listed,
    )
    return evidence, tuple(sorted(reading.unread))


def _named(listed: Mapping[str, LoadBalancer], hops: Collection[Component]) -> dict[str, LoadBalancer]:
    return {name: one for name, one in listed.items() if any(one.is_named_by(hop) for hop in hops)}


def _follow(
    reading: "_Reading",
    listed: Mapping[str, LoadBalancer],
    near: dict[str, LoadBalancer],
    groups: dict[str, SecurityGroup],
) -> None:
    """Add the load balancers that groups refer to, their groups, the load balancers that those refer to, and so on."""
    asked = set(groups)
    while True:
        referenced = {reference.id for reference in _references(groups)}
        near |= {name: one for name, one in listed.items() if referenced.intersection(one.groups)}
        more = {group for balancer in near.values() for group in balancer.groups} - asked
        if not more:
            return
        asked |= more
        groups |= reading.groups(more)


def _sources(groups: Mapping[str, SecurityGroup]) -> Iterator[RuleSource]:
    return (rule.source for group in groups.values() for rule in group.rules)


def _references(groups: Mapping[str, SecurityGroup]) -> Iterator[GroupReference]:
    return (source for source in _sources(groups) if isinstance(source, GroupReference))


def _lists(groups: Mapping[str, SecurityGroup]) -> Iterator[PrefixListReference]:
    return (source for source in _sources(groups) if isinstance(source, PrefixListReference))


class _Reading:
    """The calls, and what failed of them."""

    def __init__(self, client_of: Callable[[str], Any]) -> None:
        self._client_of = client_of
        self._ec2 = client_of("ec2")
        self.unread: set[str] = set()

    def interfaces(self, wanted: Iterable[str]) -> Iterator[NetworkInterface]:
        """Yield the interfaces that still exist. One that is gone, or whose id is none, is no failure."""
        ids = [name for name in wanted if _INTERFACE.fullmatch(name)]  # one that is malformed fails its whole batch
        return chain.from_iterable(self._interfaces(batch) for batch in _batches(ids))

    def _interfaces(self, batch: list[str]) -> list[NetworkInterface]:
        while batch:
            try:
                pages = _pages(self._ec2, "describe_network_interfaces", NetworkInterfaceIds=batch)
                return [found for page in pages for found in answers.interfaces(page)]
            except FAILURES as error:
                left = _without_gone(batch, error)
                if left == batch:
                    self._name("DescribeNetworkInterfaces", error)
                    return []
                batch = left
        return []

    def groups(self, wanted: Iterable[str]) -> dict[str, SecurityGroup]:
        """Return the groups that exist, with all their rules. Which exist is asked first: rules alone cannot tell."""
        found: dict[str, SecurityGroup] = {}
        for batch in _batches(wanted):
            owners = self._owners(batch)
            rules = self._rules(sorted(owners)) if owners else {}
            if rules is not None:
                found |= {
                    name: SecurityGroup(id=name, account=owner, rules=rules.get(name, ()))
                    for name, owner in owners.items()
                }
        return found

    def _owners(self, batch: list[str]) -> dict[str, str]:
        try:
            pages = _pages(self._ec2, "describe_security_groups", Filters=_filter("group-id", batch))
            return dict(owned for page in pages for owned in answers.owners(page))
        except FAILURES as error:
            self._name("DescribeSecurityGroups", error)
            return {}

    def _rules(self, batch: list[str]) -> dict[str, answers.Rules] | None:
        try:
            pages = _pages(self._ec2, "describe_security_group_rules", Filters=_filter("group-id", batch))
            return answers.rules_by_group(pages)
        except FAILURES as error:
            self._name("DescribeSecurityGroupRules", error)
            return None

    def prefix_lists(self, wanted: Iterable[str]) -> dict[str, PrefixList]:
        """Return the prefix lists that could be read, each with all its entries."""
        found: dict[str, PrefixList] = {}
        for name in sorted(wanted):
            try:
                pages = _pages(self._ec2, "get_managed_prefix_list_entries", PrefixListId=name)
                networks = tuple(network for page in pages for network in answers.entries(page))
                found[name] = PrefixList(id=name, networks=networks)
            except FAILURES as error:
                self._name("GetManagedPrefixListEntries", error)
        return found

    def acls(self, subnets: Iterable[str]) -> dict[str, NetworkAcl]:
        """Return the network ACLs of these subnets, by subnet."""
        found: dict[str, NetworkAcl] = {}
        for batch in _batches(subnets):
            try:
                pages = _pages(self._ec2, "describe_network_acls", Filters=_filter("association.subnet-id", batch))
                found |= dict(guarded for page in pages for guarded in answers.acls(page))
            except FAILURES as error:
                self._name("DescribeNetworkAcls", error)
        return found

    def balancers(self) -> dict[str, LoadBalancer] | None:
        """Return all load balancers of both generations, or None where one of the lists is not whole."""
        listings = (
            self._balancers(self._client_of("elbv2"), "DescribeLoadBalancers", answers.balancers),
            self._balancers(self._client_of("elb"), "DescribeLoadBalancers (Classic)", answers.classic_balancers),
        )
        if None in listings:
            return None
        return {balancer.id: balancer for listing in listings for balancer in listing or ()}

    def _balancers(
        self, client: Any, called: str, parse: Callable[[Any], Iterable[LoadBalancer]]
    ) -> list[LoadBalancer] | None:
        try:
            return [found for page in _pages(client, "describe_load_balancers") for found in parse(page)]
        except FAILURES as error:
            self._name(called, error)
            return None

    def _name(self, operation: str, error: Exception) -> None:
        self.unread.add(f"{operation}: {_code(error)}")


def _pages(client: Any, operation: str, **parameters: Any) -> Iterator[Any]:
    return iter(client.get_paginator(operation).paginate(**parameters))


def _code(error: Exception) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "unknown error"))
    return "unexpected answer" if isinstance(error, msgspec.ValidationError) else type(error).__name__


def _without_gone(batch: list[str], error: Exception) -> list[str]:
    """Return the interfaces that EC2 does not say are gone. It names only some of them in one answer."""
    gone = set(_INTERFACE.findall(str(error))) if _code(error) == _NOT_FOUND else set[str]()
    return [name for name in batch if name not in gone]


def _batches(wanted: Iterable[str]) -> Iterator[list[str]]:
    names = sorted(set(wanted) - {""})
    return (names[start : start + BATCH] for start in range(0, len(names), BATCH))


def _filter(name: str, values: list[str]) -> list[dict[str, Any]]:
    return [{"Name": name, "Values": values}]
