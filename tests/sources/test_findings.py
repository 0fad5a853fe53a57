import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from exposurectl.model import Component, Finding, FindingStatus, Instance, PortRange, Protocol
from exposurectl.sources.findings import Damaged, PassedOver, Sighting, decode_record

Make = Callable[..., dict[str, Any]]


def with_details(made_finding: Make, **changes: Any) -> dict[str, Any]:
    finding = made_finding()
    return finding | {"networkReachabilityDetails": finding["networkReachabilityDetails"] | changes}


def with_resource(made_finding: Make, **changes: Any) -> dict[str, Any]:
    finding = made_finding()
    return finding | {"resources": [finding["resources"][0] | changes]}


def without(record: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != key}


def sighting(record: dict[str, Any]) -> Sighting:
    decoded = decode_record(record)
    assert isinstance(decoded, Sighting), decoded
    return decoded


def test_a_finding_becomes_a_finding_and_its_instance(made_finding: Make) -> None:
    record = with_resource(made_finding, id=" I-0ABC ", tags={"b": "2", "a": None})

    assert decode_record(record) == Sighting(
        Finding(
            arn="arn:aws:inspector2:eu-central-1:123456789012:finding/00000000000000000000000000000001",
            account="123456789012",
            region="eu-central-1",
            instance="i-0abc",
            status=FindingStatus.ACTIVE,
            protocol=Protocol.TCP,
            ports=PortRange(22, 22),
            path=(
                Component("igw-261bab4d", "AWS::EC2::InternetGateway"),
                Component("acl-171b527d", "AWS::EC2::NetworkAcl"),
                Component("sg-0d34debf87410f2d9", "AWS::EC2::SecurityGroup"),
                Component("eni-094ad651219472857", "AWS::EC2::NetworkInterface"),
                Component("i-12345678901234567", "AWS::EC2::Instance"),
            ),
            updated_at=datetime(2024, 9, 5, 13, 6, 56, 334000, tzinfo=UTC),
        ),
        Instance(
            id="i-0abc",
            account="123456789012",
            region="eu-central-1",
            vpc="vpc-12345678",
            subnet="subnet-12345678",
            tags=(("a", ""), ("b", "2")),
        ),
    )


def test_a_component_without_id_or_type_has_empty_text(made_finding: Make) -> None:
    steps = [{"componentId": None, "componentType": "AWS::EC2::NetworkAcl"}, {"componentId": "x-1"}, {}]

    record = with_details(made_finding, networkPath={"steps": steps})

    path = (Component("", "AWS::EC2::NetworkAcl"), Component("x-1", ""), Component("", ""))
    assert sighting(record).finding.path == path


@pytest.mark.parametrize("path", [{}, {"steps": None}, {"steps": []}, None])
def test_a_path_may_have_no_steps(made_finding: Make, path: object) -> None:
    assert sighting(with_details(made_finding, networkPath=path)).finding.path == ()


def test_an_unknown_component_type_is_kept_as_it_is(made_finding: Make) -> None:
    steps = [{"componentId": "rift-1", "componentType": "AWS::Quantum::Rift", "componentArn": None}]

    record = with_details(made_finding, networkPath={"steps": steps})

    assert sighting(record).finding.path == (Component("rift-1", "AWS::Quantum::Rift"),)


@pytest.mark.parametrize("protocol", ["UDP", "udp", "Udp"])
def test_a_protocol_may_be_written_in_any_case(made_finding: Make, protocol: str) -> None:
    assert sighting(with_details(made_finding, protocol=protocol)).finding.protocol is Protocol.UDP


@pytest.mark.parametrize("status", list(FindingStatus))
def test_every_status_is_read(made_finding: Make, status: FindingStatus) -> None:
    assert sighting(made_finding(status=status.value)).finding.status is status


def test_the_whole_range_of_ports_is_read(made_finding: Make) -> None:
    record = with_details(made_finding, openPortRange={"begin": 0, "end": 65535})

    assert sighting(record).finding.ports == PortRange(0, 65535)


def test_the_region_comes_from_the_arn_where_the_resource_has_none(made_finding: Make) -> None:
    finding = sighting(with_resource(made_finding, region=None)).finding

    assert finding.region == "eu-central-1"


def test_an_arn_of_another_shape_is_accepted(made_finding: Make) -> None:
    assert sighting(made_finding(findingArn="FINDING_ID")).finding.arn == "FINDING_ID"


@pytest.mark.parametrize("details", [None, {}, {"awsEc2Instance": None}, {"vm": {"networkId": "vpc-1"}}])
def test_an_instance_may_lack_details(made_finding: Make, details: object) -> None:
    instance = sighting(with_resource(made_finding, details=details)).instance

    assert (instance.vpc, instance.subnet) == ("", "")


def test_the_last_observation_stands_in_for_a_missing_update(made_finding: Make) -> None:
    record = made_finding(lastObservedAt="2024-01-02T03:04:05Z")

    assert sighting(without(record, "updatedAt")).finding.updated_at == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_finding_may_lack_every_time(made_finding: Make) -> None:
    record = without(without(made_finding(), "updatedAt"), "lastObservedAt")

    assert sighting(record).finding.updated_at is None


def test_a_finding_of_another_type_is_passed_over_whatever_its_shape() -> None:
    assert decode_record({"type": "PACKAGE_VULNERABILITY", "resources": 7}) == PassedOver("PACKAGE_VULNERABILITY")


