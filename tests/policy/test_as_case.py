from datetime import date
from typing import Any

import msgspec
import pytest

from exposurectl.model import FindingStatus, Instance, Unobserved
from exposurectl.policy.as_case import as_case
from exposurectl.policy.decide import decide
from exposurectl.policy.model import Policy

from .building import ANYWHERE, evidence, policy

POLICY = policy(
    "rules:\n"
    "- {id: anyone, level: open, because: x, match: {path: {origin: [internet-gateway]}, sources: anywhere}}\n"
    "- {id: listed, level: controlled, because: x, match: {sources: restricted, tags: {Env: prod}}}\n"
)
NAMING = policy(
    "rules:\n- {id: own, level: controlled, because: x, match: "
    '{path: {origin: [igw-1], any_of: ["AWS::X::Y"], all_of: [security-group], none_of: [vpc-peering]}}}\n'
)


def written(given: str, by: Policy = POLICY, today: date | None = None) -> dict[str, Any]:
    what = evidence(given)
    return as_case(what, decide(what, by, today=today, anywhere=ANYWHERE), by, today=today)


def finding(path: str, more: str = "") -> str:
    return f'{{findings: [{{protocol: tcp, ports: "1-9", path: {path}{more}}}]}}'


def test_a_case_says_what_it_takes_to_decide_the_instance_the_same() -> None:
    given = (
        '{instance: i-1, account: "111122223333", region: eu-west-1, vpc: vpc-1, subnet: subnet-1, '
        "unobserved: STOPPED, tags: {Env: prod, Owner: me}, "
        "findings: [{protocol: tcp, ports: 22, path: [igw-1, sg-1], sources: [0.0.0.0/0]}]}"
    )

    assert written(given, today=date(2027, 3, 31)) == {
        "name": "i-1 is open, as seen on 2027-03-31",
        "given": {
            "instance": "i-1",
            "account": "111122223333",
            "region": "eu-west-1",
            "vpc": "vpc-1",
            "subnet": "subnet-1",
            "tags": {"Env": "prod"},
            "unobserved": "STOPPED",
            "as_of": "2027-03-31",
            "findings": [
                {
                    "protocol": "tcp",
                    "ports": "22",
                    "path": ["internet-gateway", "security-group"],
                    "sources": ["0.0.0.0/0"],
                }
            ],
        },
        "expect": {"level": "open", "rules": ["anyone"], "raise_only": True},
    }


def test_an_instance_that_is_left_alone() -> None:
    assert written("{unobserved: STOPPED}") == {
        "name": "i-0 is left alone",
        "given": {"instance": "i-0", "unobserved": "STOPPED"},
        "expect": {"level": "leave"},
    }


@pytest.mark.parametrize(
    ("expected", "path"),
    [
        ("internet-gateway", "igw-2"),
        ("igw-1", "igw-1"),
        ("igw-1", '{type: "AWS::EC2::InternetGateway", id: igw-1}'),
        ("AWS::X::Y", '"AWS::X::Y"'),
        ("AWS::X::Z", '{type: "AWS::X::Z", id: x-1}'),
        ("x-1", "x-1"),
        ("unknown", "{type: plain, id: word}"),
        ("unknown", "unknown"),
        ({"type": "AWS::X::Y", "id": "igw-1"}, '{type: "AWS::X::Y", id: igw-1}'),
    ],
)
def test_a_component_is_written_as_simply_as_the_policy_allows(expected: object, path: str) -> None:
    assert written(finding(f"[{path}]"), NAMING)["given"]["findings"][0]["path"] == [expected]


@pytest.mark.parametrize(
    ("expected", "sources"),
    [
        (None, ""),
        ([], ", sources: []"),
        (["0.0.0.0/0"], ", sources: [0.0.0.0/1, 128.0.0.0/1]"),
        (["10.0.0.0/8"], ', sources: [{ports: "0-4", cidrs: [10.0.0.0/8]}, {ports: "5-20", cidrs: [10.0.0.0/8]}]'),
        ([{"ports": "2-3", "cidrs": ["10.0.0.0/8"]}], ', sources: [{ports: "2-3", cidrs: [10.0.0.0/8]}]'),
        (
            [{"ports": "1", "cidrs": []}, {"ports": "3-9", "cidrs": ["::/0"]}],
            ', sources: [{ports: "3-9", cidrs: ["::/0"]}, {ports: 1, cidrs: []}]',
        ),
        (None, ", sources: [{ports: 80, cidrs: [10.0.0.0/8]}]"),
    ],
)
def test_sources_are_written_for_the_findings_own_ports(expected: object, sources: str) -> None:
    assert written(finding("[]", sources))["given"]["findings"][0].get("sources") == expected


def test_what_no_case_can_say_and_no_rule_can_ask_is_left_out() -> None:
    what = msgspec.structs.replace(
        evidence(finding("[]")), instance=Instance(id="mi-1", account="x"), coverage=Unobserved("")
    )
    closed = msgspec.structs.replace(what.findings[0], status=FindingStatus.CLOSED)
    what = msgspec.structs.replace(what, findings=(closed,))

    case = as_case(what, decide(what, POLICY, today=None, anywhere=ANYWHERE), POLICY, today=None)

    assert case["given"] == {"unobserved": "UNKNOWN"}
