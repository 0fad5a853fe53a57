"""The emulated tasks: two for each server, with the SSVC values that its last scan derived from its role."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from exposurectl.demo.queries import Listing
from exposurectl.demo.shapes import PRIORITY, Scanned, Shape, cve_of, first_scan, task_detail, task_in_list, time_shown
from exposurectl.model import Server

OF_THE_GROUP = "controlled"
"""The exposure of a role that has none of its own: what the group is set to."""

_EACH = 10
_STATUSES = {1: "new", 2: "patch_applied"}
"""A server's tasks, by the last digit of their ids."""


class Tasks:
    """
    The tasks of one group. SSVC values follow a scan, not a move: a server shows its old role's until the next.

    An exposure is a word as FutureVuls would show it, or empty for a role whose servers SSVC derives nothing for.
    """

    def __init__(self) -> None:
        self._exposures: Mapping[int, str] = {}
        self._scanned: dict[int, Scanned] = {}

    def expose(self, exposures: Mapping[int, str]) -> None:
        """Set what exposure roles have, by id, as if every server were scanned right afterwards."""
        self._exposures = dict(exposures)
        self._scanned = {}

    def before_move(self, server: Server) -> None:
        """Remember what a server shows until its next scan."""
        self._scanned[server.id] = self.of(server)

    def scan(self, server: Server, now: datetime) -> None:
        """Derive the server's values anew."""
        self._scanned[server.id] = Scanned(at=time_shown(now), exposure=self._exposure_of(server))

    def of(self, server: Server) -> Scanned:
        """Return what the server's last scan left."""
        return self._scanned.get(server.id) or Scanned(at=first_scan(server), exposure=self._exposure_of(server))

    def rows(self, servers: Sequence[tuple[Server, str]], listing: Listing) -> list[Shape]:
        """Return the tasks that a list asks for, of these servers with the names of their roles."""
        return [
            task_in_list(number, status, server, role_name, self.of(server))
            for server, role_name in servers
            for number, status in _numbers(server)
            if _is_asked_for(server, number, status, listing)
        ]

    def detail(self, task_id: int, servers: Mapping[int, Server], role_name: Mapping[int, str]) -> Shape | None:
        """Return one task, or None where there is no such task."""
        server, status = servers.get(task_id // _EACH), _STATUSES.get(task_id % _EACH)
        if server is None or status is None:
            return None
        return task_detail(task_id, status, server, role_name.get(server.role, ""), self.of(server))

    def _exposure_of(self, server: Server) -> str:
        return self._exposures.get(server.role, OF_THE_GROUP)


def _is_asked_for(server: Server, number: int, status: str, listing: Listing) -> bool:
    wanted = listing.statuses >= {status} and (not listing.priorities or PRIORITY in listing.priorities)
    of_cve = listing.cve in {None, cve_of(number)}
    return wanted and of_cve and not listing.of_nobody and listing.server in {None, server.id}


def _numbers(server: Server) -> Iterator[tuple[int, str]]:
    for digit, status in _STATUSES.items():
        yield server.id * _EACH + digit, status
