"""Drift: where servers are, against where the last plan and its apply left them, and against a plan made now."""

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain

import msgspec

from exposurectl.model import Exposure, Group, Server
from exposurectl.plan.cause import Key, Row
from exposurectl.plan.model import Cause, Change, Placement, Plan, Skipped

GONE = "gone"
"""The cause of a server that FutureVuls has no longer; every other cause is one of a plan's."""

CAUSES = (Cause.EDITED_REMOTELY.value, GONE, *(one.value for one in Cause if one is not Cause.EDITED_REMOTELY))
"""Every cause of drift, what people did by hand first: nothing else tells about it."""

UNREAD = "evidence-incomplete"
"""The reason of a block for evidence that could not be read."""


class Made(enum.Enum):
    """What became of one change of the last plan."""

    YES = "yes"
    NO = "no"
    """The server was left where it was."""
    UNKNOWN = "unknown"
    """Nobody can tell: it may be in either role."""
    GONE = "gone"
    """FutureVuls did not have the server any more."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A role, its name, and the level that it stands for; None where nobody knows that."""

    level: Exposure | None
    role: int
    name: str


class Drifted(msgspec.Struct, frozen=True, kw_only=True):
    """One server that is not, or is no longer to be, where the last plan and its apply left it."""

    cause: str
    server: int
    name: str
    group: str
    instance: str
    left: Standing | None
    """Where the plan and its apply left it; None where the plan does not place it."""
    now: Standing | None
    """None where FutureVuls has it no longer."""
    wanted: Standing | None
    """Where a plan made now puts it; None where that leaves it alone."""


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """All that differs from a plan, and all of which nobody can tell."""

    plan: str
    """The plan's digest."""
    environment: str
    sequence: int
    planned_at: datetime
    as_of: datetime
    receipts: int
    """How many receipts of the plan are known. Without any its changes may or may not have been made."""
    lines: tuple[Drifted, ...]
    unread: tuple[str, ...]
    """What evidence could not be read."""
    unknown: tuple[Skipped, ...]
    """Servers that the plan places and that nothing can be said about now, with why."""

    @property
    def is_certain(self) -> bool:
        """Tell whether no line means no drift: everything that could be judged then can be judged now."""
        return not self.unread and not self.unknown


def drift_of(last: Plan, fresh: Plan, groups: Iterable[Group], made: Mapping[Key, Made], receipts: int) -> Drift:
    """
    Compare a plan with where servers are, and with the plan that the same groups lead to now.

    `made` says what became of each of its changes, as far as receipts tell; any other change is not known to be made
    or not. Every server has one line at most, with one cause: an edit by hand comes before what should be done now.
    """
    look = _Look(last=last, fresh=fresh, groups={group.name: group for group in groups}, made=made)
    lines = tuple(sorted(look.lines(), key=lambda one: (CAUSES.index(one.cause), one.group, one.server)))
    told = {(line.group, line.server) for line in lines}
    return Drift(
        plan=last.digest,
        environment=last.environment,
        sequence=last.sequence,
        planned_at=last.as_of,
        as_of=fresh.as_of,
        receipts=receipts,
        lines=lines,
        unread=tuple(block.detail for block in fresh.blocked_by if block.reason == UNREAD),
        unknown=tuple(one for one in look.unjudged() if (one.group, one.server) not in told),
    )


class _Look:
    """The two plans and the groups by server."""

    def __init__(self, *, last: Plan, fresh: Plan, groups: Mapping[str, Group], made: Mapping[Key, Made]) -> None:
        self._made = made
        self._fresh = fresh
        self._rows = _rows(last)
        self._wanted = _rows(fresh)
        self._servers = {(group.name, one.id): one for group in groups.values() for one in group.servers}
        self._levels = {(group.name, role.id): role.level for group in fresh.target.groups for role in group.roles}
        # What a role is called now comes before what it was called when the last plan was made.
        pinned = {(group.name, role.id): role.name for group in last.target.groups for role in group.roles}
        self._names = pinned | {(group.name, role.id): role.name for group in groups.values() for role in group.roles}

    def lines(self) -> Iterator[Drifted]:
        """Yield a line for each server that has drifted."""
        for key, row in self._rows.items():
            yield from self._placed(key, row)
        for key, row in self._wanted.items():
            if key not in self._rows and isinstance(row, Change):
                yield self._line(row.cause.value, row, None)

    def unjudged(self) -> Iterator[Skipped]:
        """Yield the servers that the last plan places and whose evidence says nothing now."""
        for one in self._fresh.skipped:
            if one.server and (one.group, one.server) in self._rows and one.why.startswith("unobserved:"):
                yield one

    def _placed(self, key: Key, row: Row) -> Iterator[Drifted]:
        """Yield the line of a server that the last plan places, if it has drifted."""
        here, wanted = self._servers.get(key), self._wanted.get(key)
        left = self._left(key, row, here)
        if here is None:
            if left:
                yield self._line(GONE, row, left)
        elif left and here.role != left.role:
            yield self._line(Cause.EDITED_REMOTELY.value, row, left)
        elif isinstance(wanted, Change):
            reverted = isinstance(row, Change) and row.cause is Cause.REVERTED
            yield self._line((Cause.REVERTED if reverted else wanted.cause).value, row, left)

    def _left(self, key: Key, row: Row, here: Server | None) -> Placement | None:
        """Return where the plan and its apply left a server; None where it was gone by then."""
        if not isinstance(row, Change):
            return row.placement
        made = self._made.get(key, Made.UNKNOWN)
        if made is Made.GONE:
            return None
        if made is Made.UNKNOWN and here and here.role == row.before.role:
            return row.before
        return row.before if made is Made.NO else row.after

    def _line(self, cause: str, row: Row, left: Placement | None) -> Drifted:
        key = row.group, row.server
        here, wanted = self._servers.get(key), self._wanted.get(key)
        return Drifted(
            cause=cause,
            server=row.server,
            name=here.name if here else row.name,
            group=row.group,
            instance=row.instance,
            left=self._standing(row.group, left.role, left.level) if left else None,
            now=self._standing(row.group, here.role, self._levels.get((row.group, here.role))) if here else None,
            wanted=self._goal(wanted) if wanted else None,
        )

    def _goal(self, wanted: Row) -> Standing:
        goal = wanted.after if isinstance(wanted, Change) else wanted.placement
        return self._standing(wanted.group, goal.role, goal.level)

    def _standing(self, group: str, role: int, level: Exposure | None) -> Standing:
        return Standing(level=level, role=role, name=self._names.get((group, role), f"id {role}"))


def _rows(plan: Plan) -> dict[Key, Row]:
    rows: Sequence[Row] = tuple(chain(plan.unchanged, plan.changes))
    return {(row.group, row.server): row for row in rows}
