"""What EC2 answers in ways that moto never does: read as the wider of two meanings, or refused."""

from ipaddress import ip_network
from typing import Any

import msgspec
import pytest

from exposurectl.model import PortRange
from exposurectl.sources.aws.network_answers import acls, entries, interfaces, rules_by_group
from exposurectl.sources.network import (
    ALL_PORTS,
    GroupReference,
    GroupRule,
    PrefixListReference,
    RuleSource,
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


def test_an_interface_that_is_attached_to_no_instance_has_none() -> None:
    one = {"NetworkInterfaceId": "eni-1", "OwnerId": "1", "SubnetId": "subnet-1", "Attachment": {"Status": "attached"}}

    assert [found.instance for found in interfaces({"NetworkInterfaces": [one]})] == [""]
