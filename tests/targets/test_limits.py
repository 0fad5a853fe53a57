"""Replies that never end, in time or in size."""

import gzip
import time
import tracemalloc
from collections.abc import Callable

import pytest

from exposurectl.demo.clock import SimulatedClock
from exposurectl.diagnostics import ExposurectlError
from exposurectl.model import Server
from exposurectl.targets.futurevuls import FutureVuls
from exposurectl.targets.moving import FutureVulsWriter
from exposurectl.targets.outcomes import Failed, Moved
from exposurectl.targets.pacing import Pace
from exposurectl.targets.token import Token
from exposurectl.targets.wire import DETAIL_LIMIT, LIST_LIMIT, LONGEST_EXCHANGE
from targets.scripted import Drip, Endless, Scripted, Stall

HEAD = b"HTTP/1.1 200 OK\r\n"
OLD = {"id": 7, "serverroleId": 3, "platformInstanceId": "i-07"}
NEW = {**OLD, "serverroleId": 5}
BEFORE = Server(id=7, uuid="", name="", role=3, instance="i-07")
MEBIBYTE = 1024 * 1024


def stopped(call: Callable[[], object]) -> ExposurectlError:
    with pytest.raises(ExposurectlError) as caught:
        call()
    return caught.value


def test_the_limits_are_the_promised_ones() -> None:
    assert (LONGEST_EXCHANGE, LIST_LIMIT, DETAIL_LIMIT) == (30, 16 * MEBIBYTE, 16 * MEBIBYTE)


@pytest.mark.parametrize(
    "content",
    [
        b"HTTP/1.1 200 OK, said slowly" * 40,
        HEAD + b"X-Slow: yes\r\n" * 60,
        HEAD + b"Content-Length: 500\r\n\r\n" + b" " * 500,
    ],
    ids=["status line", "headers", "body"],
)
def test_a_reply_that_drips_ends_at_the_deadline(
    scripted: Scripted, connect: Callable[..., FutureVulsWriter], content: bytes
) -> None:
    scripted.answer(Drip(content, 0.02), scripted.json(OLD))
    start = time.monotonic()

    found = connect(longest=0.3).server(7)

    assert found == BEFORE
    assert 0.25 < time.monotonic() - start < 5


def test_a_move_without_a_reply_ends_at_the_deadline_and_is_read_before_it_is_repeated(
    scripted: Scripted, connect: Callable[..., FutureVulsWriter]
) -> None:
    scripted.answer(Stall(30), scripted.json(OLD), scripted.json(NEW))
    start = time.monotonic()

    outcome = connect(longest=0.3).move(BEFORE, 5)

    assert isinstance(outcome, Moved)
    assert outcome.attempts == 2
    assert [line.split()[0] for line in scripted.lines] == ["PUT", "GET", "PUT"]
    assert 0.25 < time.monotonic() - start < 5


def test_a_body_cut_at_the_deadline_is_not_taken_for_a_whole_one(
    scripted: Scripted, connect: Callable[..., FutureVulsWriter]
) -> None:
    scripted.answer(Drip(HEAD + b"\r\nA slow text that a client could take for a refused token" * 9, 0.005))

    error = stopped(lambda: connect(longest=0.1).server(7))

    assert error.reason == "unreachable"
    assert error.problems[0].detail == "Group `prod`, GET /v1/server/7: no whole reply within 0.1 s."


class LeapingClock(SimulatedClock):
    """A clock by which a second goes by at every look."""

    def monotonic(self) -> float:
        self.sleep(1)
        return super().monotonic()


def test_a_body_that_outlasts_the_deadline_by_the_given_clock_is_lost(
    scripted: Scripted, clock: SimulatedClock
) -> None:
    scripted.answer(Drip(HEAD + b"\r\n" + b" " * 200, 0.002))
    leaping = LeapingClock(clock.now())
    pace = Pace(600_000, leaping, burst=10_000)

    client = FutureVuls(scripted.url, Token("t"), group="prod", clock=leaping, pace=pace, jitter=lambda _: 0)
    error = stopped(lambda: client.server(7))

    assert error.problems[0].detail == "Group `prod`, GET /v1/server/7: no whole reply within 30 s."


def test_an_endless_body_of_a_detail_is_read_to_the_limit_only(scripted: Scripted, client: FutureVulsWriter) -> None:
    scripted.answer(Endless(HEAD + b"\r\n{", b" " * 65_536))

    error = stopped(lambda: client.server(7))

    assert error.reason == "response"
    assert error.problems[0].detail == "Group `prod`, GET /v1/server/7: the reply exceeds 16777216 bytes."
    assert len(scripted.requests) == 1


def test_an_endless_list_costs_little_memory(scripted: Scripted, client: FutureVulsWriter) -> None:
    scripted.answer(Endless(HEAD + b"\r\n{", b" " * 65_536))
    tracemalloc.start()

    error = stopped(client.servers)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error.problems[0].detail.endswith(": the reply exceeds 16777216 bytes.")
    assert peak < 64 * MEBIBYTE


def test_an_endless_redirect_is_read_to_the_limit_only(scripted: Scripted, client: FutureVulsWriter) -> None:
    scripted.answer(Endless(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n", b" " * 65_536))

    error = stopped(lambda: client.server(7))

    assert error.problems[0].detail == "Group `prod`, GET /v1/server/7: the reply exceeds 16777216 bytes."
    assert scripted.lines == ["GET /v1/server/7"]


def test_a_move_whose_reply_is_too_large_is_read_again(scripted: Scripted, client: FutureVulsWriter) -> None:
    scripted.answer(Endless(HEAD + b"\r\n{", b" " * 65_536), scripted.json(OLD))

    outcome = client.move(BEFORE, 5)

    assert outcome == Failed(why="the reply exceeds 16777216 bytes", status=200, attempts=1)


def test_a_list_of_the_largest_allowed_size_is_read(scripted: Scripted, client: FutureVulsWriter) -> None:
    body = b'{"servers": []}'.ljust(LIST_LIMIT)
    scripted.answer(scripted.text(200, body))

    assert client.servers() == ()


def test_a_compressed_reply_is_not_unpacked(scripted: Scripted, client: FutureVulsWriter) -> None:
    bomb = gzip.compress(b" " * 50 * MEBIBYTE)
    scripted.answer(scripted.text(200, bomb, Content_Encoding="gzip"))

    error = stopped(lambda: client.server(7))

    assert error.reason == "response"
    assert error.problems[0].detail == "Group `prod`, GET /v1/server/7: the reply was compressed, unasked."
