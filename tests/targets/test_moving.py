"""Moving servers: what is sent, what is believed, and what is never repeated blindly."""

import json
from collections.abc import Callable

import pytest

from exposurectl.demo.clock import SimulatedClock
from exposurectl.diagnostics import ExposurectlError
from exposurectl.model import Server
from exposurectl.targets.moving import FutureVulsWriter
from exposurectl.targets.outcomes import Conflict, Failed, Gone, Moved, Unknown
from targets.scripted import Reset, Scripted

OLD, NEW, OTHER = 3, 5, 9
BEFORE = Server(id=7, uuid="u-7", name="web", role=OLD, instance="i-07", default_user=11)
AFTER = Server(id=7, uuid="u-7", name="web", role=NEW, instance="i-07", default_user=11)
PUT, GET = "PUT /v1/server/7", "GET /v1/server/7"


def row(role: int, **others: object) -> dict[str, object]:
    return {
        "id": 7,
        "serverUuid": "u-7",
        "serverName": "web",
        "serverroleId": role,
        "platformInstanceId": "i-07",
        "defaultUserId": 11,
        **others,
    }


def stopped(call: Callable[[], object]) -> ExposurectlError:
    with pytest.raises(ExposurectlError) as caught:
        call()
    return caught.value


def test_a_move_sends_the_role_and_nothing_else(scripted: Scripted, client: FutureVulsWriter) -> None:
    scripted.answer(scripted.json(row(NEW)))

    assert client.move(BEFORE, NEW) == Moved(server=AFTER, status=200, attempts=1)

    (request,) = scripted.requests
    assert request.line == PUT
    assert json.loads(request.body) == {"roleID": NEW}
    assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"] == "fvgs-canary-5e1f"


def test_a_server_that_is_gone_is_not_looked_for(scripted: Scripted, client: FutureVulsWriter) -> None:
    scripted.answer(scripted.json({"message": "not found"}, 404))

    assert client.move(BEFORE, NEW) == Gone(status=404, attempts=1)
    assert scripted.lines == [PUT]


@pytest.mark.parametrize("status", [400, 422, 409])
def test_a_rejected_move_is_certain_and_not_repeated(scripted: Scripted, client: FutureVulsWriter, status: int) -> None:
    scripted.answer(scripted.json({"message": "unknown role"}, status))

    assert client.move(BEFORE, NEW) == Failed(why=f"answered {status}: unknown role", status=status, attempts=1)
    assert scripted.lines == [PUT]


