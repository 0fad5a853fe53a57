"""Asking for scans: a courtesy that never fails a run, and is never asked for twice in the dark."""

from typing import Any

import pytest

from exposurectl.demo.clock import SimulatedClock
from exposurectl.targets.pacing import Pace
from exposurectl.targets.scans import Asked, FutureVulsScanner, NotAsked
from exposurectl.targets.token import Token
from targets.scripted import CANARY, Reset, Scripted

POST = "POST /v1/server/scan/7"
TAKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def scanner(scripted: Scripted, clock: SimulatedClock) -> FutureVulsScanner:
    pace = Pace(600_000, clock, burst=10_000)
    return FutureVulsScanner(scripted.url, Token(CANARY), group="prod", clock=clock, pace=pace, jitter=lambda _: 0.0)


@pytest.mark.parametrize(
    "reply",
    [
        TAKEN,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue",
    ],
)
def test_a_scan_is_asked_for_without_a_body(scripted: Scripted, scanner: FutureVulsScanner, reply: bytes) -> None:
    scripted.answer(reply)

    assert scanner.scan(7) == Asked()

    (request,) = scripted.requests
    assert (request.line, request.body, request.headers["content-length"]) == (POST, b"", "0")
    assert request.headers["authorization"] == CANARY


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reset(), "no whole reply: [Errno 104] Connection reset by peer"),
        (b"", "no whole reply: Remote end closed connection without response"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "the reply was cut or garbled"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "the reply was cut or garbled"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
            "no whole reply: IncompleteRead(2 bytes read, 7 more expected)",
        ),
    ],
)
def test_a_request_without_a_clear_answer_is_not_repeated(
    scripted: Scripted, scanner: FutureVulsScanner, reply: Any, why: str
) -> None:
    scripted.answer(reply)

    assert scanner.scan(7) == NotAsked(why=why)
    assert scripted.lines == [POST]


@pytest.mark.parametrize(
    ("status", "body", "attempts", "stops", "why"),
    [
        (503, "", 6, False, "answered 503 without a body"),
        (429, "", 6, False, "answered 429 without a body"),
        (500, "", 3, False, "answered 500 without a body"),
        (400, '{"message": "pseudo"}', 1, False, "answered 400: pseudo"),
        (404, "", 1, False, "answered 404: the server is gone, or cannot be scanned like this"),
        (403, '{"message": "may not scan"}', 1, True, "answered 403: may not scan"),
        (403, "<html>", 2, True, "answered 403: <html>"),
        (401, "", 1, True, "answered 401 without a body"),
        (302, "", 1, True, "answered 302 without a body"),
        (200, "Authorization failed", 1, True, "answered in plain text: Authorization failed"),
        (200, '{"message": "no"}', 1, False, "answered with an error: no"),
        (202, "", 1, False, "answered 202 without a body"),
    ],
)
def test_a_refusal_is_a_value_and_says_whether_asking_on_makes_sense(
    scripted: Scripted,
    scanner: FutureVulsScanner,
    *,
    status: int,
    body: str,
    attempts: int,
    stops: bool,
    why: str,
) -> None:
    scripted.answer(scripted.text(status, body))

    assert scanner.scan(7) == NotAsked(why=why, stops=stops)
    assert scripted.lines == [POST] * attempts


def test_a_busy_service_is_asked_again(scripted: Scripted, scanner: FutureVulsScanner) -> None:
    scripted.answer(scripted.text(503), TAKEN)

    assert scanner.scan(7) == Asked()
    assert scripted.lines == [POST] * 2


def test_scans_keep_the_pace(scripted: Scripted, clock: SimulatedClock) -> None:
    scanner = FutureVulsScanner(
        scripted.url, Token(CANARY), group="prod", clock=clock, pace=Pace(20, clock), jitter=lambda _: 0.0
    )
    scripted.answer(TAKEN)

    for server in range(45):
        scanner.scan(server)

    assert 120 <= clock.monotonic() <= 130
