"""The test server for Inspector: it answers like AWS, and it is as hard to please."""

from datetime import timedelta
from typing import Any

import pytest

from aws.clients import client, equals, network, post, refusal
from aws.endpoint import Endpoint
from aws.small import ADMIN, HERE, MEMBER, OTHER, STRANGER, THERE
from aws.world import NOW, World


def listed(inspector: Any, **arguments: Any) -> list[str]:
    pages = inspector.get_paginator("list_findings").paginate(**arguments)
    return [finding["findingArn"] for page in pages for finding in page["findings"]]


def covered(inspector: Any, **criteria: Any) -> list[str]:
    pages = inspector.get_paginator("list_coverage").paginate(filterCriteria=criteria)
    return [row["resourceId"] for page in pages for row in page["coveredResources"]]


def held(world: World, *accounts: str, region: str = HERE) -> list[str]:
    """Return the ARNs of all findings of these accounts, in the order in which they are listed."""
    places = [world.by_place[account, region] for account in accounts]
    return [arn for place in places for arn in sorted(finding.arn for finding in place.findings)]


def found_on(world: World, *names: str) -> set[str]:
    ids = {world.named(name).id for name in names}
    return {finding.arn for finding in world.findings if finding.instance in ids}


def test_pages_to_the_end_are_all_findings_of_the_region_once(endpoint: Endpoint) -> None:
    assert held(endpoint.world, ADMIN, MEMBER, OTHER) == listed(client(endpoint))
    assert endpoint.calls.count("ListFindings") == 5  # 15 findings, three a page


def test_a_page_size_of_the_client_is_honoured(endpoint: Endpoint) -> None:
    assert len(client(endpoint).list_findings(maxResults=2)["findings"]) == 2


def test_times_are_seconds_since_the_epoch(endpoint: Endpoint) -> None:
    answer = post(endpoint, "/findings/list", {})

    assert answer.status == 200
    assert isinstance(answer.body["findings"][0]["updatedAt"], float)


def test_statuses_are_alternatives_and_other_keys_narrow_them(endpoint: Endpoint) -> None:
    world, inspector = endpoint.world, client(endpoint)
    recent = [{"startInclusive": NOW - timedelta(days=1), "endInclusive": NOW}]

    closed = listed(inspector, filterCriteria=network("CLOSED", updatedAt=recent))
    suppressed_or_closed = listed(inspector, filterCriteria=network("SUPPRESSED", "CLOSED"))

    assert found_on(world, "closed-just-now") == set(closed)
    assert found_on(world, "suppressed", "closed-just-now", "closed-long-ago") == set(suppressed_or_closed)


def test_accounts_of_a_filter_are_alternatives(endpoint: Endpoint) -> None:
    accounts = {"awsAccountId": [equals(MEMBER), equals(OTHER), equals(STRANGER)]}

    assert held(endpoint.world, MEMBER, OTHER) == listed(client(endpoint), filterCriteria=accounts)


def test_instances_are_found_by_their_id_and_by_its_beginning(endpoint: Endpoint) -> None:
    world, inspector = endpoint.world, client(endpoint)
    instance = world.named("open").id

    by_id = listed(inspector, filterCriteria={"resourceId": [equals(instance)]})
    by_prefix = listed(inspector, filterCriteria={"resourceId": [equals("i-00", "PREFIX"), equals("i-1", "PREFIX")]})
    by_other_prefix = listed(inspector, filterCriteria={"resourceId": [equals("i-1", "PREFIX")]})

    assert found_on(world, "open") == set(by_id)
    assert held(world, ADMIN, MEMBER, OTHER) == by_prefix
    assert by_other_prefix == []


def test_what_is_not_equal_is_left_out(endpoint: Endpoint) -> None:
    others = {"awsAccountId": [equals(ADMIN, "NOT_EQUALS"), equals(OTHER, "NOT_EQUALS")]}

    assert held(endpoint.world, MEMBER) == listed(client(endpoint), filterCriteria=others)


def test_findings_of_other_types_are_listed_unless_filtered(endpoint: Endpoint) -> None:
    inspector = client(endpoint, region=THERE)
    package = found_on(endpoint.world, "with-a-weak-package")

    assert package <= set(listed(inspector))
    assert package.isdisjoint(listed(inspector, filterCriteria=network("ACTIVE")))


