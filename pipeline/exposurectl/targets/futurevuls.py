"""A FutureVuls group through its API: a client that reads, and one that also moves servers between roles."""

from typing import TypeAlias

import msgspec

from exposurectl.clock import Clock
from exposurectl.diagnostics import Diagnostic, ExposurectlError
from exposurectl.model import Group, Role, Server
from exposurectl.targets.line import Line
from exposurectl.targets.listing import List, read_list
from exposurectl.targets.pacing import Jitter, Pace
from exposurectl.targets.patience import STOPPING, Patience
from exposurectl.targets.replies import Good, Kind, NotFound, Trouble, error_message
from exposurectl.targets.rows import role_from_row, server_from_row
from exposurectl.targets.token import Token
from exposurectl.targets.wire import DETAIL_LIMIT, LONGEST_EXCHANGE, Wire

_SERVERS = List(path="/v1/servers", key="servers", limit=1_000)
_ROLES = List(path="/v1/roles", key="roles", limit=100)  # the API's validator allows 1,000, its prose 100


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """The server is in the role that was asked for, and nothing else about it changed."""

    server: Server
    """As FutureVuls shows it now."""
    status: int
    """The HTTP status of the last PUT; 0 where it brought none."""
    attempts: int
    """How many PUTs were sent."""


class Gone(msgspec.Struct, frozen=True, kw_only=True):
    """The server does not exist any more."""

    status: int
    attempts: int


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """The server is not in the role that was asked for, and that is certain."""

    why: str
    status: int
    attempts: int


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """A PUT had no clear answer, and the server could not be read afterwards: it may have moved or not."""

    why: str
    attempts: int


Outcome: TypeAlias = Moved | Gone | Failed | Unknown


class UnsettledError(ExposurectlError):
    """The run has to stop, and what became of the PUT under way is not certain: never call it failed."""


class FutureVuls:
    """
    Reads the one group that a token sees. This class has no way to write.

    Every failure is an ExposurectlError that names the group and the request. No connection outlives its request, so
    there is nothing to close.
    """

    def __init__(
        self,
        url: str,
        token: Token,
        *,
        group: str,
        clock: Clock,
        pace: Pace,
        jitter: Jitter,
        longest: float = LONGEST_EXCHANGE,
    ) -> None:
        """`longest` is the seconds that one request may take, whatever the server does."""
        wire = Wire(url, token, clock=clock, pace=pace, longest=longest)
        self._line = Line(wire, group=group, clock=clock, jitter=jitter)

    @property
    def requests(self) -> int:
        """Return how many requests were sent, retries included."""
        return self._line.wire.requests

    def health(self) -> bool:
        """Tell whether the service says that it is well. One request, no retry, and no test of the token."""
        answer = self._line.wire.send("GET", "/health", limit=DETAIL_LIMIT)
        return isinstance(answer, Good) and answer.value is True

    def roles(self) -> tuple[Role, ...]:
        """Return all roles, sorted by id."""
        return read_list(self._line, _ROLES, role_from_row)

    def servers(self) -> tuple[Server, ...]:
        """Return all servers, sorted by id. A list that cannot be shown to be whole is an error."""
        return read_list(self._line, _SERVERS, server_from_row)

    def server(self, server_id: int) -> Server | None:
        """Return one server, or None where there is none."""
        found = self._look(server_id, self._line.patience())
        if isinstance(found, Trouble):
            raise self._line.complaint(found, f"GET {_path(server_id)}")
        return found

    def read_group(self) -> Group:
        """Return the whole group. Roles are read last, so that one made meanwhile is not missing from its servers."""
        servers = self.servers()
        return Group(name=self._line.group, servers=servers, roles=self.roles())

    def _look(self, server_id: int, patience: Patience) -> Server | Trouble | None:
        match self._line.read(_path(server_id), limit=DETAIL_LIMIT, patience=patience):
            case NotFound():
                return None
            case Trouble() as trouble:
                return trouble
            case Good(value=value):
                return None if value == {} else self._server_in(value, server_id)

    def _server_in(self, value: object, server_id: int) -> Server | Trouble:
        """Read a detail reply, which is only believed where it is about the server that was asked for."""
        message = error_message(value, but_for="id")
        if message is not None:
            return _odd(f"answered with an error: {self._line.wire.shown(message)}")
        try:
            server = server_from_row(value, "server")
        except ExposurectlError as error:
            return _odd(" ".join(problem.detail for problem in error.problems).rstrip("."))
        return server if server.id == server_id else _odd(f"answered with server {server.id}")


