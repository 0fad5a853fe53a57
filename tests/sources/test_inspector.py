"""Findings read from Inspector over HTTP: against moto, and against a server that says what a test wants."""

import io
import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from exposurectl.diagnostics import Diagnostic, ExposurectlError, Place
from exposurectl.model import PortRange
from exposurectl.sources.inspector import list_findings
from exposurectl.sources.recorded import read_findings

Make = Callable[..., dict[str, Any]]
Answer = tuple[int, object]

AGAIN = "Run it again. Nothing is planned from a part of the findings."
REACH = "Check the name of the region, that the account has it enabled, and the way to the network."
SIGN_IN = "Sign in as the AWS CLI would: AWS_PROFILE, `aws sso login`, or a role of the machine."


class Inspector:
    """Stands in for Inspector's endpoint: answers in order, the last one for ever, and remembers what it was asked."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.signatures: list[str] = []
        self.answers: list[Answer] = []
        inspector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                inspector.signatures.append(self.headers.get("Authorization", ""))
                body = self.rfile.read(int(self.headers["Content-Length"]))
                inspector.requests.append({"path": self.path} | json.loads(body))
                status, answer = inspector.next_answer()
                content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                if isinstance(answer, dict) and "__type" in answer:
                    self.send_header("x-amzn-ErrorType", str(answer["__type"]))
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the base class's
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def next_answer(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(autouse=True)
def _no_aws_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def inspector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Inspector]:
    served = Inspector()
    monkeypatch.setenv("AWS_ENDPOINT_URL", served.url)
    yield served
    served.close()


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def session() -> boto3.Session:
    return boto3.Session(aws_access_key_id="AKIAMADEUPMADEUPMADE", aws_secret_access_key="made-up")


def seed(url: str, region: str, findings: list[dict[str, Any]]) -> None:
    body = json.dumps({"results": [findings], "account_id": "123456789012", "region": region}).encode()
    request = urllib.request.Request(
        f"{url}/moto-api/static/inspector2/findings-results", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 201


def in_region(finding: dict[str, Any], region: str) -> dict[str, Any]:
    resource = finding["resources"][0] | {"region": region}
    return finding | {"resources": [resource], "updatedAt": 1748629505.465}


def as_api(finding: dict[str, Any]) -> dict[str, Any]:
    return finding | {"updatedAt": 1748629505.465, "firstObservedAt": 1.7e9, "lastObservedAt": 1.7e9}


def problem_of(regions: list[str], session: boto3.Session) -> Diagnostic:
    with pytest.raises(ExposurectlError) as caught:
        list_findings(regions, session=session)
    assert caught.value.reason == "aws"
    (problem,) = caught.value.problems
    return problem


def unreadable(detail: str, hint: str, region: str = "us-east-1") -> Diagnostic:
    return Diagnostic(
        summary="Inspector could not be read",
        detail=f"ListFindings in {region} failed: {detail}",
        hint=hint,
        place=Place(f"inspector2:{region}"),
    )


def test_findings_of_two_regions_are_read_from_moto(
    moto: str, session: boto3.Session, made_finding: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    seed(moto, "us-east-1", [in_region(as_api(made_finding(1)), "us-east-1")])
    seed(moto, "eu-west-1", [in_region(as_api(made_finding(2, status="CLOSED")), "eu-west-1")])

    recorded = list_findings(["us-east-1", "eu-west-1"], session=session)

    assert [(finding.instance[-1], finding.region, finding.ports) for finding in recorded.findings] == [
        ("1", "us-east-1", PortRange(22, 22)),
        ("2", "eu-west-1", PortRange(22, 22)),
    ]
    assert recorded.records == 2


def test_only_network_findings_on_instances_are_asked_for_suppressed_ones_too(
    inspector: Inspector, session: boto3.Session
) -> None:
    inspector.answers = [(200, {"findings": []})]

    recorded = list_findings(["us-east-1"], session=session)

    assert recorded.findings == ()
    assert inspector.requests == [
        {
            "path": "/findings/list",
            "maxResults": 100,
            "filterCriteria": {
                "findingType": [{"comparison": "EQUALS", "value": "NETWORK_REACHABILITY"}],
                "resourceType": [{"comparison": "EQUALS", "value": "AWS_EC2_INSTANCE"}],
                "findingStatus": [
                    {"comparison": "EQUALS", "value": "ACTIVE"},
                    {"comparison": "EQUALS", "value": "SUPPRESSED"},
                ],
            },
        }
    ]


def test_requests_are_signed_for_each_region(inspector: Inspector, session: boto3.Session) -> None:
    inspector.answers = [(200, {"findings": []})]

    list_findings(["us-east-1", "eu-west-1", "us-east-1"], session=session)

    assert [signature.split("/")[2] for signature in inspector.signatures] == ["us-east-1", "eu-west-1"]


def test_every_page_is_read_even_an_empty_one(inspector: Inspector, session: boto3.Session, made_finding: Make) -> None:
    first = [as_api(made_finding(number)) for number in range(100)]
    last = [as_api(made_finding(number)) for number in range(100, 103)]
    inspector.answers = [
        (200, {"findings": first, "nextToken": "b"}),
        (200, {"findings": [], "nextToken": "c"}),
        (200, {"findings": last}),
    ]

    recorded = list_findings(["us-east-1"], session=session)

    assert (len(recorded.findings), recorded.records) == (103, 103)
    assert [request.get("nextToken") for request in inspector.requests] == [None, "b", "c"]
    assert {request["maxResults"] for request in inspector.requests} == {100}


def test_a_live_finding_reads_like_the_same_finding_recorded(
    inspector: Inspector, session: boto3.Session, made_finding: Make
) -> None:
    inspector.answers = [(200, {"findings": [as_api(made_finding(1))]})]

    live = list_findings(["us-east-1"], session=session)

    recorded = read_findings([("f.json", io.BytesIO(json.dumps([as_api(made_finding(1))]).encode()))])
    assert (live.findings, live.instances) == (recorded.findings, recorded.instances)


def test_a_damaged_record_is_named_with_its_region_and_index(
    inspector: Inspector, session: boto3.Session, made_finding: Make
) -> None:
    damaged = as_api(made_finding(2, status="?"))
    inspector.answers = [
        (200, {"findings": [as_api(made_finding(1))], "nextToken": "b"}),
        (200, {"findings": [damaged]}),
    ]

    with pytest.raises(ExposurectlError) as caught:
        list_findings(["us-east-1"], session=session)

    assert caught.value.problems == (
        Diagnostic(
            summary="Damaged finding",
            detail="Finding 1 (counting from 0): status: expected ACTIVE, SUPPRESSED or CLOSED, got '?'.",
            place=Place("inspector2:us-east-1"),
        ),
    )


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return how long botocore waited between attempts, without waiting."""
    waited: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", waited.append)
    return waited


