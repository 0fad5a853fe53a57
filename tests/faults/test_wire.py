"""Every fault of the wire, at the first, a middle and the last request of every operation: no false success."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import pytest

from exposurectl.demo.clock import SimulatedClock
from exposurectl.diagnostics import ExposurectlError
from exposurectl.model import Server
from exposurectl.targets.moving import FutureVulsWriter
from exposurectl.targets.outcomes import Conflict, Failed, Gone, Moved, Unknown, UnsettledError
from exposurectl.targets.pacing import Pace
from exposurectl.targets.patience import MOST_ATTEMPTS
from exposurectl.targets.token import Token
from exposurectl.targets.wire import LIST_LIMIT
from faults.stub import MEBIBYTE, NEW, OLD, SERVERS, TOKEN, Fault, Stub
from targets.scripted import Scripted

pytestmark = pytest.mark.timeout(600)  # all combinations are tried together, before the first test

LONGEST = 0.4
SLACK = 3.0
"""Seconds beyond the deadline: a busy machine may take as long to get a thread going."""
SIDE_BY_SIDE = 24
POSITIONS = {"first": SERVERS[0], "middle": SERVERS[1], "last": SERVERS[2]}


class Case(NamedTuple):
    fault: Fault
    operation: str
    at: str
    carried_out: bool

    def __str__(self) -> str:
        effect = ", carried out" if self.carried_out else ""
        return f"{self.fault.value}, {self.operation}, {self.at}{effect}"


class Ran(NamedTuple):
    """How a case went: what came of each call, the stub afterwards, and how long the longest request took."""

    came: list[Any]
    stub: Stub
    longest: float
    requests: int


READS = [Case(*each, carried_out=False) for each in product(Fault, ("list", "GET"), POSITIONS)]
MOVES = [Case(*each) for each in product(Fault, ("PUT",), POSITIONS, (False, True))]


def server(number: int, role: int = OLD) -> Server:
    return Server(
        id=number, uuid=f"u-{number}", name=f"web-{number}", role=role, instance=f"i-{number}", default_user=11
    )


def play(case: Case, elsewhere: str) -> Ran:
    stub = Stub(case.fault, (case.operation, POSITIONS[case.at]), carried_out=case.carried_out, elsewhere=elsewhere)
    clock = SimulatedClock(datetime(2026, 11, 23, 3, tzinfo=UTC))
    client = FutureVulsWriter(
        stub.url,
        Token(TOKEN),
        group="prod",
        clock=clock,
        pace=Pace(600_000, clock, burst=10_000),
        jitter=lambda _: 0.0,
        longest=LONGEST,
    )
    operations: dict[str, list[Callable[[], object]]] = {
        "list": [client.servers],
        "GET": [partial(client.server, number) for number in SERVERS],
        "PUT": [partial(client.move, server(number), NEW) for number in SERVERS],
    }
    came: list[object] = []
    longest = 0.0
    try:
        for call in operations[case.operation]:
            before, start = client.requests, time.monotonic()
            try:
                came.append(call())
            except ExposurectlError as error:
                came.append(error)
            longest = max(longest, (time.monotonic() - start) / max(1, client.requests - before))
    finally:
        stub.close()
    return Ran(came, stub, longest, client.requests)


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Scripted]:
    """Serve another host, to which nobody should ever come."""
    other = Scripted()
    other.answer(other.json({"id": 1}))
    yield other
    other.close()


@pytest.fixture(scope="module")
def played(elsewhere: Scripted) -> dict[Case, Ran]:
    """Play all cases side by side: nearly all of their time is waiting."""
    cases = [*READS, *MOVES]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        return dict(zip(cases, pool.map(lambda case: play(case, f"{elsewhere.url}/v1/servers"), cases), strict=True))


def test_there_are_at_least_the_promised_combinations() -> None:
    assert len({(case.fault, case.operation, case.at) for case in (*READS, *MOVES)}) == 19 * 9 >= 153


every_read = pytest.mark.parametrize("case", READS, ids=str)
every_move = pytest.mark.parametrize("case", MOVES, ids=str)
every_case = pytest.mark.parametrize("case", [*READS, *MOVES], ids=str)


@every_read
def test_what_was_read_is_what_is_there(played: dict[Case, Ran], case: Case) -> None:
    came = played[case].came

    if case.operation == "list":
        assert isinstance(came[0], ExposurectlError) or came[0] == tuple(server(number) for number in SERVERS)
    for number, one in zip(SERVERS, came, strict=False):
        if case.operation == "GET" and not (case.fault is Fault.NOTHING and number == POSITIONS[case.at]):
            assert isinstance(one, ExposurectlError) or one == server(number)


@every_read
def test_a_fault_that_stays_is_noticed(played: dict[Case, Ran], case: Case) -> None:
    came = played[case].came[0 if case.operation == "list" else SERVERS.index(POSITIONS[case.at])]

    if (case.operation, case.fault) == ("GET", Fault.NOTHING):
        assert came is None  # which is how a server that is gone may be answered
    else:
        assert isinstance(came, ExposurectlError)


@every_move
def test_a_move_is_never_called_done_where_it_is_not(played: dict[Case, Ran], case: Case) -> None:
    ran = played[case]

    for number, outcome in zip(SERVERS, ran.came, strict=True):
        match outcome:
            case Moved(server=found):
                assert found == server(number, NEW)
                assert ran.stub.roles[number] == NEW
            case Failed():
                assert ran.stub.roles[number] == OLD
            case Unknown() | ExposurectlError():
                pass
            case Gone() | Conflict():
                pytest.fail(f"{outcome} about a server that is there, and that nobody else moved")
            case _:
                pytest.fail(f"{outcome} is none of the outcomes")


@every_move
def test_an_error_that_is_certain_is_true(played: dict[Case, Ran], case: Case) -> None:
    ran = played[case]

    for number, outcome in zip(SERVERS, ran.came, strict=True):
        if isinstance(outcome, ExposurectlError) and not isinstance(outcome, UnsettledError):
            lied = case.carried_out and number == POSITIONS[case.at]
            # Text and redirects are refusals; that such a PUT was carried out all the same nobody could know.
            assert ran.stub.roles[number] == (NEW if lied else OLD)


@every_move
def test_a_move_is_not_sent_again_once_it_took_effect(played: dict[Case, Ran], case: Case) -> None:
    puts = played[case].stub.puts

    most = 1 if case.carried_out else MOST_ATTEMPTS
    assert all(puts.count(number) <= (most if number == POSITIONS[case.at] else 1) for number in SERVERS)


@every_case
def test_no_request_takes_longer_than_its_deadline(played: dict[Case, Ran], case: Case) -> None:
    assert played[case].longest < LONGEST + SLACK


@every_case
def test_no_reply_is_read_beyond_its_limit(played: dict[Case, Ran], case: Case) -> None:
    ran = played[case]

    # What the sockets of both sides hold besides is a few megabytes.
    assert ran.stub.sent / max(1, ran.requests) < LIST_LIMIT + 16 * MEBIBYTE


@every_case
def test_no_call_is_tried_for_ever(played: dict[Case, Ran], case: Case) -> None:
    assert played[case].requests <= 3 * 2 * MOST_ATTEMPTS


def test_nobody_comes_to_the_host_that_redirects_point_to(played: dict[Case, Ran], elsewhere: Scripted) -> None:
    assert any(case.fault is Fault.REDIRECT for case in played)
    assert elsewhere.requests == []


def test_no_thread_is_left(played: dict[Case, Ran]) -> None:
    assert played
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("Timer")] == []
