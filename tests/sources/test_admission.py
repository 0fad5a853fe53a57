"""Whom security groups, network ACLs and load balancers admit along a finding's path, one rule at a time."""

from ipaddress import ip_network
from typing import Any

import pytest
from msgspec.structs import replace

from exposurectl.model import Component, Finding, Protocol
from exposurectl.sources.admission import admitted, depends_on_forwarders
from exposurectl.sources.network import LoadBalancer, NetworkEvidence, SecurityGroup, Target, TargetGroup
from exposurectl.sources.rows import IngressRow

from .networks import (
    ALB,
    ARN,
    ENI,
    IGW,
    INSTANCE,
    OTHER_ACCOUNT,
    PEERING,
    PRIVATE_ADDRESS,
    TARGET,
    acl,
    allow,
    balancer,
    deny,
    finding,
    group,
    interface,
    network,
    rule,
    target,
    target_group,
)

OFFICE, BRANCH, ANYONE = "203.0.113.7/32", "198.51.100.0/24", "0.0.0.0/0"
THROUGH_ALB = (IGW, Component("app/web/50dc6c495c0c9188", "AWS::ElasticLoadBalancingV2::LoadBalancer"), ENI, TARGET)
ONLY_THE_ALB = group("sg-1", rule("tcp", 8080, "sg-alb"))
PEERED = (PEERING, ENI, TARGET)


def rows(of: Finding, given: NetworkEvidence) -> dict[str, list[str]]:
    """Return the CIDRs by ports."""
    return {row.ports: list(row.cidrs) for row in admitted(of, given)}


def test_a_row_names_the_finding_the_networks_and_every_group_that_was_read() -> None:
    given = network(group("sg-2"), group("sg-1", rule("tcp", 22, OFFICE)))

    came_out = admitted(finding(22), given)

    assert came_out == (IngressRow(finding=ARN, ports="22", cidrs=(OFFICE,), groups=("sg-1", "sg-2")),)


def test_all_groups_of_the_interface_count_not_only_the_one_in_the_path() -> None:
    given = network(group("sg-1", rule("tcp", 22, OFFICE)), group("sg-2", rule("tcp", 22, ANYONE)))

    assert rows(finding(22), given) == {"22": [ANYONE]}


@pytest.mark.parametrize("protocol", ["tcp", "6", "-1"])
def test_a_rule_for_tcp_by_name_by_number_or_by_all_admits_to_a_tcp_port(protocol: str) -> None:
    ports = None if protocol == "-1" else 22

    assert rows(finding(22), network(group("sg-1", rule(protocol, ports, OFFICE)))) == {"22": [OFFICE]}


@pytest.mark.parametrize("protocol", ["udp", "17", "-1"])
def test_a_rule_for_udp_by_name_by_number_or_by_all_admits_to_a_udp_port(protocol: str) -> None:
    given = network(group("sg-1", rule(protocol, None, OFFICE)))

    assert rows(finding(53, protocol=Protocol.UDP), given) == {"53": [OFFICE]}


@pytest.mark.parametrize("protocol", ["udp", "17", "icmp", "1", "50"])
def test_a_rule_for_another_protocol_says_nothing_of_tcp(protocol: str) -> None:
    given = network(group("sg-1", rule(protocol, None, ANYONE), rule("tcp", 22, OFFICE)))

    assert rows(finding(22), given) == {"22": [OFFICE]}


def test_a_range_is_cut_where_whom_it_admits_changes() -> None:
    given = network(
        group("sg-1", rule("tcp", (0, 65535), OFFICE)), group("sg-2", rule("tcp", 443, ANYONE), rule("tcp", 80, ANYONE))
    )

    assert rows(finding(22, 8080), given) == {
        "22-79": [OFFICE],
        "80": [ANYONE],
        "81-442": [OFFICE],
        "443": [ANYONE],
        "444-8080": [OFFICE],
    }


