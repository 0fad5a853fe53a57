"""A network read over HTTP from moto: what each call brings, what a refused call leaves absent, and sample 10."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from exposurectl.model import Component, Decided, Evidence, Exposure, Finding, Instance, Observed, PortRange
from exposurectl.policy.decide import decide
from exposurectl.policy.files import load_policy
from exposurectl.policy.sources import AnywherePrefix
from exposurectl.sources.admission import admitted
from exposurectl.sources.aws.network import read_network
from exposurectl.sources.network import (
    ALL_PORTS,
    AclEntry,
    GroupReference,
    GroupRule,
    LoadBalancer,
    NetworkEvidence,
    NetworkInterface,
    PrefixListReference,
    Target,
)
from sources.aws.moto_over_http import ACCOUNT, Aws
from sources.networks import IGW, finding

POLICY = load_policy(Path(__file__).parents[3] / "policies")
ANYONE, OFFICE = "0.0.0.0/0", "203.0.113.7/32"
NO_INTERFACES = "<DescribeNetworkInterfacesResponse><networkInterfaceSet/></DescribeNetworkInterfacesResponse>"
STRANGE_ACLS = "<DescribeNetworkAclsResponse><networkAclSet><item/></networkAclSet></DescribeNetworkAclsResponse>"
GONE_TARGET_GROUP = (
    "<DescribeTargetGroupsResponse><DescribeTargetGroupsResult><TargetGroups><member>"
    "<TargetGroupArn>arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/gone/0123456789abcdef</TargetGroupArn>"
    "<LoadBalancerArns><member>{web}</member></LoadBalancerArns><TargetType>ip</TargetType>"
    "</member></TargetGroups></DescribeTargetGroupsResult></DescribeTargetGroupsResponse>"
)
GONE = "eni-0123456789abcdef0"


@pytest.fixture(scope="module")
def server() -> Iterator[Aws]:
    served = Aws()
    yield served
    served.close()


@pytest.fixture
def aws(server: Aws) -> Aws:
    server.forget()
    return server


class Site:
    """A VPC with two subnets, and what a test puts into it."""

    def __init__(self, aws: Aws, cidr: str = "10.0.0.0/16") -> None:
        self._aws = aws
        self._ec2 = aws.client("ec2")
        self.vpc = self._ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
        nets = list(ip_network(cidr).subnets(new_prefix=24))
        self.subnets = [self._subnet(str(nets[index]), f"eu-west-1{'ab'[index]}") for index in range(2)]

    def _subnet(self, cidr: str, zone: str) -> str:
        made = self._ec2.create_subnet(VpcId=self.vpc, CidrBlock=cidr, AvailabilityZone=zone)
        return str(made["Subnet"]["SubnetId"])

    def group(self, name: str, *rules: tuple[str, int | None, str]) -> str:
        made: str = self._ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)["GroupId"]
        permissions = [self._permission(*rule) for rule in rules]
        if permissions:
            self._ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=permissions)
        return made

    def _permission(self, protocol: str, port: int | None, source: str) -> dict[str, Any]:
        ports = {} if port is None else {"FromPort": port, "ToPort": port}
        if source.startswith("sg-"):
            return {"IpProtocol": protocol, **ports, "UserIdGroupPairs": [{"GroupId": source}]}
        if source.startswith("pl-"):
            return {"IpProtocol": protocol, **ports, "PrefixListIds": [{"PrefixListId": source}]}
        if ":" in source:
            return {"IpProtocol": protocol, **ports, "Ipv6Ranges": [{"CidrIpv6": source}]}
        return {"IpProtocol": protocol, **ports, "IpRanges": [{"CidrIp": source}]}

    def instance(self, *groups: str) -> tuple[str, str]:
        """Return a new instance and its network interface."""
        made = self._ec2.run_instances(
            ImageId="ami-12c6146b", MinCount=1, MaxCount=1, SubnetId=self.subnets[0], SecurityGroupIds=list(groups)
        )["Instances"][0]
        return made["InstanceId"], made["NetworkInterfaces"][0]["NetworkInterfaceId"]

    def address(self, interface: str) -> str:
        [described] = self._ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"]
        return str(described["PrivateIpAddress"])

    def balancer(self, name: str, *groups: str, kind: str = "application") -> str:
        made = self._aws.client("elbv2").create_load_balancer(
            Name=name, Subnets=self.subnets, SecurityGroups=list(groups), Type=kind
        )
        return str(made["LoadBalancers"][0]["LoadBalancerArn"])

    def forward(self, balancer: str, kind: str, *targets: str, port: int = 8080, protocol: str = "HTTP") -> str:
        """Make a load balancer forward to a new target group, and return that."""
        elb = self._aws.client("elbv2")
        name = f"tg-{len(elb.describe_target_groups()['TargetGroups'])}"
        made = elb.create_target_group(Name=name, Protocol=protocol, Port=port, VpcId=self.vpc, TargetType=kind)
        group = str(made["TargetGroups"][0]["TargetGroupArn"])
        elb.register_targets(TargetGroupArn=group, Targets=[{"Id": target} for target in targets])
        action = {"Type": "forward", "TargetGroupArn": group}
        listening = 80 + len(elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"])
        elb.create_listener(LoadBalancerArn=balancer, Protocol=protocol, Port=listening, DefaultActions=[action])
        return group

    def prefix_list(self, *networks: str) -> str:
        made = self._ec2.create_managed_prefix_list(
            PrefixListName="x",
            MaxEntries=9,
            AddressFamily="IPv4",
            Entries=[{"Cidr": network} for network in networks],
        )
        return str(made["PrefixList"]["PrefixListId"])


def read(aws: Aws, *interfaces: str, balancers: tuple[Component, ...] = ()) -> tuple[NetworkEvidence, tuple[str, ...]]:
    """Read what findings with these on their paths need, and note only the calls of reading."""
    hops = [*(Component(name, "AWS::EC2::NetworkInterface") for name in interfaces), *balancers]
    return read_for(aws, *(finding(80, path=(IGW, hop)) for hop in hops))


def read_for(aws: Aws, *findings: Finding) -> tuple[NetworkEvidence, tuple[str, ...]]:
    aws.calls.clear()
    return read_network(aws.client, findings)


def found(instance: str, interface: str, port: int) -> Finding:
    """Return a finding: Inspector writes the same path for a direct way as for one through a load balancer."""
    eni = Component(interface, "AWS::EC2::NetworkInterface")
    path = (IGW, eni, Component(instance, "AWS::EC2::Instance"))
    return replace(finding(port, path=path), account=ACCOUNT, instance=instance, arn=f"finding {port}")


def test_an_interface_comes_with_its_groups_and_their_inbound_rules(aws: Aws) -> None:
    site = Site(aws)
    one = site.group("one", ("tcp", 22, OFFICE), ("-1", None, "2001:db8::/32"))
    two = site.group("two")
    instance, interface = site.instance(one, two)

    network, unread = read(aws, interface)

    assert unread == ()
    assert network.interfaces == {
        interface: NetworkInterface(
            id=interface,
            account=ACCOUNT,
            groups=tuple(sorted((one, two))),
            subnet=site.subnets[0],
            instance=instance,
            vpc=site.vpc,
            addresses=(ip_network(site.address(interface)),),
        )
    }
    assert set(network.groups[one].rules) == {
        GroupRule(protocol="tcp", ports=PortRange(22, 22), source=ip_network(OFFICE)),
        GroupRule(protocol="-1", ports=ALL_PORTS, source=ip_network("2001:db8::/32")),
    }
    assert network.groups[two].rules == ()
    assert network.groups[two].account == ACCOUNT
    assert network.balancers is None


def test_only_what_the_findings_need_is_asked_for(aws: Aws) -> None:
    site = Site(aws)
    _, interface = site.instance(site.group("one", ("tcp", 22, OFFICE)))

    read(aws, interface)

    assert aws.counts() == {
        "ec2:DescribeNetworkInterfaces": 1,
        "ec2:DescribeSecurityGroups": 1,
        "ec2:DescribeSecurityGroupRules": 1,
        "ec2:DescribeNetworkAcls": 1,
    }


def test_nothing_is_asked_for_no_interface(aws: Aws) -> None:
    assert read(aws) == (NetworkEvidence(), ())
    assert aws.counts() == {}


def test_interfaces_are_asked_for_two_hundred_at_a_time(aws: Aws) -> None:
    aws.answers["ec2:DescribeNetworkInterfaces"] = NO_INTERFACES

    read(aws, *(f"eni-{number:017x}" for number in range(401)))

    sizes = [sum(key.startswith("NetworkInterfaceId.") for key in parameters) for _, parameters in aws.calls]
    assert sizes == [200, 200, 1]


def test_an_interface_that_is_gone_is_left_out_and_is_no_failure(aws: Aws) -> None:
    site = Site(aws)
    _, interface = site.instance(site.group("one"))

    network, unread = read(aws, interface, GONE, "eni-0fedcba9876543210")

    assert list(network.interfaces) == [interface]
    assert unread == ()
    assert aws.counts()["ec2:DescribeNetworkInterfaces"] == 3


def test_what_is_no_id_of_an_interface_is_not_asked_for(aws: Aws) -> None:
    assert read(aws, "eni-", "eni-XYZ", "eni-0123", "i-0123456789abcdef0") == (NetworkEvidence(), ())
    assert aws.counts() == {}


def test_a_group_that_is_gone_is_absent_and_not_empty(aws: Aws) -> None:
    site = Site(aws)
    one, two = site.group("one", ("tcp", 22, OFFICE)), site.group("two")
    instance, interface = site.instance(one, two)
    aws.client("ec2").delete_security_group(GroupId=two)

    network, unread = read(aws, interface)

    assert (list(network.groups), unread) == ([one], ())
    assert admitted(found(instance, interface, 22), network) == ()


def test_a_prefix_list_is_read_with_its_entries(aws: Aws) -> None:
    site = Site(aws)
    listed = site.prefix_list("198.51.100.0/24", "203.0.113.0/24")
    one = site.group("one", ("tcp", 22, listed))
    _, interface = site.instance(one)

    network, unread = read(aws, interface)

    assert unread == ()
    assert [rule.source for rule in network.groups[one].rules] == [PrefixListReference(listed)]
    assert set(network.prefix_lists[listed].networks) == {ip_network("198.51.100.0/24"), ip_network("203.0.113.0/24")}


def test_a_network_acl_is_read_with_its_inbound_entries_in_order(aws: Aws) -> None:
    site = Site(aws)
    _, interface = site.instance(site.group("one"))
    ec2 = aws.client("ec2")
    own = ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [site.vpc]}])["NetworkAcls"][0]
    entry = {"NetworkAclId": own["NetworkAclId"], "Egress": False, "RuleAction": "deny", "RuleNumber": 50}
    ec2.create_network_acl_entry(**entry, Protocol="6", PortRange={"From": 22, "To": 23}, CidrBlock=OFFICE)

    network, unread = read(aws, interface)

    assert unread == ()
    assert network.acls[site.subnets[0]].entries == (
        AclEntry(number=50, protocol="6", ports=PortRange(22, 23), network=ip_network(OFFICE), allow=False),
        AclEntry(number=100, protocol="-1", ports=ALL_PORTS, network=ip_network(ANYONE), allow=True),
        AclEntry(number=32767, protocol="-1", ports=ALL_PORTS, network=ip_network(ANYONE), allow=False),
    )


def test_a_referenced_group_brings_the_load_balancers_that_carry_it_and_their_groups(aws: Aws) -> None:
    site = Site(aws)
    alb, front = site.group("alb", ("tcp", 443, OFFICE)), site.group("front")
    own = site.group("own", ("tcp", 80, alb))
    web, unrelated = site.balancer("web", alb, front), site.balancer("other", site.group("other"))
    _, interface = site.instance(own)

    network, unread = read(aws, interface)

    assert unread == ()
    assert network.groups[own].rules[0].source == GroupReference(alb, ACCOUNT)
    assert network.balancers is not None
    assert sorted(network.balancers) == sorted([web, unrelated])
    assert network.balancers[web] == LoadBalancer(
        id=web, groups=tuple(sorted((alb, front))), subnets=tuple(sorted(site.subnets)), vpc=site.vpc
    )
    assert sorted(network.groups) == sorted([own, alb, front])
    assert sorted(network.acls) == sorted(site.subnets)


def test_a_classic_load_balancer_is_read_too(aws: Aws) -> None:
    site = Site(aws)
    old = site.group("old", ("tcp", 80, OFFICE))
    aws.client("elb").create_load_balancer(
        LoadBalancerName="old",
        Listeners=[{"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 8080}],
        Subnets=site.subnets,
        SecurityGroups=[old],
    )
    instance, interface = site.instance(site.group("own", ("tcp", 8080, old)))

    network, unread = read(aws, interface)

    assert unread == ()
    assert network.balancers == {
        "old": LoadBalancer(id="old", groups=(old,), subnets=tuple(sorted(site.subnets)), vpc=site.vpc)
    }
    assert [row.cidrs for row in admitted(found(instance, interface, 8080), network)] == [(OFFICE,)]


def test_a_load_balancer_that_a_path_names_is_read_although_no_rule_refers_to_it(aws: Aws) -> None:
    site = Site(aws)
    alb = site.group("alb", ("tcp", 443, OFFICE))
    arn = site.balancer("web", alb)

    network, unread = read(aws, balancers=(Component(arn, "AWS::ElasticLoadBalancingV2::LoadBalancer"),))

    assert (sorted(network.groups), sorted(network.acls), unread) == ([alb], sorted(site.subnets), ())


def test_load_balancers_are_read_page_after_page(aws: Aws) -> None:
    site = Site(aws)
    alb = site.group("alb")
    for number in range(51):
        site.balancer(f"web-{number}", alb)
    _, interface = site.instance(site.group("own", ("tcp", 80, alb)))

    network, unread = read(aws, interface)

    assert (len(network.balancers or {}), unread) == (51, ())
    assert aws.counts()["elbv2:DescribeLoadBalancers"] == 2


def test_when_a_later_page_of_load_balancers_fails_none_were_read(aws: Aws) -> None:
    site = Site(aws)
    alb = site.group("alb")
    for number in range(51):
        site.balancer(f"web-{number}", alb)
    _, interface = site.instance(site.group("own", ("tcp", 80, alb)))
    aws.calls.clear()
    aws.refused["elbv2:DescribeLoadBalancers"] = 1

    network, unread = read(aws, interface)

    assert (network.balancers, unread) == (None, ("DescribeLoadBalancers: AccessDenied",))


@pytest.mark.parametrize(
    ("call", "named", "absent"),
    [
        ("ec2:DescribeNetworkInterfaces", "DescribeNetworkInterfaces: UnauthorizedOperation", "interfaces"),
        ("ec2:DescribeSecurityGroups", "DescribeSecurityGroups: UnauthorizedOperation", "groups"),
        ("ec2:DescribeSecurityGroupRules", "DescribeSecurityGroupRules: UnauthorizedOperation", "groups"),
        ("ec2:GetManagedPrefixListEntries", "GetManagedPrefixListEntries: UnauthorizedOperation", "prefix_lists"),
        ("ec2:DescribeNetworkAcls", "DescribeNetworkAcls: UnauthorizedOperation", "acls"),
        ("elbv2:DescribeLoadBalancers", "DescribeLoadBalancers: AccessDenied", "balancers"),
        ("elb:DescribeLoadBalancers", "DescribeLoadBalancers (Classic): AccessDenied", "balancers"),
    ],
)
def test_a_refused_call_is_named_and_leaves_its_part_absent(aws: Aws, call: str, named: str, absent: str) -> None:
    site = Site(aws)
    alb = site.group("alb", ("tcp", 443, OFFICE))
    site.balancer("web", alb)
    own = site.group("own", ("tcp", 80, alb), ("tcp", 80, site.prefix_list("198.51.100.0/24")))
    instance, interface = site.instance(own)
    aws.refused[call] = 0

    network, unread = read(aws, interface)

    assert unread == (named,)
    assert not getattr(network, absent)
    seen = [list(row.cidrs) for row in admitted(found(instance, interface, 80), network)]
    assert seen == ([["198.51.100.0/24", OFFICE]] if absent == "acls" else [])


def test_an_answer_that_is_not_understood_is_named_and_leaves_its_part_absent(aws: Aws) -> None:
    site = Site(aws)
    _, interface = site.instance(site.group("own"))
    aws.answers["ec2:DescribeNetworkAcls"] = STRANGE_ACLS

    network, unread = read(aws, interface)

    assert (network.acls, unread) == ({}, ("DescribeNetworkAcls: unexpected answer",))


def test_a_server_that_does_not_answer_is_named_for_every_part(aws: Aws) -> None:
    aws.answers["ec2:DescribeNetworkInterfaces"] = "no XML"

    network, unread = read(aws, GONE)

    assert (network.interfaces, unread) == ({}, ("DescribeNetworkInterfaces: ResponseParserError",))


# An instance that admits its VPC besides the office: whoever a load balancer there admits may send as well.


class Hidden:
    """An instance whose group admits the office and its VPC, so that a load balancer needs no mention to pass."""

    def __init__(self, aws: Aws) -> None:
        self.site = Site(aws)
        self.own = self.site.group("own", ("tcp", 8080, OFFICE), ("tcp", 8080, "10.0.0.0/16"))
        self.instance, self.interface = self.site.instance(self.own)
        self.finding = found(self.instance, self.interface, 8080)
        self.alb = self.site.group("alb", ("tcp", 443, ANYONE))
        self._aws = aws

    def target(self, kind: str) -> str:
        return self.instance if kind == "instance" else self.site.address(self.interface)

    def read(self) -> tuple[list[list[str]], tuple[str, ...]]:
        """Return whom the rows of the finding admit, and what could not be read."""
        network, unread = read_for(self._aws, self.finding)
        return [list(row.cidrs) for row in admitted(self.finding, network)], unread


OFFICE_AND_VPC = ["10.0.0.0/16", OFFICE]


@pytest.mark.parametrize("kind", ["instance", "ip"])
def test_whoever_may_use_a_load_balancer_that_forwards_to_the_instance_may_send(aws: Aws, kind: str) -> None:
    hidden = Hidden(aws)
    hidden.site.forward(hidden.site.balancer("web", hidden.alb), kind, hidden.target(kind))

    assert hidden.read() == ([[ANYONE]], ())
    assert {call: count for call, count in aws.counts().items() if call.startswith("elb")} == {
        "elbv2:DescribeLoadBalancers": 1,
        "elb:DescribeLoadBalancers": 1,
        "elbv2:DescribeTargetGroups": 1,
        "elbv2:DescribeTargetHealth": 1,
    }


@pytest.mark.parametrize("kind", ["instance", "ip"])
def test_a_load_balancer_that_forwards_to_another_port_adds_nobody(aws: Aws, kind: str) -> None:
    hidden = Hidden(aws)
    hidden.site.forward(hidden.site.balancer("web", hidden.alb), kind, hidden.target(kind), port=9090)

    assert hidden.read() == ([OFFICE_AND_VPC], ())


def test_a_load_balancer_that_forwards_to_another_instance_adds_nobody(aws: Aws) -> None:
    hidden = Hidden(aws)
    hidden.site.forward(hidden.site.balancer("web", hidden.alb), "instance", hidden.site.instance(hidden.own)[0])

    assert hidden.read() == ([OFFICE_AND_VPC], ())


def test_a_load_balancer_that_forwards_to_the_instance_comes_with_its_groups_lists_and_acls(aws: Aws) -> None:
    hidden = Hidden(aws)
    listed = hidden.site.group("listed", ("tcp", 443, hidden.site.prefix_list("198.51.100.0/24")))
    group = hidden.site.forward(hidden.site.balancer("web", listed), "instance", hidden.instance)

    network, unread = read_for(aws, hidden.finding)

    assert unread == ()
    assert network.target_groups is not None
    assert network.target_groups[group].targets == (Target(instance=hidden.instance, port=8080),)
    assert sorted(network.groups) == sorted([hidden.own, listed])
    assert sorted(network.acls) == sorted(hidden.site.subnets)
    assert [row.cidrs for row in admitted(hidden.finding, network)] == [("10.0.0.0/16", "198.51.100.0/24", OFFICE)]


def test_a_classic_load_balancer_that_holds_the_instance_adds_whom_it_admits(aws: Aws) -> None:
    hidden = Hidden(aws)
    elb = aws.client("elb")
    elb.create_load_balancer(
        LoadBalancerName="old",
        Listeners=[{"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 8080}],
        Subnets=hidden.site.subnets,
        SecurityGroups=[hidden.alb],
    )
    elb.register_instances_with_load_balancer(LoadBalancerName="old", Instances=[{"InstanceId": hidden.instance}])

    assert hidden.read() == ([[ANYONE]], ())
    assert "elbv2:DescribeTargetGroups" not in aws.counts()


def test_a_network_load_balancer_without_groups_that_forwards_to_the_instance_leaves_no_evidence(aws: Aws) -> None:
    hidden = Hidden(aws)
    hidden.site.forward(hidden.site.balancer("web", kind="network"), "instance", hidden.instance, protocol="TCP")

    assert hidden.read() == ([], ())


def test_target_health_is_asked_for_only_of_load_balancers_in_the_vpc(aws: Aws) -> None:
    hidden, other = Hidden(aws), Site(aws, "10.1.0.0/16")
    hidden.site.forward(hidden.site.balancer("web", hidden.alb), "instance", hidden.instance)
    elsewhere = other.balancer("other", other.group("other"))
    other.forward(elsewhere, "instance", other.instance(other.group("own"))[0])

    assert hidden.read() == ([[ANYONE]], ())
    assert aws.counts()["elbv2:DescribeTargetHealth"] == 1


@pytest.mark.parametrize("admits", [[OFFICE], [ANYONE], ["10.0.0.0/16"], [OFFICE, "::/0"]])
def test_targets_are_not_asked_for_where_they_cannot_matter(aws: Aws, admits: list[str]) -> None:
    site = Site(aws)
    instance, interface = site.instance(site.group("own", *(("tcp", 8080, written) for written in admits)))
    site.forward(site.balancer("web", site.group("alb")), "instance", instance)

    read_for(aws, found(instance, interface, 8080))

    assert [call for call in aws.counts() if call.startswith("elb")] == []


@pytest.mark.parametrize(
    ("call", "named"),
    [
        ("elbv2:DescribeLoadBalancers", "DescribeLoadBalancers: AccessDenied"),
        ("elb:DescribeLoadBalancers", "DescribeLoadBalancers (Classic): AccessDenied"),
        ("elbv2:DescribeTargetGroups", "DescribeTargetGroups: AccessDenied"),
        ("elbv2:DescribeTargetHealth", "DescribeTargetHealth: AccessDenied"),
    ],
)
def test_without_knowing_what_forwards_to_the_instance_there_is_no_evidence(aws: Aws, call: str, named: str) -> None:
    hidden = Hidden(aws)
    hidden.site.forward(hidden.site.balancer("web", hidden.site.group("none")), "instance", hidden.instance)
    aws.refused[call] = 0
    aws.calls.clear()

    assert hidden.read() == ([], (named,))


def test_a_target_group_that_is_gone_since_it_was_listed_has_no_targets(aws: Aws) -> None:
    hidden = Hidden(aws)
    web = hidden.site.balancer("web", hidden.alb)
    hidden.site.forward(web, "instance", hidden.instance)
    aws.answers["elbv2:DescribeTargetGroups"] = GONE_TARGET_GROUP.format(web=web)

    assert hidden.read() == ([OFFICE_AND_VPC], ())


class Workshop:
    """The environment of sample 10: its groups as the fixture writes them, and what Inspector found of each."""

    def __init__(self, aws: Aws, samples: Path, *, alb_admits: str = ANYONE) -> None:
        text = (samples / "10-real-run-environment-vs-findings-2023.json").read_text(encoding="utf-8")
        self._aws = aws
        self._site, bastions = Site(aws), Site(aws, "10.1.0.0/16")
        self._alb = self._site.group("alb", ("tcp", 80, alb_admits))
        self._site.balancer("alb", self._alb)
        self.machines: dict[str, tuple[str, str, list[int]]] = {}
        for entry in json.loads(text)["environment"]:
            self._add(entry, bastions if entry["name"].startswith("Bastion") else self._site)

    def _add(self, entry: dict[str, Any], site: Site) -> None:
        rules = [(protocol, port, self._source(written)) for protocol, port, written in entry["ingress"]]
        group = site.group(entry["name"].replace("/", " ").partition(" (")[0], *rules)
        kind, _, zones = entry["name"].partition(" (")[0].partition(" AZ")
        for zone in re.findall(r"\d", zones, re.ASCII):
            self.machines[f"{kind} AZ{zone}"] = (*site.instance(group), entry["reported"])

    def _source(self, written: str) -> str:
        return self._alb if written.startswith("SourceSecurityGroup") else written.partition(" ")[0]

    def decided(self, name: str, *more_ports: int) -> tuple[Exposure, list[tuple[str, ...] | None]]:
        """Return the level of an instance under the shipped policy, and who may send to what gives it."""
        instance, interface, ports = self.machines[name]
        network, unread = read(self._aws, interface)
        assert unread == ()
        findings = [found(instance, interface, port) for port in (*ports, *more_ports)]
        seen = tuple(
            replace(one, ingress=tuple(row.as_ingress() for row in admitted(one, network))) for one in findings
        )
        evidence = Evidence(instance=Instance(id=instance, account=ACCOUNT), findings=seen, coverage=Observed())
        came_out = decide(evidence, POLICY, today=datetime.now(UTC).date(), anywhere=AnywherePrefix())
        assert isinstance(came_out, Decided)
        return came_out.level, [reason.sources for reason in came_out.reasons]


@pytest.mark.parametrize("name", ["Web Server AZ1", "Web Server AZ2"])
def test_sample_10_web_servers_are_open_for_the_load_balancer_before_them_admits_anyone(
    aws: Aws, samples: Path, name: str
) -> None:
    """The instance's group admits only the balancer's, so it seems closed; whoever asks the balancer gets in."""
    assert Workshop(aws, samples).decided(name) == (Exposure.OPEN, [(ANYONE,)])


@pytest.mark.parametrize("name", ["Web Server AZ1", "Web Server AZ2"])
def test_sample_10_web_servers_would_be_controlled_if_the_load_balancer_admitted_only_the_office(
    aws: Aws, samples: Path, name: str
) -> None:
    assert Workshop(aws, samples, alb_admits=OFFICE).decided(name) == (Exposure.CONTROLLED, [(OFFICE,)])


@pytest.mark.parametrize("name", ["Database Server AZ1", "Database Server AZ2"])
def test_sample_10_database_servers_are_open_for_anyone_may_ask_mysql(aws: Aws, samples: Path, name: str) -> None:
    """In a public subnet, 3306 from anywhere; 22 and 3389 only from the peered Bastion VPC, which was not reported."""
    assert Workshop(aws, samples).decided(name) == (Exposure.OPEN, [(ANYONE,)])


def test_sample_10_poc_web_server_1_is_open_for_anyone_may_ask_http(aws: Aws, samples: Path) -> None:
    """Serving the whole internet on purpose is open too: the level says who can reach it, not what is wanted."""
    assert Workshop(aws, samples).decided("PoC Web Server AZ1") == (Exposure.OPEN, [(ANYONE,)])


def test_sample_10_poc_web_server_2_is_open_for_anyone_may_use_ssh_and_https(aws: Aws, samples: Path) -> None:
    """Both of its findings come from a rule for 0.0.0.0/0 of its own."""
    assert Workshop(aws, samples).decided("PoC Web Server AZ2") == (Exposure.OPEN, [(ANYONE,)] * 2)


@pytest.mark.parametrize("name", ["Bastion AZ1", "Bastion AZ2"])
def test_sample_10_bastions_are_controlled_for_inspector_sees_no_path_to_them(
    aws: Aws, samples: Path, name: str
) -> None:
    """No internet gateway, 22 and 3389 only from on-premises. Not small: nobody vouches for isolation."""
    assert Workshop(aws, samples).decided(name) == (Exposure.CONTROLLED, [None])


def test_sample_05_a_port_found_from_the_internet_that_admits_only_a_private_network_is_open(
    aws: Aws, samples: Path
) -> None:
    """The groups as they are cannot explain the finding, so they are no evidence that the way is narrow."""
    level, sources = Workshop(aws, samples).decided("Database Server AZ1", 22)

    assert (level, sources.count(None)) == (Exposure.OPEN, 1)
