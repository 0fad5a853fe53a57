from ipaddress import ip_network

import pytest

from exposurectl.model import Component, Finding, FindingStatus, Ingress, Network, PortRange, Protocol
from exposurectl.policy.sources import AnywherePrefix, NamedSources, Sources, Within, admitted, holds, merge

USUAL = AnywherePrefix()


def networks(*written: str) -> tuple[Network, ...]:
    return tuple(ip_network(one) for one in written)


def counts_as_anywhere(*written: str, prefix: AnywherePrefix = USUAL) -> bool:
    merged = merge(networks(*written))

    judged = {sources: holds(sources, merged, prefix) for sources in NamedSources}

    assert judged[NamedSources.ANYWHERE] is not judged[NamedSources.RESTRICTED]
    return judged[NamedSources.ANYWHERE]


def within(inner: tuple[str, ...], outer: tuple[str, ...]) -> bool:
    return holds(Within(merge(networks(*outer))), merge(networks(*inner)), USUAL)


@pytest.mark.parametrize(
    "written",
    [
        ("0.0.0.0/0",),
        ("8.0.0.0/8",),
        ("0.0.0.0/1", "128.0.0.0/1"),
        ("8.0.0.0/9", "8.128.0.0/9"),
        ("8.0.0.0/10", "8.64.0.0/10", "8.128.0.0/9"),
        ("203.0.113.7/32", "0.0.0.0/0"),
        ("10.0.0.0/8", "11.0.0.0/8"),
        ("10.0.0.0/7",),
        ("::/0",),
        ("2000::/16",),
        ("2000::/17", "2000:8000::/17"),
        ("fc00::/6",),
        ("203.0.113.7/32", "2000::/3"),
        (),
    ],
)
def test_it_counts_as_anywhere(written: tuple[str, ...]) -> None:
    assert counts_as_anywhere(*written)


@pytest.mark.parametrize(
    "written",
    [
        ("8.0.0.0/9",),
        ("8.0.0.0/9", "9.128.0.0/9"),
        ("203.0.113.7/32",),
        ("10.0.0.0/8",),
        ("10.0.0.0/9", "10.128.0.0/9"),
        ("172.16.0.0/12",),
        ("192.168.0.0/16",),
        ("100.64.0.0/10",),
        ("fc00::/7",),
        ("fc00::/8", "fd00::/8"),
        ("2000::/17",),
        ("2001:db8::/32",),
    ],
)
def test_it_is_restricted(written: tuple[str, ...]) -> None:
    assert not counts_as_anywhere(*written)


def test_how_long_a_prefix_may_be_is_set_in_the_config() -> None:
    assert counts_as_anywhere("8.0.0.0/16", prefix=AnywherePrefix(v4=16))
    assert not counts_as_anywhere("8.0.0.0/8", prefix=AnywherePrefix(v4=7))
    assert counts_as_anywhere("2001:db8::/32", prefix=AnywherePrefix(v6=32))
    assert not counts_as_anywhere("2000::/16", prefix=AnywherePrefix(v6=15))


def test_a_long_anywhere_prefix_leaves_private_use_restricted() -> None:
    assert not counts_as_anywhere("192.168.0.0/16", "fd00::/8", prefix=AnywherePrefix(v4=32, v6=128))


@pytest.mark.parametrize("sources", [NamedSources.RESTRICTED, Within(networks("0.0.0.0/0", "::/0"))])
@pytest.mark.parametrize("evidence", [None, ()])
def test_without_evidence_and_where_nobody_is_admitted_only_anywhere_holds(
    sources: Sources, evidence: tuple[Network, ...] | None
) -> None:
    assert not holds(sources, evidence, USUAL)
    assert holds(NamedSources.ANYWHERE, evidence, USUAL)


def test_within_holds_where_all_that_is_admitted_lies_inside() -> None:
    assert within(("203.0.113.0/25",), ("203.0.113.0/24",))
    assert within(("203.0.113.0/24",), ("203.0.113.0/24",))
    assert within(("203.0.113.0/24",), ("203.0.113.0/25", "203.0.113.128/25"))
    assert within(("2001:db8::/48", "203.0.113.7/32"), ("203.0.113.0/24", "2001:db8::/32"))


def test_within_does_not_hold_where_any_of_it_lies_outside() -> None:
    assert not within(("203.0.112.0/23",), ("203.0.113.0/24",))
    assert not within(("203.0.113.0/24", "198.51.100.7/32"), ("203.0.113.0/24",))
    assert not within(("203.0.113.0/24",), ("2001:db8::/32",))
    assert not within(("::/0",), ("0.0.0.0/0",))


def finding(*ingress: Ingress) -> Finding:
    return Finding(
        arn="arn",
        account="",
        region="",
        instance="i-0",
        status=FindingStatus.ACTIVE,
        protocol=Protocol.TCP,
        ports=PortRange(0, 65535),
        path=(Component(id="igw-1", type=""),),
        ingress=ingress,
    )


def test_a_port_that_no_entry_covers_has_no_evidence() -> None:
    assert admitted(finding(Ingress(PortRange(22, 23), networks("0.0.0.0/0"))), 24) is None
    assert admitted(finding(), 22) is None


def test_an_entry_of_no_networks_admits_nobody() -> None:
    assert admitted(finding(Ingress(PortRange(22, 22), ())), 22) == ()


def test_all_entries_that_cover_a_port_admit_to_it() -> None:
    low = Ingress(PortRange(20, 30), networks("2001:db8::/32", "203.0.113.128/25"))
    high = Ingress(PortRange(30, 40), networks("203.0.113.0/25"))

    assert admitted(finding(low, high), 30) == networks("203.0.113.0/24", "2001:db8::/32")
    assert admitted(finding(low, high), 31) == networks("203.0.113.0/25")