def test_neighbouring_ports_that_admit_the_same_addresses_are_one_range() -> None:
    halves = (rule("tcp", (82, 90), "203.0.113.0/25"), rule("tcp", (82, 90), "203.0.113.128/25"))
    given = network(group("sg-1", rule("tcp", (70, 81), "203.0.113.0/24"), *halves))

    assert rows(finding(80, 85), given) == {"80-85": ["203.0.113.0/24"]}


def test_prefixes_that_add_up_to_everything_are_written_as_everything() -> None:
    given = network(group("sg-1", rule("tcp", 22, "0.0.0.0/1")), group("sg-2", rule("tcp", 22, "128.0.0.0/1")))

    assert rows(finding(22), given) == {"22": [ANYONE]}


def test_ipv6_stands_beside_ipv4() -> None:
    given = network(group("sg-1", rule("tcp", 22, OFFICE), rule("tcp", 22, "::/0")))

    assert rows(finding(22), given) == {"22": [OFFICE, "::/0"]}


def test_groups_that_admit_nobody_give_a_row_without_networks() -> None:
    assert rows(finding(22), network(group("sg-1"))) == {"22": []}


def test_a_prefix_list_stands_for_its_networks() -> None:
    given = network(group("sg-1", rule("tcp", 22, "pl-1")), lists={"pl-1": (OFFICE, BRANCH)})

    assert rows(finding(22), given) == {"22": [BRANCH, OFFICE]}


def test_ports_of_a_prefix_list_that_was_not_read_have_no_evidence() -> None:
    given = network(group("sg-1", rule("tcp", 443, "pl-1"), rule("tcp", (440, 445), OFFICE)))

    assert rows(finding(440, 445), given) == {"440-442": [OFFICE], "444-445": [OFFICE]}


def test_ports_of_a_source_of_an_unknown_kind_have_no_evidence() -> None:
    given = network(group("sg-1", rule("tcp", 443, "something-new"), rule("tcp", None, OFFICE)))

    assert rows(finding(443), given) == {}


def test_a_group_that_is_gone_or_unreadable_leaves_no_evidence_for_any_port() -> None:
    given = network(group("sg-1", rule("tcp", 22, OFFICE)), interfaces=[interface("sg-1", "sg-gone")])

    assert rows(finding(22), given) == {}


def test_a_group_of_another_account_leaves_no_evidence() -> None:
    given = network(group("sg-1", rule("tcp", 22, OFFICE)), group("sg-2", account=OTHER_ACCOUNT))

    assert rows(finding(22), given) == {}


def test_an_interface_that_was_not_read_leaves_no_evidence() -> None:
    assert rows(finding(22), network(group("sg-1", rule("tcp", 22, OFFICE)), interfaces=[])) == {}


def test_an_interface_of_another_account_leaves_no_evidence() -> None:
    given = network(group("sg-1", rule("tcp", 22, OFFICE)), interfaces=[interface("sg-1", account=OTHER_ACCOUNT)])

    assert rows(finding(22), given) == {}


def test_an_interface_without_a_group_leaves_no_evidence() -> None:
    assert rows(finding(22), network(interfaces=[interface()])) == {}


@pytest.mark.parametrize("path", [(), (IGW,), (IGW, TARGET)])
def test_a_path_without_an_interface_leaves_no_evidence(path: tuple[Component, ...]) -> None:
    assert rows(finding(22, path=path), network(group("sg-1", rule("tcp", 22, OFFICE)))) == {}


def test_an_interface_is_known_by_its_id_where_its_type_is_strange() -> None:
    path = (IGW, Component(ENI.id, "AWS::EC2::Something"), TARGET)

    assert rows(finding(22, path=path), network(group("sg-1", rule("tcp", 22, OFFICE)))) == {"22": [OFFICE]}


def test_of_an_interface_that_is_not_the_instances_own_every_port_counts() -> None:
    """Nothing says which of its ports leads to the instance's, and one of them is open to anyone."""
    own = group("sg-1", rule("tcp", 8080, OFFICE), rule("tcp", 443, ANYONE))

    assert rows(finding(8080), network(own, interfaces=[interface("sg-1", instance="")])) == {"8080": [ANYONE]}


