"""P19: the token goes to the one host of the config and to no other, wherever a reply points."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from exposurectl.demo.clock import SimulatedClock
from exposurectl.diagnostics import ExposurectlError
from exposurectl.model import Exposure, Role, Server
from exposurectl.targets.moving import FutureVulsWriter
from exposurectl.targets.pacing import Pace
from exposurectl.targets.probing import FutureVulsProbe
from exposurectl.targets.scans import FutureVulsScanner, NotAsked
from exposurectl.targets.token import Token
from targets.scripted import CANARY, Scripted

BEFORE = Server(id=7, uuid="", name="", role=3, instance="")


@pytest.fixture
def other() -> Iterator[Scripted]:
    """Serve another host, which would gladly take the token."""
    server = Scripted()
    server.answer(server.json({"id": 7, "serverroleId": 5, "platformInstanceId": "", "servers": [], "roles": []}))
    yield server
    server.close()


@pytest.fixture
def here() -> Iterator[Scripted]:
    server = Scripted()
    yield server
    server.close()


@pytest.mark.parametrize("status", [300, 301, 302, 303, 305, 307, 308])
@pytest.mark.parametrize("pointer", ["Location", "Refresh", "Content-Location", "Link"])
def test_no_reply_sends_the_token_to_another_host(here: Scripted, other: Scripted, status: int, pointer: str) -> None:
    here.answer(here.text(status, **{pointer.replace("-", "_"): f"{other.url}/v1/servers"}))
    clock = SimulatedClock(datetime(2026, 11, 23, tzinfo=UTC))
    pace = Pace(600_000, clock, burst=10_000)
    writer, probe, scanner = (
        kind(here.url, Token(CANARY), group="prod", clock=clock, pace=pace, jitter=lambda _: 0.0, longest=5.0)
        for kind in (FutureVulsWriter, FutureVulsProbe, FutureVulsScanner)
    )
    assert isinstance(writer, FutureVulsWriter)
    assert isinstance(probe, FutureVulsProbe)
    assert isinstance(scanner, FutureVulsScanner)
    role = Role(id=5, name="web-open")

    reasons = []
    for call in (
        writer.servers,
        writer.roles,
        lambda: writer.server(7),
        lambda: writer.move(BEFORE, 5),
        lambda: probe.probe(role, Exposure.OPEN, {7}),
    ):
        with pytest.raises(ExposurectlError) as caught:
            call()
        reasons.append(caught.value.reason)
    scan = scanner.scan(7)

    assert reasons == ["redirect"] * 5
    assert scan == NotAsked(why=f"answered {status} without a body", stops=True)
    assert len(here.requests) == 6
    assert {request.headers["authorization"] for request in here.requests} == {CANARY}
    assert other.requests == []
