"""Collecting from a whole organization, end to end: boto3 over HTTP, and the snapshot that comes of it."""

import math
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aws.endpoint import Endpoint, aws
from aws.fleet import fleet
from aws.small import ADMIN, HERE, MEMBER, OTHER, STRANGER, THERE, small_world
from aws.world import NOW, ROLE, World
from collecting import MIN_CLEAR_AGE, access_to, collected, reasons, recorded, whys
from exposurectl.demo.fleet import groups
from exposurectl.model import Evidence, FindingStatus, Unobserved
from exposurectl.sources.recording import Contents
from exposurectl.sources.snapshot import Snapshot

PAGE = 3
FILES = ("coverage.ndjson", "findings.ndjson", "ingress.ndjson", "instances.ndjson", "roles.ndjson", "servers.ndjson")


@pytest.fixture(scope="module")
def served() -> Iterator[Endpoint]:
    with aws(small_world(), largest_page=PAGE) as endpoint:
        endpoint.checks_answers = True
        yield endpoint


@pytest.fixture
def endpoint(served: Endpoint) -> Iterator[Endpoint]:
    served.calls.clear()
    yield served
    assert served.problems == []


@pytest.fixture(scope="module")
def contents(served: Endpoint) -> Contents:
    return collected(served, groups=groups())


@pytest.fixture(scope="module")
def snapshot(contents: Contents, tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return recorded(contents, tmp_path_factory.mktemp("collected"))


REASONS = {
    "open": "",
    "controlled": "",
    "open-by-halves": "",
    "open-by-ipv6": "",
    "open-to-everything": "",
    "open-by-udp": "",
    "quiet": "",
    "suppressed": "",
    "closed-just-now": "",
    "closed-long-ago": "",
    "found-twice": "",
    "behind-a-balancer": "",
    "controlled-by-prefix-list": "",
    "open-by-another-group": "",
    "unmanaged": "",
    "without-inventory": "",
    "stopped-with-a-finding": "EC2_INSTANCE_STOPPED",
    "stopped": "EC2_INSTANCE_STOPPED",
    "terminated": "RESOURCE_TERMINATED",
    "excluded-by-tag": "EXCLUDED_BY_TAG",
    "just-launched": "LAUNCHED_RECENTLY",
    "being-launched": "LAUNCHED_RECENTLY",
    "not-in-coverage": "NOT_IN_COVERAGE",
    "pending-disable": "PENDING_DISABLE",
    "access-denied": "ACCESS_DENIED",
    "scan-failed": "INTERNAL_ERROR",
    "in-a-paused-account": "INTERNAL_ERROR",
    "where-inspector-is-off": "ACCOUNT_DISABLED",
    "without-a-network-row": "NO_NETWORK_COVERAGE",
    "reached-by-peering": "NO_NETWORK_COVERAGE",
    "reached-without-steps": "NO_NETWORK_COVERAGE",
    "with-a-weak-package": "NO_NETWORK_COVERAGE",
}
"""Why each situation is not observed; nothing where Inspector vouches for it."""


@pytest.mark.parametrize(("name", "why"), REASONS.items(), ids=REASONS)
def test_an_instance_is_observed_or_says_why_not(served: Endpoint, snapshot: Snapshot, name: str, why: str) -> None:
    assert reasons(served, snapshot)[name] == why


def test_every_instance_of_the_organization_is_in_the_snapshot_once(served: Endpoint, snapshot: Snapshot) -> None:
    assert reasons(served, snapshot).keys() == REASONS.keys()
    assert len(snapshot.inventory.evidence) == len(list(served.world.instances))


def test_everything_that_was_read_is_complete(contents: Contents, snapshot: Snapshot) -> None:
    assert [(one.account, one.region, one.complete, one.ec2_status) for one in sorted_(contents)] == [
        (ADMIN, THERE, True, "ENABLED"),
        (ADMIN, HERE, True, "ENABLED"),
        (MEMBER, THERE, True, "ENABLED"),
        (MEMBER, HERE, True, "ENABLED"),
        (OTHER, THERE, True, "ENABLED"),
        (OTHER, HERE, True, "DISABLED"),
    ]
    assert contents.statuses == ("ACTIVE", "SUPPRESSED", "CLOSED")
    assert snapshot.inventory.gaps == ()


def sorted_(contents: Contents) -> list[Any]:
    return sorted(contents.partitions, key=lambda partition: (partition.account, partition.region))


def evidence_on(endpoint: Endpoint, snapshot: Snapshot, name: str) -> Evidence:
    wanted = endpoint.world.named(name).id
    return next(evidence for evidence in snapshot.inventory.evidence if evidence.instance.id == wanted)


SENDERS = {
    "controlled": {"203.0.113.0/24"},
    "controlled-by-prefix-list": {"203.0.113.0/24"},
    "open-by-ipv6": {"::/0"},
    "open-by-udp": {"0.0.0.0/0"},
    "behind-a-balancer": {"0.0.0.0/0"},
}


@pytest.mark.parametrize(("name", "networks"), SENDERS.items(), ids=SENDERS)
def test_who_may_send_stands_with_the_finding(
    served: Endpoint, snapshot: Snapshot, name: str, networks: set[str]
) -> None:
    (finding,) = evidence_on(served, snapshot, name).findings

    assert {str(network) for ingress in finding.ingress for network in ingress.networks} == networks


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("open", ["ACTIVE"]),
        ("suppressed", ["SUPPRESSED"]),
        ("closed-just-now", ["CLOSED"]),
        ("closed-long-ago", []),
        ("quiet", []),
        ("with-a-weak-package", []),
        ("found-twice", ["ACTIVE", "ACTIVE"]),
    ],
)
def test_findings_are_read_that_are_open_or_closed_lately(
    served: Endpoint, snapshot: Snapshot, name: str, statuses: list[str]
) -> None:
    found = evidence_on(served, snapshot, name).findings

    assert [finding.status for finding in found] == [FindingStatus(status) for status in statuses]