def test_of_several_interfaces_the_one_nearest_the_origin_counts() -> None:
    path = (IGW, Component("eni-2", ENI.type), ENI, TARGET)
    both = [interface("sg-1"), interface("sg-2", name="eni-2", instance="")]
    given = network(group("sg-1", rule("tcp", 22, ANYONE)), group("sg-2", rule("tcp", 443, OFFICE)), interfaces=both)

    assert rows(finding(22, path=path), given) == {"22": [OFFICE]}


def test_private_addresses_alone_do_not_explain_a_path_from_the_internet() -> None:
    """Something in between sends from them, such as a load balancer, and whom that one admits is not known."""
    assert rows(finding(80), network(group("sg-1", rule("tcp", 80, "10.0.0.0/16")))) == {}


def test_private_addresses_explain_a_path_from_a_peered_network() -> None:
    given = network(group("sg-1", rule("tcp", 22, "10.1.0.0/16")))

    assert rows(finding(22, path=PEERED), given) == {"22": ["10.1.0.0/16"]}


def test_behind_a_load_balancer_its_own_groups_say_who_may_send() -> None:
    alb = group("sg-alb", rule("tcp", 443, BRANCH))
    given = network(ONLY_THE_ALB, alb, interfaces=[interface("sg-1")], balancers=[balancer("sg-alb")])

    came_out = admitted(finding(8080), given)

    assert came_out == (IngressRow(finding=ARN, ports="8080", cidrs=(BRANCH,), groups=("sg-1", "sg-alb")),)


def test_every_port_of_a_load_balancer_counts_for_listeners_are_not_read() -> None:
    alb = group("sg-alb", rule("tcp", 443, OFFICE), rule("tcp", 80, ANYONE))
    given = network(ONLY_THE_ALB, alb, interfaces=[interface("sg-1")], balancers=[balancer("sg-alb")])

    assert rows(finding(8080), given) == {"8080": [ANYONE]}


def test_who_may_send_directly_is_added_to_who_may_use_the_load_balancer() -> None:
    own = group("sg-1", rule("tcp", 8080, "sg-alb"), rule("tcp", 8080, OFFICE))
    given = network(
        own, group("sg-alb", rule("tcp", 443, BRANCH)), interfaces=[interface("sg-1")], balancers=[balancer("sg-alb")]
    )

    assert rows(finding(8080), given) == {"8080": [BRANCH, OFFICE]}


def test_all_groups_of_the_load_balancer_count_not_only_the_one_referred_to() -> None:
    both = [group("sg-alb", rule("tcp", 443, OFFICE)), group("sg-front", rule("tcp", 443, ANYONE))]
    given = network(ONLY_THE_ALB, *both, interfaces=[interface("sg-1")], balancers=[balancer("sg-alb", "sg-front")])

    assert rows(finding(8080), given) == {"8080": [ANYONE]}


def test_a_load_balancer_before_a_load_balancer_counts_too() -> None:
    nlb = balancer("sg-nlb", arn=ALB.replace("app", "net"))
    groups = [ONLY_THE_ALB, group("sg-alb", rule("tcp", 443, "sg-nlb")), group("sg-nlb", rule("tcp", 443, OFFICE))]
    given = network(*groups, interfaces=[interface("sg-1")], balancers=[balancer("sg-alb"), nlb])

    assert rows(finding(8080), given) == {"8080": [OFFICE]}


def test_load_balancers_that_refer_to_each_other_end() -> None:
    nlb = balancer("sg-nlb", arn=ALB.replace("app", "net"))
    mutual = [
        group("sg-alb", rule("tcp", 443, "sg-nlb"), rule("tcp", 443, OFFICE)),
        group("sg-nlb", rule("tcp", 443, "sg-alb")),
    ]
    given = network(ONLY_THE_ALB, *mutual, interfaces=[interface("sg-1")], balancers=[balancer("sg-alb"), nlb])

    assert rows(finding(8080), given) == {"8080": [OFFICE]}