# What a PUT may meet without anybody knowing whether it was carried out.
UNCLEAR: dict[str, bytes] = {
    "closed before the status line": b"",
    "cut in the status line": b"HTTP/1.1 20",
    "no HTTP": b"\x00\xff garbage\r\n\r\n",
    "no reason to believe the version": b"HTTP/9.9.9 what\r\n\r\n",
    "cut in the headers": b"HTTP/1.1 200 OK\r\nContent-Le",
    "cut in the body": b'HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{"id": 7, "serverroleId": 5}',
    "cut JSON and no length": b'HTTP/1.1 200 OK\r\n\r\n{"id": 7, "serverroleId": 5',
    "no body": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{",
    "two lengths": b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 28\r\n\r\n{"id": 7, "serverroleId": 5}',
    "a chunk that is cut": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{}",
    "a chunk without a size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "a header of 2 MB": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 2_000_000 + b"\r\n\r\n{}",
    "a thousand headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n{}",
    "bytes that are no text": b"HTTP/1.1 200 OK\r\n\r\n\xff\xfe\xfd",
    "nesting without end": b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 200_000,
    "502": b"HTTP/1.1 502 x\r\nContent-Length: 0\r\n\r\n",
    "503": b"HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n",
    "504": b"HTTP/1.1 504 x\r\nContent-Length: 0\r\n\r\n",
    "500": b"HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n",
    "429": b"HTTP/1.1 429 x\r\nContent-Length: 0\r\n\r\n",
}
every_unclear_reply = pytest.mark.parametrize("unclear", UNCLEAR.values(), ids=list(UNCLEAR))


@every_unclear_reply
def test_a_move_without_a_clear_answer_is_read_and_only_then_repeated(
    scripted: Scripted, client: FutureVulsWriter, unclear: bytes
) -> None:
    scripted.answer(unclear, scripted.json(row(OLD)), scripted.json(row(NEW)))

    assert client.move(BEFORE, NEW) == Moved(server=AFTER, status=200, attempts=2)
    assert scripted.lines == [PUT, GET, PUT]


@every_unclear_reply
def test_a_move_that_was_carried_out_all_the_same_is_not_repeated(
    scripted: Scripted, client: FutureVulsWriter, unclear: bytes
) -> None:
    scripted.answer(unclear, scripted.json(row(NEW)))

    outcome = client.move(BEFORE, NEW)

    assert isinstance(outcome, Moved)
    assert (outcome.server, outcome.attempts) == (AFTER, 1)
    assert scripted.lines == [PUT, GET]


@every_unclear_reply
def test_a_server_found_elsewhere_was_moved_by_someone_else_and_stays_there(
    scripted: Scripted, client: FutureVulsWriter, unclear: bytes
) -> None:
    scripted.answer(unclear, scripted.json(row(OTHER)))

    outcome = client.move(BEFORE, NEW)

    assert isinstance(outcome, Conflict)
    assert (outcome.role, outcome.attempts) == (9, 1)
    assert scripted.lines == [PUT, GET]


@every_unclear_reply
@pytest.mark.parametrize("gone", [b"HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 200 x\r\n\r\n{}"])
def test_a_server_that_is_gone_meanwhile_is_gone(
    scripted: Scripted, client: FutureVulsWriter, unclear: bytes, gone: bytes
) -> None:
    scripted.answer(unclear, gone)

    assert isinstance(client.move(BEFORE, NEW), Gone)
    assert scripted.lines == [PUT, GET]


@every_unclear_reply
def test_a_server_that_cannot_be_read_afterwards_is_unknown(
    scripted: Scripted, client: FutureVulsWriter, unclear: bytes
) -> None:
    scripted.answer(unclear, scripted.text(503))

    outcome = client.move(BEFORE, NEW)

    assert isinstance(outcome, Unknown)
    assert outcome.why.endswith("; reading it again: answered 503 without a body")
    assert outcome.attempts == 1
    assert scripted.lines == [PUT] + [GET] * 6


def test_a_reset_connection_is_read_and_only_then_repeated(scripted: Scripted, client: FutureVulsWriter) -> None:
    scripted.answer(Reset(), scripted.json(row(OLD)), scripted.json(row(NEW)))

    assert client.move(BEFORE, NEW) == Moved(server=AFTER, status=200, attempts=2)


@pytest.mark.parametrize(
    ("reply", "attempts", "waited", "why"),
    [
        ((503, ""), 6, 93, "answered 503 without a body"),
        ((429, ""), 6, 93, "answered 429 without a body"),
        ((200, ""), 6, 93, "the reply was cut or garbled"),
        ((500, ""), 3, 9, "answered 500 without a body"),
    ],
)
def test_a_move_that_never_works_fails_after_as_many_attempts_as_make_sense(
    scripted: Scripted,
    client: FutureVulsWriter,
    clock: SimulatedClock,
    *,
    reply: tuple[int, str],
    attempts: int,
    waited: float,
    why: str,
) -> None:
    scripted.answer(*[scripted.text(*reply), scripted.json(row(OLD))] * attempts)

    assert client.move(BEFORE, NEW) == Failed(why=why, status=reply[0], attempts=attempts)
    assert scripted.lines == [PUT, GET] * attempts
    assert clock.monotonic() == pytest.approx(waited, abs=0.1)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (row(OLD), "answered with the server in role 3"),
        (row(OTHER), "answered with the server in role 9"),
        (row(NEW, id=8), "answered with server 8"),
        (row(NEW, id="7"), "`server` has a string as `id`, not an integer"),
        ([], "`server` is a list, not an object"),
        ({"message": "read only"}, "answered with an error: read only"),
        ({"error": {"message": "read only"}}, "answered with an error: read only"),
    ],
)
def test_a_reply_about_something_else_is_never_a_success(
    scripted: Scripted, client: FutureVulsWriter, value: object, why: str
) -> None:
    scripted.answer(scripted.json(value), scripted.json(row(OLD)))

    assert client.move(BEFORE, NEW) == Failed(why=why, status=200, attempts=1)
    assert scripted.lines == [PUT, GET]


