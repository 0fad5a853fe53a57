"""Sets of IP addresses of both versions, which rules add to and network ACLs take from."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_network, summarize_address_range
from typing import Final, TypeAlias

import msgspec

from exposurectl.model import Network

_V4 = 4

Span: TypeAlias = tuple[int, int, int]
"""IP version, first address and last address."""


class Addresses(msgspec.Struct, frozen=True):
    """Any set of addresses; equal sets are equal values."""

    spans: tuple[Span, ...] = ()
    """Sorted; no two of them touch."""

    @classmethod
    def of(cls, networks: Iterable[Network]) -> "Addresses":
        """Return the addresses of these networks."""
        return cls(_merged((one.version, int(one.network_address), int(one.broadcast_address)) for one in networks))

    def __bool__(self) -> bool:
        """Tell whether there is any address."""
        return bool(self.spans)

    def __or__(self, other: "Addresses") -> "Addresses":
        """Return what is in either."""
        if not self or not other:
            return self or other
        return Addresses(_merged((*self.spans, *other.spans)))

    def __sub__(self, other: "Addresses") -> "Addresses":
        """Return what is in this and not in the other."""
        left = self.spans
        for gone in other.spans:
            left = tuple(part for span in left for part in _outside(span, gone))
        return Addresses(left)

    def __and__(self, other: "Addresses") -> "Addresses":
        """Return what is in both."""
        return self - (self - other)

    def networks(self) -> tuple[Network, ...]:
        """Return the fewest networks that hold these addresses and no others, IPv4 first, in order."""
        return tuple(network for span in self.spans for network in _summarized(span))


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for version, first, last in sorted(spans):
        if merged and merged[-1][0] == version and first <= merged[-1][2] + 1:
            merged[-1] = (version, merged[-1][1], max(merged[-1][2], last))
        else:
            merged.append((version, first, last))
    return tuple(merged)


def _outside(span: Span, gone: Span) -> Iterator[Span]:
    version, first, last = span
    other, begin, end = gone
    if version != other or end < first or last < begin:
        yield span
        return
    if first < begin:
        yield version, first, begin - 1
    if end < last:
        yield version, end + 1, last


def _summarized(span: Span) -> Iterator[Network]:
    version, first, last = span
    if version == _V4:
        return summarize_address_range(IPv4Address(first), IPv4Address(last))
    return summarize_address_range(IPv6Address(first), IPv6Address(last))


NOBODY: Final = Addresses()

_EVERYONE: Final = (Addresses.of([ip_network("0.0.0.0/0")]), Addresses.of([ip_network("::/0")]))

NEVER_FROM_THE_INTERNET: Final = Addresses.of(
    ip_network(prefix)
    for prefix in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "224.0.0.0/3",
        "::/3",
        "4000::/2",
        "8000::/1",
    )
)
"""
Addresses that no packet from an internet gateway has as its source.

Source: IANA's special-purpose registries and RFC 6890; of IPv6, only 2000::/3 is given out as global unicast.
"""


def is_everyone(addresses: Addresses) -> bool:
    """Tell whether all addresses of IPv4, or all of IPv6, are among these."""
    return any(not everyone - addresses for everyone in _EVERYONE)