def test_a_load_balancer_whose_groups_cannot_be_read_leaves_those_ports_without_evidence() -> None:
    own = group("sg-1", rule("tcp", 8080, "sg-alb"), rule("tcp", (8080, 8081), OFFICE))
    given = network(own, balancers=[balancer("sg-alb")])

    assert rows(finding(8080, 8081), given) == {"8081": [OFFICE]}


def test_load_balancers_that_were_not_read_leave_ports_that_admit_a_group_without_evidence() -> None:
    own = group("sg-1", rule("tcp", 8080, "sg-alb"), rule("tcp", (8080, 8081), OFFICE))

    assert rows(finding(8080, 8081), network(own, balancers=None)) == {"8081": [OFFICE]}


def test_an_ordinary_group_adds_nothing_to_a_path_from_the_internet() -> None:
    own = group("sg-1", rule("-1", None, "sg-1"), rule("tcp", 22, OFFICE))

    assert rows(finding(22), network(own)) == {"22": [OFFICE]}


def test_admitting_only_an_ordinary_group_admits_nobody() -> None:
    assert rows(finding(8080), network(ONLY_THE_ALB)) == {"8080": []}


def test_a_referenced_group_of_another_account_leaves_those_ports_without_evidence() -> None:
    own = group("sg-1", rule("tcp", 22, f"{OTHER_ACCOUNT}/sg-9"), rule("tcp", 22, OFFICE))

    assert rows(finding(22), network(own)) == {}


def test_from_a_peered_network_a_referenced_group_leaves_those_ports_without_evidence() -> None:
    own = group("sg-1", rule("tcp", 22, "sg-9"), rule("tcp", (22, 23), OFFICE))

    assert rows(finding(22, 23, path=PEERED), network(own)) == {"23": [OFFICE]}


@pytest.mark.parametrize(
    "hop",
    [
        Component("app/web/50dc6c495c0c9188", "AWS::ElasticLoadBalancingV2::LoadBalancer"),
        Component("web", "AWS::ElasticLoadBalancingV2::LoadBalancer"),
        Component(ALB, ""),
        Component("app/web/50dc6c495c0c9188", "Something"),
    ],
)
def test_a_load_balancer_in_the_path_says_who_may_send(hop: Component) -> None:
    given = network(group("sg-alb", rule("tcp", 443, OFFICE)), interfaces=[], balancers=[balancer("sg-alb")])

    assert rows(finding(8080, 8081, path=(IGW, hop, ENI, TARGET)), given) == {"8080-8081": [OFFICE]}


def test_a_classic_load_balancer_in_the_path_is_known_by_its_name() -> None:
    hop = Component("old", "AWS::ElasticLoadBalancing::LoadBalancer")
    given = network(group("sg-elb", rule("tcp", 80, OFFICE)), balancers=[balancer("sg-elb", arn="old")])

    assert rows(finding(80, path=(IGW, hop, ENI, TARGET)), given) == {"80": [OFFICE]}


def test_parts_of_a_load_balancer_in_the_path_are_not_taken_for_it() -> None:
    part = Component(ALB.replace("loadbalancer/app", "targetgroup"), "AWS::ElasticLoadBalancingV2::TargetGroup")
    given = network(group("sg-alb", rule("tcp", 443, OFFICE)), interfaces=[], balancers=[balancer("sg-alb")])

    assert rows(finding(80, path=(IGW, part, *THROUGH_ALB[1:])), given) == {"80": [OFFICE]}
    assert rows(finding(80, path=(IGW, part, TARGET)), given) == {}


def test_a_network_load_balancer_without_groups_leaves_no_evidence() -> None:
    nlb = balancer(arn=ALB.replace("app", "net"))
    path = (IGW, Component("net/web/50dc6c495c0c9188", "AWS::ElasticLoadBalancingV2::LoadBalancer"), ENI, TARGET)

    assert rows(finding(80, path=path), network(group("sg-1", rule("tcp", 80, OFFICE)), balancers=[nlb])) == {}


