"""What EC2 answers in ways that moto never does: read as the wider of two meanings, or refused."""

from ipaddress import ip_address, ip_network
from typing import Any

import msgspec
import pytest

from exposurectl.model import PortRange
from exposurectl.sources.aws.balancer_answers import classic_balancers, target_groups, targets
from exposurectl.sources.aws.network_answers import acls, entries, interfaces, rules_by_group
from exposurectl.sources.network import (
    ALL_PORTS,
    GroupReference,
    GroupRule,
    LoadBalancer,
    NetworkInterface,
    PrefixListReference,
    RuleSource,
    Target,
    TargetGroup,
    UnknownSource,
)


def read_rule(**members: Any) -> GroupRule:
    rule = {"GroupId": "sg-1", "IsEgress": False, "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22} | members
    [only] = rules_by_group([{"SecurityGroupRules": [rule]}])["sg-1"]
    return only


def read_entry(**members: Any) -> Any:
    entry = {"Egress": False, "Protocol": "6", "RuleAction": "deny", "RuleNumber": 1, "CidrBlock": "0.0.0.0/0"}
    acl = {"NetworkAclId": "acl-1", "Associations": [{"SubnetId": "subnet-1"}], "Entries": [entry | members]}
    return dict(acls({"NetworkAcls": [acl]}))["subnet-1"].entries[0]


@pytest.mark.parametrize(
    ("members", "source"),
    [
        ({"CidrIpv4": "203.0.113.7/32"}, ip_network("203.0.113.7/32")),
        ({"CidrIpv6": "::/0"}, ip_network("::/0")),
        ({"CidrIpv4": "203.0.113.9/24"}, ip_network("203.0.113.0/24")),
        ({"PrefixListId": "pl-1"}, PrefixListReference("pl-1")),
        ({"ReferencedGroupInfo": {"GroupId": "sg-2", "UserId": "1"}}, GroupReference("sg-2", "1")),
        ({"ReferencedGroupInfo": {"GroupId": "sg-2"}}, GroupReference("sg-2", "")),
        ({"CidrIpv4": "somewhere"}, UnknownSource()),
        ({}, UnknownSource()),
    ],
)
def test_a_rule_has_one_source_and_what_is_none_is_unknown(members: dict[str, Any], source: RuleSource) -> None:
    assert read_rule(**members).source == source


@pytest.mark.parametrize(
    ("members", "ports"),
    [
        ({}, PortRange(22, 22)),
        ({"FromPort": 0, "ToPort": 0}, PortRange(0, 0)),
        ({"FromPort": -1, "ToPort": -1}, ALL_PORTS),
        ({"FromPort": None, "ToPort": None}, ALL_PORTS),
        ({"FromPort": 30, "ToPort": 22}, ALL_PORTS),
        ({"IpProtocol": "-1"}, ALL_PORTS),
    ],
)
def test_ports_that_a_rule_does_not_limit_are_all_ports(members: dict[str, Any], ports: PortRange) -> None:
    assert read_rule(**members).ports == ports


def test_outbound_rules_are_left_out() -> None:
    rule = {"GroupId": "sg-1", "IsEgress": True, "IpProtocol": "-1", "CidrIpv4": "0.0.0.0/0"}

    assert rules_by_group([{"SecurityGroupRules": [rule]}]) == {}


def test_an_entry_for_all_protocols_is_about_all_ports_whatever_it_says() -> None:
    assert read_entry(Protocol="-1", PortRange={"From": 22, "To": 22}).ports == ALL_PORTS


@pytest.mark.parametrize("members", [{"CidrBlock": "somewhere"}, {"CidrBlock": None}, {"PortRange": None}])
def test_an_entry_that_is_not_understood_is_refused(members: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"somewhere|''|no ports"):
        read_entry(**{"PortRange": {"From": 22, "To": 22}, **members})


def test_an_entry_of_a_prefix_list_that_is_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match="somewhere"):
        list(entries({"Entries": [{"Cidr": "somewhere"}]}))


def test_an_answer_without_its_list_is_refused_and_not_taken_for_an_empty_one() -> None:
    with pytest.raises(msgspec.ValidationError, match="NetworkInterfaces"):
        list(interfaces({}))


