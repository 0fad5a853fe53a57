"""A line to one FutureVuls group: sends, tries again within reason, and complains by the group's name."""

from collections.abc import Mapping

import msgspec

from exposurectl.clock import Clock
from exposurectl.diagnostics import ExposurectlError
from exposurectl.targets.pacing import Jitter
from exposurectl.targets.patience import Patience, complaint
from exposurectl.targets.replies import Answer, Trouble
from exposurectl.targets.wire import Wire

_FEWEST_RETRIES = 20
_REQUESTS_A_RETRY = 10


class Line:
    """
    What every request of a run has in common: the wire, the clock, and how many retries the run has left.

    The run may spend a retry for every ten requests, and twenty in any case: a service that fails more often than that
    is down, and retrying item by item would take hours to find out.
    """

    def __init__(self, wire: Wire, *, group: str, clock: Clock, jitter: Jitter) -> None:
        self.wire = wire
        self.group = group
        self._clock = clock
        self._jitter = jitter
        self._retries = 0

    def patience(self) -> Patience:
        """Return the patience of a new call."""
        return Patience(self._jitter, self._spend_retry)

    def wait(self, seconds: float) -> None:
        """Wait before another attempt."""
        self._clock.sleep(seconds)

    def read(
        self, path: str, *, limit: int, query: Mapping[str, int] | None = None, patience: Patience | None = None
    ) -> Answer:
        """GET a path as often as patience allows, and return the first answer that settles it, or the last trouble."""
        patience = patience or self.patience()
        while True:
            patience.attempts += 1
            answer = self.wire.send("GET", path, limit=limit, query=query)
            pause = patience.pause(answer) if isinstance(answer, Trouble) else None
            if pause is None:
                return answer
            self.wait(pause)

    def complaint(self, trouble: Trouble, request: str) -> ExposurectlError:
        """Return the error that ends the run over this trouble; `request` is such as `GET /v1/roles`."""
        return complaint(trouble, group=self.group, request=request)

    def named(self, error: ExposurectlError, request: str) -> ExposurectlError:
        """Return the error with the group and the request before each detail."""
        problems = (
            msgspec.structs.replace(problem, detail=f"Group `{self.group}`, {request}: {problem.detail}")
            for problem in error.problems
        )
        return ExposurectlError(*problems, reason=error.reason)

    def _spend_retry(self) -> bool:
        if self._retries >= max(_FEWEST_RETRIES, self.wire.requests / _REQUESTS_A_RETRY):
            return False
        self._retries += 1
        return True
