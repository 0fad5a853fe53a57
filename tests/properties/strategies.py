"""Random policies, findings, evidence and instances, from small worlds in which rules often meet findings."""

import json
from collections.abc import Callable
from datetime import date
from ipaddress import ip_network
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from exposurectl.diagnostics import Place
from exposurectl.documents import check, read_yaml
from exposurectl.model import (
    HIGHEST_PORT,
    Component,
    Coverage,
    Evidence,
    Exposure,
    Finding,
    FindingStatus,
    Ingress,
    Instance,
    Network,
    Observed,
    PortRange,
    Protocol,
    Unobserved,
)
from exposurectl.policy.compile import PolicyFile, compile_policy
from exposurectl.policy.components import Alias, ByAlias, ById, ByType, typical
from exposurectl.policy.model import Defaults, Match, Override, PathMatch, Policy, Rule, Scope
from exposurectl.policy.sources import AnywherePrefix, NamedSources, Sources, Within, merge

TODAY = date(2027, 1, 1)
PORTS = (0, 1, 2, 3, 4, 5, 6, 7, HIGHEST_PORT - 1, HIGHEST_PORT)
ANYWHERE = AnywherePrefix()

_COMPONENTS = (
    *(typical(alias) for alias in (Alias.INTERNET_GATEWAY, Alias.VPC_PEERING, Alias.SECURITY_GROUP, Alias.INSTANCE)),
    Component(id="igw-1", type="AWS::EC2::VPCPeeringConnection"),
    Component(id="sg-[1]", type=""),
    Component(id="", type="AWS::EC2::SomethingNew"),
    Component(id="", type=""),
)
_PATTERNS = (
    ByAlias(Alias.INTERNET_GATEWAY),
    ByAlias(Alias.VPC_PEERING),
    ByAlias(Alias.UNKNOWN),
    ByType("AWS::EC2::SecurityGroup"),
    ById("sg-*"),
    ById("*"),
)
_NETWORKS = tuple(
    map(
        ip_network,
        (
            *("0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "8.0.0.0/8", "8.0.0.0/9", "10.0.0.0/8", "203.0.113.0/24"),
            *("203.0.113.0/25", "203.0.113.128/25", "2000::/16", "2001:db8::/32", "fd00::/8"),
        ),
    )
)

levels: SearchStrategy[Exposure] = st.sampled_from(Exposure)
port_ranges: SearchStrategy[PortRange] = st.tuples(st.sampled_from(PORTS), st.sampled_from(PORTS)).map(
    lambda pair: PortRange(min(pair), max(pair))
)
networks: SearchStrategy[tuple[Network, ...]] = st.lists(st.sampled_from(_NETWORKS), max_size=3).map(tuple)
ingress: SearchStrategy[tuple[Ingress, ...]] = st.lists(st.builds(Ingress, port_ranges, networks), max_size=3).map(
    tuple
)
paths: SearchStrategy[tuple[Component, ...]] = st.lists(st.sampled_from(_COMPONENTS), max_size=3).map(tuple)
tags: SearchStrategy[tuple[tuple[str, str], ...]] = st.dictionaries(
    st.sampled_from(("Env", "App")), st.sampled_from(("prod", "dev", "")), max_size=2
).map(lambda given: tuple(sorted(given.items())))
instances: SearchStrategy[Instance] = st.builds(
    Instance,
    id=st.sampled_from(("i-0", "i-1")),
    account=st.sampled_from(("", "111122223333")),
    region=st.sampled_from(("", "eu-west-1")),
    vpc=st.sampled_from(("", "vpc-1")),
    subnet=st.sampled_from(("", "subnet-1")),
    tags=tags,
)
coverages: SearchStrategy[Coverage] = st.sampled_from((Observed(), Unobserved("EC2_INSTANCE_STOPPED")))


def findings(**fixed: SearchStrategy[Any]) -> SearchStrategy[Finding]:
    given: dict[str, SearchStrategy[Any]] = {
        "arn": st.sampled_from(("arn:1", "arn:2", "arn:3")),
        "account": st.just(""),
        "region": st.just(""),
        "instance": st.just("i-0"),
        "status": st.sampled_from(FindingStatus),
        "protocol": st.sampled_from(Protocol),
        "ports": port_ranges,
        "path": paths,
        "ingress": ingress,
    }
    return st.builds(Finding, **{**given, **fixed})


def evidence(**fixed: SearchStrategy[Any]) -> SearchStrategy[Evidence]:
    given: dict[str, SearchStrategy[Any]] = {
        "instance": instances,
        "findings": st.lists(findings(), max_size=3).map(tuple),
        "coverage": coverages,
    }
    return st.builds(Evidence, **{**given, **fixed})


def _some(values: tuple[Any, ...]) -> SearchStrategy[tuple[Any, ...]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True).map(tuple)


def _maybe(strategy: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """Return nothing two times out of three, so that rules meet findings, and each other, often enough."""
    return st.sampled_from((False, False, True)).flatmap(lambda given: strategy if given else st.none())


def _one_of(*words: str) -> SearchStrategy[frozenset[str] | None]:
    return st.sampled_from((None, None, *(frozenset({word}) for word in words)))


sources: SearchStrategy[Sources] = st.one_of(
    st.sampled_from(NamedSources), _some(_NETWORKS).map(lambda some: Within(merge(some)))
)
scopes: SearchStrategy[Scope] = st.builds(
    Scope,
    accounts=_one_of("111122223333"),
    regions=_one_of("eu-west-1"),
    vpcs=_one_of("vpc-1"),
    subnets=_one_of("subnet-1"),
    tags=st.sampled_from(((), (), (("Env", ("prod",)),), (("Env", ("*",)), ("App", ("p*", "dev"))))),
)
path_matches: SearchStrategy[PathMatch] = st.builds(
    PathMatch,
    origin=_maybe(_some(_PATTERNS)),
    any_of=_maybe(_some(_PATTERNS)),
    all_of=st.one_of(st.just(()), _some(_PATTERNS)),
    none_of=st.one_of(st.just(()), _some(_PATTERNS)),
)
matches: SearchStrategy[Match] = st.builds(
    Match,
    scope=_maybe(scopes).map(lambda scope: scope or Scope()),
    path=_maybe(path_matches),
    protocol=_maybe(st.sampled_from(Protocol)),
    ports=_maybe(st.lists(port_ranges, min_size=1, max_size=2).map(tuple)),
    sources=_maybe(sources),
)


# Matches that most points meet, so that rules and overrides of points often speak about the same point.
wide_matches: SearchStrategy[Match] = st.builds(
    Match,
    ports=st.sampled_from(((PortRange(0, HIGHEST_PORT),), (PortRange(0, 5),), (PortRange(3, HIGHEST_PORT),))),
    protocol=_maybe(st.sampled_from(Protocol)),
    sources=_maybe(sources),
)
busy_evidence: SearchStrategy[Evidence] = evidence(
    findings=st.lists(findings(status=st.just(FindingStatus.ACTIVE)), min_size=1, max_size=3).map(tuple)
)


@st.composite
def policies(draw: Callable[..., Any], *, overrides: int = 3, matches: SearchStrategy[Match] = matches) -> Policy:
    """Return a policy of a few rules and at most so many overrides, some of which have expired."""
    unreachable = draw(st.sampled_from((Exposure.SMALL, *Exposure)))
    defaults = Defaults(
        unreachable=unreachable,
        unmatched=draw(levels),
        unobserved=draw(_maybe(st.sampled_from([level for level in Exposure if level >= unreachable]))),
        at="policies/a.yaml:2:3",
    )
    rules = [
        Rule(id=f"r{number}", level=draw(levels), because="x", match=match, at=f"r:{number}", place=Place("r", number))
        for number, match in enumerate(draw(st.lists(matches, max_size=4)))
    ]
    exceptions = [
        Override(
            id=f"o{number}",
            level=draw(levels),
            because="x",
            match=match,
            at=f"o:{number}",
            place=Place("o", number),
            approved_by="y",
            expires=draw(st.sampled_from((date(2026, 12, 31), TODAY, date(2027, 6, 1)))),
        )
        for number, match in enumerate(draw(st.lists(matches, max_size=overrides)))
    ]
    return policy_of(defaults, rules, exceptions)


def policy_of(defaults: Defaults, rules: list[Rule], overrides: list[Override]) -> Policy:
    """Return a policy as `compile` would, cut wherever ports begin or have ended."""
    matches = [*(rule.match for rule in rules), *(override.match for override in overrides)]
    ranges = [ports for match in matches for ports in match.ports or ()]
    return Policy(
        defaults=defaults,
        rules=tuple(rules),
        overrides=tuple(overrides),
        digest="sha256:0",
        cuts=tuple(sorted({port for ports in ranges for port in (ports.begin, ports.end + 1)})),
    )


# Policies as people write them: mappings that are written down as YAML, file by file.

_written_matches: SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "ports": st.lists(st.sampled_from((1, "2", "3-5", "0-65535", 65535)), min_size=1, max_size=2),
        "protocol": st.sampled_from(("tcp", "udp")),
        "sources": st.sampled_from(("anywhere", "restricted", {"within": ["203.0.113.0/24", "fd00::/8"]})),
        "path": st.sampled_from(
            ({"origin": ["internet-gateway"]}, {"none_of": ["unknown", "sg-*"]}, {"any_of": ["AWS::EC2::Instance"]})
        ),
        "tags": st.sampled_from(({"Env": "prod"}, {"Env": ["*"], "App": "d?v"})),
        "vpcs": st.just(["vpc-1"]),
    },
)
_words = st.sampled_from(("small", "controlled", "open"))
written_rules: SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"level": _words, "because": st.just("x"), "match": _written_matches}
)
written_overrides: SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "level": _words,
        "because": st.just("x"),
        "match": _written_matches,
        "approved_by": st.just("y"),
        "expires": st.sampled_from(("2026-12-31", "2027-01-01", "2027-06-01")),
    }
)


def compiled(files: list[tuple[str, dict[str, Any]]]) -> Policy:
    """Write mappings down as YAML (JSON is YAML), read them back and compile them."""
    read = [_file(name, json.dumps(data, indent=1)) for name, data in files]
    policy = compile_policy(Place("policies"), read)

    assert isinstance(policy, Policy), policy
    return policy


def _file(name: str, text: str) -> PolicyFile:
    document, problems = read_yaml(name, text.encode())

    assert document is not None
    assert problems + check(document, "policy") == []
    return PolicyFile(document=document, reference=name, content=text.encode())