def read_interface(**members: Any) -> NetworkInterface:
    one = {
        "NetworkInterfaceId": "eni-1",
        "OwnerId": "1",
        "SubnetId": "subnet-1",
        "VpcId": "vpc-1",
        "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.9"}],
    }
    [only] = interfaces({"NetworkInterfaces": [one | members]})
    return only


def test_an_interface_that_is_attached_to_no_instance_has_none() -> None:
    assert read_interface(Attachment={"Status": "attached"}).instance == ""


def test_an_interface_has_addresses_of_both_versions_and_the_prefixes_of_its_containers() -> None:
    read = read_interface(
        PrivateIpAddresses=[{"PrivateIpAddress": "10.0.0.9"}, {"PrivateIpAddress": "10.0.0.10"}],
        Ipv6Addresses=[{"Ipv6Address": "2001:db8::9"}],
        Ipv4Prefixes=[{"Ipv4Prefix": "10.0.1.16/28"}],
        Ipv6Prefixes=[{"Ipv6Prefix": "2001:db8:0:1::/80"}],
    )

    assert [str(network) for network in read.addresses] == [
        "10.0.0.9/32",
        "10.0.0.10/32",
        "2001:db8::9/128",
        "10.0.1.16/28",
        "2001:db8:0:1::/80",
    ]


def test_an_interface_without_any_address_is_refused_for_no_target_could_be_it() -> None:
    with pytest.raises(ValueError, match="eni-1 has no address"):
        read_interface(PrivateIpAddresses=[])


def read_classic(**members: Any) -> LoadBalancer:
    one = {"LoadBalancerName": "old", "Instances": [{"InstanceId": "i-0123456789abcdef0"}]}
    [only] = classic_balancers({"LoadBalancerDescriptions": [one | members]})
    return only


def test_a_classic_load_balancer_forwards_to_each_instance_at_the_port_of_each_listener() -> None:
    listeners = [{"Listener": {"LoadBalancerPort": 80, "InstancePort": port}} for port in (8080, 8443)]
    instances = [{"InstanceId": f"i-{number:017x}"} for number in (1, 2)]

    read = read_classic(ListenerDescriptions=listeners, Instances=instances)

    assert read.targets == tuple(
        Target(instance=f"i-{number:017x}", port=port) for number in (1, 2) for port in (8080, 8443)
    )


@pytest.mark.parametrize("listeners", [[], [{}], [{"Listener": {}}]])
def test_a_classic_load_balancer_without_listeners_may_forward_to_any_port(listeners: list[Any]) -> None:
    assert read_classic(ListenerDescriptions=listeners).targets == (Target(instance="i-0123456789abcdef0"),)


@pytest.mark.parametrize(
    ("kind", "held"), [("instance", None), ("ip", None), ("something-new", None), ("lambda", ()), ("alb", ())]
)
def test_a_target_group_of_functions_or_load_balancers_has_no_targets(kind: str, held: tuple[()] | None) -> None:
    one = {"TargetGroupArn": "arn:tg", "LoadBalancerArns": ["arn:lb"], "TargetType": kind}

    assert list(target_groups({"TargetGroups": [one]})) == [
        TargetGroup(id="arn:tg", balancers=("arn:lb",), targets=held)
    ]


def test_a_target_group_that_does_not_say_who_forwards_to_it_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="LoadBalancerArns"):
        list(target_groups({"TargetGroups": [{"TargetGroupArn": "arn:tg", "TargetType": "ip"}]}))


@pytest.mark.parametrize(
    ("written", "target"),
    [
        ({"Id": "i-0123456789abcdef0", "Port": 8080}, Target(instance="i-0123456789abcdef0", port=8080)),
        ({"Id": "10.0.0.9", "Port": 8080}, Target(address=ip_address("10.0.0.9"), port=8080)),
        ({"Id": "2001:db8::9"}, Target(address=ip_address("2001:db8::9"))),
    ],
)
@pytest.mark.parametrize("state", ["healthy", "unhealthy", "draining", "unused", "initial", "unavailable"])
def test_a_target_counts_whatever_its_health(written: dict[str, Any], target: Target, state: str) -> None:
    one = {"Target": written, "TargetHealth": {"State": state}}

    assert targets({"TargetHealthDescriptions": [one]}) == (target,)


def test_a_target_that_is_neither_instance_nor_address_is_refused() -> None:
    with pytest.raises(ValueError, match="somewhere"):
        targets({"TargetHealthDescriptions": [{"Target": {"Id": "somewhere"}}]})