@pytest.mark.parametrize("balancers", [None, ()])
def test_a_load_balancer_in_the_path_that_was_not_read_leaves_no_evidence(balancers: tuple[()] | None) -> None:
    given = network(group("sg-1", rule("tcp", 80, OFFICE)), balancers=balancers)

    assert rows(finding(80, path=THROUGH_ALB), given) == {}


def test_a_network_acl_takes_away_what_it_denies() -> None:
    given = network(
        group("sg-1", rule("tcp", 22, "203.0.113.0/24")), acls={"subnet-1": acl(deny(90, "203.0.113.0/25"))}
    )

    assert rows(finding(22), given) == {"22": ["203.0.113.128/25"]}


def test_a_network_acl_that_allows_a_few_and_denies_the_rest_leaves_the_few() -> None:
    only = acl(allow(100, OFFICE, 22, "6"), deny(32767, ANYONE))

    assert rows(finding(22), network(group("sg-1", rule("tcp", 22, ANYONE)), acls={"subnet-1": only})) == {
        "22": [OFFICE]
    }


def test_the_first_entry_of_a_network_acl_that_matches_decides() -> None:
    given = network(
        group("sg-1", rule("tcp", 22, "203.0.113.0/24")),
        acls={"subnet-1": acl(allow(90, OFFICE), deny(100, "203.0.113.0/24", 22, "6"), allow(110, ANYONE))},
    )

    assert rows(finding(22), given) == {"22": [OFFICE]}


def test_a_network_acl_takes_away_only_from_the_ports_and_the_protocol_it_names() -> None:
    entries = acl(deny(80, ANYONE, 81, "6"), deny(90, ANYONE, 82, "17"), deny(91, "198.0.0.0/8", 82, "6"))
    own = group("sg-1", rule("tcp", None, OFFICE), rule("tcp", None, BRANCH))

    came_out = rows(finding(80, 83), network(own, acls={"subnet-1": entries}))

    assert came_out == {"80-81": [BRANCH, OFFICE], "82": [OFFICE], "83": [BRANCH, OFFICE]}


def test_a_network_acl_that_leaves_nobody_contradicts_the_finding_and_takes_nothing_away() -> None:
    given = network(group("sg-1", rule("tcp", 22, OFFICE)), acls={"subnet-1": acl(deny(1, ANYONE))})

    assert rows(finding(22), given) == {"22": [OFFICE]}


def test_addresses_that_no_entry_of_a_network_acl_speaks_of_are_left_alone() -> None:
    own = group("sg-1", rule("tcp", 22, OFFICE), rule("tcp", 22, "2001:db8::/32"))

    came_out = rows(finding(22), network(own, acls={"subnet-1": acl(deny(1, ANYONE))}))

    assert came_out == {"22": ["2001:db8::/32"]}


def test_a_network_acl_of_another_subnet_takes_nothing_away() -> None:
    given = network(group("sg-1", rule("tcp", 22, OFFICE)), acls={"subnet-9": acl(deny(1, OFFICE))})

    assert rows(finding(22), given) == {"22": [OFFICE]}


def test_who_may_use_a_load_balancer_is_cut_by_the_network_acls_of_its_subnets() -> None:
    """The network ACL of the instance's own subnet sees only the load balancer's addresses."""
    given = network(
        ONLY_THE_ALB,
        group("sg-alb", rule("tcp", 443, ANYONE)),
        interfaces=[interface("sg-1")],
        balancers=[balancer("sg-alb")],
        acls={
            "subnet-1": acl(deny(1, BRANCH)),
            "subnet-2": acl(allow(1, OFFICE), deny(2, ANYONE)),
            "subnet-3": acl(allow(1, BRANCH), deny(2, ANYONE)),
        },
    )

    assert rows(finding(8080), given) == {"8080": [BRANCH, OFFICE]}


def test_a_subnet_of_a_load_balancer_whose_network_acl_was_not_read_lets_everything_through() -> None:
    given = network(
        ONLY_THE_ALB,
        group("sg-alb", rule("tcp", 443, ANYONE)),
        interfaces=[interface("sg-1")],
        balancers=[balancer("sg-alb")],
        acls={"subnet-2": acl(allow(1, OFFICE), deny(2, ANYONE))},
    )

    assert rows(finding(8080), given) == {"8080": [ANYONE]}


