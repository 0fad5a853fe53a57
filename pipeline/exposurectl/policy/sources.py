"""Who may send to a port: what `anywhere`, `restricted` and `within` mean."""

import enum
import functools
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

import msgspec

from exposurectl.model import Finding, Network

# RFC 1918, RFC 6598 (carrier-grade NAT) and RFC 4193 (unique local addresses): not the internet, however short.
_PRIVATE: tuple[Network, ...] = tuple(
    ip_network(prefix) for prefix in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)


class AnywherePrefix(msgspec.Struct, frozen=True, kw_only=True):
    """How long a prefix may be and still count as anywhere, in bits."""

    v4: int = 8
    v6: int = 16


class NamedSources(enum.Enum):
    """The two judgements that are each other's opposite: every port is one or the other."""

    ANYWHERE = "anywhere"
    RESTRICTED = "restricted"


class Within(msgspec.Struct, frozen=True):
    """All that is admitted lies inside these networks, which are merged."""

    networks: tuple[Network, ...]


Sources = NamedSources | Within
Admitted = tuple[Network, ...] | None
"""The networks admitted to a port; empty where groups were read and admit nobody, None where there is no evidence."""


def admitted(finding: Finding, port: int) -> Admitted:
    """Return whom the security groups that were read with the finding admit to a port, adjoining prefixes merged."""
    covering = [entry.networks for entry in finding.ingress if port in entry.ports]
    return merge(tuple(network for networks in covering for network in networks)) if covering else None


@functools.lru_cache(maxsize=4096)
def merge(networks: tuple[Network, ...]) -> tuple[Network, ...]:
    """Return the fewest networks that cover the same addresses, IPv4 first, in order."""
    v4 = collapse_addresses(network for network in networks if isinstance(network, IPv4Network))
    v6 = collapse_addresses(network for network in networks if isinstance(network, IPv6Network))
    return (*v4, *v6)


def holds(sources: Sources, networks: Admitted, anywhere: AnywherePrefix) -> bool:
    """
    Tell whether the admitted networks, already merged, are what a rule asks for.

    Without evidence, or where the groups admit nobody although Inspector found a path, nothing can be called
    restricted: it counts as anywhere.
    """
    if isinstance(sources, Within):
        return bool(networks) and all(_inside(network, sources.networks) for network in networks or ())
    return _restricted(networks, anywhere) is (sources is NamedSources.RESTRICTED)


@functools.lru_cache(maxsize=4096)
def _restricted(networks: Admitted, anywhere: AnywherePrefix) -> bool:
    return bool(networks) and not any(_is_anywhere(network, anywhere) for network in networks or ())


def _is_anywhere(network: Network, anywhere: AnywherePrefix) -> bool:
    short = network.prefixlen <= (anywhere.v4 if isinstance(network, IPv4Network) else anywhere.v6)
    return short and not _inside(network, _PRIVATE)


def _inside(network: Network, outer: tuple[Network, ...]) -> bool:
    """Tell whether one of the outer networks holds the whole network; merged networks make that exact."""
    return any(
        network.subnet_of(other)
        if isinstance(network, IPv4Network) and isinstance(other, IPv4Network)
        else isinstance(network, IPv6Network) and isinstance(other, IPv6Network) and network.subnet_of(other)
        for other in outer
    )
