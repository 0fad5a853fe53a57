"""Tasks of FutureVuls, one per CVE and server: the only place where the API shows the exposure that a server has."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import msgspec

from exposurectl.targets.line import Line
from exposurectl.targets.replies import Good, Kind, NotFound, Trouble, error_message
from exposurectl.targets.wire import DETAIL_LIMIT, LIST_LIMIT

FEW = 20
"""How many tasks of a role are looked at: any one of them settles the question."""

_FIRST_YEAR = 2000
"""Go writes a time that never was as the year 1."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A task, as far as a row or a detail tells. Nothing but the id is sure to be there."""

    id: int
    servers: frozenset[int]
    """The server, by every member that names it: one, unless the reply contradicts itself or names none."""
    roles: frozenset[int]
    """The role that the server is in, likewise."""
    priority: str = ""
    """The SSVC priority, as `plain` writes it; empty where SSVC has derived none."""
    exposure: str = ""
    """The SSVC exposure, likewise. Only a detail tells it."""
    scanned_at: datetime | None = None
    """When the server was last scanned, which is when SSVC values change."""


def plain(word: str) -> str:
    """Return a word of SSVC without case, hyphens, underscores and spaces: FutureVuls spells them in several ways."""
    return "".join(character for character in word.lower() if character not in "-_ ")


def list_request(role: int) -> str:
    """Return how a message names the request for a role's tasks."""
    return f"GET /v1/tasks?filterRoleID={role}&limit={FEW}"


def detail_request(task: int) -> str:
    """Return how a message names the request for one task."""
    return f"GET /v1/task/{task}"


def read_tasks(line: Line, role: int) -> tuple[Task, ...] | Trouble:
    """
    Ask for the first tasks of a role. Rows that cannot be read are left out: one that can is enough.

    The filter may be ignored, so a row is of that role only where it says so itself.
    """
    answer = line.read("/v1/tasks", limit=LIST_LIMIT, query={"filterRoleID": role, "limit": FEW})
    if not isinstance(answer, Good):
        return _trouble(answer)
    message = error_message(answer.value, but_for="tasks")
    if message is not None:
        return _odd(f"answered with an error: {line.wire.shown(message)}")
    rows = answer.value.get("tasks") or [] if isinstance(answer.value, dict) else None
    if not isinstance(rows, list):
        return _odd("answered with something that is no list of tasks")
    return tuple(task for task in map(_task, rows) if task)


def read_task(line: Line, task_id: int) -> Task | Trouble:
    """Ask for one task, which is only believed where it is the one that was asked for."""
    answer = line.read(f"/v1/task/{task_id}", limit=DETAIL_LIMIT)
    if not isinstance(answer, Good):
        return _trouble(answer)
    message = error_message(answer.value, but_for="id")
    if message is not None:
        return _odd(f"answered with an error: {line.wire.shown(message)}")
    task = _task(answer.value)
    return task if task and task.id == task_id else _odd("answered with something that is not this task")


def _task(row: object) -> Task | None:
    if not isinstance(row, dict) or not _is_id(row.get("id")):
        return None
    server = row.get("server")
    server = server if isinstance(server, dict) else {}
    return Task(
        id=row["id"],
        servers=_ids((row.get("serverID"), row.get("serverId"), server.get("id"))),
        roles=_ids((row.get("roleID"), server.get("serverroleId"), server.get("serverroleID"))),
        priority=_word(row.get("ssvcPriority")),
        exposure=_word(row.get("ssvcDecisionPointExposure")),
        scanned_at=_moment(server.get("lastScannedAt")),
    )


def _ids(values: Iterable[object]) -> frozenset[int]:
    def known() -> Iterator[int]:
        for value in values:
            if isinstance(value, int) and _is_id(value):
                yield value

    return frozenset(known())


def _is_id(value: object) -> bool:
    # JSON's true is Python's True, which is an int.
    return isinstance(value, int) and not isinstance(value, bool)


def _word(value: object) -> str:
    return plain(value) if isinstance(value, str) else ""


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if moment is None or moment.year < _FIRST_YEAR:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _trouble(answer: NotFound | Trouble) -> Trouble:
    return answer if isinstance(answer, Trouble) else Trouble(kind=Kind.REJECTED, status=404, why="answered 404")


def _odd(why: str) -> Trouble:
    return Trouble(kind=Kind.ODD, status=200, why=why)
