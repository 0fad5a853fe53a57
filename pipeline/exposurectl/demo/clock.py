"""A clock on which waiting takes no time."""

import threading
from datetime import datetime, timedelta


class SimulatedClock:
    """
    A clock that stands still until somebody sleeps, who then finds the time gone at once.

    Both readings advance together. Threads may share it.
    """

    def __init__(self, now: datetime) -> None:
        self._start = now
        self._elapsed = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the simulated time of day."""
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Return the simulated seconds since the clock was made."""
        with self._lock:
            return self._elapsed

    def sleep(self, seconds: float) -> None:
        """Move the time on by that many seconds; a negative number moves it nowhere."""
        with self._lock:
            self._elapsed += max(0.0, seconds)