def test_an_empty_object_in_reply_to_a_move_is_read_again(scripted: Scripted, client: FutureVulsWriter) -> None:
    scripted.answer(scripted.json({}), scripted.json({}))

    assert client.move(BEFORE, NEW) == Gone(status=200, attempts=1)
    assert scripted.lines == [PUT, GET]


@pytest.mark.parametrize("changed", [{"serverName": "renamed"}, {"defaultUserId": 12}, {"defaultUserId": None}])
@pytest.mark.parametrize("clear", [True, False])
def test_a_move_that_changes_more_than_the_role_stops_the_run(
    scripted: Scripted,
    client: FutureVulsWriter,
    changed: dict[str, object],
    clear: bool,  # noqa: FBT001 - a column
) -> None:
    scripted.answer(*([] if clear else [scripted.text(502)]), scripted.json(row(NEW, **changed)))

    error = stopped(lambda: client.move(BEFORE, NEW))

    (problem,) = error.problems
    assert error.reason == "field-changed"
    assert problem.summary == "More than the role changed"
    assert problem.detail == ("Group `prod`, PUT /v1/server/7: its name or its default user is not what it was.")


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, "Authorization failed", "auth"),
        (401, "", "auth"),
        (403, '{"message": "read only"}', "permission"),
        (307, "", "redirect"),
    ],
)
def test_trouble_that_every_move_would_meet_stops_the_run_after_one_put(
    scripted: Scripted, client: FutureVulsWriter, status: int, body: str, reason: str
) -> None:
    scripted.answer(scripted.text(status, body))

    error = stopped(lambda: client.move(BEFORE, NEW))

    assert error.reason == reason
    assert error.problems[0].detail.startswith("Group `prod`, PUT /v1/server/7: answered ")
    assert scripted.lines == [PUT]


def test_a_token_revoked_between_a_lost_move_and_its_reading_stops_the_run(
    scripted: Scripted, client: FutureVulsWriter
) -> None:
    scripted.answer(b"", scripted.text(401))

    error = stopped(lambda: client.move(BEFORE, NEW))

    assert error.reason == "auth"
    assert error.problems[0].detail == "Group `prod`, GET /v1/server/7: answered 401 without a body."
    assert scripted.lines == [PUT, GET]


def test_a_throttle_of_hours_stops_the_run(scripted: Scripted, client: FutureVulsWriter) -> None:
    scripted.answer(scripted.text(429, Retry_After="7200"))

    assert stopped(lambda: client.move(BEFORE, NEW)).reason == "throttled"
    assert scripted.lines == [PUT]


def test_a_throttled_move_waits_as_the_server_asks(
    scripted: Scripted, client: FutureVulsWriter, clock: SimulatedClock
) -> None:
    scripted.answer(scripted.text(429, Retry_After="40"), scripted.json(row(OLD)), scripted.json(row(NEW)))

    assert isinstance(client.move(BEFORE, NEW), Moved)
    assert clock.monotonic() == pytest.approx(40, abs=0.01)


def test_a_firewall_gets_one_more_request_after_a_minute(
    scripted: Scripted, client: FutureVulsWriter, clock: SimulatedClock
) -> None:
    scripted.answer(scripted.text(403, "<html>"))

    error = stopped(lambda: client.move(BEFORE, NEW))

    assert error.reason == "permission"
    assert "Perhaps a firewall throttles this address" in error.problems[0].hint
    assert scripted.lines == [PUT, GET]
    assert clock.monotonic() == 60


def test_a_move_after_a_firewall_opened_again_is_read_first(scripted: Scripted, client: FutureVulsWriter) -> None:
    scripted.answer(scripted.text(403), scripted.json(row(OLD)), scripted.json(row(NEW)))

    assert client.move(BEFORE, NEW) == Moved(server=AFTER, status=200, attempts=2)
