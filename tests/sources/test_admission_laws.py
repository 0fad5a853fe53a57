"""What holds of admission whatever the network is: it agrees with an oracle, and knowing less never restricts."""

import functools
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from exposurectl.model import Component, Finding, Network, PortRange, Protocol
from exposurectl.policy.sources import AnywherePrefix, NamedSources, Within, holds
from exposurectl.policy.sources import admitted as judged
from exposurectl.sources.addresses import Addresses
from exposurectl.sources.admission import admitted
from exposurectl.sources.network import (
    AclEntry,
    GroupReference,
    GroupRule,
    LoadBalancer,
    NetworkAcl,
    NetworkEvidence,
    PrefixListReference,
    Target,
    TargetGroup,
    UnknownSource,
)

from .networks import (
    ACCOUNT,
    ALB,
    ENI,
    IGW,
    INSTANCE,
    OTHER_ACCOUNT,
    PEERING,
    PRIVATE_ADDRESS,
    TARGET,
    acl,
    allow,
    balancer,
    deny,
    finding,
    group,
    interface,
    network,
    rule,
    target,
)

Address = IPv4Address | IPv6Address

PUBLIC = ["203.0.113.0/30", "203.0.113.1/32", "203.0.113.2/31", "198.51.100.0/24", "2001:db8::/127", "2001:db8::1/128"]
WIDE = ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "::/0", "2000::/4", "3000::/4"]
PRIVATE = ["10.0.0.0/8", "10.1.0.0/16", "fd00::/8"]
NETWORKS = [*PUBLIC, *WIDE, *PRIVATE]
LISTS = ["pl-0", "pl-1"]
GROUPS = ["sg-0", "sg-1", "sg-2", "sg-3"]
SUBNETS = ["subnet-1", "subnet-2", "subnet-3"]
BALANCERS = [ALB, ALB.replace("app", "net"), "classic"]
TARGETS = [INSTANCE, PRIVATE_ADDRESS, "i-0fedcba9876543210", "10.0.0.8"]
FIELDS = ["interfaces", "groups", "prefix_lists", "acls"]
PORTS = [0, 21, 22, 23, 24, 65535]
THROUGH = Component(ALB, "AWS::ElasticLoadBalancingV2::LoadBalancer")
PATHS = [(IGW, ENI, TARGET), (PEERING, ENI, TARGET), (IGW, THROUGH, ENI, TARGET)]


def _edges() -> Iterator[Address]:
    """Yield an address of every kind: none of the networks tells apart two that lie between the same edges."""
    for written in NETWORKS:
        one = ip_network(written)
        first, last = int(one.network_address), int(one.broadcast_address)
        kind = type(one.network_address)
        yield from (kind(edge) for edge in (first - 1, first, last, last + 1) if 0 <= edge < 2**one.max_prefixlen)


ADDRESSES = sorted(set(_edges()), key=lambda address: (address.version, int(address)))

# Networks are made from a seed: Hypothesis drawing each rule by itself takes fifty times as long as all that is tested.
seeds = st.randoms(use_true_random=True)


def some_span(random: Random) -> tuple[int, int]:
    begin, end = sorted(random.choices(PORTS, k=2))
    return begin, end


def some_source(random: Random) -> str:
    kinds = [
        PUBLIC,
        PUBLIC,
        PRIVATE,
        NETWORKS,
        LISTS,
        GROUPS,
        GROUPS,
        [f"{OTHER_ACCOUNT}/sg-0", "something-new", *PUBLIC],
    ]
    return random.choice(random.choice(kinds))


def some_rule(random: Random) -> GroupRule:
    protocol = random.choice(["tcp", "tcp", "6", "udp", "17", "-1", "icmp"])
    return rule(protocol, some_span(random), some_source(random))


def some_entry(random: Random) -> AclEntry:
    return AclEntry(
        number=0,
        protocol=random.choice(["-1", "6", "17"]),
        ports=PortRange(*some_span(random)),
        network=ip_network(random.choice(NETWORKS)),
        allow=random.random() < 1 / 3,
    )


def some_acl(random: Random) -> NetworkAcl:
    return acl(*(some_entry(random) for _ in range(random.randint(1, 4))))


def some_balancers(random: Random) -> list[LoadBalancer] | None:
    if random.random() < 1 / 10:
        return None
    return [
        balancer(
            *some_of(GROUPS, random),
            arn=arn,
            subnets=tuple(some_of(SUBNETS, random)),
            vpc=random.choice(["vpc-1", "vpc-1", "vpc-2"]),
            targets=some_targets(random) if arn == "classic" else (),
        )
        for arn in BALANCERS
        if random.random() < 4 / 5
    ]


