"""What is known of every change while a run goes on: the one place that its threads write to."""

import contextlib
import threading
from collections.abc import Callable
from datetime import timedelta

import msgspec

from exposurectl.apply.journal import Journal
from exposurectl.apply.receipt import Outcome, Receipt, Result, ended
from exposurectl.clock import Clock
from exposurectl.diagnostics import ExposurectlError
from exposurectl.plan.model import Change


class HaltedError(Exception):
    """The run has stopped: nothing more may be sent."""


class Ledger:
    """
    The results so far, the journal, and whether the run goes on.

    Whoever sends asks here just before: the intent is then on disk, and nobody has stopped the run. After `close`
    nothing changes any more, whatever threads still wait for an answer.
    """

    def __init__(
        self,
        receipt: Receipt,
        journal: Journal,
        clock: Clock,
        *,
        longest: timedelta,
        told: Callable[[int, Result], None],
    ) -> None:
        """`told` is called after each change, with its place in the plan from 1."""
        self._receipt = receipt
        self._journal = journal
        self._clock = clock
        self._told = told
        self._until = clock.monotonic() + longest.total_seconds()
        self._results = list(receipt.results)
        self._under_way: set[int] = set()
        self._lock = threading.Lock()
        self._telling = threading.Lock()
        self._stopped = ""
        self._closed = False
        self.error: ExposurectlError | None = None
        """The error that stopped the run, if one did."""

    def goes_on(self) -> bool:
        """Tell whether another change may be begun; a run that has lasted as long as it may ends here."""
        with self._lock:
            if not self._stopped and self._clock.monotonic() >= self._until:
                self._stopped = "time-limit"
            return not self._stopped

    def stop(self, reason: str, error: ExposurectlError | None = None) -> None:
        """Let nothing more be sent. The first reason is the run's."""
        with self._lock:
            self._stop(reason, error)

    def intend(self, index: int, change: Change) -> None:
        """Put on disk that a PUT goes out next. Raises HaltedError where it must not."""
        with self._lock:
            if self._stopped:
                raise HaltedError
            try:
                self._journal.intend(index, change.server, change.after.role)
            except ExposurectlError as error:
                self._stop(error.reason, error)
                raise HaltedError from error
            self._under_way.add(index)

    def settle(self, index: int, result: Result) -> None:
        """Keep what came of a change, in memory whatever the disk does."""
        with self._lock:
            if self._closed:
                return
            # In this order: an interrupt between the two leaves the change under way, which is what `close` says of it.
            self._results[index] = result = msgspec.structs.replace(result, at=self._clock.now())
            self._under_way.discard(index)
            try:
                self._journal.settle(index, result)
            except ExposurectlError as error:
                self._stop(error.reason, error)
        # Not with the lock of the run: a reader that is stuck must keep nobody from stopping it.
        with self._telling, contextlib.suppress(OSError):  # where nobody listens any more, the run goes on
            self._told(index + 1, result)

    def close(self) -> Receipt:
        """Return the receipt as it stands: a change that is under way may take effect or not."""
        with self._lock:
            self._closed = True
            for index in self._under_way:
                detail = "stopped while the request was under way"
                self._results[index] = msgspec.structs.replace(
                    self._results[index], outcome=Outcome.UNKNOWN, detail=detail, at=self._clock.now()
                )
            return ended(self._receipt, self._results, stopped=self._stopped, now=self._clock.now())

    def _stop(self, reason: str, error: ExposurectlError | None) -> None:
        if not self._stopped:
            self._stopped = reason
            self.error = error
