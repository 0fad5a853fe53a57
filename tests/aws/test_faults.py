"""Faults of the test server: where they are put, and what botocore makes of them."""

import http.client
import itertools
import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import IncompleteRead
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from aws.clients import client, equals, post, refusal, signed
from aws.endpoint import Endpoint, aws
from aws.faults import Fault, Kind
from aws.fleet import fleet
from aws.small import ADMIN, HERE, MEMBER, THERE

ONE_ACCOUNT = {"awsAccountId": [equals(MEMBER)]}


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("kind", [Kind.THROTTLED, Kind.FAILED, Kind.RESET])
def test_a_passing_fault_is_got_over(endpoint: Endpoint, kind: Kind) -> None:
    endpoint.faults.add(Fault(kind=kind, times=2))

    assert client(endpoint, attempts=3).list_findings()["findings"]
    assert len(endpoint.calls) == 3


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.THROTTLED, (429, "ThrottlingException")),
        (Kind.FAILED, (500, "InternalServerException")),
        (Kind.DENIED, (403, "AccessDeniedException")),
    ],
)
def test_a_lasting_fault_is_an_error_of_the_service(endpoint: Endpoint, kind: Kind, expected: tuple[int, str]) -> None:
    endpoint.faults.add(Fault(kind=kind))

    assert expected == refusal(client(endpoint).list_findings)[:2]


def test_a_throttled_answer_says_when_to_try_again(endpoint: Endpoint) -> None:
    endpoint.faults.add(Fault(kind=Kind.THROTTLED))

    assert post(endpoint, "/findings/list", {}).headers["Retry-After"] == "1"


def test_a_reset_connection_is_one_to_botocore(endpoint: Endpoint) -> None:
    endpoint.faults.add(Fault(kind=Kind.RESET))

    with pytest.raises(ConnectionClosedError):
        client(endpoint).list_findings()
    assert [call.status for call in endpoint.calls] == [0]


def test_a_hanging_call_times_out_and_ends_with_the_server(endpoint: Endpoint) -> None:
    endpoint.faults.add(Fault(kind=Kind.HANGING))

    with pytest.raises(ReadTimeoutError):
        client(endpoint, read_timeout=0.2).list_findings()


def test_a_truncated_answer_is_one_without_findings_to_botocore(endpoint: Endpoint) -> None:
    endpoint.faults.add(Fault(kind=Kind.TRUNCATED))

    assert set(client(endpoint).list_findings()) == {"ResponseMetadata"}
    with pytest.raises(IncompleteRead):
        post(endpoint, "/findings/list", {})


def test_a_fault_hits_one_page_of_one_account_in_one_region(endpoint: Endpoint) -> None:
    there = Fault(kind=Kind.DENIED, operation="ListFindings", account=ADMIN, region=THERE)
    endpoint.faults.add(there, Fault(kind=Kind.DENIED, operation="ListFindings", account=MEMBER, region=HERE, page=2))
    here = client(endpoint)

    first = here.list_findings(filterCriteria=ONE_ACCOUNT, maxResults=2)

    token = first["nextToken"]
    assert refusal(here.list_findings, filterCriteria=ONE_ACCOUNT, maxResults=2, nextToken=token)[0] == 403
    assert refusal(client(endpoint, region=THERE).list_findings)[0] == 403
    assert here.list_findings()["findings"]
    assert here.list_coverage(filterCriteria={"accountId": [equals(MEMBER)]})["coveredResources"]


def test_a_delayed_call_takes_as_much_longer(endpoint: Endpoint) -> None:
    endpoint.latency = 0.05
    endpoint.faults.add(Fault(kind=Kind.DELAYED, seconds=0.15, times=1))
    began = time.perf_counter()

    post(endpoint, "/findings/list", {})
    post(endpoint, "/findings/list", {})

    slow, usual = (call.ended - call.started for call in endpoint.calls)
    assert slow == pytest.approx(0.2, abs=0.02)
    assert usual == pytest.approx(0.05, abs=0.02)
    assert time.perf_counter() - began >= 0.25


def throttled_calls(endpoint: Endpoint, *, backwards: bool) -> set[tuple[str, int]]:
    """Ask for the same fifty things in one order or the other, twice each, and return which were throttled."""
    bodies = [{"filterCriteria": {"resourceId": [equals(f"i-{number}")]}} for number in range(50)]
    throttled = set()
    for body, attempt in itertools.product(bodies[:: -1 if backwards else 1], range(2)):
        if post(endpoint, "/findings/list", body).status == 429:
            throttled.add((body["filterCriteria"]["resourceId"][0]["value"], attempt))
    return throttled


def test_a_share_of_calls_is_throttled_whatever_their_order() -> None:
    seen = []
    for backwards in (False, True):
        with aws(fleet(1, 1, 1), ec2=False) as endpoint:
            endpoint.faults.throttle(0.2, seed=7)
            seen.append(throttled_calls(endpoint, backwards=backwards))

    assert seen[0] == seen[1]
    assert 10 <= len(seen[0]) <= 30


def test_calls_are_counted_by_operation_partition_and_page(endpoint: Endpoint) -> None:
    inspector = client(endpoint)
    for _ in inspector.get_paginator("list_findings").paginate(
        filterCriteria=ONE_ACCOUNT, PaginationConfig={"PageSize": 2}
    ):
        pass
    client(endpoint, region=THERE).batch_get_account_status(accountIds=[ADMIN, MEMBER])

    assert dict(endpoint.calls.per_operation()) == {"ListFindings": 2, "BatchGetAccountStatus": 1}
    assert dict(endpoint.calls.per_partition("ListFindings")) == {(MEMBER, HERE): 2}
    assert dict(endpoint.calls.per_partition("BatchGetAccountStatus")) == {(ADMIN, THERE): 1, (MEMBER, THERE): 1}
    assert endpoint.calls.count("ListFindings", account=MEMBER, region=HERE, status=200, page=2) == 1


def read_all(url: str, account: str, begun: threading.Barrier) -> int:
    """Read an account's findings over one connection without parsing them, and return how many pages there were."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    body: dict[str, Any] = {"filterCriteria": {"awsAccountId": [equals(account)]}, "maxResults": 100}
    connection.connect()
    begun.wait()
    for page in itertools.count(1):
        connection.request("POST", "/findings/list", json.dumps(body), signed(account))
        answer = connection.getresponse().read()
        token = re.search(rb'"nextToken":"([^"]+)"', answer[-300:])
        if token is None:
            connection.close()
            return page
        body["nextToken"] = token[1].decode()
    raise AssertionError


def test_latency_holds_for_32_clients_at_once() -> None:
    world = fleet(32, 1, 32 * 500, instances=50)
    with aws(world, ec2=False) as endpoint, ThreadPoolExecutor(32) as threads:
        endpoint.latency = 0.1
        begun = threading.Barrier(32)
        pages = threads.map(read_all, [endpoint.url] * 32, [account.id for account in world.accounts], [begun] * 32)
        assert sum(pages) == 32 * 5

    assert endpoint.calls.count("ListFindings") == 32 * 5
    assert endpoint.calls.most_at_once() == 32
    assert endpoint.calls.ideal(32) == pytest.approx(0.5)
    # One after the other they would take 32 times the ideal. How near to it they come, the benchmark prints.
    assert endpoint.calls.wall() < 3 * endpoint.calls.ideal(32)
