"""How fast requests may go, and how long to wait before trying again."""

import re
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeAlias

from exposurectl.clock import Clock

Jitter: TypeAlias = Callable[[float], float]
"""Picks a wait between nothing and the ceiling; production passes `lambda ceiling: random.uniform(0, ceiling)`."""

PER_ADDRESS = 200
"""Requests a minute from one address, whatever their tokens: announced by FutureVuls for 2026."""

_MINUTE = 60.0
_WINDOW_MARGIN = 61.0 / 60.0  # requests may arrive closer together than they were sent
_SLOWEST = 1 / 20
_RECOVERY_STEP = 1 / 10
_RECOVERY_SUCCESSES = 20
_NOW = 1e-6  # below what a float clock can resolve late in a run
_BACKOFF_BASE = 3.0  # FutureVuls lets one request through every 3 s, so a shorter first wait is wasted
_BACKOFF_CEILING = 60.0
_SECONDS = re.compile(r"[0-9]+")


class Pace:
    """
    A token bucket that also keeps its average: no more than the rate in any minute, the burst included.

    A bucket alone lets `burst` requests more than the rate into its first minute, and FutureVuls counts per minute
    (20 per token and 200 per address, announced for 2026). The bucket spaces requests out; the window keeps the
    promise. After a throttled reply the rate is halved, and comes back by a tenth of the full rate with every 20
    successes. Threads may share a pace.
    """

    def __init__(
        self, requests_per_minute: float, clock: Clock, burst: int = 5, *, within: "Pace | None" = None
    ) -> None:
        """`within` is the pace of everything from this address, of which each request takes its part too."""
        self._full_rate = self._rate = requests_per_minute
        self._clock = clock
        self._burst = burst
        self._within = within
        self._ready = float(burst)
        self._filled_at = clock.monotonic()
        self._successes = 0
        self._lock = threading.Lock()
        in_window = max(1, int(requests_per_minute))
        self._window = in_window * _MINUTE / requests_per_minute * _WINDOW_MARGIN
        self._sent: deque[float] = deque(maxlen=in_window)

    @property
    def requests_per_minute(self) -> float:
        """Return the rate in force now, which is lower than the configured one after a throttled reply."""
        return self._rate

    def take(self) -> None:
        """Wait until a request may be sent, and count it as sent."""
        while (pause := self._taken()) > _NOW:
            self._clock.sleep(pause)
        if self._within:
            self._within.take()

    def _taken(self) -> float:
        """Take a request where one is ready, else return the seconds to wait: nobody waits with the lock."""
        with self._lock:
            pause = self._pause(1)
            if pause <= _NOW:
                self._ready -= 1
                self._sent.append(self._clock.monotonic())
            return pause

    def wait_for(self, requests: int) -> None:
        """
        Wait until that many requests may follow each other without a pause between them, up to the burst.

        Nothing is taken: a caller that reads and then writes waits for two, so that pacing does not fall in between.
        """
        while (pause := self._until(requests)) > _NOW:
            self._clock.sleep(pause)

    def _until(self, requests: int) -> float:
        with self._lock:
            return self._pause(requests)

    def slow_down(self) -> None:
        """Halve the rate and forget the burst, because the server said that we are too fast."""
        with self._lock:
            self._refill()
            self._rate = max(self._rate / 2, self._full_rate * _SLOWEST)
            self._ready = min(self._ready, 0.0)
            self._successes = 0

    def succeeded(self) -> None:
        """Count a success; every twentieth brings back a tenth of the configured rate."""
        with self._lock:
            self._successes += 1
            if self._successes % _RECOVERY_SUCCESSES == 0:
                self._refill()
                self._rate = min(self._full_rate, self._rate + self._full_rate * _RECOVERY_STEP)

    def _pause(self, requests: int) -> float:
        self._refill()
        bucket = (min(requests, self._burst) - self._ready) * _MINUTE / self._rate
        return max(bucket, self._pause_of_window(requests))

    def _pause_of_window(self, requests: int) -> float:
        most = self._sent.maxlen or 1
        surplus = len(self._sent) + min(requests, most) - most
        if surplus <= 0:
            return 0.0
        return self._sent[surplus - 1] + self._window - self._clock.monotonic()

    def _refill(self) -> None:
        now = self._clock.monotonic()
        earned = (now - self._filled_at) * self._rate / _MINUTE
        self._ready = min(float(self._burst), self._ready + earned)
        self._filled_at = now


def backoff(attempt: int, jitter: Jitter) -> float:
    """
    Return how long to wait after a failed attempt, counting from 0: full jitter under 3, 6, 12, 24, 48, 60 s.

    Full jitter keeps clients that failed together from coming back together.
    """
    return jitter(min(_BACKOFF_CEILING, _BACKOFF_BASE * 2 ** min(attempt, 10)))


def retry_after(header: str | None, now: datetime) -> float | None:
    """
    Return the seconds that a `Retry-After` header asks for, or None where it says nothing usable.

    It may be seconds or an HTTP date (RFC 9110, 10.2.3). No limit is applied here.
    """
    text = (header or "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return seconds.total_seconds() if seconds.total_seconds() >= 0 else None
