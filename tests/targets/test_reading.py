"""Reading through the client: what every kind of reply leads to, and how often it is asked for."""

import base64
import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from exposurectl import __version__
from exposurectl.demo.clock import SimulatedClock
from exposurectl.diagnostics import Diagnostic, ExposurectlError
from exposurectl.model import Group, Role, Server
from exposurectl.targets.futurevuls import FutureVuls
from exposurectl.targets.moving import FutureVulsWriter
from exposurectl.targets.pacing import Pace
from exposurectl.targets.token import Token
from targets.scripted import CANARY, Scripted

ROW = {"id": 7, "serverroleId": 3, "platformInstanceId": "i-07", "serverName": "web"}
SEVEN = Server(id=7, uuid="", name="web", role=3, instance="i-07")


def stopped(call: Callable[[], object]) -> ExposurectlError:
    with pytest.raises(ExposurectlError) as caught:
        call()

    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value.problems)
    assert CANARY not in shown
    return caught.value


def only_problem(error: ExposurectlError) -> Diagnostic:
    (problem,) = error.problems
    return problem


def test_a_request_carries_the_raw_token_and_nothing_that_could_be_answered_differently(
    scripted: Scripted, client: FutureVulsWriter
) -> None:
    scripted.answer(scripted.json(ROW))

    assert client.server(7) == SEVEN

    (request,) = scripted.requests
    host = request.headers.pop("host")
    assert request.line == "GET /v1/server/7"
    assert request.body == b""
    assert scripted.url.endswith(host)
    assert request.headers == {
        "authorization": CANARY,
        "accept": "application/json",
        "accept-encoding": "identity",
        "connection": "close",
        "user-agent": f"exposurectl/{__version__}",
    }


