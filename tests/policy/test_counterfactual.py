from datetime import date
from ipaddress import ip_network

import pytest

from exposurectl.model import Component, Exposure, PortRange, Protocol
from exposurectl.policy.components import Alias, typical
from exposurectl.policy.counterfactual import (
    Change,
    Closed,
    Narrowed,
    Unreachable,
    Vouched,
    Withdrawn,
    counterfactuals,
)
from exposurectl.policy.model import Policy

from .building import ANYWHERE, evidence, policy

TODAY = date(2027, 3, 31)
DEFAULTS = "version: 1\ndefaults: {unreachable: small, unmatched: small, unobserved: controlled}\n"
UNMATCHED = DEFAULTS.replace("unmatched: small", "unmatched: open")
LEAVE = DEFAULTS.replace("controlled", "leave")
INTERNET = (
    "rules:\n"
    "- {id: anyone, level: open, because: x, match: {path: {origin: [internet-gateway]}, sources: anywhere}}\n"
    "- {id: listed, level: controlled, because: x, match: {path: {origin: [internet-gateway]}, sources: restricted}}\n"
)
IGW = typical(Alias.INTERNET_GATEWAY)
SSH = "{protocol: tcp, ports: 22, path: [internet-gateway]}"
TCP22 = ((Protocol.TCP, PortRange(22, 22)),)
LISTED = (ip_network("203.0.113.0/24"),)


def told(by: Policy, given: str) -> list[tuple[Change, Exposure]]:
    found = counterfactuals(evidence(given), by, today=TODAY, anywhere=ANYWHERE)
    return [(one.change, one.level) for one in found]


def internet(more: str = "", defaults: str = DEFAULTS) -> Policy:
    return policy(INTERNET + more, defaults)


def override(name: str, level: str, match: str, expires: str = "2027-03-31") -> str:
    return f"- {{id: {name}, level: {level}, match: {match}, expires: {expires}, because: x, approved_by: y}}\n"


def test_one_open_port_could_admit_fewer_or_not_be_reachable() -> None:
    assert told(internet(), f"{{findings: [{SSH}]}}") == [
        (Narrowed(TCP22, LISTED), Exposure.CONTROLLED),
        (Unreachable(TCP22), Exposure.SMALL),
        (Closed(((IGW,),)), Exposure.SMALL),
    ]


def within(name: str, level: str, *networks: str) -> str:
    return f"- {{id: {name}, level: {level}, because: x, match: {{sources: {{within: [{', '.join(networks)}]}}}}}}\n"


def test_a_list_of_the_policys_own_is_told_where_an_example_would_not_do() -> None:
    by = policy("rules:\n" + within("office", "controlled", "198.51.100.0/24", "192.0.2.0/24"), UNMATCHED)
    office = (ip_network("192.0.2.0/24"), ip_network("198.51.100.0/24"))

    assert told(by, f"{{findings: [{SSH}]}}")[0] == (Narrowed(TCP22, office), Exposure.CONTROLLED)


def test_of_networks_that_lower_alike_the_first_is_told_and_others_where_they_lower_further() -> None:
    rules = within("all", "controlled", "203.0.113.0/24") + within("near", "controlled", "192.0.2.0/24")
    by = policy("rules:\n" + rules + within("office", "small", "198.51.100.0/24"), UNMATCHED)

    assert told(by, f"{{findings: [{SSH}]}}")[:-2] == [
        (Narrowed(TCP22, LISTED), Exposure.CONTROLLED),
        (Narrowed(TCP22, (ip_network("198.51.100.0/24"),)), Exposure.SMALL),
    ]


def test_only_the_ports_that_decide_are_named_and_the_whole_path_is_more_than_it_takes() -> None:
    finding = (
        '{protocol: tcp, ports: "0-65535", path: [internet-gateway], '
        'sources: [{ports: "0-21", cidrs: []}, {ports: "23-65535", cidrs: [192.0.2.1/32]}, '
        "{ports: 22, cidrs: [0.0.0.0/0]}]}"
    )
    ports = ((Protocol.TCP, PortRange(0, 22)),)

    assert told(internet(), f"{{findings: [{finding}]}}") == [
        (Narrowed(ports, LISTED), Exposure.CONTROLLED),
        (Unreachable(ports), Exposure.CONTROLLED),
        (Closed(((IGW,),)), Exposure.SMALL),
    ]


