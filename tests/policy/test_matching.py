from datetime import date
from ipaddress import ip_network

import pytest

from exposurectl.model import Component, PortRange, Protocol
from exposurectl.policy.components import Alias, ByAlias, ById, ByType
from exposurectl.policy.matching import parse_day, parse_network, parse_ports
from exposurectl.policy.model import Match, PathMatch, Scope
from exposurectl.policy.sources import AnywherePrefix, NamedSources, Within

from .building import evidence, policy

GATEWAY = Component(id="igw-1", type="AWS::EC2::InternetGateway")
GROUP = Component(id="sg-1", type="AWS::EC2::SecurityGroup")
FIREWALL = Component(id="", type="AWS::NetworkFirewall::Firewall")


def match(written: str) -> Match:
    """Return the match of an override, which may ask for everything."""
    override = "{id: a, level: open, because: x, approved_by: y, expires: 2027-03-31, match: " + written + "}"
    return policy(f"overrides: [{override}]").overrides[0].match


def scope_holds(written: str, given: str) -> bool:
    return match(written).scope.holds(evidence(given).instance)


@pytest.mark.parametrize(
    ("written", "ports"),
    [(0, PortRange(0, 0)), ("22", PortRange(22, 22)), ("00022", PortRange(22, 22)), ("0-65535", PortRange(0, 65535))],
)
def test_ports_are_read(written: int | str, ports: PortRange) -> None:
    assert parse_ports(written) == ports


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("65536", "65536 is not a port: the highest is 65535."),
        ("22-99999", "99999 is not a port: the highest is 65535."),
        ("23-22", 'The range "23-22" ends before it begins: write "22-23".'),
    ],
)
def test_ports_that_are_none_are_refused(written: str, problem: str) -> None:
    assert parse_ports(written) == problem


def test_networks_are_read() -> None:
    assert parse_network("203.0.113.0/24") == ip_network("203.0.113.0/24")
    assert parse_network("2001:db8::/32") == ip_network("2001:db8::/32")
    assert parse_network("::ffff:203.0.113.0/120") == ip_network("::ffff:203.0.113.0/120")


def test_a_single_address_is_a_network_of_one() -> None:
    assert parse_network("203.0.113.7") == ip_network("203.0.113.7/32")
    assert parse_network("2001:db8::7") == ip_network("2001:db8::7/128")


@pytest.mark.parametrize(
    "written",
    [
        "10.0.0.0/255.0.0.0",
        "10.0.0.0/0.0.0.255",
        "10.0.0.1/255.0.0.0",
        "10.0.0.0/0.0.0.0",
        "fe80::1%eth0/128",
        "fe80::1%eth0",
        "10.0.0.0/",
        "",
    ],
)
def test_masks_and_zones_are_no_cidr(written: str) -> None:
    assert parse_network(written) == f'"{written}" is not a network such as 203.0.113.0/24 or 2001:db8::/32.'


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("10.0.0.1/8", '"10.0.0.1/8" is not a network: 10.0.0.1/8 has host bits set. Write 10.0.0.0/8.'),
        ("office", '"office" is not a network such as 203.0.113.0/24 or 2001:db8::/32.'),
        ("0.0.0.0/33", '"0.0.0.0/33" is not a network such as 203.0.113.0/24 or 2001:db8::/32.'),
    ],
)
def test_networks_that_are_none_are_refused(written: str, problem: str) -> None:
    assert parse_network(written) == problem


def test_days_are_read_and_days_of_no_calendar_refused() -> None:
    assert parse_day("2028-02-29") == date(2028, 2, 29)
    assert parse_day("2027-02-29") == "No calendar has the day 2027-02-29."


def test_a_match_says_all_that_it_asks_for() -> None:
    written = """{
      ports: [22, "5985-5986"], protocol: tcp, sources: {within: [203.0.113.0/25, 203.0.113.128/25]},
      path: {origin: [vpc-peering, igw-1], any_of: [sg-*], all_of: ["AWS::X::Y"], none_of: [network-firewall]},
      accounts: ["111122223333"], regions: [ap-northeast-1], vpcs: [vpc-1], subnets: [subnet-1],
      tags: {Env: prod, App: [web-*, api]}, instances: [i-1]}"""

    assert match(written) == Match(
        scope=Scope(
            accounts=frozenset({"111122223333"}),
            regions=frozenset({"ap-northeast-1"}),
            vpcs=frozenset({"vpc-1"}),
            subnets=frozenset({"subnet-1"}),
            instances=frozenset({"i-1"}),
            tags=(("App", ("web-*", "api")), ("Env", ("prod",))),
        ),
        path=PathMatch(
            origin=(ByAlias(Alias.VPC_PEERING), ById("igw-1")),
            any_of=(ById("sg-*"),),
            all_of=(ByType("AWS::X::Y"),),
            none_of=(ByAlias(Alias.NETWORK_FIREWALL),),
        ),
        protocol=Protocol.TCP,
        ports=(PortRange(22, 22), PortRange(5985, 5986)),
        sources=Within((ip_network("203.0.113.0/24"),)),
    )


def test_an_empty_match_asks_for_nothing() -> None:
    assert match("{}") == Match()
    assert match("{}").is_whole


