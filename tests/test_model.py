from ipaddress import ip_network
from itertools import pairwise

import pytest

from exposurectl.model import Exposure, Finding, FindingStatus, Ingress, Instance, PortRange, Protocol


def test_levels_are_ordered_from_least_to_most_exposed() -> None:
    assert sorted({Exposure.OPEN, Exposure.SMALL, Exposure.CONTROLLED}) == [
        Exposure.SMALL,
        Exposure.CONTROLLED,
        Exposure.OPEN,
    ]
    assert all(lower < higher and not higher <= lower for lower, higher in pairwise(Exposure))
    assert max(Exposure) is Exposure.OPEN


def test_there_is_no_fourth_level() -> None:
    assert [str(level) for level in Exposure] == ["small", "controlled", "open"]


def test_a_port_range_holds_both_its_ends() -> None:
    assert [port for port in range(20, 26) if port in PortRange(22, 24)] == [22, 23, 24]


@pytest.mark.parametrize(
    ("other", "overlaps"),
    [
        (PortRange(1, 9), False),
        (PortRange(1, 10), True),
        (PortRange(12, 13), True),
        (PortRange(20, 30), True),
        (PortRange(21, 30), False),
        (PortRange(1, 30), True),
    ],
)
def test_port_ranges_overlap_where_they_share_a_port(other: PortRange, *, overlaps: bool) -> None:
    assert PortRange(10, 20).overlaps(other) is overlaps
    assert other.overlaps(PortRange(10, 20)) is overlaps


def test_a_range_of_one_port_is_told_as_that_port() -> None:
    assert (str(PortRange(22, 22)), str(PortRange(5985, 5986))) == ("22", "5985-5986")


def test_a_tag_is_found_by_its_key_in_its_own_spelling() -> None:
    instance = Instance(id="i-1", tags=(("App", ""), ("Env", "prod")))

    assert instance.tag("Env") == "prod"
    assert instance.tag("App") == ""
    assert instance.tag("env") is None


@pytest.mark.parametrize(
    ("status", "counts"),
    [(FindingStatus.ACTIVE, True), (FindingStatus.SUPPRESSED, True), (FindingStatus.CLOSED, False)],
)
def test_a_finding_counts_while_its_path_is_open(status: FindingStatus, *, counts: bool) -> None:
    finding = Finding(
        arn="arn",
        account="",
        region="",
        instance="i-1",
        status=status,
        protocol=Protocol.TCP,
        ports=PortRange(22, 22),
        path=(),
        ingress=(Ingress(PortRange(22, 22), (ip_network("0.0.0.0/0"),)),),
    )

    assert finding.counts is counts
