"""One address for STS, Inspector and what moto serves, with the same accounts and credentials everywhere."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from aws.clients import client, refusal
from aws.endpoint import Endpoint, aws
from aws.faults import Fault, Kind
from aws.small import ADMIN, HERE, MEMBER, OTHER, STRANGER, THERE, small_world
from aws.world import LONG_AGO, ROLE

ROLE_ARN = f"arn:aws:iam::{MEMBER}:role/{ROLE}"


def assumed(endpoint: Endpoint, service: str, *, region: str = HERE, **changes: str) -> Any:
    """Return a client with the credentials of the member's role."""
    sts = client(endpoint, "sts")
    granted = sts.assume_role(RoleArn=ROLE_ARN, RoleSessionName="test")["Credentials"]
    keys = {
        "aws_access_key_id": granted["AccessKeyId"],
        "aws_secret_access_key": granted["SecretAccessKey"],
        "aws_session_token": granted["SessionToken"],
    }
    return boto3.client(service, region_name=region, endpoint_url=endpoint.url, **(keys | changes))


def test_callers_are_told_who_they_are(endpoint: Endpoint) -> None:
    own = client(endpoint, "sts").get_caller_identity()
    role = assumed(endpoint, "sts").get_caller_identity()

    assert (own["Account"], own["Arn"]) == (ADMIN, f"arn:aws:iam::{ADMIN}:user/made-up")
    assert (role["Account"], role["Arn"]) == (MEMBER, f"arn:aws:sts::{MEMBER}:assumed-role/{ROLE}/test")


def test_an_assumed_role_sees_what_its_account_sees(endpoint: Endpoint) -> None:
    findings = assumed(endpoint, "inspector2").list_findings()["findings"]

    assert {finding["awsAccountId"] for finding in findings} == {MEMBER}


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:iam::{MEMBER}:role/another",
        f"arn:aws:iam::999999999999:role/{ROLE}",
        f"arn:aws-cn:iam::{MEMBER}:role/{ROLE}",
    ],
)
def test_a_role_that_there_is_not_is_denied(endpoint: Endpoint, arn: str) -> None:
    denied = refusal(client(endpoint, "sts").assume_role, RoleArn=arn, RoleSessionName="test")

    message = f"User: arn:aws:iam::{ADMIN}:user/made-up is not authorized to perform: sts:AssumeRole on resource: {arn}"
    assert denied == (403, "AccessDenied", message)


def test_a_key_without_its_session_token_is_of_nobody(endpoint: Endpoint) -> None:
    thief = assumed(endpoint, "inspector2", aws_session_token="another")

    assert refusal(thief.list_findings)[:2] == (403, "UnrecognizedClientException")


def test_sts_fails_when_it_is_told_to(endpoint: Endpoint) -> None:
    endpoint.faults.add(Fault(kind=Kind.DENIED, operation="AssumeRole", account=ADMIN))

    denied = refusal(client(endpoint, "sts").assume_role, RoleArn=ROLE_ARN, RoleSessionName="test")

    assert denied[:2] == (403, "AccessDenied")
    assert endpoint.calls.count("AssumeRole", status=403) == 1


def test_a_process_finds_the_endpoint_in_its_environment(endpoint: Endpoint) -> None:
    script = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}

    printed = subprocess.run(
        [sys.executable, "-c", script], env=environ | endpoint.environ, check=True, capture_output=True, text=True
    )

    assert printed.stdout.split() == [ADMIN]


def test_without_ec2_its_calls_say_so(endpoint: Endpoint) -> None:
    assert refusal(client(endpoint, "ec2").describe_instances)[:2] == (501, "NotImplemented")


@pytest.fixture(scope="module")
def whole() -> Iterator[Endpoint]:
    with aws(small_world()) as served:
        yield served
        assert served.problems == []


def inventory(ec2: Any) -> dict[str, dict[str, Any]]:
    pages = ec2.get_paginator("describe_instances").paginate()
    return {
        instance["InstanceId"]: instance
        for page in pages
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
    }


@pytest.mark.parametrize(("account", "region"), [(ADMIN, THERE), (MEMBER, HERE), (OTHER, HERE), (STRANGER, HERE)])
def test_moto_holds_each_accounts_instances_and_no_others(whole: Endpoint, account: str, region: str) -> None:
    place = whole.world.by_place.get((account, region))

    held = inventory(client(whole, "ec2", account=account, region=region))

    assert {instance.id: instance.state for instance in (place.instances if place else ())} == {
        identity: instance["State"]["Name"] for identity, instance in held.items()
    }