def some_targets(random: Random) -> tuple[Target, ...]:
    some = (target(random.choice(TARGETS), random.choice([*PORTS, None])) for _ in range(random.randint(0, 2)))
    return tuple(some)


def some_target_groups(random: Random) -> list[TargetGroup] | None:
    if random.random() < 1 / 10:
        return None
    return [
        TargetGroup(
            id=f"tg-{number}",
            balancers=tuple(random.sample(BALANCERS[:2], k=random.choice([0, 1, 1, 1, 2]))),
            targets=some_targets(random) if random.random() < 19 / 20 else None,
        )
        for number in range(random.choice([0, 1, 2]))
    ]


def some_of(names: list[str], random: Random) -> list[str]:
    return random.sample(names, k=random.choice([0, 1, 1, 1, 2]))


def some_network(random: Random) -> NetworkEvidence:
    """Return a network most of which was read."""
    owners = {name: ACCOUNT if random.random() < 19 / 20 else OTHER_ACCOUNT for name in GROUPS}
    rules = {name: [some_rule(random) for _ in range(random.randint(0, 4))] for name in GROUPS}
    own = interface(*some_of(GROUPS, random), instance=random.choice([INSTANCE] * 4 + [""]))
    return network(
        *(group(name, *rules[name], account=owners[name]) for name in GROUPS if random.random() < 19 / 20),
        interfaces=[own],
        lists={name: tuple(random.sample(PUBLIC, k=2)) for name in LISTS if random.random() < 4 / 5},
        acls={subnet: some_acl(random) for subnet in SUBNETS if random.random() < 2 / 3},
        balancers=some_balancers(random),
        targets=some_target_groups(random),
    )


def some_hidden_network(random: Random) -> NetworkEvidence:
    """Return a network where a load balancer is likely to send from private addresses that a group admits."""
    own = [rule("tcp", some_span(random), random.choice(PUBLIC + WIDE)), rule("tcp", (0, 65535), PRIVATE[0])]
    fronts = {name: rule("tcp", 23, random.choice([*NETWORKS, *LISTS])) for name in GROUPS[1:]}
    allowed = [replace(some_entry(random), protocol="-1", allow=True) for _ in range(2)]
    guard = acl(*allowed, allow(8, PRIVATE[0]), deny(9, random.choice(WIDE)))
    hit = target(random.choice(TARGETS[:2]), random.choice([*PORTS, None, None]))
    return network(
        group(GROUPS[0], *own),
        *(group(name, admits) for name, admits in fronts.items() if random.random() < 9 / 10),
        interfaces=[interface(GROUPS[0])],
        lists={name: tuple(random.sample(PUBLIC, k=2)) for name in LISTS if random.random() < 4 / 5},
        acls={subnet: guard if subnet == SUBNETS[0] else some_acl(random) for subnet in SUBNETS},
        balancers=[balancer(random.choice(GROUPS[1:]), arn=arn, targets=some_targets(random)) for arn in BALANCERS],
        targets=[TargetGroup(id="tg-0", balancers=(ALB,), targets=(hit,)), *(some_target_groups(random) or ())[1:]],
    )


def some_case(random: Random) -> tuple[Finding, NetworkEvidence]:
    if random.random() < 1 / 2:
        return some_finding(random), some_network(random)
    return finding(*some_span(random), path=PATHS[0]), some_hidden_network(random)


def some_finding(random: Random) -> Finding:
    path = random.choice([*PATHS, PATHS[0], PATHS[0]])
    return finding(*some_span(random), path=path, protocol=random.choice(list(Protocol)))


def less_of(whole: NetworkEvidence, random: Random) -> NetworkEvidence:
    """Return evidence of the same network with one part of it not read, or several."""
    parts = [(field, key) for field in FIELDS for key in getattr(whole, field)]
    parts += [("balancers", ""), ("target_groups", ""), *(("targets", name) for name in whole.target_groups or ())]
    gone = random.sample(parts, k=random.choice([1, 1, 1, 2, 3]))
    kept = {
        field: {key: one for key, one in getattr(whole, field).items() if (field, key) not in gone} for field in FIELDS
    }
    targets = {
        name: replace(one, targets=None) if ("targets", name) in gone else one
        for name, one in (whole.target_groups or {}).items()
    }
    return replace(
        whole,
        **kept,
        balancers=None if ("balancers", "") in gone else whole.balancers,
        target_groups=None if whole.target_groups is None or ("target_groups", "") in gone else targets,
    )


def with_evidence(of: Finding, given: NetworkEvidence) -> Finding:
    return replace(of, ingress=tuple(row.as_ingress() for row in admitted(of, given)))


def ports_of(of: Finding) -> list[int]:
    near = {edge + step for edge in PORTS for step in (-1, 0, 1)}
    return sorted(port for port in near if port in of.ports)