# Groups that admit private addresses besides public ones admit load balancers, though they do not name them.

VPC = "10.0.0.0/16"
OWN = group("sg-1", rule("tcp", (8080, 8090), OFFICE), rule("tcp", (8080, 8090), VPC))
OPEN_ALB = group("sg-alb", rule("tcp", 443, ANYONE))
SEVERAL = finding(8080, 8090)


def fronted(
    *targets: Target | TargetGroup,
    own: SecurityGroup = OWN,
    front: LoadBalancer | None = None,
    **given: Any,
) -> NetworkEvidence:
    """Return evidence of the instance, a load balancer that admits anyone, and what that one forwards to."""
    groups = [one if isinstance(one, TargetGroup) else target_group(one) for one in targets]
    return network(
        own,
        OPEN_ALB,
        interfaces=[interface(own.id)],
        balancers=[front or balancer("sg-alb")],
        **{"targets": groups, **given},
    )


@pytest.mark.parametrize("written", [INSTANCE, PRIVATE_ADDRESS])
def test_whom_a_load_balancer_admits_counts_at_the_port_that_it_forwards_to(written: str) -> None:
    given = fronted(target(written, 8085))

    assert rows(SEVERAL, given) == {"8080-8084": [VPC, OFFICE], "8085": [ANYONE], "8086-8090": [VPC, OFFICE]}


def test_an_address_within_a_prefix_of_the_interface_is_the_instances() -> None:
    prefixed = replace(interface("sg-1"), addresses=(ip_network("10.0.1.16/28"),))
    given = replace(fronted(target("10.0.1.20", 8080)), interfaces={ENI.id: prefixed})

    assert rows(finding(8080), given) == {"8080": [ANYONE]}


@pytest.mark.parametrize("written", ["i-0fedcba9876543210", "10.0.0.8"])
def test_a_load_balancer_that_forwards_elsewhere_adds_nobody(written: str) -> None:
    assert rows(SEVERAL, fronted(target(written, 8085))) == {"8080-8090": [VPC, OFFICE]}


def test_a_target_whose_port_is_not_known_may_be_at_any() -> None:
    assert rows(SEVERAL, fronted(target(INSTANCE, None))) == {"8080-8090": [ANYONE]}


def test_the_groups_of_a_load_balancer_that_forwards_are_named_in_the_row() -> None:
    assert [row.groups for row in admitted(finding(8080), fronted(target(INSTANCE, 8080)))] == [("sg-1", "sg-alb")]


def test_a_classic_load_balancer_forwards_to_its_instances() -> None:
    classic = balancer("sg-alb", arn="old", targets=(target(INSTANCE, 8085),))

    assert rows(finding(8084, 8085), fronted(front=classic)) == {"8084": [VPC, OFFICE], "8085": [ANYONE]}


@pytest.mark.parametrize("front", [balancer(), balancer("sg-unread")])
def test_ports_that_a_load_balancer_without_known_groups_forwards_to_have_no_evidence(front: LoadBalancer) -> None:
    assert rows(finding(8084, 8085), fronted(target(INSTANCE, 8085), front=front)) == {"8084": [VPC, OFFICE]}


@pytest.mark.parametrize(
    "missing",
    [
        {"targets": None},
        {"targets": [target_group(unread=True)]},
        {"balancers": None},
        {"targets": [target_group(target(INSTANCE, 8080), of=f"{ALB}0")]},
    ],
    ids=["target groups", "targets", "load balancers", "the load balancer of a target group"],
)
def test_where_what_forwards_is_not_known_only_ports_without_private_addresses_have_evidence(
    missing: dict[str, Any],
) -> None:
    own = group("sg-1", rule("tcp", 8080, VPC), rule("tcp", (8080, 8081), OFFICE))

    assert rows(finding(8080, 8081), replace(fronted(own=own), **read_as(missing))) == {"8081": [OFFICE]}


