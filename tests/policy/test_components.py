import pytest

from exposurectl.model import Component
from exposurectl.policy.components import (
    ORIGINS,
    Alias,
    ByAlias,
    ById,
    ByType,
    glob_matches,
    parse_pattern,
    recognise,
    typical,
)
from exposurectl.policy.matching import parse_component

TYPES = [
    ("AWS::EC2::InternetGateway", Alias.INTERNET_GATEWAY),
    ("AWS::EC2::VPNGateway", Alias.VPN_GATEWAY),
    ("AWS::EC2::VPCPeeringConnection", Alias.VPC_PEERING),
    ("AWS::EC2::TransitGateway", Alias.TRANSIT_GATEWAY),
    ("AWS::EC2::TransitGatewayAttachment", Alias.TRANSIT_GATEWAY),
    ("AWS::DirectConnect::Connection", Alias.DIRECT_CONNECT),
    ("AWS::DirectConnect::VirtualInterface", Alias.DIRECT_CONNECT),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", Alias.LOAD_BALANCER),
    ("AWS::ElasticLoadBalancingV2::TargetGroup", Alias.LOAD_BALANCER),
    ("AWS::ElasticLoadBalancing::LoadBalancer", Alias.LOAD_BALANCER),
    ("AWS::EC2::NatGateway", Alias.NAT_GATEWAY),
    ("AWS::EC2::VPCEndpoint", Alias.VPC_ENDPOINT),
    ("AWS::NetworkFirewall::Firewall", Alias.NETWORK_FIREWALL),
    ("AWS::NetworkFirewall::RuleGroup", Alias.NETWORK_FIREWALL),
    ("AWS::EC2::NetworkAcl", Alias.NETWORK_ACL),
    ("AWS::EC2::SecurityGroup", Alias.SECURITY_GROUP),
    ("AWS::EC2::NetworkInterface", Alias.NETWORK_INTERFACE),
    ("AWS::EC2::Instance", Alias.INSTANCE),
]

IDS = [
    ("igw-0abc", Alias.INTERNET_GATEWAY),
    ("vgw-0abc", Alias.VPN_GATEWAY),
    ("pcx-0abc", Alias.VPC_PEERING),
    ("tgw-0abc", Alias.TRANSIT_GATEWAY),
    ("tgw-attach-0abc", Alias.TRANSIT_GATEWAY),
    ("dxcon-ffabc", Alias.DIRECT_CONNECT),
    ("dxgw-0abc", Alias.DIRECT_CONNECT),
    ("dxvif-ffabc", Alias.DIRECT_CONNECT),
    ("dxlag-ffabc", Alias.DIRECT_CONNECT),
    ("app/web/50dc6c495c0c9188", Alias.LOAD_BALANCER),
    ("net/web/50dc6c495c0c9188", Alias.LOAD_BALANCER),
    ("gwy/web/50dc6c495c0c9188", Alias.LOAD_BALANCER),
    ("arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/5", Alias.LOAD_BALANCER),
    ("arn:aws-cn:elasticloadbalancing:cn-north-1:111122223333:loadbalancer/web", Alias.LOAD_BALANCER),
    ("nat-0abc", Alias.NAT_GATEWAY),
    ("vpce-0abc", Alias.VPC_ENDPOINT),
    ("arn:aws:network-firewall:eu-west-1:111122223333:firewall/edge", Alias.NETWORK_FIREWALL),
    ("acl-0abc", Alias.NETWORK_ACL),
    ("sg-0abc", Alias.SECURITY_GROUP),
    ("eni-0abc", Alias.NETWORK_INTERFACE),
    ("i-0abc", Alias.INSTANCE),
]


@pytest.mark.parametrize(("type_", "alias"), TYPES)
def test_an_alias_recognises_a_type(type_: str, alias: Alias) -> None:
    assert recognise(Component(id="", type=type_)) == {alias}


@pytest.mark.parametrize(("id_", "alias"), IDS)
def test_an_alias_recognises_an_id_whose_type_is_spelled_otherwise(id_: str, alias: Alias) -> None:
    assert recognise(Component(id=id_, type="AWS::EC2::SpelledOtherwise")) == {alias}


def test_every_alias_but_unknown_is_recognised_by_type_and_by_id() -> None:
    assert {*Alias} - {Alias.UNKNOWN} == {alias for _type, alias in TYPES} == {alias for _id, alias in IDS}


@pytest.mark.parametrize(
    "component",
    [
        Component(id="", type=""),
        Component(id="vpc-0abc", type="AWS::EC2::VPC"),
        Component(id="IGW-0abc", type="aws::ec2::internetgateway"),
        Component(id="my-igw-0abc", type="AWS::EC2::InternetGatewayAttachment"),
        Component(id="igw", type="AWS::DirectConnect"),
    ],
)
def test_a_component_that_no_alias_recognises_is_unknown(component: Component) -> None:
    assert recognise(component) == {Alias.UNKNOWN}