# The law. Evidence is either all that there is to read, or that with parts missing: an interface, a group with its
# rules, a prefix list, a network ACL, the targets of a target group, or the list of load balancers or that of target
# groups (both of which a page that fails takes away whole). What a port admits is everyone where a finding has no row
# for it, or a row without networks. Then whoever is admitted with all evidence is admitted with less; so is every
# judgement that a policy can ask for, at least as wide.


@settings(max_examples=5000)
@given(seeds)
def test_knowing_less_never_admits_fewer_nor_restricts(random: Random) -> None:
    of, given = some_case(random)
    with_all, with_less = with_evidence(of, given), with_evidence(of, less_of(given, random))

    for port in ports_of(of):
        all_of_it, part_of_it = judged(with_all, port), judged(with_less, port)
        assert not part_of_it or (all_of_it and not Addresses.of(all_of_it) - Addresses.of(part_of_it))
        for anywhere in (AnywherePrefix(), AnywherePrefix(v4=0, v6=0), AnywherePrefix(v4=24, v6=64)):
            for asked in (NamedSources.RESTRICTED, Within(tuple(map(ip_network, ["203.0.113.0/30", "10.0.0.0/8"])))):
                assert not holds(asked, part_of_it, anywhere) or holds(asked, all_of_it, anywhere)


@settings(max_examples=4000)
@given(seeds)
def test_rows_agree_with_asking_for_each_address_and_port(random: Random) -> None:
    of, given = some_case(random)
    evidence = with_evidence(of, given)

    for port in random.sample(ports := ports_of(of), k=min(2, len(ports))):
        networks_at = judged(evidence, port)
        expected = admitted_addresses(of, port, given)

        came_out = None if networks_at is None else {one for one in ADDRESSES if _inside(one, networks_at)}
        assert expected == came_out, port


@given(seeds)
def test_rows_are_in_order_apart_and_as_few_as_possible(random: Random) -> None:
    of, given = some_case(random)
    entries = with_evidence(of, given).ingress

    for before, after in pairwise(entries):
        assert before.ports.end < after.ports.begin
        assert before.ports.end + 1 < after.ports.begin or before.networks != after.networks
    assert [problem for row in admitted(of, given) for problem in row.problems()] == []
    assert all(of.ports.begin <= one.ports.begin and one.ports.end <= of.ports.end for one in entries)


# The oracle: the rules of security groups and network ACLs as AWS states them, one address and one port at a time.


class _NotKnownError(Exception):
    """Some of what must be read was not."""


def admitted_addresses(of: Finding, port: int, given: NetworkEvidence) -> set[Address] | None:
    try:
        own, *before = _gates([_first_gate(of, given)], of, port, given)
    except _NotKnownError:
        return None
    admits = own.union(*before)
    if of.path[0] is not IGW:
        return admits
    if admits and not any(map(_is_public, admits)):
        return None
    if THROUGH in of.path or all(map(_is_public, own)) or _has_everyone(own):
        return admits
    return _with_forwarders(admits, of, port, given)


def _with_forwarders(admits: set[Address], of: Finding, port: int, given: NetworkEvidence) -> set[Address] | None:
    """Add whom the load balancers admit that forward to the port, of which the private addresses may be."""
    without_acls = replace(given, acls={})
    names, subnets, is_own = _first_gate(of, given)
    by_groups = next(_gates([(names, subnets, is_own)], of, port, without_acls))
    at_most = admits | by_groups if _has_everyone(by_groups) else None
    try:
        fronts = [(front.groups, front.subnets, False) for front in _forwarding(port if is_own else None, given)]
        more = set[Address]().union(*_gates(fronts, of, port, given))
    except _NotKnownError:
        return at_most
    return admits | more if at_most is None or more <= at_most else at_most


def _has_everyone(addresses: set[Address]) -> bool:
    return any(
        all(one in addresses for one in ADDRESSES if one.version == version)
        for version in {one.version for one in ADDRESSES}
    )


def _forwarding(port: int | None, given: NetworkEvidence) -> Iterator[LoadBalancer]:
    """Yield the load balancers that send to the interface: by its instance's id or its address, to this port."""
    if given.balancers is None or given.target_groups is None:
        raise _NotKnownError
    yield from (front for front in given.balancers.values() if any(_hits(one, port, given) for one in front.targets))
    for one in given.target_groups.values():
        fronts = [given.balancers.get(name) for name in one.balancers]
        if all(front is not None and front.vpc != "vpc-1" for front in fronts):
            continue
        if one.targets is None:
            raise _NotKnownError
        if any(_hits(each, port, given) for each in one.targets):
            yield from map(_surely, fronts)


