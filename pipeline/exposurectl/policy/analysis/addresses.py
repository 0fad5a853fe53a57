"""Sets of addresses as ranges: what networks have in common, and what is left of some without others."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_network, summarize_address_range

from exposurectl.model import Network

Addresses = tuple[tuple[int, int], ...]
"""Ranges in order, both ends included, none of which touch. IPv6 follows IPv4 at a distance, as one line of numbers."""

_V6 = 1 << 128
EVERY: Addresses = ((0, (1 << 32) - 1), (_V6, _V6 + (1 << 128) - 1))


def addresses(networks: Iterable[Network]) -> Addresses:
    """Return the addresses of merged networks."""
    ranges = sorted(_range(network) for network in networks)
    out: list[tuple[int, int]] = []
    for begin, end in ranges:
        if out and begin <= out[-1][1] + 1:
            out[-1] = out[-1][0], max(end, out[-1][1])
        else:
            out.append((begin, end))
    return tuple(out)


def common(one: Addresses, other: Addresses) -> Addresses:
    """Return the addresses that are in both."""
    pairs = ((max(a, c), min(b, d)) for a, b in one for c, d in other)
    return tuple(sorted((begin, end) for begin, end in pairs if begin <= end))


def without(one: Addresses, other: Addresses) -> Addresses:
    """Return the addresses of one that are not in the other."""
    ends = [-1, *(end for _begin, end in other)]
    begins = [*(begin for begin, _end in other), EVERY[1][1] + 1]
    return common(one, tuple((end + 1, begin - 1) for end, begin in zip(ends, begins, strict=True) if end + 1 < begin))


def cut(lists: Sequence[Addresses]) -> tuple[Addresses, tuple[int, ...]]:
    """
    Return pieces that together are every address, and for each list which of them it has, as bits by position.

    Each list has all of a piece or nothing of it.
    """
    edges = {edge for one in lists for begin, end in one for edge in (begin, end + 1)}
    begins = sorted({begin for begin, _end in EVERY} | {edge for edge in edges if _is_address(edge)})
    before = [*(begin - 1 for begin in begins[1:]), EVERY[-1][1]]
    pieces = tuple((begin, end if _is_address(end) else EVERY[0][1]) for begin, end in zip(begins, before, strict=True))
    return pieces, tuple(_held(one, begins) for one in lists)


def joined(pieces: Addresses) -> Addresses:
    """Return the ranges that pieces in order make up."""
    out: list[tuple[int, int]] = []
    for begin, end in pieces:
        if out and begin == out[-1][1] + 1:
            out[-1] = out[-1][0], end
        else:
            out.append((begin, end))
    return tuple(out)


def networks(ranges: Addresses) -> tuple[Network, ...]:
    """Return the fewest networks that cover the addresses."""
    return tuple(network for begin, end in ranges for network in _summary(begin, end))


def hosts(ranges: Addresses) -> Iterator[Network]:
    """Yield a few single hosts among the addresses, those that documents use first, then private ones, then any."""
    for known in _READABLE:
        for begin, end in common(ranges, known)[:1]:
            yield _host(min(begin + 7, end))
    for begin, end in (*ranges[:2], *ranges[-1:]):
        yield from (_host(begin), _host(end))


def _held(ranges: Addresses, begins: Sequence[int]) -> int:
    return sum((1 << bisect_right(begins, end)) - (1 << bisect_left(begins, begin)) for begin, end in ranges)


def _is_address(number: int) -> bool:
    return any(begin <= number <= end for begin, end in EVERY)


def _range(network: Network) -> tuple[int, int]:
    shift = 0 if isinstance(network, IPv4Network) else _V6
    return int(network.network_address) + shift, int(network.broadcast_address) + shift


def _summary(begin: int, end: int) -> Iterator[Network]:
    if begin < _V6:
        yield from summarize_address_range(IPv4Address(begin), IPv4Address(end))
    else:
        yield from summarize_address_range(IPv6Address(begin - _V6), IPv6Address(end - _V6))


def _host(address: int) -> Network:
    return next(_summary(address, address))


_READABLE = tuple(
    addresses([ip_network(one)])
    for one in (
        *("203.0.113.0/24", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"),
        *("fd00::/8", "fc00::/8", "2001:db8::/32"),
    )
)