def test_a_load_balancer_of_another_vpc_adds_nobody() -> None:
    assert rows(finding(8080), fronted(target(INSTANCE, 8080), front=balancer("sg-alb", vpc="vpc-2"))) == {
        "8080": [VPC, OFFICE]
    }


def test_private_addresses_besides_a_referenced_load_balancer_may_be_of_another_one() -> None:
    own = group("sg-1", rule("tcp", 8080, "sg-front"), rule("tcp", 8080, VPC))
    front = group("sg-front", rule("tcp", 443, OFFICE))
    hidden = balancer("sg-alb", arn=ALB.replace("web", "hidden"))
    given = network(
        own,
        front,
        OPEN_ALB,
        interfaces=[interface("sg-1")],
        balancers=[balancer("sg-front"), hidden],
        targets=[target_group(target(INSTANCE, 8080), of=hidden.id)],
    )

    assert rows(finding(8080), given) == {"8080": [ANYONE]}


def test_a_load_balancer_before_one_that_forwards_counts_too() -> None:
    groups = [OWN, group("sg-alb", rule("tcp", 443, "sg-nlb")), group("sg-nlb", rule("tcp", 443, BRANCH))]
    given = network(
        *groups,
        interfaces=[interface("sg-1")],
        balancers=[balancer("sg-alb"), balancer("sg-nlb", arn=ALB.replace("app", "net"))],
        targets=[target_group(target(INSTANCE, 8080))],
    )

    assert rows(finding(8080), given) == {"8080": [VPC, BRANCH, OFFICE]}


@pytest.mark.parametrize("port", [8080, 443])
def test_to_an_interface_that_is_not_the_instances_own_every_port_is_forwarded(port: int) -> None:
    """Nothing says which of its ports leads to the instance's."""
    given = replace(
        fronted(target(PRIVATE_ADDRESS, port)), interfaces={ENI.id: interface("sg-1", instance="i-0fedcba9876543210")}
    )

    assert rows(finding(8080), given) == {"8080": [ANYONE]}


@pytest.mark.parametrize(
    ("admits", "path", "depends"),
    [
        ([OFFICE, VPC], None, True),
        ([OFFICE, "0.0.0.0/1"], None, True),
        ([OFFICE], None, False),
        ([VPC], None, False),
        ([ANYONE], None, False),
        ([OFFICE, "::/0"], None, False),
        (["0.0.0.0/1", "128.0.0.0/1"], None, False),
        ([OFFICE, VPC], PEERED, False),
    ],
)
def test_what_forwards_matters_where_private_addresses_are_admitted_besides_public_ones_but_not_everyone(
    admits: list[str], path: tuple[Component, ...] | None, *, depends: bool
) -> None:
    given = network(group("sg-1", *(rule("tcp", 8080, written) for written in admits)))
    of = finding(8080) if path is None else finding(8080, path=path)

    assert depends_on_forwarders(of, given) is depends
    assert (rows(of, given) == {}) is (depends or admits == [VPC])


def test_private_addresses_that_a_network_acl_leaves_of_everyone_may_be_a_load_balancers() -> None:
    """Without what forwards, the network ACL takes nothing away: everyone is what is known without it, too."""
    own, acls = (
        group("sg-1", rule("tcp", 8080, ANYONE)),
        {"subnet-1": acl(allow(1, VPC), allow(2, OFFICE), deny(3, ANYONE))},
    )

    assert rows(finding(8080), fronted(own=own, acls=acls)) == {"8080": [VPC, OFFICE]}
    assert rows(finding(8080), fronted(own=own, acls=acls, targets=None)) == {"8080": [ANYONE]}
    assert rows(finding(8080), fronted(target(INSTANCE, 8080), own=own, acls=acls)) == {"8080": [ANYONE]}


def read_as(missing: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of evidence where some of what forwards was not read."""
    names = {"targets": "target_groups", "balancers": "balancers"}
    return {names[name]: None if value is None else {one.id: one for one in value} for name, value in missing.items()}
