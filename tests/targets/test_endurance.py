"""A large run against an emulator that enforces the announced limit, on simulated time."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.emulator import Emulator
from exposurectl.diagnostics import ExposurectlError
from exposurectl.model import Group, Role, Server
from exposurectl.targets.moving import FutureVulsWriter
from exposurectl.targets.outcomes import Moved
from exposurectl.targets.pacing import Pace
from exposurectl.targets.token import Token

NOW = datetime(2026, 11, 2, tzinfo=UTC)
PER_MINUTE = 20
TOKEN = "fvgs-endurance"
ROLES = (Role(id=1, name="default", is_default=True), *(Role(id=n, name=f"exposure {n}") for n in range(2, 151)))
GROUP = Group(
    name="prod",
    servers=tuple(Server(id=n, uuid="", name=f"web-{n}", role=1, instance=f"i-{n:017x}") for n in range(1, 5001)),
    roles=ROLES,
)


def writer(emulator: Emulator, clock: SimulatedClock, rate: float, token: str = TOKEN) -> FutureVulsWriter:
    return FutureVulsWriter(
        emulator.url,
        Token(token),
        group="prod",
        clock=clock,
        pace=Pace(rate, clock),
        jitter=lambda ceiling: ceiling / 2,
    )


def test_five_hundred_moves_among_five_thousand_servers_stay_within_the_limit() -> None:
    clock = SimulatedClock(NOW)

    with Emulator({TOKEN: GROUP}, clock=clock, per_minute=PER_MINUTE) as emulator:
        client = writer(emulator, clock, PER_MINUTE)
        group = client.read_group()
        outcomes = [client.move(server, 2) for server in group.servers[:500]]
        replies = Counter(emulator.statuses)
        now = emulator.servers(TOKEN)
        writes = emulator.writes

    assert [(server.id, server.name, server.role) for server in group.servers] == [
        (server.id, server.name, 1) for server in GROUP.servers
    ]
    assert group.roles == ROLES
    assert all(isinstance(outcome, Moved) and outcome.attempts == 1 for outcome in outcomes)
    assert [server.role for server in now] == [2] * 500 + [1] * 4500
    assert Counter(body for _, _, body in writes) == {b'{"roleID": 2}': 500}
    assert replies == {200: 5 + 2 + 500}
    assert client.requests == 5 + 2 + 500
    assert clock.now() - NOW <= timedelta(minutes=30)
    assert client.requests / (PER_MINUTE * clock.monotonic() / 60) >= 0.97


def test_a_client_that_is_configured_too_fast_finds_the_rate_and_still_fails_nothing() -> None:
    clock = SimulatedClock(NOW)

    with Emulator({TOKEN: GROUP}, clock=clock, per_minute=PER_MINUTE) as emulator:
        client = writer(emulator, clock, 3 * PER_MINUTE)
        outcomes = [client.move(server, 2) for server in GROUP.servers[:200]]
        replies = Counter(emulator.statuses)

    assert all(isinstance(outcome, Moved) for outcome in outcomes)
    assert replies[429] <= 20
    assert clock.now() - NOW <= timedelta(minutes=20)


def test_two_tokens_have_a_limit_each() -> None:
    clock = SimulatedClock(NOW)

    with Emulator({"one": GROUP, "two": GROUP}, clock=clock, per_minute=4) as emulator:
        writer(emulator, clock, 1000, "one").roles()
        writer(emulator, clock, 1000, "two").roles()
        writer(emulator, clock, 1000, "two").roles()

        assert Counter(emulator.statuses) == {200: 6}


def test_a_revoked_token_stops_the_reading_at_once() -> None:
    clock = SimulatedClock(NOW)

    with Emulator({TOKEN: GROUP}, clock=clock) as emulator:
        client = writer(emulator, clock, 20, "revoked")
        with pytest.raises(ExposurectlError) as caught:
            client.read_group()

    assert client.requests == 1
    assert caught.value.reason == "auth"
    assert caught.value.problems[0].detail == (
        "Group `prod`, GET /v1/servers?page=1&limit=1000: answered in plain text: Authorization failed."
    )
