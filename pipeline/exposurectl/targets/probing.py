"""Whether a role really has the exposure that its name claims, which only a task of one of its servers can show."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import TypeAlias, TypeVar

import msgspec

from exposurectl.model import Exposure, Role, Server
from exposurectl.targets.futurevuls import FutureVuls
from exposurectl.targets.listing import SERVERS, read_list
from exposurectl.targets.patience import STOPPING
from exposurectl.targets.replies import Trouble
from exposurectl.targets.rows import server_from_row
from exposurectl.targets.tasks import Task, detail_request, list_request, plain, read_task, read_tasks

Found = TypeVar("Found")

_NEVER = datetime.min.replace(tzinfo=UTC)
_LEVELS = {plain(level.value): level for level in Exposure}
_LONGEST_WORD = 40


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A task of a server in the role shows the level that was expected."""

    task: int
    server: int
    scanned_at: datetime | None


class Mismatch(msgspec.Struct, frozen=True, kw_only=True):
    """A task of a server in the role shows another level."""

    shown: Exposure
    task: int
    server: int
    scanned_at: datetime | None
    """A server that moved into the role after this still shows what its former role had."""


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """No task tells. `why` is a clause."""

    why: str


Verdict: TypeAlias = Match | Mismatch | Unknown


class FutureVulsProbe(FutureVuls):
    """Reads a group, its servers' operating systems, and which exposure its roles have. It cannot write."""

    def servers_by_system(self) -> tuple[tuple[Server, str], ...]:
        """Return all servers, sorted by id, each with its `osFamily`; empty where FutureVuls tells none."""
        systems: dict[int, str] = {}

        def read(row: object, where: str) -> Server:
            server = server_from_row(row, where)
            system = row.get("osFamily") if isinstance(row, dict) else None
            systems[server.id] = system if isinstance(system, str) else ""
            return server

        return tuple((server, systems[server.id]) for server in read_list(self._line, SERVERS, read))

    def probe(
        self, role: Role, level: Exposure, members: Collection[int], *, moved: Mapping[int, datetime] | None = None
    ) -> Verdict:
        """
        Compare the role with its level by one task of one of its members, with two requests at most.

        `members` are the ids of the servers in the role, `moved` says when servers are known to have moved into it.
        Raises ExposurectlError over trouble that every other request would meet too.
        """
        if not members:
            return Unknown(why="no server is in it, so no task shows its exposure")
        tasks = self._settled(read_tasks(self._line, role.id), list_request(role.id))
        if isinstance(tasks, Unknown):
            return tasks
        chosen = _choose(tasks, role, members, moved or {})
        if isinstance(chosen, Unknown):
            return chosen
        task = self._settled(read_task(self._line, chosen.id), detail_request(chosen.id))
        return task if isinstance(task, Unknown) else _verdict(task, chosen, role, level)

    def _settled(self, found: Found | Trouble, request: str) -> Found | Unknown:
        if not isinstance(found, Trouble):
            return found
        if found.kind in STOPPING:
            raise self._line.complaint(found, request)
        return Unknown(why=f"{request}: {found.why}")


def _choose(
    tasks: Collection[Task], role: Role, members: Collection[int], moved: Mapping[int, datetime]
) -> Task | Unknown:
    """Return the task that tells most about the role: of the server that was scanned last."""
    own = [task for task in tasks if _is_of(task, role, members)]
    if not own:
        return Unknown(why="none of its servers has an open task" if not tasks else "no task that came back is its own")
    derived = [task for task in own if task.priority]
    if not derived:
        return Unknown(why="its tasks have no SSVC priority: SSVC is off, or no scan has derived one yet")
    settled = [task for task in derived if _was_scanned_since(task, moved)]
    if not settled:
        return Unknown(why="none of its servers was scanned since it moved there")
    return max(settled, key=lambda task: (task.scanned_at or _NEVER, -task.id))


def _is_of(task: Task, role: Role, members: Collection[int]) -> bool:
    """Tell whether a task is of the role's servers, by all that it says itself: the filter may have been ignored."""
    return len(task.servers) == 1 and task.servers <= set(members) and task.roles <= {role.id}


def _was_scanned_since(task: Task, moved: Mapping[int, datetime]) -> bool:
    (server,) = task.servers
    at = moved.get(server)
    return at is None or (task.scanned_at is not None and task.scanned_at > at)


def _verdict(task: Task, chosen: Task, role: Role, level: Exposure) -> Verdict:
    (server,) = chosen.servers
    if not (task.servers <= chosen.servers and task.roles <= {role.id}):
        return Unknown(why=f"task {task.id} is of another server or role than its row says")
    if not task.exposure:
        return Unknown(why=f"task {task.id} has an SSVC priority and no exposure")
    shown = _LEVELS.get(task.exposure)
    if shown is None:
        return Unknown(
            why=f"task {task.id} shows the exposure `{task.exposure[:_LONGEST_WORD]}`, which is none of SSVC's"
        )
    scanned_at = task.scanned_at or chosen.scanned_at
    if shown is level:
        return Match(task=task.id, server=server, scanned_at=scanned_at)
    return Mismatch(shown=shown, task=task.id, server=server, scanned_at=scanned_at)
