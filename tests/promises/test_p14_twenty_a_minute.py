"""P14: never more than 20 requests a minute with one token, retries included, whatever FutureVuls answers."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from apply.acting import DATA, TOKENS, WEB, emulated, settings_for
from exposurectl.demo.clock import SimulatedClock
from exposurectl.plan.file import write_plan
from faults.relay import Relay
from plan.building import AS_OF, SSH, WEB_CONTROLLED, WEB_OPEN, group, planned, seen, server
from promises.stage import apply, put_config, put_plan
from running import run_inside

MOST, MINUTE = 20, 60.0
MIXED = (
    *(server(number, "i-open", WEB_CONTROLLED) for number in range(1, 41)),
    *(server(number, "i-small", WEB_OPEN) for number in range(41, 61)),
)
"""Forty to raise, and twenty to lower, each of which is looked at first."""
USUAL_PACE = {"requests_per_minute_6000": "requests_per_minute: 20", "count_5": "count: 50"}
GATEWAY = b"HTTP/1.1 502 x\r\nContent-Length: 0\r\n\r\n"
THROTTLED = b"HTTP/1.1 429 x\r\nContent-Length: 0\r\nRetry-After: 1\r\n\r\n"


def busiest(times: list[float]) -> int:
    """Return the most requests within any minute."""
    return max(sum(start <= at < start + MINUTE for at in times) for start in times)


def every(nth: int, of: str) -> Callable[[str], bool]:
    """Strike every nth request of a method."""
    count = Counter[str]()

    def strikes(line: str) -> bool:
        count[line[:3]] += 1
        return line.startswith(of) and count[of] % nth == 0

    return strikes


@pytest.mark.parametrize(
    ("strikes", "reply"),
    [
        (lambda _: False, None),
        (every(3, "PUT"), GATEWAY),
        (every(3, "PUT"), None),
        (every(2, "GET"), GATEWAY),
        (every(4, "PUT"), THROTTLED),
        (every(1, "PUT"), GATEWAY),
    ],
    ids=["no trouble", "every third move fails", "or is lost", "every second read fails", "throttled", "no move works"],
)
def test_no_minute_sees_more_than_twenty(tmp_path: Path, strikes: Callable[[str], bool], reply: bytes | None) -> None:
    clock = SimulatedClock(AS_OF)
    times: list[float] = []

    def noted(line: str) -> bool:
        times.append(clock.monotonic())
        return strikes(line)

    with emulated(group(*MIXED), clock=clock) as futurevuls:
        relay = Relay(futurevuls.url, noted, reply)
        put_plan(tmp_path, relay.url, *MIXED)
        put_config(tmp_path, relay.url, **USUAL_PACE)
        ended = apply(tmp_path, clock=clock)
        relay.close()

    assert ended.code in {0, 1, 4}, ended.err
    assert len(times) > MOST
    assert busiest(times) <= MOST
    assert len(relay.struck) > 0 or ended.code == 0


def test_a_server_that_throttles_earlier_is_asked_no_oftener_than_it_likes(tmp_path: Path) -> None:
    clock = SimulatedClock(AS_OF)
    times: list[float] = []

    def heard(_token: str, _method: str, _path: str) -> None:
        times.append(clock.monotonic())

    with emulated(group(*MIXED), clock=clock, per_minute=10, heard=heard) as futurevuls:
        put_plan(tmp_path, futurevuls.url, *MIXED)
        put_config(tmp_path, futurevuls.url, **USUAL_PACE)
        ended = apply(tmp_path, clock=clock)
        replies = Counter(futurevuls.statuses)

    assert (ended.code, replies[429] > 0) == (0, True)
    assert busiest(times) <= MOST


def test_each_token_has_a_pace_of_its_own(tmp_path: Path) -> None:
    clock = SimulatedClock(AS_OF)
    times: dict[str, list[float]] = {TOKENS[WEB]: [], TOKENS[DATA]: []}
    groups = tuple(group(*MIXED[:40], name=name) for name in (WEB, DATA))

    with emulated(*groups, clock=clock, heard=lambda token, *_: times[token].append(clock.monotonic())) as futurevuls:
        settings = settings_for(futurevuls.url, WEB, DATA)
        plan = planned(seen("i-open", SSH), groups=groups, settings=settings)
        (tmp_path / "plan.json").write_bytes(write_plan(plan))
        put_config(tmp_path, futurevuls.url, **USUAL_PACE)
        config = tmp_path / "production.yaml"
        one = config.read_text(encoding="utf-8").partition("    - name")[2].partition("limits:")[0]
        second = one.replace(WEB, DATA).replace("env:TOKEN", "env:OTHER")
        text = config.read_text(encoding="utf-8").replace("limits:", f"    - name{second}limits:")
        config.write_text(text, encoding="utf-8")
        ended = run_inside(
            "apply",
            tmp_path / "plan.json",
            "--config",
            config,
            environ={"TOKEN": TOKENS[WEB], "OTHER": TOKENS[DATA]},
            clock=clock,
        )

    assert ended.code == 0, ended.err
    assert [len(one) for one in times.values()] == [42, 42]
    assert max(map(busiest, times.values())) <= MOST


def test_the_measure_notices_one_too_many() -> None:
    assert busiest([float(number) for number in range(21)]) == 21
    assert busiest([number * 3.0 for number in range(100)]) == MOST