def test_coverage_has_a_row_an_account_and_a_row_an_instance(endpoint: Endpoint) -> None:
    inspector, place = client(endpoint, account=MEMBER), endpoint.world.by_place[MEMBER, HERE]

    assert covered(inspector) == [MEMBER, *(instance.id for instance in place.instances)]
    assert covered(inspector, scanType=[equals("NETWORK")], resourceType=[equals("AWS_ACCOUNT")]) == [MEMBER]


def test_coverage_is_filtered_by_account_and_reason(endpoint: Endpoint) -> None:
    paused = covered(
        client(endpoint, region=THERE),
        accountId=[equals(ADMIN)],
        scanStatusReason=[equals("EC2_INSTANCE_STOPPED"), equals("EXCLUDED_BY_TAG")],
    )

    names = "stopped-with-a-finding", "stopped", "excluded-by-tag"
    assert [endpoint.world.named(name).id for name in names] == paused


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/findings/list", {"maxResult": 1}, ""),
        ("/findings/list", {"maxResults": 101}, "maxResults"),
        ("/findings/list", {"maxResults": 0}, "maxResults"),
        ("/findings/list", {"maxResults": "1"}, "maxResults"),
        ("/findings/list", {"filterCriteria": {"status": [equals("ACTIVE")]}}, "filterCriteria"),
        ("/findings/list", {"filterCriteria": {"findingStatus": []}}, "filterCriteria.findingStatus"),
        ("/findings/list", {"filterCriteria": {"awsAccountId": [equals(ADMIN)] * 11}}, "filterCriteria.awsAccountId"),
        (
            "/findings/list",
            {"filterCriteria": {"resourceId": [equals("i-", "CONTAINS")]}},
            "filterCriteria.resourceId.1.member.comparison",
        ),
        ("/findings/list", {"sortCriteria": {"field": "SEVERITY"}}, "sortCriteria"),
        ("/coverage/list", {"maxResults": 201}, "maxResults"),
        (
            "/coverage/list",
            {"filterCriteria": {"resourceId": [equals("i-", "PREFIX")]}},
            "filterCriteria.resourceId.1.member.comparison",
        ),
        ("/members/list", {"maxResults": 51}, "maxResults"),
        ("/status/batch/get", {"accountIds": ["1"]}, "accountIds.1.member"),
        ("/status/batch/get", {"accountIds": [ADMIN] * 101}, "accountIds"),
    ],
)
def test_a_request_that_the_model_does_not_allow_is_refused(
    endpoint: Endpoint, path: str, body: dict[str, Any], field: str
) -> None:
    answer = post(endpoint, path, body)

    assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (400, "ValidationException")
    assert field in [problem["name"] for problem in answer.body["fields"]]


def test_the_largest_page_is_told_in_the_words_of_aws(endpoint: Endpoint) -> None:
    constraint = "failed to satisfy constraint: Member must have value less than or equal to 100"

    assert refusal(client(endpoint).list_findings, maxResults=101) == (
        400,
        "ValidationException",
        f"1 validation error detected: Value '101' at 'maxResults' {constraint}",
    )


@pytest.mark.parametrize("body", [{"filterCriteria": {"portRange": [{"beginInclusive": 22}]}}, {"sortCriteria": {}}])
def test_what_the_test_server_does_not_apply_is_refused_not_ignored(endpoint: Endpoint, body: dict[str, Any]) -> None:
    assert post(endpoint, "/findings/list", body).status == 400


def test_a_body_that_is_no_json_is_refused(endpoint: Endpoint) -> None:
    assert post(endpoint, "/findings/list", b"{").status == 400


def test_an_operation_that_is_not_served_is_refused(endpoint: Endpoint) -> None:
    assert refusal(client(endpoint).list_filters)[:2] == (404, "UnknownOperationException")


