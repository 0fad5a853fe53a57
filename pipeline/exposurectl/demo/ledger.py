"""What the emulated FutureVuls knows: the group behind each token, and what it answers."""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TypeAlias

import msgspec

from exposurectl.clock import Clock
from exposurectl.demo.queries import Listing
from exposurectl.demo.shapes import (
    Shape,
    error,
    paging,
    role_detail,
    role_in_list,
    server_detail,
    server_in_list,
)
from exposurectl.demo.tasks import Tasks
from exposurectl.model import Group, Role, Server

_MINUTE = 60.0

Reply: TypeAlias = tuple[HTTPStatus, Shape | None]
"""A status and what stands in the body; None for no body."""


class Update(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The body of `PUT /v1/server/{serverID}`: every member is optional, and at least one must be there."""

    role: int | msgspec.UnsetType = msgspec.field(name="roleID", default=msgspec.UNSET)
    name: str | msgspec.UnsetType = msgspec.field(name="serverName", default=msgspec.UNSET)
    default_user: int | msgspec.UnsetType = msgspec.field(name="defaultUserID", default=msgspec.UNSET)
    additional: str | msgspec.UnsetType = msgspec.field(name="additionalInfo", default=msgspec.UNSET)


class Rights(msgspec.Struct, frozen=True, kw_only=True):
    """What a token may do through the API, as Group settings > Tokens has it."""

    read: bool = True
    """Without it, the token is answered like one that does not exist."""
    update: bool = True
    scan: bool = True


Heard: TypeAlias = Callable[[str, str, str], None]
"""Called with the token, the method and the path of a request before it is answered."""


class Books:
    """Everything the emulator knows: the accounts by token, and what was asked of it and answered."""

    def __init__(self, accounts: Mapping[str, "Account"], clock: Clock, heard: Heard) -> None:
        self.accounts = accounts
        self.clock = clock
        self.heard = heard
        self.writes: list[tuple[str, str, bytes]] = []
        """Every request other than GET and HEAD: method, path and body."""
        self.statuses: list[int] = []
        """The status of every reply."""


class Account:
    """One token's view: its group, which PUTs change, and how often it was used within a minute."""

    def __init__(self, group: Group, clock: Clock, per_minute: int | None) -> None:
        self.rights = Rights()
        self.tasks = Tasks()
        self._name = group.name
        self._servers: Mapping[int, Server] = {server.id: server for server in group.servers}
        self._roles: Mapping[int, Role] = {role.id: role for role in group.roles}
        self._clock = clock
        self._per_minute = per_minute
        self._used: deque[float] = deque()
        self._lock = threading.Lock()

    @property
    def servers(self) -> tuple[Server, ...]:
        """Return the servers as they are now, sorted by id."""
        return tuple(self._servers[key] for key in sorted(self._servers))

    def admit(self) -> float | None:
        """Return None where the request may pass, else the seconds until one may. A refused one does not count."""
        if self._per_minute is None:
            return None
        with self._lock:
            now = self._clock.monotonic()
            while self._used and self._used[0] <= now - _MINUTE:
                self._used.popleft()
            if len(self._used) >= self._per_minute:
                return self._used[0] + _MINUTE - now
            self._used.append(now)
            return None

    def list_servers(self, listing: Listing) -> Reply:
        """Answer `GET /v1/servers`."""
        rows = [server for server in self.servers if listing.role in {None, server.role}]
        shown = [
            server_in_list(row, self._role_name(row), self._name, self.tasks.of(row).at) for row in rows[listing.window]
        ]
        return _page("servers", shown, len(rows), listing)

    def list_roles(self, listing: Listing) -> Reply:
        """Answer `GET /v1/roles`."""
        rows = [self._roles[key] for key in sorted(self._roles)]
        shown = [role_in_list(row, len(self._members(row.id))) for row in rows[listing.window]]
        return _page("roles", shown, len(rows), listing)

    def list_tasks(self, listing: Listing) -> Reply:
        """Answer `GET /v1/tasks`."""
        servers = [(server, self._role_name(server)) for server in self.servers if listing.role in {None, server.role}]
        rows = self.tasks.rows(servers, listing)
        return _page("tasks", rows[listing.window], len(rows), listing)

    def get_task(self, task_id: int) -> Reply:
        """Answer `GET /v1/task/{taskID}`."""
        shown = self.tasks.detail(task_id, self._servers, {role.id: role.name for role in self._roles.values()})
        return (HTTPStatus.OK, shown) if shown else (HTTPStatus.NOT_FOUND, error("task not found"))

    def get_server(self, server_id: int) -> Reply:
        """Answer `GET /v1/server/{serverID}`."""
        server = self._servers.get(server_id)
        if server is None:
            return HTTPStatus.NOT_FOUND, error("server not found")
        shown = server_detail(server, self._role_name(server), self._name, self.tasks.of(server).at)
        return HTTPStatus.OK, shown

    def get_role(self, role_id: int) -> Reply:
        """Answer `GET /v1/role/{roleID}`."""
        role = self._roles.get(role_id)
        if role is None:
            return HTTPStatus.NOT_FOUND, error("role not found")
        return HTTPStatus.OK, role_detail(role, self._members(role_id))

    def put_server(self, server_id: int, body: bytes) -> Reply:
        """Answer `PUT /v1/server/{serverID}`: a partial update, refused where the role is not of this group."""
        if not self.rights.update:
            return HTTPStatus.FORBIDDEN, error("this token may not update")
        try:
            update = msgspec.json.decode(body, type=Update)
        except (msgspec.DecodeError, RecursionError):
            return HTTPStatus.BAD_REQUEST, error("invalid body")
        if update == Update():
            return HTTPStatus.BAD_REQUEST, error("nothing to update")
        with self._lock:
            if server_id not in self._servers:
                return HTTPStatus.NOT_FOUND, error("server not found")
            if update.role is not msgspec.UNSET and update.role not in self._roles:
                return HTTPStatus.BAD_REQUEST, error("role not found")
            before = self._servers[server_id]
            self.tasks.before_move(before)
            self._servers = {**self._servers, server_id: _updated(before, update)}
        return self.get_server(server_id)

    def scan_server(self, server_id: int) -> Reply:
        """Answer `POST /v1/server/scan/{serverID}`, with a scan that is done at once."""
        if not self.rights.scan:
            return HTTPStatus.FORBIDDEN, error("this token may not scan")
        with self._lock:
            server = self._servers.get(server_id)
            if server is None:
                return HTTPStatus.NOT_FOUND, error("server not found")
            self.tasks.scan(server, self._clock.now())
        return HTTPStatus.OK, None

    def _members(self, role_id: int) -> tuple[Server, ...]:
        return tuple(server for server in self.servers if server.role == role_id)

    def _role_name(self, server: Server) -> str:
        role = self._roles.get(server.role)
        return role.name if role else ""


def _page(key: str, rows: list[Shape], total: int, listing: Listing) -> Reply:
    members = paging(page=listing.page, limit=listing.limit, offset=listing.offset, total=total)
    # The real API seems to leave an empty list out.
    return HTTPStatus.OK, {"paging": members, **({key: rows} if rows else {})}


def _updated(server: Server, update: Update) -> Server:
    return msgspec.structs.replace(
        server,
        role=server.role if update.role is msgspec.UNSET else update.role,
        name=server.name if update.name is msgspec.UNSET else update.name,
        default_user=server.default_user if update.default_user is msgspec.UNSET else update.default_user,
    )
