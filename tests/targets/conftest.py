"""A scripted server for each test, and clients that talk to it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from exposurectl.demo.clock import SimulatedClock
from exposurectl.targets.moving import FutureVulsWriter
from exposurectl.targets.pacing import Pace
from exposurectl.targets.token import Token
from targets.scripted import CANARY, Scripted


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC))


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    server = Scripted()
    yield server
    server.close()


@pytest.fixture
def connect(scripted: Scripted, clock: SimulatedClock) -> Callable[..., FutureVulsWriter]:
    """Make clients whose retries wait as long as they ever may, and which nothing paces."""

    def make(url: str | None = None, longest: float = 5.0) -> FutureVulsWriter:
        return FutureVulsWriter(
            url or scripted.url,
            Token(CANARY),
            group="prod",
            clock=clock,
            pace=Pace(600_000, clock, burst=10_000),
            jitter=lambda ceiling: ceiling,
            longest=longest,
        )

    return make


@pytest.fixture
def client(connect: Callable[..., FutureVulsWriter]) -> FutureVulsWriter:
    return connect()