@pytest.mark.parametrize("written", ["{ports: [22]}", "{protocol: udp}", "{path: {any_of: [sg-*]}}"])
def test_a_match_that_asks_about_points_is_not_of_the_whole_instance(written: str) -> None:
    assert not match(written).is_whole


@pytest.mark.parametrize("sources", ["anywhere", "restricted"])
def test_a_match_of_sources_is_not_of_the_whole_instance(sources: str) -> None:
    read = match(f"{{sources: {sources}}}")

    assert read.sources is NamedSources(sources)
    assert not read.is_whole


@pytest.mark.parametrize(
    ("written", "own"),
    [
        ('{accounts: ["111122223333"]}', '{account: "111122223333"}'),
        ("{regions: [eu-west-1, ap-northeast-1]}", "{region: ap-northeast-1}"),
        ("{vpcs: [vpc-1]}", "{vpc: vpc-1}"),
        ("{subnets: [subnet-1]}", "{subnet: subnet-1}"),
        ("{instances: [i-1, i-2]}", "{instance: i-2}"),
        ("{tags: {Env: prod}}", "{tags: {Env: prod}}"),
        ("{tags: {Env: prod-*}}", "{tags: {Env: prod-1}}"),
        ("{tags: {Env: [dev, prod]}}", "{tags: {Env: prod, App: web}}"),
        ('{tags: {Env: "*"}}', '{tags: {Env: ""}}'),
        ('{tags: {Env: "[a]"}}', '{tags: {Env: "[a]"}}'),
        ("{}", "{}"),
    ],
)
def test_a_scope_holds(written: str, own: str) -> None:
    assert scope_holds(written, own)


@pytest.mark.parametrize(
    ("written", "own"),
    [
        ('{accounts: ["111122223333"]}', '{account: "111122223334"}'),
        ('{accounts: ["111122223333"]}', "{}"),
        ("{regions: [eu-west-1]}", "{region: eu-west-11}"),
        ("{vpcs: [vpc-1]}", "{vpc: vpc-2}"),
        ("{subnets: [subnet-1]}", "{}"),
        ("{instances: [i-1]}", "{instance: i-11}"),
        ("{tags: {Env: prod}}", "{tags: {env: prod}}"),
        ("{tags: {Env: prod}}", "{tags: {Env: Prod}}"),
        ('{tags: {Env: "*"}}', "{tags: {App: web}}"),
        ('{tags: {Env: "[a]"}}', "{tags: {Env: a}}"),
        ('{tags: {Env: prod, App: "*"}}', "{tags: {Env: prod}}"),
        ("{vpcs: [vpc-1], regions: [eu-west-1]}", "{vpc: vpc-1}"),
    ],
)
def test_a_scope_does_not_hold(written: str, own: str) -> None:
    assert not scope_holds(written, own)


@pytest.mark.parametrize(
    "written",
    [
        "{origin: [internet-gateway]}",
        "{origin: [vpc-peering, igw-*]}",
        '{origin: ["AWS::EC2::InternetGateway"]}',
        "{any_of: [load-balancer, security-group]}",
        "{all_of: [internet-gateway, sg-1]}",
        "{none_of: [network-firewall, load-balancer]}",
    ],
)
def test_a_path_is_what_a_rule_asks_for(written: str) -> None:
    path = match(f"{{path: {written}}}").path

    assert path is not None
    assert path.holds((GATEWAY, GROUP))


@pytest.mark.parametrize(
    "written",
    [
        "{origin: [security-group]}",
        "{origin: [unknown]}",
        "{any_of: [load-balancer, network-acl]}",
        "{all_of: [internet-gateway, load-balancer]}",
        "{none_of: [sg-*]}",
        "{origin: [internet-gateway], none_of: [network-firewall, security-group]}",
    ],
)
def test_a_path_is_not_what_a_rule_asks_for(written: str) -> None:
    path = match(f"{{path: {written}}}").path

    assert path is not None
    assert not path.holds((GATEWAY, GROUP))


def test_a_path_with_no_steps_has_origin_unknown_and_no_components() -> None:
    assert PathMatch(origin=(ByAlias(Alias.UNKNOWN),)).holds(())
    assert PathMatch(none_of=(ById("*"),)).holds(())
    assert not PathMatch(origin=(ByAlias(Alias.INTERNET_GATEWAY),)).holds(())
    assert not PathMatch(any_of=(ById("*"),)).holds(())


def test_a_match_asks_for_protocol_and_path_together() -> None:
    asked = match("{protocol: tcp, path: {none_of: [network-firewall]}}")

    assert asked.on_path(Protocol.TCP, (GATEWAY,))
    assert not asked.on_path(Protocol.UDP, (GATEWAY,))
    assert not asked.on_path(Protocol.TCP, (GATEWAY, FIREWALL))


def test_a_match_asks_for_ports_and_sources_together() -> None:
    asked = match('{ports: ["22-23"], sources: restricted}')
    listed = (ip_network("203.0.113.7/32"),)

    assert asked.on_port(22, listed, AnywherePrefix())
    assert asked.on_port(23, listed, AnywherePrefix())
    assert not asked.on_port(24, listed, AnywherePrefix())
    assert not asked.on_port(22, None, AnywherePrefix())