def _surely(front: LoadBalancer | None) -> LoadBalancer:
    if front is None:
        raise _NotKnownError
    return front


def _hits(one: Target, port: int | None, given: NetworkEvidence) -> bool:
    instance = given.interfaces[ENI.id].instance
    is_here = str(one.address) == PRIVATE_ADDRESS or bool(instance and one.instance == instance)
    return is_here and (port is None or one.port in {None, port})


Way = tuple[tuple[str, ...], tuple[str, ...], bool]
"""Groups, subnets, and whether its ports are the finding's."""


def _gates(waiting: list[Way], of: Finding, port: int, given: NetworkEvidence) -> Iterator[set[Address]]:
    every_point = [(protocol, edge + step) for protocol in Protocol for edge in PORTS for step in (0, 1)]
    passed: set[str] = set()
    while waiting:
        names, subnets, own = waiting.pop()
        points = [(of.protocol, port)] if own else every_point
        rules_here = [
            one
            for name in _known(names, given)
            for one in given.groups[name].rules
            if any(_speaks(one, *at) for at in points)
        ]
        yield _through(rules_here, points, subnets, of, given)
        for front in _fronts(rules_here, of, given):
            if front.id not in passed:
                passed.add(front.id)
                waiting.append((front.groups, front.subnets, False))


def _first_gate(of: Finding, given: NetworkEvidence) -> Way:
    if THROUGH in of.path:
        if ALB not in (given.balancers or {}):
            raise _NotKnownError
        front = (given.balancers or {})[ALB]
        return front.groups, front.subnets, False
    own = given.interfaces[ENI.id]
    return own.groups, (own.subnet,), own.instance == of.instance


def _known(names: tuple[str, ...], given: NetworkEvidence) -> tuple[str, ...]:
    if not names or any(name not in given.groups or given.groups[name].account != ACCOUNT for name in names):
        raise _NotKnownError
    return names


def _fronts(rules_here: list[GroupRule], of: Finding, given: NetworkEvidence) -> list[LoadBalancer]:
    references = [one.source for one in rules_here if isinstance(one.source, GroupReference)]
    if not references:
        return []
    if given.balancers is None or of.path[0] is not IGW or any(one.account != ACCOUNT for one in references):
        raise _NotKnownError
    return [front for front in given.balancers.values() if any(one.id in front.groups for one in references)]


def _through(
    rules_here: list[GroupRule],
    points: list[tuple[Protocol, int]],
    subnets: tuple[str, ...],
    of: Finding,
    given: NetworkEvidence,
) -> set[Address]:
    by_groups: set[Address] = set()
    by_both: set[Address] = set()
    for at in points:
        here = {one for one in ADDRESSES for own in rules_here if _speaks(own, *at) and _names(own, one, given)}
        by_groups |= here
        by_both |= {one for one in here if _any_subnet_passes(one, at, subnets, given)}
    plausible = any(_is_public(one) for one in by_both) if of.path[0] is IGW else bool(by_both)
    return by_both if plausible else by_groups


def _names(own: GroupRule, address: Address, given: NetworkEvidence) -> bool:
    if isinstance(own.source, GroupReference):
        return False
    if isinstance(own.source, UnknownSource):
        raise _NotKnownError
    if isinstance(own.source, PrefixListReference):
        if own.source.id not in given.prefix_lists:
            raise _NotKnownError
        return _inside(address, given.prefix_lists[own.source.id].networks)
    return _inside(address, (own.source,))


def _any_subnet_passes(
    address: Address, at: tuple[Protocol, int], subnets: tuple[str, ...], given: NetworkEvidence
) -> bool:
    guards = [given.acls.get(subnet) for subnet in subnets]
    return not guards or any(guard is None or _passes(address, at, guard) for guard in guards)


def _passes(address: Address, at: tuple[Protocol, int], guard: NetworkAcl) -> bool:
    for entry in guard.entries:
        if _speaks(entry, *at) and _inside(address, (entry.network,)):
            return entry.allow
    return True


def _speaks(one: GroupRule | AclEntry, protocol: Protocol, port: int) -> bool:
    number = {Protocol.TCP: "6", Protocol.UDP: "17"}[protocol]
    return one.protocol in {"-1", number, protocol.value} and one.ports.begin <= port <= one.ports.end


@functools.cache
def _inside(address: Address, some: tuple[Network, ...]) -> bool:
    return any(address in one for one in some if one.version == address.version)


def _is_public(address: Address) -> bool:
    never = "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.168.0.0/16 224.0.0.0/3"
    if address.version == ip_address("::").version:
        return address in ip_network("2000::/3")
    return not any(address in ip_network(one) for one in never.split())