def test_servers_and_roles_are_in_the_snapshot(snapshot: Snapshot) -> None:
    assert snapshot.groups == tuple(sorted(groups(), key=lambda group: group.name))


def test_two_collects_of_the_same_world_give_the_same_bytes(
    endpoint: Endpoint, contents: Contents, tmp_path: Path
) -> None:
    recorded(contents, tmp_path / "one")
    recorded(collected(endpoint, groups=groups(), workers=1), tmp_path / "two")

    one, two = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two
    assert {*FILES} < one.keys()
    assert all(one.values())


def test_no_page_is_asked_for_twice_and_none_too_many(endpoint: Endpoint) -> None:
    collected(endpoint, access=access_to(endpoint))

    calls = endpoint.calls
    assert calls.count("ListFindings") == listings(endpoint.world, [[ADMIN, MEMBER, OTHER]], PAGE)
    assert Counter(call.asked for call in calls if call.asked.service == "inspector2").most_common(1)[0][1] == 1
    assert {call.status for call in calls} == {200}
    assert calls.count("GetCallerIdentity") == 1
    assert calls.count("AssumeRole") == 2
    assert calls.count("ListMembers") == calls.count("BatchGetAccountStatus") == 2


def listings(world: World, chunks: list[list[str]], page: int) -> int:
    """Return how many calls of ListFindings it takes: two listings a chunk and region, at least a page each."""
    since = NOW - MIN_CLEAR_AGE
    counted = 0
    for region in world.regions:
        for chunk in chunks:
            found = [
                finding
                for account in chunk
                for finding in world.by_place[account, region].findings
                if finding.type == "NETWORK_REACHABILITY"
            ]
            opened = sum(finding.status != "CLOSED" for finding in found)
            closed = sum(finding.status == "CLOSED" and finding.updated_at >= since for finding in found)
            counted += sum(max(math.ceil(number / page), 1) for number in (opened, closed))
    return counted


def asked_of(endpoint: Endpoint, operation: str, **how: Any) -> list[dict[str, Any]]:
    """Collect, and return the arguments of every call of an operation."""
    session = endpoint.session()
    access = access_to(endpoint, role=how.pop("role", ROLE), session=session)
    arguments: list[dict[str, Any]] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        arguments.append(dict(params))

    session.events.register(f"provide-client-params.inspector2.{operation}", note)
    collected(endpoint, access=access, **how)
    return arguments


def equals(*values: str) -> list[dict[str, str]]:
    return [{"comparison": "EQUALS", "value": value} for value in values]


def test_the_server_filters_findings(endpoint: Endpoint) -> None:
    asked = asked_of(endpoint, "ListFindings", regions=(HERE,))

    common = {
        "findingType": equals("NETWORK_REACHABILITY"),
        "resourceType": equals("AWS_EC2_INSTANCE"),
        "awsAccountId": equals(ADMIN, MEMBER, OTHER),
    }
    closed = {"findingStatus": equals("CLOSED"), "updatedAt": [{"startInclusive": NOW - timedelta(days=7)}]}
    first = sorted((one["filterCriteria"] for one in asked if "nextToken" not in one), key=str)
    expected = [common | {"findingStatus": equals("ACTIVE", "SUPPRESSED")}, common | closed]
    assert first == sorted(expected, key=str)
    assert {one["maxResults"] for one in asked} == {100}


def test_coverage_is_asked_for_by_network_scans_and_by_instances(endpoint: Endpoint) -> None:
    asked = asked_of(endpoint, "ListCoverage", regions=(HERE,))

    accounts = {"accountId": equals(ADMIN, MEMBER, OTHER)}
    assert [one["filterCriteria"] for one in asked if "nextToken" not in one] == [
        accounts | {"scanType": equals("NETWORK")},
        accounts | {"resourceType": equals("AWS_EC2_INSTANCE")},
    ]
    assert {one["maxResults"] for one in asked} == {200}


