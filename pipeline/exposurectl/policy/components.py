"""What a component of a network path is called in a policy, and which components a pattern means."""

import difflib
import enum
import functools
from fnmatch import fnmatchcase

import msgspec

from exposurectl.model import Component


class Alias(enum.Enum):
    """A policy's name for a kind of component."""

    INTERNET_GATEWAY = "internet-gateway"
    VPN_GATEWAY = "vpn-gateway"
    VPC_PEERING = "vpc-peering"
    TRANSIT_GATEWAY = "transit-gateway"
    DIRECT_CONNECT = "direct-connect"
    LOAD_BALANCER = "load-balancer"
    NAT_GATEWAY = "nat-gateway"
    VPC_ENDPOINT = "vpc-endpoint"
    NETWORK_FIREWALL = "network-firewall"
    NETWORK_ACL = "network-acl"
    SECURITY_GROUP = "security-group"
    NETWORK_INTERFACE = "network-interface"
    INSTANCE = "instance"
    UNKNOWN = "unknown"


# Inspector's types and the id prefixes of each alias. Only InternetGateway, NetworkAcl, SecurityGroup,
# NetworkInterface and Instance have been seen in public Inspector output (2026-08); the others follow
# CloudFormation's names, and the id prefix recognises a component whose type turns out to be spelled otherwise.
# The first type is the typical one; a type that ends in `::` stands for all types that begin so.
_RECOGNISED: dict[Alias, tuple[tuple[str, ...], tuple[str, ...]]] = {
    Alias.INTERNET_GATEWAY: (("AWS::EC2::InternetGateway",), ("igw-",)),
    Alias.VPN_GATEWAY: (("AWS::EC2::VPNGateway",), ("vgw-",)),
    Alias.VPC_PEERING: (("AWS::EC2::VPCPeeringConnection",), ("pcx-",)),
    Alias.TRANSIT_GATEWAY: (("AWS::EC2::TransitGateway", "AWS::EC2::TransitGatewayAttachment"), ("tgw-",)),
    Alias.DIRECT_CONNECT: (
        ("AWS::DirectConnect::Connection", "AWS::DirectConnect::"),
        ("dxcon-", "dxgw-", "dxvif-", "dxlag-"),
    ),
    Alias.LOAD_BALANCER: (
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancingV2::", "AWS::ElasticLoadBalancing::"),
        ("app/", "net/", "gwy/", "arn:*:elasticloadbalancing:"),
    ),
    Alias.NAT_GATEWAY: (("AWS::EC2::NatGateway",), ("nat-",)),
    Alias.VPC_ENDPOINT: (("AWS::EC2::VPCEndpoint",), ("vpce-",)),
    Alias.NETWORK_FIREWALL: (
        ("AWS::NetworkFirewall::Firewall", "AWS::NetworkFirewall::"),
        ("arn:*:network-firewall:",),
    ),
    Alias.NETWORK_ACL: (("AWS::EC2::NetworkAcl",), ("acl-",)),
    Alias.SECURITY_GROUP: (("AWS::EC2::SecurityGroup",), ("sg-",)),
    Alias.NETWORK_INTERFACE: (("AWS::EC2::NetworkInterface",), ("eni-",)),
    Alias.INSTANCE: (("AWS::EC2::Instance",), ("i-",)),
}

ORIGINS = tuple(_RECOGNISED)

_A_SLIP = 0.93
"""How alike two types are that differ in a letter or two; types that exist side by side differ in a word."""
_A_FEW = 2


@functools.lru_cache(maxsize=1 << 16)  # a fleet has few gateways and groups, and each rule asks about all of them
def recognise(component: Component) -> frozenset[Alias]:
    """
    Return every alias that recognises the component, by its type or by its id.

    A type and an id that contradict each other give both aliases; a component that no alias recognises is
    `Alias.UNKNOWN`, and nothing else ever is.
    """
    found = frozenset(alias for alias, (types, ids) in _RECOGNISED.items() if _is(component, types, ids))
    return found or frozenset({Alias.UNKNOWN})


def _is(component: Component, types: tuple[str, ...], ids: tuple[str, ...]) -> bool:
    by_type = any(component.type.startswith(own) if own.endswith("::") else component.type == own for own in types)
    return by_type or any(fnmatchcase(component.id, f"{own}*") for own in ids)


def spellings(alias: Alias) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the types and the globs of ids by which the alias recognises; a type that ends in `::` begins others."""
    types, ids = _RECOGNISED.get(alias, ((), ()))
    return types, tuple(f"{own}*" for own in ids)


def usual_spelling(kind: str) -> str | None:
    """Return how Inspector writes a type that an alias recognises, or None where the type is none of those."""
    for own in (own for types, _ids in _RECOGNISED.values() for own in types):
        if kind.casefold() == own.casefold():
            return own
        if own.endswith("::") and kind.casefold().startswith(own.casefold()):
            return own + kind[len(own) :]
    return None


def nearest_type(kind: str) -> str | None:
    """Return the known type that a type is a slip of the pen away from, or None where none is that near."""
    types = (own for types, _ids in _RECOGNISED.values() for own in types if not own.endswith("::"))
    near = [own for own in types if abs(len(own) - len(kind)) <= _A_FEW]
    return next(iter(difflib.get_close_matches(kind, near, n=1, cutoff=_A_SLIP)), None)


def typical(alias: Alias) -> Component:
    """Return a component that the alias recognises by its type alone, for policy cases; `unknown` has neither."""
    if alias is Alias.UNKNOWN:
        return Component(id="", type="")
    types, _ids = _RECOGNISED[alias]
    return Component(id="", type=types[0])


class ByAlias(msgspec.Struct, frozen=True):
    """Components that an alias recognises."""

    alias: Alias

    def matches(self, component: Component) -> bool:
        """Tell whether the alias recognises the component."""
        return self.alias in recognise(component)


class ByType(msgspec.Struct, frozen=True):
    """Components of exactly this type, in Inspector's own spelling."""

    type: str

    def matches(self, component: Component) -> bool:
        """Tell whether the component has the type."""
        return component.type == self.type


class ById(msgspec.Struct, frozen=True):
    """Components whose id matches a glob: `*` is any text, `?` any character, everything else is itself."""

    glob: str

    def matches(self, component: Component) -> bool:
        """Tell whether the component's id matches."""
        return glob_matches(self.glob, component.id)


ComponentPattern = ByAlias | ByType | ById


def glob_matches(glob: str, text: str) -> bool:
    """Tell whether the whole text matches a glob of `*` and `?`; upper and lower case differ."""
    return fnmatchcase(text, glob.replace("[", "[[]"))


def spelled(pattern: ComponentPattern) -> str:
    """Return the word by which a policy means the pattern."""
    if isinstance(pattern, ByAlias):
        return pattern.alias.value
    return pattern.type if isinstance(pattern, ByType) else pattern.glob


def parse_pattern(written: str) -> ComponentPattern | None:
    """
    Return what a policy means by this word, or None where it is no alias, no type and no id.

    An id has a digit, a slash, a colon or a wildcard in it, so that a misspelt alias is never taken for one. A type
    is no glob: one with a wildcard would never match.
    """
    if written in {alias.value for alias in Alias}:
        return ByAlias(Alias(written))
    if "::" in written and not written.startswith("arn:"):
        return None if "*" in written or "?" in written else ByType(written)
    if any(character.isdigit() or character in "*?/:" for character in written):
        return ById(written)
    return None