def test_a_token_is_good_for_the_same_listing_only(endpoint: Endpoint) -> None:
    token = client(endpoint).list_findings(maxResults=2)["nextToken"]

    others: list[tuple[Any, dict[str, Any]]] = [
        (client(endpoint), {"maxResults": 3}),
        (client(endpoint), {"maxResults": 2, "filterCriteria": network("ACTIVE")}),
        (client(endpoint, region=THERE), {"maxResults": 2}),
        (client(endpoint, account=MEMBER), {"maxResults": 2}),
    ]
    for changed, arguments in others:
        invalid = (400, "ValidationException", "The provided nextToken is invalid.")
        assert invalid == refusal(changed.list_findings, nextToken=token, **arguments)
    assert len(client(endpoint).list_findings(maxResults=2, nextToken=token)["findings"]) == 2
    assert refusal(client(endpoint).list_findings, nextToken="made up")[0] == 400


def test_a_member_sees_only_itself(endpoint: Endpoint) -> None:
    inspector = client(endpoint, account=MEMBER)

    assert held(endpoint.world, MEMBER) == listed(inspector)
    assert listed(inspector, filterCriteria={"awsAccountId": [equals(ADMIN)]}) == []
    assert refusal(inspector.list_members)[:2] == (403, "AccessDeniedException")
    assert inspector.get_delegated_admin_account()["delegatedAdmin"]["accountId"] == ADMIN


def test_an_account_where_inspector_is_off_is_denied_rather_than_told_of_nothing(endpoint: Endpoint) -> None:
    denied = refusal(client(endpoint, account=OTHER).list_findings)

    assert denied == (403, "AccessDeniedException", "Invoking account is not enabled.")


def test_a_stranger_is_denied(endpoint: Endpoint) -> None:
    assert refusal(client(endpoint, account=STRANGER).list_findings)[:2] == (403, "AccessDeniedException")


def test_a_key_of_nobody_is_refused_and_so_is_a_region_that_is_not_on(endpoint: Endpoint) -> None:
    unknown = refusal(client(endpoint, account="999999999999").list_findings)
    elsewhere = refusal(client(endpoint, region="ap-south-1").list_findings)

    assert {unknown[:2], elsewhere[:2]} == {(403, "UnrecognizedClientException")}


def test_statuses_tell_of_members_and_refuse_others(endpoint: Endpoint) -> None:
    asked = [ADMIN, MEMBER, OTHER, STRANGER]

    answer = client(endpoint).batch_get_account_status(accountIds=asked)

    statuses = [(state["accountId"], state["resourceState"]["ec2"]["status"]) for state in answer["accounts"]]
    assert statuses == [(ADMIN, "ENABLED"), (MEMBER, "ENABLED"), (OTHER, "DISABLED")]
    assert [failed["accountId"] for failed in answer["failedAccounts"]] == [STRANGER]


def test_members_are_listed_without_their_administrator(endpoint: Endpoint) -> None:
    members = client(endpoint).list_members()["members"]

    assert [(member["accountId"], member["relationshipStatus"]) for member in members] == [
        (MEMBER, "ENABLED"),
        (OTHER, "ENABLED"),
    ]
    assert len(client(endpoint).list_members(maxResults=1)["members"]) == 1


def test_a_report_is_waited_for_and_holds_active_findings_only(endpoint: Endpoint) -> None:
    inspector = client(endpoint)
    target = {"bucketName": "reports", "kmsKeyArn": "arn:aws:kms:us-east-1:111111111111:key/made-up"}

    report = inspector.create_findings_report(reportFormat="JSON", s3Destination=target)["reportId"]
    states = [inspector.get_findings_report_status(reportId=report)["status"] for _ in range(3)]

    (delivered,) = endpoint.inspector.reports.delivered
    assert states == ["IN_PROGRESS", "SUCCEEDED", "SUCCEEDED"]
    assert b'"status":"ACTIVE"' in delivered.body
    assert b'"status":"CLOSED"' not in delivered.body


def test_a_report_of_nothing_fails(endpoint: Endpoint) -> None:
    inspector = client(endpoint)
    target = {"bucketName": "reports", "kmsKeyArn": "arn:aws:kms:us-east-1:111111111111:key/made-up"}
    nothing = {"resourceId": [equals("i-nowhere")]}

    report = inspector.create_findings_report(reportFormat="JSON", s3Destination=target, filterCriteria=nothing)
    inspector.get_findings_report_status(reportId=report["reportId"])

    status = inspector.get_findings_report_status(reportId=report["reportId"])
    assert (status["status"], status["errorCode"]) == ("FAILED", "NO_FINDINGS_FOUND")