def test_ten_accounts_are_asked_about_at_a_time() -> None:
    world = fleet(23, 2, 460)
    with aws(world, ec2=False, largest_page=7) as endpoint:
        asked = asked_of(endpoint, "ListFindings", role="")

        accounts = [account.id for account in world.accounts]
        chunks = [accounts[:10], accounts[10:20], accounts[20:]]
        named = {tuple(entry["value"] for entry in one["filterCriteria"]["awsAccountId"]) for one in asked}
        assert named == set(map(tuple, chunks))
        assert endpoint.calls.count("ListFindings") == listings(world, chunks, 7)
        assert endpoint.calls.count("BatchGetAccountStatus") == 2


def test_a_member_sees_itself_only(endpoint: Endpoint, tmp_path: Path) -> None:
    access = access_to(endpoint, account=MEMBER)

    snapshot = recorded(collected(endpoint, access=access, organization=False), tmp_path)

    assert {evidence.instance.account for evidence in snapshot.inventory.evidence} == {MEMBER}
    assert snapshot.inventory.gaps == ()
    assert endpoint.calls.count("AssumeRole") == endpoint.calls.count("ListMembers") == 0


def test_a_member_that_asks_for_the_organization_has_a_gap(endpoint: Endpoint, tmp_path: Path) -> None:
    contents = collected(endpoint, access=access_to(endpoint, account=MEMBER), regions=(HERE,))

    assert list(whys(contents)) == [("", HERE)]
    assert whys(contents)["", HERE].startswith("ListMembers: AccessDeniedException")
    assert set(reasons(endpoint, recorded(contents, tmp_path)).values()) == {"NOT_READ"}


def test_without_an_organization_only_the_own_account_is_read(endpoint: Endpoint, tmp_path: Path) -> None:
    snapshot = recorded(collected(endpoint, organization=False), tmp_path)

    assert {evidence.instance.account for evidence in snapshot.inventory.evidence} == {ADMIN}
    assert {account for call in endpoint.calls for account in call.asked.accounts} == {ADMIN}


def test_without_a_role_other_accounts_are_not_in_the_inventory_which_is_no_gap(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    contents = collected(endpoint, access=access_to(endpoint, role=""))

    snapshot = recorded(contents, tmp_path)
    whys_by_account = {
        (evidence.instance.account, reasons(endpoint, snapshot)[evidence.instance.tag("Name") or ""])
        for evidence in snapshot.inventory.evidence
        if evidence.instance.account != ADMIN
    }
    assert whys_by_account == {(MEMBER, "NOT_IN_INVENTORY"), (OTHER, "NOT_IN_INVENTORY")}
    assert whys(contents) == {}
    assert endpoint.calls.count("AssumeRole") == 0
    behind = evidence_on(endpoint, snapshot, "controlled-by-prefix-list")
    assert [finding.ingress for finding in behind.findings] == [()]


def test_who_is_no_member_has_a_gap_everywhere(endpoint: Endpoint) -> None:
    contents = collected(endpoint, access=access_to(endpoint, account=STRANGER), organization=False, regions=(HERE,))

    why = whys(contents)[STRANGER, HERE]
    assert [part.split(":")[0] for part in why.split("; ")] == [
        "BatchGetAccountStatus",
        "ListCoverage",
        "ListFindings",
    ]


def test_a_region_that_is_named_twice_is_read_once(endpoint: Endpoint) -> None:
    contents = collected(endpoint, regions=(HERE, HERE), organization=False)

    assert [(one.account, one.region) for one in contents.partitions] == [(ADMIN, HERE)]
    assert endpoint.calls.count("ListCoverage", page=1) == 2


def test_an_account_with_as_many_findings_as_the_quota_is_not_observed(tmp_path: Path) -> None:
    world = fleet(1, 1, 10_000, instances=20)
    opened = tuple(msgspec.structs.replace(finding, status="ACTIVE") for finding in world.findings)
    full = msgspec.structs.replace(world.partitions[0], findings=opened)
    with aws(msgspec.structs.replace(world, partitions=(full,)), ec2=False) as endpoint:
        contents = collected(endpoint, organization=False)
        complete = [msgspec.structs.replace(one, complete=True, why="") for one in contents.partitions]

        snapshot = recorded(msgspec.structs.replace(contents, partitions=tuple(complete)), tmp_path)

        assert endpoint.calls.count("ListFindings") == 101
        detail = "The account has 10,000 network findings, which is the quota."
        assert {evidence.coverage for evidence in snapshot.inventory.evidence} == {Unobserved("FINDINGS_QUOTA", detail)}


def test_progress_only_grows_and_ends_whole(endpoint: Endpoint) -> None:
    seen: list[Any] = []

    contents = collected(endpoint, told=seen.append)

    assert [progress.done for progress in seen] == sorted(progress.done for progress in seen)
    assert [progress.known for progress in seen] == sorted(progress.known for progress in seen)
    assert seen[-1].done == seen[-1].known
    assert seen[-1].findings == len(list(contents.findings))


def test_no_more_calls_are_under_way_than_there_are_workers(endpoint: Endpoint) -> None:
    endpoint.latency = 0.02
    try:
        collected(endpoint, workers=3)
    finally:
        endpoint.latency = 0.0

    assert 1 < endpoint.calls.most_at_once() <= 3