def test_a_path_that_takes_no_more_away_than_another_for_the_same_level_is_left_out() -> None:
    peering = "{protocol: tcp, ports: 22, path: [vpc-peering], sources: [192.0.2.1/32]}"
    other = "{protocol: tcp, ports: 23, path: [internet-gateway], sources: [192.0.2.1/32]}"
    controlled = "{protocol: udp, ports: 53, path: [internet-gateway, instance], sources: [192.0.2.1/32]}"

    both = told(internet(), f"{{findings: [{SSH}, {peering}]}}")
    assert [change for change, _level in both] == [Narrowed(TCP22, LISTED), Closed(((IGW,),))]
    wide = told(internet(), f"{{findings: [{SSH}, {other}, {controlled}]}}")
    assert [change for change, _level in wide] == [Narrowed(TCP22, LISTED), Unreachable(TCP22)]


def test_every_deciding_port_and_path_is_named() -> None:
    udp = "{protocol: udp, ports: 53, path: [internet-gateway, instance]}"
    points = (*TCP22, (Protocol.UDP, PortRange(53, 53)))

    assert told(internet(), f"{{findings: [{SSH}, {udp}]}}") == [
        (Narrowed(points, LISTED), Exposure.CONTROLLED),
        (Unreachable(points), Exposure.SMALL),
        (Closed(((IGW,), (IGW, typical(Alias.INSTANCE)))), Exposure.SMALL),
    ]


def test_a_closed_finding_neither_decides_nor_counts_as_taken_away() -> None:
    assert told(internet(), "{}") == []


def test_an_override_that_raises_is_named_and_one_that_has_expired_is_not() -> None:
    live = override("vault", "open", "{instances: [i-0]}")
    by = internet("overrides:\n" + live + override("old", "open", "{instances: [i-0]}", "2027-03-30"))

    assert told(by, f"{{findings: [{SSH}]}}") == []
    assert told(by, "{}") == [(Withdrawn("vault"), Exposure.SMALL)]


def test_two_overrides_that_raise_alike_are_no_single_change() -> None:
    by = internet("overrides:\n" + override("one", "open", "{}") + override("two", "open", "{}"))

    assert told(by, "{}") == []


def test_an_override_of_points_is_named_beside_the_points() -> None:
    by = internet("overrides:\n" + override("ssh", "open", "{ports: [22]}"))
    listed = "{protocol: tcp, ports: 22, path: [internet-gateway], sources: [192.0.2.1/32]}"

    assert told(by, f"{{findings: [{listed}]}}") == [
        (Unreachable(TCP22), Exposure.SMALL),
        (Closed(((IGW,),)), Exposure.SMALL),
        (Withdrawn("ssh"), Exposure.CONTROLLED),
    ]


def test_coverage_is_named_where_the_floor_of_unobserved_instances_decides() -> None:
    assert told(internet(), "{unobserved: EC2_INSTANCE_STOPPED}") == [(Vouched("EC2_INSTANCE_STOPPED"), Exposure.SMALL)]


def test_a_change_that_would_only_leave_the_instance_alone_is_not_told() -> None:
    by = internet(defaults=LEAVE)

    assert told(by, f"{{unobserved: X, findings: [{SSH}]}}") == [(Narrowed(TCP22, LISTED), Exposure.CONTROLLED)]
    assert told(by, "{unobserved: X}") == []


@pytest.mark.parametrize("path", ["[]", "[unknown]"])
def test_a_path_that_nobody_knows_can_be_closed_like_any_other(path: str) -> None:
    by = policy("rules:\n- {id: all, level: open, because: x, match: {}}\n", DEFAULTS)
    component = () if path == "[]" else (Component(id="", type=""),)

    changes = told(by, f"{{findings: [{{protocol: tcp, ports: 22, path: {path}}}]}}")

    assert changes == [(Unreachable(TCP22), Exposure.SMALL), (Closed((component,)), Exposure.SMALL)]