@pytest.mark.usefixtures("waits")
def test_a_failed_page_is_asked_for_again(inspector: Inspector, session: boto3.Session, made_finding: Make) -> None:
    inspector.answers = [(500, {"__type": "InternalServerException"}), (200, {"findings": [as_api(made_finding(1))]})]

    assert len(list_findings(["us-east-1"], session=session).findings) == 1
    assert len(inspector.requests) == 2


@pytest.mark.parametrize(
    ("status", "code", "hint"),
    [(429, "ThrottlingException", "Wait a few minutes and run it again."), (500, "InternalServerException", AGAIN)],
)
def test_a_page_that_fails_eight_times_means_no_findings_at_all(
    inspector: Inspector, session: boto3.Session, waits: list[float], *, status: int, code: str, hint: str
) -> None:
    inspector.answers = [(status, {"__type": code, "message": "Busy"})]

    assert problem_of(["us-east-1"], session) == unreadable(
        f"An error occurred ({code}) when calling the ListFindings operation (reached max retries: 7): Busy.", hint
    )
    assert (len(inspector.requests), len(waits)) == (8, 7)


def test_a_page_that_is_refused_means_no_findings_at_all(
    inspector: Inspector, session: boto3.Session, made_finding: Make
) -> None:
    refusal = {"__type": "AccessDeniedException", "message": "User is not authorized"}
    inspector.answers = [(200, {"findings": [as_api(made_finding(1))], "nextToken": "b"}), (403, refusal)]

    assert problem_of(["us-east-1"], session) == unreadable(
        "An error occurred (AccessDeniedException) when calling the ListFindings operation: User is not authorized.",
        "Allow inspector2:ListFindings to these credentials, and check that Inspector is on.",
    )


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("ExpiredTokenException", SIGN_IN),
        ("UnrecognizedClientException", SIGN_IN),
        ("ValidationException", "Check that Inspector is activated in this region."),
        ("SomethingNew", AGAIN),
    ],
)
def test_a_refusal_says_what_to_do(inspector: Inspector, session: boto3.Session, code: str, hint: str) -> None:
    inspector.answers = [(400, {"__type": code, "message": "No."})]

    assert problem_of(["us-east-1"], session) == unreadable(
        f"An error occurred ({code}) when calling the ListFindings operation: No.", hint
    )


@pytest.mark.parametrize("answer", [{}, {"nextToken": "b"}, b"<html>proxy</html>", b""])
def test_an_answer_without_a_list_is_no_empty_list(
    inspector: Inspector, session: boto3.Session, answer: object
) -> None:
    inspector.answers = [(200, answer)]

    assert problem_of(["us-east-1"], session) == unreadable("the answer holds no list of findings.", AGAIN)


def test_a_time_that_botocore_cannot_read_is_an_error(
    inspector: Inspector, session: boto3.Session, made_finding: Make
) -> None:
    inspector.answers = [(200, {"findings": [made_finding(1, updatedAt="soon")]})]

    assert problem_of(["us-east-1"], session) == unreadable(
        'Invalid timestamp "soon": Unknown string format: soon.', AGAIN
    )


def test_a_listing_that_turns_in_a_circle_is_an_error(inspector: Inspector, session: boto3.Session) -> None:
    inspector.answers = [(200, {"findings": [], "nextToken": "same"})]

    problem = problem_of(["us-east-1"], session)

    assert problem.detail.startswith("ListFindings in us-east-1 failed: Error during pagination: The same next token")


def test_missing_credentials_say_how_to_sign_in(inspector: Inspector) -> None:
    inspector.answers = [(200, {"findings": []})]

    assert problem_of(["us-east-1"], boto3.Session()) == unreadable("Unable to locate credentials.", SIGN_IN)
    assert inspector.requests == []


@pytest.mark.usefixtures("waits")
def test_an_endpoint_that_nobody_serves_is_named(session: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")

    assert problem_of(["us-east-1"], session) == unreadable(
        'Could not connect to the endpoint URL: "http://127.0.0.1:1/findings/list".',
        REACH,
    )


def test_a_region_that_is_no_name_is_refused(session: boto3.Session) -> None:
    problem = problem_of(["not a region"], session)

    assert problem == unreadable(
        "Provided region_name 'not a region' doesn't match a supported format.", REACH, region="not a region"
    )
