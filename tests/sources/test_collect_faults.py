"""Collecting when AWS does not answer: what could not be read is a gap with its reason, and never a lowering."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aws.endpoint import Endpoint, aws
from aws.faults import Fault, Kind
from aws.small import ADMIN, HERE, MEMBER, OTHER, THERE, small_world
from collecting import access_to, collected, reasons, recorded, whys
from exposurectl.model import Evidence
from exposurectl.sources.recording import Contents
from exposurectl.sources.snapshot import Snapshot

PAGE = 3
WAITS = pytest.mark.usefixtures("waits")


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return how long botocore waited between attempts, without waiting."""
    waited: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", waited.append)
    return waited


@pytest.fixture(scope="module")
def served() -> Iterator[Endpoint]:
    with aws(small_world(), largest_page=PAGE) as endpoint:
        yield endpoint


@pytest.fixture
def endpoint(served: Endpoint) -> Iterator[Endpoint]:
    served.calls.clear()
    yield served
    served.faults.clear()
    assert served.problems == []


@pytest.fixture(scope="module")
def whole(served: Endpoint) -> Contents:
    """Return what is collected when nothing goes wrong."""
    return collected(served)


def gaps(endpoint: Endpoint, *faults: Fault, **how: Any) -> dict[tuple[str, str], str]:
    """Collect with these faults, and return the gaps."""
    endpoint.faults.add(*faults)
    return whys(collected(endpoint, **how))


def evidence_on(endpoint: Endpoint, snapshot: Snapshot, name: str) -> Evidence:
    wanted = endpoint.world.named(name).id
    return next(evidence for evidence in snapshot.inventory.evidence if evidence.instance.id == wanted)


