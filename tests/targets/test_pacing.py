"""How fast requests go: the bucket, the window, halving, and waits."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exposurectl.demo.clock import SimulatedClock
from exposurectl.targets.pacing import Pace, backoff, retry_after

NOW = datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC)


def times_of(pace: Pace, clock: SimulatedClock, requests: int) -> list[float]:
    times = []
    for _ in range(requests):
        pace.take()
        times.append(clock.monotonic())
    return times


def most_within(seconds: float, times: Sequence[float]) -> int:
    return max(sum(start <= time < start + seconds for time in times) for start in times)


def test_a_burst_goes_at_once_and_then_one_request_every_three_seconds() -> None:
    clock = SimulatedClock(NOW)

    times = times_of(Pace(20, clock), clock, 10)

    assert times == pytest.approx([0, 0, 0, 0, 0, 3, 6, 9, 12, 15])


def test_no_minute_sees_more_than_the_rate_even_with_the_burst() -> None:
    clock = SimulatedClock(NOW)

    times = times_of(Pace(20, clock), clock, 300)

    assert most_within(60, times) == 20


def test_the_rate_is_used_almost_fully() -> None:
    clock = SimulatedClock(NOW)

    times = times_of(Pace(20, clock), clock, 506)

    assert 506 / (20 / 60 * times[-1]) >= 0.97


def test_a_short_remaining_wait_is_waited_out() -> None:
    clock = SimulatedClock(NOW)
    pace = Pace(20, clock)
    times_of(pace, clock, 5)
    clock.sleep(2.9)

    times = times_of(pace, clock, 2)

    assert times == pytest.approx([3, 6])


def test_an_idle_pace_saves_up_no_more_than_the_burst() -> None:
    clock = SimulatedClock(NOW)
    pace = Pace(20, clock)
    times_of(pace, clock, 5)
    clock.sleep(3600)

    times = times_of(pace, clock, 7)

    assert times == pytest.approx([3600, 3600, 3600, 3600, 3600, 3603, 3606])


@given(
    rate=st.floats(min_value=0.2, max_value=300),
    burst=st.integers(min_value=1, max_value=30),
    idle=st.lists(st.floats(min_value=0, max_value=200), max_size=60),
)
def test_no_window_ever_exceeds_the_rate(rate: float, burst: int, idle: list[float]) -> None:
    clock = SimulatedClock(NOW)
    pace = Pace(rate, clock, burst=burst)
    times: list[float] = []
    for pause in idle:
        clock.sleep(pause)
        times += times_of(pace, clock, 2)

    most = max(1, int(rate))

    assert all(later - earlier >= most * 60 / rate for earlier, later in zip(times, times[most:], strict=False))


def test_waiting_for_two_lets_two_requests_follow_each_other() -> None:
    clock = SimulatedClock(NOW)
    pace = Pace(20, clock)
    times_of(pace, clock, 5)

    pace.wait_for(2)
    first, second = times_of(pace, clock, 2)

    assert first == second == pytest.approx(6)


def test_waiting_for_two_holds_at_the_edge_of_the_window() -> None:
    clock = SimulatedClock(NOW)
    pace = Pace(20, clock)
    times_of(pace, clock, 19)

    pace.wait_for(2)
    first, second = times_of(pace, clock, 2)

    assert first == second == pytest.approx(61)


def test_waiting_for_more_than_the_burst_waits_for_the_burst() -> None:
    clock = SimulatedClock(NOW)
    pace = Pace(20, clock, burst=2)
    times_of(pace, clock, 2)

    pace.wait_for(9)

    assert clock.monotonic() == pytest.approx(6)


def test_a_throttled_reply_halves_the_rate_and_takes_the_burst_away() -> None:
    clock = SimulatedClock(NOW)
    pace = Pace(20, clock)

    pace.slow_down()
    times = times_of(pace, clock, 4)

    assert pace.requests_per_minute == 10
    assert times == pytest.approx([6, 12, 18, 24])


def test_twenty_successes_bring_back_a_tenth_of_the_rate_up_to_the_whole() -> None:
    pace = Pace(20, SimulatedClock(NOW))
    pace.slow_down()
    rates = [pace.requests_per_minute]

    for _ in range(140):
        pace.succeeded()
        rates.append(pace.requests_per_minute)

    assert rates[19:21] == [10, 12]
    assert rates[::20] == pytest.approx([10, 12, 14, 16, 18, 20, 20, 20])


def test_a_throttled_reply_starts_the_count_of_successes_anew() -> None:
    pace = Pace(20, SimulatedClock(NOW))
    pace.slow_down()
    for _ in range(19):
        pace.succeeded()

    pace.slow_down()
    pace.succeeded()

    assert pace.requests_per_minute == 5


def test_the_rate_never_falls_below_a_twentieth() -> None:
    pace = Pace(20, SimulatedClock(NOW))

    for _ in range(100):
        pace.slow_down()

    assert pace.requests_per_minute == 1


def test_backoff_doubles_its_ceiling_up_to_a_minute() -> None:
    assert [backoff(attempt, lambda ceiling: ceiling) for attempt in (0, 1, 2, 3, 4, 5, 99_999)] == [
        3, 6, 12, 24, 48, 60, 60,
    ]  # fmt: skip


def test_backoff_is_what_the_jitter_picks() -> None:
    assert backoff(3, lambda ceiling: ceiling / 4) == 6


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        ("7", 7),
        (" 120 ", 120),
        ("999999999", 999_999_999),
        ("9" * 5000, float("inf")),
        ("Mon, 02 Nov 2026 03:05:05 GMT", 60),
        ("Monday, 02-Nov-26 03:05:05 GMT", 60),
        ("Mon Nov  2 03:05:05 2026", 60),
        ("Mon, 02 Nov 2026 03:05:05 -0000", 60),
        (None, None),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("soon", None),
        ("Mon, 02 Nov 2026 03:00:00 GMT", None),
        ("Mon, 99 Nov 2026 03:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_nothing_else(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,3} [A-Z][a-z]{2} [0-9]{1,5} [0-9:]{0,9} [+-]?[0-9A-Z]{0,9}"))
def test_no_retry_after_header_breaks_the_client(header: str) -> None:
    seconds = retry_after(header, NOW)

    assert seconds is None or seconds >= 0


def test_a_simulated_clock_goes_forward_only() -> None:
    clock = SimulatedClock(NOW)
    readings = [clock.monotonic()]

    for pause in (3.5, 0, -9, 2):
        clock.sleep(pause)
        readings.append(clock.monotonic())

    assert all(earlier <= later for earlier, later in pairwise(readings))
    assert clock.now() == datetime(2026, 11, 2, 3, 4, 10, 500_000, tzinfo=UTC)
