"""Asking FutureVuls to scan servers, so that SSVC values follow a new role at once and not within the day."""

from typing import TypeAlias

import msgspec

from exposurectl.targets.futurevuls import FutureVuls
from exposurectl.targets.patience import STOPPING
from exposurectl.targets.replies import Good, Kind, NotFound, Trouble, error_message
from exposurectl.targets.wire import DETAIL_LIMIT


class Asked(msgspec.Struct, frozen=True):
    """FutureVuls has taken the request. When it scans is its own affair."""


class NotAsked(msgspec.Struct, frozen=True, kw_only=True):
    """No scan is sure to come. It is worth a warning and no more: FutureVuls scans by itself several times a day."""

    why: str
    stops: bool = False
    """Every other server would meet the same, so that asking on is pointless."""


Scan: TypeAlias = Asked | NotAsked


class FutureVulsScanner(FutureVuls):
    """Reads a group and asks for scans of its servers. It moves nothing and changes nothing."""

    def scan(self, server_id: int) -> Scan:
        """
        Ask for one scan. Whatever goes wrong is a value: a scan is a courtesy, and no run fails over it.

        A request without a clear answer is not repeated, as it may have started a scan already.
        """
        patience = self._line.patience()
        while True:
            patience.attempts += 1
            answer = self._line.wire.send("POST", f"/v1/server/scan/{server_id}", limit=DETAIL_LIMIT, bare=True)
            if not isinstance(answer, Trouble):
                return self._taken(answer)
            pause = None if answer.kind is Kind.LOST else patience.pause(answer)
            if pause is None:
                return NotAsked(why=answer.why, stops=answer.kind in STOPPING)
            self._line.wait(pause)

    def _taken(self, answer: Good | NotFound) -> Scan:
        if isinstance(answer, NotFound):
            return NotAsked(why="answered 404: the server is gone, or cannot be scanned like this")
        message = error_message(answer.value)
        if message is not None:
            return NotAsked(why=f"answered with an error: {self._line.wire.shown(message)}")
        return Asked()
