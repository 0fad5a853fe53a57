"""P15: no request lasts over 30 s, no wait over 120 s, and past its announced limit a run begins no change."""

from datetime import timedelta
from pathlib import Path

import pytest

from apply.acting import SERVERS, on_disk, roles_page, server_row, servers_page
from exposurectl.demo.clock import SimulatedClock
from exposurectl.targets.wire import LONGEST_EXCHANGE
from plan.building import AS_OF, WEB_OPEN
from promises.stage import apply, put_config, put_plan
from running import Ended
from targets.scripted import Answer, Scripted, serving

LONGEST_WAIT = 120.0
MOVED = [Scripted.json(server_row(SERVERS[0], serverroleId=WEB_OPEN))]
ASKED = [
    *("1", "30", "119", "120", "121", "3600", "999999999", "-5", "soon", "", "1e9"),
    *("Tue, 24 Nov 2026 03:00:00 GMT", "Mon, 23 Nov 2026 03:01:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"),
]


class Sleeper(SimulatedClock):
    """A clock that remembers how long anybody slept."""

    def __init__(self) -> None:
        super().__init__(AS_OF)
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        super().sleep(seconds)


def applied(folder: Path, clock: Sleeper, *answers: Answer, words: tuple[str, ...] = ()) -> tuple[Ended, Scripted]:
    """Apply before a server that lists what is there, and then answers so; the last one repeats."""
    with serving() as scripted:
        put_plan(folder, scripted.url, *SERVERS)
        put_config(folder, scripted.url, requests_per_minute_6000="requests_per_minute: 20")
        scripted.answer(Scripted.json(roles_page()), Scripted.json(servers_page(*SERVERS)), *answers)
        return apply(folder, *words, clock=clock), scripted


def test_a_request_may_take_thirty_seconds() -> None:
    # tests/faults/test_wire.py shows, with a shorter one, that this deadline ends every request whatever the wire does.
    assert LONGEST_EXCHANGE == 30.0


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("asked", ASKED)
def test_nothing_that_a_reply_asks_for_makes_anybody_wait_longer_than_two_minutes(
    tmp_path: Path, asked: str, status: int
) -> None:
    clock = Sleeper()

    ended, scripted = applied(tmp_path, clock, Scripted.text(status, Retry_After=asked))

    assert ended.code in {1, 4}
    assert ended.reason
    assert max(clock.slept, default=0.0) <= LONGEST_WAIT
    assert len(scripted.requests) <= 2 + 4 * 2 * 6
    receipt = on_disk(tmp_path / "receipt.json")
    assert receipt["ended_at"] is not None


def test_a_run_ends_where_it_is_when_its_time_is_over_and_can_be_gone_on_with(tmp_path: Path) -> None:
    clock = Sleeper()
    slow = Scripted.text(429, Retry_After="100")
    moved = Scripted.json(server_row(SERVERS[0], serverroleId=WEB_OPEN))

    ended, scripted = applied(
        tmp_path, clock, slow, Scripted.json(server_row(SERVERS[0])), moved, slow, words=("--max-duration", "1")
    )

    assert (ended.code, ended.reason) == (4, "time-limit")
    receipt = on_disk(tmp_path / "receipt.json")
    assert [one["outcome"] for one in receipt["results"]] == ["applied", *["not-attempted"] * 4]
    assert receipt["stopped"] == "time-limit"
    assert sum(line.startswith("PUT") for line in scripted.lines) == 2
    assert timedelta(seconds=clock.monotonic()) < timedelta(minutes=1) + timedelta(seconds=2 * LONGEST_WAIT)


def test_a_plan_that_would_take_longer_than_announced_is_not_begun(tmp_path: Path) -> None:
    from exposurectl.plan.file import write_plan
    from exposurectl.plan.model import Summary
    from plan.building import resealed

    with serving() as scripted:
        plan = put_plan(tmp_path, scripted.url, *SERVERS)
        summary = {**{name: getattr(plan.summary, name) for name in Summary.__struct_fields__}, "minutes": 301}
        (tmp_path / "plan.json").write_bytes(write_plan(resealed(plan, summary=Summary(**summary))))

        ended = apply(tmp_path)

        assert (ended.code, ended.reason, scripted.requests) == (3, "too-long", [])
        assert "--max-duration 301" in ended.err