def test_moto_has_launch_times_tags_interfaces_and_groups_of_the_world(whole: Endpoint) -> None:
    expected = whole.world.named("open-by-another-group")

    held = inventory(assumed(whole, "ec2"))[expected.id]

    (interface,) = held["NetworkInterfaces"]
    assert (held["LaunchTime"], held["SubnetId"], held["VpcId"]) == (LONG_AGO, expected.subnet, expected.vpc)
    assert held["Tags"] == [{"Key": "Name", "Value": "open-by-another-group"}]
    assert interface["NetworkInterfaceId"] == expected.interface
    assert {group["GroupId"] for group in interface["Groups"]} == set(expected.groups)


def test_findings_name_motos_ids_from_the_gateway_to_the_instance(whole: Endpoint) -> None:
    instance = whole.world.named("controlled-by-prefix-list")
    (finding,) = (finding for finding in whole.world.findings if finding.instance == instance.id)
    ec2 = assumed(whole, "ec2")

    gateway, acl, group, interface, last = (step.id for step in finding.path or ())

    attached = ec2.describe_internet_gateways(InternetGatewayIds=[gateway])["InternetGateways"][0]["Attachments"][0]
    (rule,) = [
        rule
        for rule in ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])[
            "SecurityGroupRules"
        ]
        if not rule["IsEgress"]
    ]
    entries = ec2.get_managed_prefix_list_entries(PrefixListId=rule["PrefixListId"])["Entries"]
    held = ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"][0]
    denied = ec2.describe_network_acls(NetworkAclIds=[acl])["NetworkAcls"][0]["Entries"]
    assert (attached["VpcId"], last) == (instance.vpc, instance.id)
    assert {entry["Cidr"] for entry in entries} == {"203.0.113.0/24", "198.51.100.0/24"}
    assert held["Attachment"]["InstanceId"] == instance.id
    assert ("198.51.100.0/24", "deny") in {(entry.get("CidrBlock"), entry["RuleAction"]) for entry in denied}


def test_a_load_balancer_stands_before_its_targets(whole: Endpoint) -> None:
    elb = assumed(whole, "elbv2")

    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    (targets,) = elb.describe_target_groups(LoadBalancerArn=balancer["LoadBalancerArn"])["TargetGroups"]
    health = elb.describe_target_health(TargetGroupArn=targets["TargetGroupArn"])["TargetHealthDescriptions"]

    assert balancer["SecurityGroups"] == [whole.world.by_place[MEMBER, HERE].groups[0].id]
    assert [target["Target"]["Id"] for target in health] == [whole.world.named("behind-a-balancer").id]


def test_a_report_is_delivered_to_a_bucket_that_there_is(whole: Endpoint) -> None:
    s3, inspector = client(whole, "s3"), client(whole)
    s3.create_bucket(Bucket="reports")
    target = {"keyPrefix": "daily/", "kmsKeyArn": "arn:aws:kms:us-east-1:111111111111:key/made-up"}
    statuses = []

    for bucket in ("reports", "nowhere"):
        report = inspector.create_findings_report(reportFormat="JSON", s3Destination=target | {"bucketName": bucket})[
            "reportId"
        ]
        inspector.get_findings_report_status(reportId=report)
        statuses.append(inspector.get_findings_report_status(reportId=report).get("errorCode", "fine"))

    (key,) = (held["Key"] for held in s3.list_objects_v2(Bucket="reports", Prefix="daily/")["Contents"])
    written = json.loads(s3.get_object(Bucket="reports", Key=key)["Body"].read())
    assert statuses == ["fine", "BUCKET_NOT_FOUND"]
    assert {finding["status"] for finding in written["findings"]} == {"ACTIVE"}


def test_calls_that_moto_answers_fail_when_told_to_and_are_counted(whole: Endpoint) -> None:
    whole.calls.clear()
    whole.faults.add(Fault(kind=Kind.DENIED, operation="DescribeInstances", account=ADMIN, region=THERE, times=1))
    whole.faults.add(Fault(kind=Kind.THROTTLED, operation="DescribeVpcs", times=1))
    there = client(whole, "ec2", region=THERE)

    assert refusal(there.describe_instances)[:2] == (403, "UnauthorizedOperation")
    assert refusal(there.describe_vpcs)[:2] == (503, "RequestLimitExceeded")
    assert inventory(there)
    assert dict(whole.calls.per_operation()) == {"DescribeInstances": 2, "DescribeVpcs": 1}
    whole.faults.clear()