def test_a_type_and_an_id_that_contradict_each_other_give_both_aliases() -> None:
    component = Component(id="igw-0abc", type="AWS::EC2::VPCPeeringConnection")

    assert recognise(component) == {Alias.INTERNET_GATEWAY, Alias.VPC_PEERING}
    assert ByAlias(Alias.INTERNET_GATEWAY).matches(component)
    assert ByAlias(Alias.VPC_PEERING).matches(component)
    assert not ByAlias(Alias.UNKNOWN).matches(component)


@pytest.mark.parametrize("alias", Alias)
def test_the_typical_component_of_an_alias_is_recognised_by_that_alias_alone(alias: Alias) -> None:
    assert recognise(typical(alias)) == {alias}


def test_every_alias_but_unknown_may_be_an_origin() -> None:
    assert {*ORIGINS} == {*Alias} - {Alias.UNKNOWN}


def test_a_type_matches_in_inspectors_own_spelling_only() -> None:
    pattern = ByType("AWS::EC2::InternetGateway")

    assert pattern.matches(Component(id="", type="AWS::EC2::InternetGateway"))
    assert not pattern.matches(Component(id="igw-0abc", type="AWS::EC2::internetgateway"))


def test_an_id_matches_whole() -> None:
    assert ById("sg-0abc").matches(Component(id="sg-0abc", type=""))
    assert not ById("sg-0abc").matches(Component(id="sg-0abcd", type=""))


@pytest.mark.parametrize(
    ("glob", "text"),
    [
        ("*", ""),
        ("*", "anything\nat all"),
        ("sg-*", "sg-"),
        ("sg-?", "sg-1"),
        ("a*c", "abbc"),
        ("[ab]", "[ab]"),
        ("x[1]*", "x[1]y"),
        ("[!a]", "[!a]"),
        ("]", "]"),
        ("", ""),
        ("a.c", "a.c"),
        ("(a+)+$", "(a+)+$"),
    ],
)
def test_a_glob_matches(glob: str, text: str) -> None:
    assert glob_matches(glob, text)


@pytest.mark.parametrize(
    ("glob", "text"),
    [
        ("[ab]", "a"),
        ("[!a]", "b"),
        ("[a-z]*", "b"),
        ("sg-?", "sg-"),
        ("sg-?", "sg-12"),
        ("Prod", "prod"),
        ("prod", "prod\n"),
        ("", "x"),
        ("a.c", "abc"),
    ],
)
def test_a_glob_does_not_match(glob: str, text: str) -> None:
    assert not glob_matches(glob, text)


@pytest.mark.parametrize("alias", Alias)
def test_an_aliass_name_means_the_alias(alias: Alias) -> None:
    assert parse_pattern(alias.value) == ByAlias(alias)


@pytest.mark.parametrize(
    ("written", "pattern"),
    [
        ("AWS::EC2::InternetGateway", ByType("AWS::EC2::InternetGateway")),
        ("igw-0abc", ById("igw-0abc")),
        ("sg-*", ById("sg-*")),
        ("sg-?", ById("sg-?")),
        ("app/web/x", ById("app/web/x")),
        ("arn:aws:network-firewall:*", ById("arn:aws:network-firewall:*")),
        ("arn:aws:iam::role", ById("arn:aws:iam::role")),
    ],
)
def test_a_type_or_an_id_means_itself(written: str, pattern: ByType | ById) -> None:
    assert parse_pattern(written) == pattern


def test_a_misspelt_alias_is_refused_with_the_one_that_is_meant() -> None:
    assert (
        parse_component("internet-gatway")
        == '"internet-gatway" is no alias, type or id; did you mean "internet-gateway"?'
    )


@pytest.mark.parametrize("written", ["AWS::EC2::*", "AWS::EC2::?"])
def test_a_type_with_a_wildcard_is_told_that_types_take_none(written: str) -> None:
    told = "is no component: a type takes no wildcard. Write each type out, an alias, or a glob of ids."

    assert parse_component(written) == f'"{written}" {told}'


def test_a_word_that_could_never_match_is_refused_with_the_words_that_can() -> None:
    aliases = (
        "internet-gateway, vpn-gateway, vpc-peering, transit-gateway, direct-connect, load-balancer, nat-gateway, "
        "vpc-endpoint, network-firewall, network-acl, security-group, network-interface, instance, unknown"
    )

    assert parse_component("qqq") == f'"qqq" is no alias, type or id; the aliases are: {aliases}.'
