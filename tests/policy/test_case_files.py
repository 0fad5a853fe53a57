from datetime import date
from ipaddress import ip_network

import pytest

from exposurectl.diagnostics import ExposurectlError
from exposurectl.documents import read_as
from exposurectl.model import (
    Component,
    Evidence,
    Exposure,
    Finding,
    FindingStatus,
    Ingress,
    Instance,
    Observed,
    PortRange,
    Protocol,
    Unobserved,
)
from exposurectl.policy.case_files import check_cases, read_cases
from exposurectl.policy.cases import Expected

from .building import all_shown, case, document, evidence


def test_an_empty_given_is_an_observed_instance_without_findings() -> None:
    assert evidence("{}") == Evidence(instance=Instance(id="i-0"), findings=(), coverage=Observed())


def test_a_given_says_what_instance_it_is() -> None:
    given = """{instance: i-1, account: "111122223333", region: eu-west-1, vpc: vpc-1, subnet: subnet-1,
      tags: {Env: prod, App: web}, unobserved: EC2_INSTANCE_STOPPED}"""

    assert evidence(given) == Evidence(
        instance=Instance(
            id="i-1",
            account="111122223333",
            region="eu-west-1",
            vpc="vpc-1",
            subnet="subnet-1",
            tags=(("App", "web"), ("Env", "prod")),
        ),
        findings=(),
        coverage=Unobserved("EC2_INSTANCE_STOPPED"),
    )


def test_a_finding_is_of_the_instance_and_active() -> None:
    finding = '{protocol: udp, ports: "1-2", path: [load-balancer, "AWS::X::Y", sg-1, unknown], sources: ["::/0"]}'

    assert evidence(
        f'{{instance: i-1, account: "111122223333", region: us-east-1, findings: [{finding}]}}'
    ).findings == (
        Finding(
            arn="finding 0",
            account="111122223333",
            region="us-east-1",
            instance="i-1",
            status=FindingStatus.ACTIVE,
            protocol=Protocol.UDP,
            ports=PortRange(1, 2),
            path=(
                Component(id="", type="AWS::ElasticLoadBalancingV2::LoadBalancer"),
                Component(id="", type="AWS::X::Y"),
                Component(id="sg-1", type=""),
                Component(id="", type=""),
            ),
            ingress=(Ingress(PortRange(1, 2), (ip_network("::/0"),)),),
        ),
    )


@pytest.mark.parametrize(
    ("sources", "ingress"),
    [
        ("", ()),
        (", sources: []", (Ingress(PortRange(1, 9), ()),)),
        (", sources: [10.0.0.0/8]", (Ingress(PortRange(1, 9), (ip_network("10.0.0.0/8"),)),)),
        (", sources: [{ports: 2, cidrs: []}]", (Ingress(PortRange(2, 2), ()),)),
        (
            ', sources: [{ports: "2-3", cidrs: [10.0.0.0/8]}, "::/0"]',
            (
                Ingress(PortRange(1, 9), (ip_network("::/0"),)),
                Ingress(PortRange(2, 3), (ip_network("10.0.0.0/8"),)),
            ),
        ),
    ],
)
def test_sources_are_the_evidence(sources: str, ingress: tuple[Ingress, ...]) -> None:
    finding = f'{{protocol: tcp, ports: "1-9", path: []{sources}}}'

    assert evidence(f"{{findings: [{finding}]}}").findings[0].ingress == ingress


def test_a_component_may_have_both_its_type_and_its_id() -> None:
    finding = (
        '{protocol: tcp, ports: 1, path: [{type: "AWS::EC2::VPCPeeringConnection", id: igw-1}, {type: "", id: ""}]}'
    )

    assert evidence(f"{{findings: [{finding}]}}").findings[0].path == (
        Component(id="igw-1", type="AWS::EC2::VPCPeeringConnection"),
        Component(id="", type=""),
    )


def test_a_day_is_read_and_without_one_there_is_none() -> None:
    assert case("{as_of: 2027-03-31}").today == date(2027, 3, 31)
    assert case("{}").today is None


def test_what_is_expected_is_read() -> None:
    assert case("{}", "{level: leave}").expected == Expected(level=None)
    assert case("{}", "{level: small, rules: [a, b, a], raise_only: true}").expected == Expected(
        level=Exposure.SMALL, rules=frozenset({"a", "b"}), raise_only=True
    )


def test_every_wrong_value_of_every_file_is_reported_by_place() -> None:
    text = """version: 1
cases:
  - name: wrong
    given:
      as_of: 2027-02-29
      findings:
        - {protocol: tcp, ports: "70000", path: [intrnet-gateway, instance], sources: [10.0.0.1/8]}
        - {protocol: tcp, ports: 1, path: [], sources: [{ports: "3-2", cidrs: [office]}]}
    expect: {level: open}
"""

    with pytest.raises(ExposurectlError) as raised:
        read_cases([document(text, "cases", "b.yaml"), document(text, "cases", "a.yaml")])

    one = (
        "a.yaml:5:14: error: Wrong value\n  No calendar has the day 2027-02-29.\n"
        "a.yaml:7:34: error: Wrong value\n  70000 is not a port: the highest is 65535.\n"
        'a.yaml:7:50: error: Wrong value\n  "intrnet-gateway" is no alias, type or id; '
        'did you mean "internet-gateway"?\n'
        "a.yaml:7:88: error: Wrong value\n"
        '  "10.0.0.1/8" is not a network: 10.0.0.1/8 has host bits set. Write 10.0.0.0/8.\n'
        'a.yaml:8:65: error: Wrong value\n  The range "3-2" ends before it begins: write "2-3".\n'
        'a.yaml:8:80: error: Wrong value\n  "office" is not a network such as 203.0.113.0/24 or 2001:db8::/32.\n'
    )
    assert all_shown(raised.value) == one + one.replace("a.yaml", "b.yaml")
    assert raised.value.reason == "policy-invalid"


def test_the_right_parts_of_a_wrong_case_are_judged_all_the_same() -> None:
    text = b"""version: 1
cases:
  - {name: a, given: {as_of: 2027-02-29, findings: [{protocol: icmp}, {protocol: tcp, ports: 70000-1, path: []}]}}
  - {name: b, given: {as_of: soon, findings: 5}, expect: {level: open}}
  - {name: c, given: {}, expect: {level: open}}
"""
    read, found = read_as("cases", "a.yaml", text)

    cases, problems = check_cases([read])

    assert [problem.id for problem in found] == [*["missing-key"] * 3, *["wrong-value"] * 3]
    assert [case.name for case in cases] == ["c"]
    assert [(str(problem.place), problem.detail) for problem in problems] == [
        ("a.yaml:3:30", "No calendar has the day 2027-02-29."),
        ("a.yaml:3:94", "70000 is not a port: the highest is 65535."),
    ]