def test_a_network_finding_on_another_resource_is_passed_over_whatever_its_details() -> None:
    record = {
        "type": "NETWORK_REACHABILITY",
        "resources": [{"type": "AWS_LAMBDA_FUNCTION"}],
        "networkReachabilityDetails": 7,
    }

    assert decode_record(record) == PassedOver("NETWORK_REACHABILITY on AWS_LAMBDA_FUNCTION")


DAMAGE: list[tuple[str, Any, str]] = [
    ("type", "", "type: empty"),
    ("type", 7, "type: expected `str`, got `int`"),
    ("status", "OPEN", "status: expected ACTIVE, SUPPRESSED or CLOSED, got 'OPEN'"),
    ("status", "active", "status: expected ACTIVE, SUPPRESSED or CLOSED, got 'active'"),
    ("status", None, "status: expected `str`, got `null`"),
    ("findingArn", " ", "findingArn: empty"),
    ("findingArn", None, "findingArn: expected `str`, got `null`"),
    ("awsAccountId", "", "awsAccountId: empty"),
    ("awsAccountId", 123456789012, "awsAccountId: expected `str`, got `int`"),
    ("updatedAt", "today", "updatedAt: cannot read 'today' as a time: not a form that AWS writes"),
    ("updatedAt", {}, "updatedAt: expected `float | str | null`, got `object`"),
    ("lastObservedAt", "today", "lastObservedAt: cannot read 'today' as a time: not a form that AWS writes"),
    ("resources", [], "resources: expected one AWS_EC2_INSTANCE, got 0"),
    ("resources", None, "resources: expected `array`, got `null`"),
    ("resources", [{}], "resources[0].type: missing"),
    ("resources", [{"type": "AWS_EC2_INSTANCE"}], "resources[0].id: empty"),
    ("resources", [{"type": "AWS_EC2_INSTANCE", "id": 5}], "resources[0].id: expected `str`, got `int`"),
    ("resources", [{"type": "AWS_EC2_INSTANCE"}] * 2, "resources: expected one AWS_EC2_INSTANCE, got 2"),
    ("networkReachabilityDetails", None, "networkReachabilityDetails: expected `object`, got `null`"),
    (
        "networkReachabilityDetails.protocol",
        "ICMP",
        "networkReachabilityDetails.protocol: expected TCP or UDP, got 'ICMP'",
    ),
    ("networkReachabilityDetails.openPortRange", {"begin": 1}, "networkReachabilityDetails.openPortRange.end: missing"),
    (
        "networkReachabilityDetails.openPortRange",
        {"begin": "22", "end": 22},
        "networkReachabilityDetails.openPortRange.begin: expected `int`, got `str`",
    ),
    (
        "networkReachabilityDetails.openPortRange",
        {"begin": 23, "end": 22},
        "networkReachabilityDetails.openPortRange: expected begin <= end within 0 to 65535, got 23 to 22",
    ),
    (
        "networkReachabilityDetails.openPortRange",
        {"begin": 0, "end": 65536},
        "networkReachabilityDetails.openPortRange: expected begin <= end within 0 to 65535, got 0 to 65536",
    ),
    (
        "networkReachabilityDetails.networkPath",
        {"steps": [{"componentId": 7}]},
        "networkReachabilityDetails.networkPath.steps[0].componentId: expected `str | null`, got `int`",
    ),
]


@pytest.mark.parametrize(("key", "value", "problem"), DAMAGE, ids=[f"{key}={value}" for key, value, _ in DAMAGE])
def test_a_damaged_record_is_named_with_its_key(made_finding: Make, key: str, value: Any, problem: str) -> None:
    top, _, inner = key.partition(".")
    record = with_details(made_finding, **{inner: value}) if inner else made_finding(**{top: value})

    assert decode_record(record) == Damaged((problem,))


@pytest.mark.parametrize(
    "key", ["type", "status", "findingArn", "awsAccountId", "resources", "networkReachabilityDetails"]
)
def test_a_record_that_lacks_a_required_key_is_damaged(made_finding: Make, key: str) -> None:
    assert decode_record(without(made_finding(), key)) == Damaged((f"{key}: missing",))


def test_all_bad_values_of_a_record_are_named_at_once(made_finding: Make) -> None:
    record = made_finding(status="?", findingArn="", updatedAt="soon")

    assert decode_record(record) == Damaged(
        (
            "findingArn: empty",
            "status: expected ACTIVE, SUPPRESSED or CLOSED, got '?'",
            "updatedAt: cannot read 'soon' as a time: not a form that AWS writes",
        )
    )


def test_a_long_value_is_quoted_in_part_and_in_ascii(made_finding: Make) -> None:
    decoded = decode_record(made_finding(status="\u202e" + "x" * 500))

    quoted = "'\\u202e" + "x" * 113 + "…"
    assert decoded == Damaged((f"status: expected ACTIVE, SUPPRESSED or CLOSED, got {quoted}",))


@pytest.mark.parametrize("value", [None, 1, "x", [], [{}], True])
def test_a_record_that_is_no_object_is_damaged(value: object) -> None:
    kind = {type(None): "null", int: "int", str: "str", list: "array", bool: "bool"}[type(value)]

    assert decode_record(value) == Damaged((f"$: expected `object`, got `{kind}`",))


def test_json_round_trip_changes_nothing(made_finding: Make) -> None:
    record = made_finding()

    assert decode_record(json.loads(json.dumps(record))) == decode_record(record)