@pytest.mark.parametrize("seed", range(2))
def test_throttling_every_fifth_call_loses_nothing_and_doubles_nothing(
    endpoint: Endpoint, whole: Contents, waits: list[float], tmp_path: Path, seed: int
) -> None:
    endpoint.faults.throttle(0.2, seed=seed)

    throttled = collected(endpoint, access=access_to(endpoint))

    recorded(whole, tmp_path / "whole")
    recorded(throttled, tmp_path / "throttled")
    files = [{path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("whole", "throttled")]
    assert files[0] == files[1]
    assert whys(throttled) == {}
    answered = {call.status for call in endpoint.calls}
    assert 200 in answered
    assert answered & {429, 503, 400}
    assert waits
    assert max(waits) <= 20


@WAITS
@pytest.mark.parametrize("kind", [Kind.FAILED, Kind.RESET, Kind.DENIED, Kind.TRUNCATED])
def test_a_region_that_fails_for_good_leaves_the_others_whole(
    endpoint: Endpoint, whole: Contents, tmp_path: Path, kind: Kind
) -> None:
    endpoint.faults.add(Fault(kind=kind, region=HERE))

    contents = collected(endpoint, access=access_to(endpoint))

    assert set(whys(contents)) == {("", HERE), (ADMIN, HERE)}
    assert whys(contents)["", HERE].startswith("ListMembers: ")
    snapshot = recorded(contents, tmp_path / "part")
    there = {evidence.instance.id: evidence for evidence in recorded(whole, tmp_path / "whole").inventory.evidence}
    assert snapshot.inventory.evidence
    assert all(evidence == there[evidence.instance.id] for evidence in snapshot.inventory.evidence)
    assert {evidence.instance.region for evidence in snapshot.inventory.evidence} == {THERE}


@WAITS
@pytest.mark.parametrize("kind", [Kind.FAILED, Kind.TRUNCATED])
def test_instances_of_a_region_whose_findings_fail_are_not_observed(
    endpoint: Endpoint, tmp_path: Path, kind: Kind
) -> None:
    endpoint.faults.add(Fault(kind=kind, region=HERE, operation="ListFindings"))

    contents = collected(endpoint, access=access_to(endpoint))

    assert set(whys(contents)) == {(account, HERE) for account in (ADMIN, MEMBER, OTHER)}
    snapshot = recorded(contents, tmp_path)
    evidence = evidence_on(endpoint, snapshot, "quiet")
    assert repr(evidence.coverage) == f"Unobserved(why='NOT_READ', detail={whys(contents)[ADMIN, HERE]!r})"
    assert {
        why
        for name, why in reasons(endpoint, snapshot).items()
        if (endpoint.world.named(name).id in ids_in(endpoint, HERE))
    } == {"NOT_READ"}
    assert reasons(endpoint, snapshot)["unmanaged"] == ""


def ids_in(endpoint: Endpoint, region: str) -> set[str]:
    return {
        instance.id
        for partition in endpoint.world.partitions
        if partition.region == region
        for instance in partition.instances
    }


ALL_HERE = {(account, HERE) for account in (ADMIN, MEMBER, OTHER)}
REFUSALS: list[tuple[Fault, set[tuple[str, str]], str]] = [
    (Fault(kind=Kind.DENIED, operation="ListFindings", page=2, region=HERE), ALL_HERE, "ListFindings: AccessDenied"),
    (Fault(kind=Kind.DENIED, operation="ListCoverage", region=HERE), ALL_HERE, "ListCoverage: AccessDenied"),
    (Fault(kind=Kind.DENIED, operation="ListCoverage", page=2, region=HERE), ALL_HERE, "ListCoverage: AccessDenied"),
    (
        Fault(kind=Kind.DENIED, operation="BatchGetAccountStatus", region=HERE),
        ALL_HERE,
        "BatchGetAccountStatus: AccessDenied",
    ),
    (
        Fault(kind=Kind.DENIED, operation="DescribeInstances", account=MEMBER, region=HERE),
        {(MEMBER, HERE)},
        "DescribeInstances: UnauthorizedOperation",
    ),
    (
        Fault(kind=Kind.DENIED, operation="DescribeSecurityGroupRules", account=MEMBER, region=HERE),
        {(MEMBER, HERE)},
        "DescribeSecurityGroupRules: UnauthorizedOperation",
    ),
    (
        Fault(kind=Kind.DENIED, operation="DescribeNetworkInterfaces", account=MEMBER, region=HERE),
        {(MEMBER, HERE)},
        "DescribeNetworkInterfaces: UnauthorizedOperation",
    ),
    (
        Fault(kind=Kind.DENIED, operation="GetManagedPrefixListEntries", account=MEMBER),
        {(MEMBER, HERE)},
        "GetManagedPrefixListEntries: UnauthorizedOperation",
    ),
]


@pytest.mark.parametrize(("fault", "places", "why"), REFUSALS, ids=lambda one: getattr(one, "operation", ""))
def test_each_refusal_is_a_gap_of_its_own(
    endpoint: Endpoint, fault: Fault, places: set[tuple[str, str]], why: str
) -> None:
    found = gaps(endpoint, fault)

    assert set(found) == places
    assert all(one.startswith(why) for one in found.values()), found


@WAITS
@pytest.mark.parametrize("kind", [Kind.RESET, Kind.TRUNCATED])
def test_a_failed_second_page_keeps_the_first_and_is_a_gap(endpoint: Endpoint, tmp_path: Path, kind: Kind) -> None:
    endpoint.faults.add(Fault(kind=kind, operation="ListFindings", page=2))

    contents = collected(endpoint, access=access_to(endpoint), regions=(HERE,))

    assert set(whys(contents)) == ALL_HERE
    kept = sum(len(evidence.findings) for evidence in recorded(contents, tmp_path).inventory.evidence)
    assert kept == PAGE + 1  # the first page of open findings, and all of the closed ones


def test_a_role_that_cannot_be_assumed_is_a_gap_in_every_region(endpoint: Endpoint) -> None:
    found = gaps(endpoint, Fault(kind=Kind.DENIED, operation="AssumeRole"), access=access_to(endpoint))

    assert set(found) == {(account, region) for account in (MEMBER, OTHER) for region in (HERE, THERE)}
    assert {why.split(": ")[0] for why in found.values()} == {"AssumeRole"}


def test_a_role_that_an_account_does_not_have_is_a_gap(endpoint: Endpoint) -> None:
    found = whys(collected(endpoint, access=access_to(endpoint, role="another"), regions=(HERE,)))

    assert set(found) == {(MEMBER, HERE), (OTHER, HERE)}
    assert found[OTHER, HERE].startswith("AssumeRole: AccessDenied: User: arn:aws:iam::111111111111:user/made-up")


def test_members_that_cannot_be_listed_are_a_gap_of_the_whole_region(endpoint: Endpoint) -> None:
    found = gaps(endpoint, Fault(kind=Kind.DENIED, operation="ListMembers", region=THERE), regions=(THERE,))

    assert set(found) == {("", THERE)}


def test_an_account_that_has_left_out_its_status_is_a_gap(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    visible = endpoint.inspector._visible
    monkeypatch.setattr(endpoint.inspector, "_visible", lambda caller: visible(caller) - {OTHER})

    contents = collected(endpoint, regions=(HERE,))

    assert whys(contents) == {(OTHER, HERE): "BatchGetAccountStatus: ACCESS_DENIED: The account is not a member."}
    statuses = {one.account: one.ec2_status for one in contents.partitions}
    assert statuses == {ADMIN: "ENABLED", MEMBER: "ENABLED", OTHER: ""}


def test_two_gaps_of_one_place_are_both_told(endpoint: Endpoint) -> None:
    found = gaps(
        endpoint,
        Fault(kind=Kind.DENIED, operation="ListCoverage", region=HERE),
        Fault(kind=Kind.DENIED, operation="ListFindings", region=HERE),
        organization=False,
    )

    coverage, findings = found[ADMIN, HERE].split("; ")
    assert coverage.startswith("ListCoverage: ")
    assert findings.startswith("ListFindings: ")


@WAITS
def test_what_fails_a_few_times_is_read_in_the_end(endpoint: Endpoint) -> None:
    endpoint.faults.add(
        Fault(kind=Kind.FAILED, operation="ListFindings", times=2),
        Fault(kind=Kind.RESET, operation="ListCoverage", times=2),
        Fault(kind=Kind.THROTTLED, operation="ListMembers", times=2),
        Fault(kind=Kind.RESET, operation="DescribeInstances", times=2),
        Fault(kind=Kind.FAILED, operation="DescribeSecurityGroupRules", times=2),
    )

    assert whys(collected(endpoint, access=access_to(endpoint), regions=(HERE,))) == {}


ODD_ANSWERS = {
    "empty": b"",
    "no JSON": b"<html>Sign in to the proxy</html>",
    "an empty object": b"{}",
    "a list": b"[]",
    "null": b"null",
    "a list of nothing": b'{"findings": null, "coveredResources": null, "members": null, "accounts": null}',
    "rows of another kind": b'{"findings": [1], "coveredResources": [1], "members": [1], "accounts": [1]}',
    "rows without members": b'{"findings": [{}], "coveredResources": [{}], "members": [{}], "accounts": [{}]}',
    "invalid UTF-8": b'{"findings": ["\xff"], "coveredResources": ["\xff"], "members": [], "accounts": []}',
    "half a page": b'{"findings": [{"awsAccountId": "1111',
}


@pytest.fixture(params=[*ODD_ANSWERS.values()], ids=[*ODD_ANSWERS])
def odd(request: pytest.FixtureRequest) -> Iterator[str]:
    """Serve one odd answer to everything, with status 200."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(request.param)))
            self.end_headers()
            self.wfile.write(request.param)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the base class's
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@WAITS
def test_an_answer_that_is_none_is_a_gap_and_not_an_empty_list(endpoint: Endpoint, odd: str) -> None:
    """A proxy that answers for Inspector alone: the rest of AWS is as ever."""

    class Session:
        """A session whose Inspector is elsewhere."""

        region_name = HERE
        _real = endpoint.session()

        def client(self, service: str, **how: Any) -> Any:
            where = {"endpoint_url": odd} if service == "inspector2" else {}
            return self._real.client(service, **how, **where)

    found = whys(collected(endpoint, access=access_to(endpoint, session=Session()), regions=(HERE,)))

    assert set(found) == {("", HERE), (ADMIN, HERE)} or set(found) == {(ADMIN, HERE)}
    operations = {part.split(": ")[0] for part in found[ADMIN, HERE].split("; ")}
    assert operations >= {"BatchGetAccountStatus", "ListCoverage", "ListFindings"}
