"""The calls that read a network. One that fails leaves its part of the evidence absent, and is named."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cached_property
from itertools import chain
from typing import Any, Final

import msgspec
from botocore.exceptions import ClientError
from msgspec.structs import replace

from exposurectl.sources.aws import balancer_answers
from exposurectl.sources.aws import network_answers as answers
from exposurectl.sources.aws.access import FAILURES
from exposurectl.sources.fronts import stands_near
from exposurectl.sources.network import (
    LoadBalancer,
    NetworkAcl,
    NetworkEvidence,
    NetworkInterface,
    PrefixList,
    SecurityGroup,
    TargetGroup,
)

BATCH: Final = 200
"""The most values that one filter of EC2's takes; more ids of interfaces than that make slow answers."""

_NOT_FOUND = "InvalidNetworkInterfaceID.NotFound"
_GROUP_NOT_FOUND = "TargetGroupNotFound"
_INTERFACE = re.compile(r"eni-(?:[0-9a-f]{17}|[0-9a-f]{8})(?![0-9a-f])")


class Calls:
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

    @cached_property
    def balancers(self) -> dict[str, LoadBalancer] | None:
        """All load balancers of both generations, or None where one of the lists is not whole."""
        listings = (
            self._balancers(self._client_of("elbv2"), "DescribeLoadBalancers", balancer_answers.balancers),
            self._balancers(
                self._client_of("elb"), "DescribeLoadBalancers (Classic)", balancer_answers.classic_balancers
            ),
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

    def target_groups(self, vpcs: Collection[str], network: NetworkEvidence) -> dict[str, TargetGroup] | None:
        """
        Return all target groups, or None where their list is not whole.

        Only those that load balancers in these VPCs forward to come with their targets, one call for each.
        """
        try:
            pages = _pages(self._client_of("elbv2"), "describe_target_groups")
            listed = [found for page in pages for found in balancer_answers.target_groups(page)]
        except FAILURES as error:
            self._name("DescribeTargetGroups", error)
            return None
        return {one.id: self._filled(one) if stands_near(one, vpcs, network) else one for one in listed}

    def _filled(self, group: TargetGroup) -> TargetGroup:
        """Return the group with its targets, or without where they cannot be read. One that is gone has none."""
        if group.targets is not None:
            return group
        try:
            answer = self._client_of("elbv2").describe_target_health(TargetGroupArn=group.id)
            return replace(group, targets=balancer_answers.targets(answer))
        except FAILURES as error:
            if _code(error) == _GROUP_NOT_FOUND:
                return replace(group, targets=())
            self._name("DescribeTargetHealth", error)
            return group

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