class FutureVulsWriter(FutureVuls):
    """Reads a group and moves its servers between roles. It writes nothing else."""

    def move(self, server: Server, role: int) -> Outcome:
        """
        Put the server into the role, and return what is known to have come of it.

        A PUT without a clear answer is never repeated blindly: the server is read first, and only where it is still in
        the role that the caller knows is the PUT sent again. `server` must be as recently read. An error is raised
        where the run should stop: UnsettledError where this very move may have taken effect, among others when the name
        or the default user changed as well; any other error means that it did not.
        """
        patience = self._line.patience()
        while True:
            patience.attempts += 1
            answer = self._put(server, role)
            if isinstance(answer, Server):
                return Moved(server=self._unchanged(answer, server), status=200, attempts=patience.attempts)
            if isinstance(answer, NotFound):
                return Gone(status=404, attempts=patience.attempts)
            if answer.kind is Kind.REJECTED:
                return Failed(why=answer.why, status=answer.status, attempts=patience.attempts)
            pause = self._pause(answer, patience, server)
            self._line.wait(pause or 0)
            outcome = self._settle(server, role, answer, patience)
            if outcome is not None:
                return outcome
            if pause is None:
                return Failed(why=answer.why, status=answer.status, attempts=patience.attempts)

    def _put(self, server: Server, role: int) -> Server | NotFound | Trouble:
        # Only roleID: the other members are optional, and whether null leaves them alone is documented nowhere.
        answer = self._line.wire.send("PUT", _path(server.id), limit=DETAIL_LIMIT, body={"roleID": role})
        if not isinstance(answer, Good):
            return answer
        found = self._server_in(answer.value, server.id)
        if isinstance(found, Server) and found.role != role:
            return _odd(f"answered with the server in role {found.role}")
        return found

    def _pause(self, trouble: Trouble, patience: Patience, server: Server) -> float | None:
        pause = patience.pause(trouble)
        if pause is None and trouble.kind in STOPPING:
            complaint = self._line.complaint(trouble, f"PUT {_path(server.id)}")
            # A reply refused it; where none came, as when TLS broke, the PUT may have been carried out.
            raise complaint if trouble.status else _unsettled(complaint)
        return pause

    def _settle(self, server: Server, role: int, trouble: Trouble, patience: Patience) -> Outcome | None:
        """Find out by reading what a PUT in trouble did; None means that it did nothing."""
        attempts = patience.attempts
        match self._look(server.id, patience.for_another_look()):
            case None:
                return Gone(status=trouble.status, attempts=attempts)
            case Trouble() as blind:
                if blind.kind in STOPPING:
                    raise _unsettled(self._line.complaint(blind, f"GET {_path(server.id)}"))
                return Unknown(why=f"{trouble.why}; reading it again: {blind.why}", attempts=attempts)
            case Server() as found if found.role == role:
                return Moved(server=self._unchanged(found, server), status=trouble.status, attempts=attempts)
            case Server() as found if found.role != server.role:
                why = f"moved by someone else, to role {found.role}"
                return Failed(why=why, status=trouble.status, attempts=attempts)
            case Server():
                return None

    def _unchanged(self, now: Server, before: Server) -> Server:
        if (now.name, now.default_user) == (before.name, before.default_user):
            return now
        detail = f"Group `{self._line.group}`, PUT {_path(now.id)}: its name or its default user is not what it was."
        hint = "Compare the server in FutureVuls. If nobody changed it by hand, stop using this version and report it."
        raise UnsettledError(
            Diagnostic(summary="More than the role changed", detail=detail, hint=hint), reason="field-changed"
        )


def _path(server_id: int) -> str:
    return f"/v1/server/{server_id}"


def _unsettled(complaint: ExposurectlError) -> UnsettledError:
    return UnsettledError(*complaint.problems, reason=complaint.reason)


def _odd(why: str) -> Trouble:
    return Trouble(kind=Kind.ODD, status=200, why=why)