def test_neither_netrc_nor_a_proxy_of_the_environment_is_used(
    scripted: Scripted, client: FutureVulsWriter, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    scripted.answer(scripted.json(ROW))

    client.server(7)

    assert scripted.requests[0].headers["authorization"] == CANARY


def test_a_trailing_slash_of_the_url_does_not_double(
    scripted: Scripted, connect: Callable[..., FutureVulsWriter]
) -> None:
    scripted.answer(scripted.json(ROW))

    connect(scripted.url + "/").server(7)

    assert scripted.lines == ["GET /v1/server/7"]


def test_the_reading_class_cannot_write() -> None:
    public = {name for name in dir(FutureVuls) if not name.startswith("_")}

    assert public == {"health", "read_group", "requests", "roles", "server", "servers", "skew"}
    assert not any("put" in name.lower() or "move" in name.lower() for name in dir(FutureVuls))


@pytest.mark.parametrize(
    ("body", "well"), [("true", True), (" true\n", True), ("false", False), ("1", False), ("{}", False), ("ok", False)]
)
def test_health_is_a_bare_true(scripted: Scripted, client: FutureVulsWriter, body: str, well: bool) -> None:  # noqa: FBT001 - a table's column
    scripted.answer(scripted.text(200, body))

    assert client.health() is well
    assert scripted.lines == ["GET /health"]


def test_health_is_false_where_nobody_listens(connect: Callable[..., FutureVulsWriter]) -> None:
    assert connect("http://127.0.0.1:9").health() is False


TRANSIENT = {
    "nothing came back": b"",
    "500 in HTML, then a good reply": b"HTTP/1.1 500 x\r\nContent-Length: 6\r\n\r\n<html>",
    "502": b"HTTP/1.1 502 x\r\nContent-Length: 0\r\n\r\n",
    "503": b"HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n",
    "504": b"HTTP/1.1 504 x\r\nContent-Length: 0\r\n\r\n",
    "429": b"HTTP/1.1 429 x\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("trouble", TRANSIENT.values(), ids=list(TRANSIENT))
def test_passing_trouble_is_read_again(scripted: Scripted, client: FutureVulsWriter, trouble: bytes) -> None:
    scripted.answer(trouble, trouble, scripted.json(ROW))

    assert client.server(7) == SEVEN
    assert client.requests == len(scripted.requests) == 3


STATUSES: list[tuple[int, str, int, float, str, str, str]] = [
    # status, body, attempts, seconds waited, reason, summary, why
    (502, "", 6, 93, "unreachable", "FutureVuls gave no usable answer", "answered 502 without a body"),
    (503, "<p>busy</p>", 6, 93, "unreachable", "FutureVuls gave no usable answer", "answered 503: <p>busy</p>"),
    (504, "", 6, 93, "unreachable", "FutureVuls gave no usable answer", "answered 504 without a body"),
    (429, "", 6, 93, "throttled", "FutureVuls throttles this token", "answered 429 without a body"),
    (500, '{"message": "boom"}', 3, 9, "server-error", "FutureVuls failed", "answered 500: boom"),
    (501, "", 3, 9, "server-error", "FutureVuls failed", "answered 501 without a body"),
    (401, "no", 1, 0, "auth", "FutureVuls refused the token", "answered 401: no"),
    (200, "Authorization failed", 1, 0, "auth", "FutureVuls refused the token",
     "answered in plain text: Authorization failed"),
    (200, "<html>Hello</html>", 1, 0, "auth", "FutureVuls refused the token",
     "answered in plain text: <html>Hello</html>"),
    (200, f"Auth of {CANARY} failed", 1, 0, "auth", "FutureVuls refused the token",
     "answered in plain text: Auth of *** failed"),
    (403, '{"error": {"message": "read only"}}', 1, 0, "permission", "The token lacks the permission",
     "answered 403: read only"),
    (403, '{"error": "read only"}', 1, 0, "permission", "The token lacks the permission", "answered 403: read only"),
    (403, '"no"', 1, 0, "permission", "The token lacks the permission", 'answered 403: "no"'),
    (403, "<html>", 2, 60, "permission", "FutureVuls refused access without a reason", "answered 403: <html>"),
    (403, "", 2, 60, "permission", "FutureVuls refused access without a reason", "answered 403 without a body"),
    (400, '{"message": "bad"}', 1, 0, "request", "FutureVuls rejected the request", "answered 400: bad"),
    (422, "", 1, 0, "request", "FutureVuls rejected the request", "answered 422 without a body"),
    (405, "", 1, 0, "request", "FutureVuls rejected the request", "answered 405 without a body"),
    (301, "", 1, 0, "redirect", "FutureVuls answered with a redirect", "answered 301 without a body"),
    (304, "", 1, 0, "redirect", "FutureVuls answered with a redirect", "answered 304 without a body"),
    (202, "{}", 1, 0, "response", "FutureVuls gave an unexpected answer", "answered 202: {}"),
    (200, "", 6, 93, "unreachable", "FutureVuls gave no usable answer", "the reply was cut or garbled"),
    (200, '{"id": 7, "serv', 6, 93, "unreachable", "FutureVuls gave no usable answer", "the reply was cut or garbled"),
    (200, '[{"id"', 6, 93, "unreachable", "FutureVuls gave no usable answer", "the reply was cut or garbled"),
    (200, "\x00\x01\x02", 6, 93, "unreachable", "FutureVuls gave no usable answer", "the reply was cut or garbled"),
    (200, '{"message": "gone mad"}', 1, 0, "response", "FutureVuls gave an unexpected answer",
     "answered with an error: gone mad"),
    (200, '{"error": "gone mad"}', 1, 0, "response", "FutureVuls gave an unexpected answer",
     "answered with an error: gone mad"),
    (200, "[]", 1, 0, "response", "FutureVuls gave an unexpected answer", "`server` is a list, not an object"),
    (200, "null", 1, 0, "response", "FutureVuls gave an unexpected answer", "`server` is null, not an object"),
    (200, '{"id": 8, "serverroleId": 3, "platformInstanceId": ""}', 1, 0, "response",
     "FutureVuls gave an unexpected answer", "answered with server 8"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "attempts", "waited", "reason", "summary", "why"), STATUSES)
def test_a_reply_that_stays_bad_ends_the_run_after_as_many_attempts_as_make_sense(
    scripted: Scripted,
    client: FutureVulsWriter,
    clock: SimulatedClock,
    *,
    status: int,
    body: str,
    attempts: int,
    waited: float,
    reason: str,
    summary: str,
    why: str,
) -> None:
    scripted.answer(scripted.text(status, body))

    error = stopped(lambda: client.server(7))

    problem = only_problem(error)
    assert (error.reason, problem.summary) == (reason, summary)
    assert problem.detail == f"Group `prod`, GET /v1/server/7: {why}."
    assert problem.hint
    assert client.requests == len(scripted.requests) == attempts
    assert clock.monotonic() == pytest.approx(waited, abs=0.1)


def test_trouble_of_several_kinds_gets_no_more_attempts_than_trouble_of_one(
    scripted: Scripted, client: FutureVulsWriter
) -> None:
    scripted.answer(*(scripted.text(status) for status in [503, 429, 500] * 9))

    stopped(lambda: client.server(7))

    assert len(scripted.requests) == 6


@pytest.mark.parametrize(("status", "body"), [(404, "{}"), (404, "<html>"), (200, "{}"), (200, " {} ")])
def test_a_server_that_is_gone_is_none(scripted: Scripted, client: FutureVulsWriter, status: int, body: str) -> None:
    scripted.answer(scripted.text(status, body))

    assert client.server(7) is None
    assert len(scripted.requests) == 1


@pytest.mark.parametrize(
    ("header", "waited"),
    [
        ("45", 45),
        ("120", 120),
        ("1", 3),
        ("-9", 3),
        ("garbage", 3),
        ("Mon, 02 Nov 2026 03:05:00 GMT", 55),
    ],
)
def test_a_throttled_request_waits_as_the_server_asks_but_no_less_than_by_itself(
    scripted: Scripted, client: FutureVulsWriter, clock: SimulatedClock, header: str, waited: float
) -> None:
    scripted.answer(scripted.text(429, Retry_After=header), scripted.json(ROW))

    assert client.server(7) == SEVEN
    assert clock.monotonic() == pytest.approx(waited, abs=0.1)


@pytest.mark.parametrize("header", ["121", "999999999", "9" * 400, "Mon, 02 Nov 2026 04:00:00 GMT"])
def test_a_server_that_asks_for_more_than_two_minutes_is_not_waited_for(
    scripted: Scripted, client: FutureVulsWriter, clock: SimulatedClock, header: str
) -> None:
    scripted.answer(scripted.text(429, Retry_After=header))

    error = stopped(lambda: client.server(7))

    assert error.reason == "throttled"
    assert (len(scripted.requests), clock.monotonic()) == (1, 0)


@pytest.mark.parametrize("location", ["/elsewhere", "http://127.0.0.1:9/", "http://[", "\x80\xff", ""])
def test_a_redirect_is_not_followed(scripted: Scripted, client: FutureVulsWriter, location: str) -> None:
    scripted.answer(scripted.text(302, Location=location))

    error = stopped(lambda: client.server(7))

    assert error.reason == "redirect"
    assert scripted.lines == ["GET /v1/server/7"]


def test_a_port_where_nobody_listens_is_tried_six_times(
    connect: Callable[..., FutureVulsWriter], clock: SimulatedClock
) -> None:
    client = connect("http://127.0.0.1:9")

    error = stopped(lambda: client.server(7))

    assert error.reason == "unreachable"
    assert only_problem(error).detail == (
        "Group `prod`, GET /v1/server/7: no whole reply: [Errno 111] Connection refused."
    )
    assert client.requests == 6
    assert clock.monotonic() == pytest.approx(93)


@pytest.mark.parametrize(
    "echo",
    [
        f"HTTP/1.1 {CANARY} {CANARY}\r\n\r\n",
        f"{CANARY} is not HTTP\r\n\r\n",
        f"HTTP/1.1 200 OK\r\nContent-Length: {CANARY}\r\nContent-Length: 5\r\n\r\n",
        f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{CANARY}\r\n",
        f"HTTP/1.1 401 {CANARY}\r\nX-Echo: {CANARY}\r\n\r\n{CANARY}",
        f'HTTP/1.1 400 x\r\n\r\n{{"message": "{CANARY}"}}',
        f'HTTP/1.1 200 OK\r\n\r\n{{"error": "{CANARY}"}}',
        f'HTTP/1.1 200 OK\r\n\r\n{{"id": "{CANARY}", "{CANARY}": 5}}',
        f"HTTP/1.1 302 x\r\nLocation: https://{CANARY}@example.com/\r\n\r\n",
    ],
)
def test_a_token_that_the_server_echoes_stays_out_of_the_error(
    scripted: Scripted, client: FutureVulsWriter, caplog: pytest.LogCaptureFixture, echo: str
) -> None:
    caplog.set_level(logging.DEBUG, logger="exposurectl")
    scripted.answer(echo.encode())

    error = stopped(lambda: client.server(7))

    assert error.problems
    assert CANARY not in caplog.text


@pytest.mark.parametrize("throttle", [429, 403])
def test_throttled_replies_slow_the_pace_and_successes_bring_it_back(
    scripted: Scripted, clock: SimulatedClock, throttle: int
) -> None:
    pace = Pace(20, clock)
    client = FutureVuls(scripted.url, Token(CANARY), group="prod", clock=clock, pace=pace, jitter=lambda _: 0)
    scripted.answer(scripted.text(throttle), scripted.json(ROW))

    rates = []
    for _ in range(21):
        client.server(7)
        rates.append(pace.requests_per_minute)

    assert rates == [10.0] * 19 + [12.0] * 2


def test_a_failed_tls_handshake_is_not_tried_again(
    scripted: Scripted, connect: Callable[..., FutureVulsWriter]
) -> None:
    client = connect(scripted.url.replace("http:", "https:"))

    error = stopped(lambda: client.server(7))

    assert error.reason == "tls"
    assert only_problem(error).detail.startswith("Group `prod`, GET /v1/server/7: TLS failed: ")
    assert client.requests == 1


def test_a_run_whose_retries_are_spent_tries_each_request_once(scripted: Scripted, client: FutureVulsWriter) -> None:
    scripted.answer(scripted.text(503))
    for _ in range(4):
        stopped(lambda: client.server(7))
    assert client.requests == 24

    stopped(lambda: client.server(7))

    assert client.requests == 25


def test_a_long_run_may_retry_a_tenth_of_its_requests(scripted: Scripted, client: FutureVulsWriter) -> None:
    scripted.answer(scripted.json(ROW))
    for _ in range(300):
        client.server(7)
    scripted.answer(scripted.text(503))

    for _ in range(9):
        stopped(lambda: client.server(7))

    assert client.requests == 300 + 9 + 35


def test_logs_show_requests_without_the_token(
    scripted: Scripted, client: FutureVulsWriter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echoes = [CANARY, CANARY[::-1], base64.b64encode(CANARY.encode()).decode().rstrip("=")]
    scripted.answer(scripted.text(503, " ".join(echoes)), scripted.json(ROW))

    client.server(7)

    assert "GET /v1/server/7: answered 503: *** *** ***" in caplog.messages
    assert "GET /v1/server/7: Good" in caplog.messages
    assert not any(echo in caplog.text for echo in echoes)


def test_a_client_shows_no_token_however_it_is_printed(client: FutureVulsWriter) -> None:
    assert CANARY not in repr(client) + str(vars(client))


def test_a_group_is_its_servers_and_then_its_roles(scripted: Scripted, client: FutureVulsWriter) -> None:
    scripted.answer(
        scripted.json({"servers": [{**ROW, "id": 9}, ROW]}),
        scripted.json({"roles": [{"id": 4, "name": "b"}, {"id": 3, "name": "a", "isDefault": True}]}),
    )

    group = client.read_group()

    nine = Server(id=9, uuid="", name="web", role=3, instance="i-07")
    roles = (Role(id=3, name="a", is_default=True), Role(id=4, name="b"))
    assert group == Group(name="prod", servers=(SEVEN, nine), roles=roles)
    assert scripted.lines == ["GET /v1/servers?page=1&limit=1000", "GET /v1/roles?page=1&limit=100"]
