"""A FutureVuls group through its API, as a client that can only read."""

from datetime import timedelta

from exposurectl.clock import Clock
from exposurectl.diagnostics import ExposurectlError
from exposurectl.model import Group, Role, Server
from exposurectl.targets.line import Line
from exposurectl.targets.listing import ROLES, SERVERS, read_list
from exposurectl.targets.pacing import Jitter, Pace
from exposurectl.targets.patience import Patience
from exposurectl.targets.replies import Good, Kind, NotFound, Trouble, error_message
from exposurectl.targets.rows import role_from_row, server_from_row
from exposurectl.targets.token import Token
from exposurectl.targets.wire import DETAIL_LIMIT, LONGEST_EXCHANGE, Wire


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

    @property
    def skew(self) -> timedelta | None:
        """Return by how much FutureVuls' clock is ahead of ours, by its latest reply that says a time, or None."""
        return self._line.wire.skew

    def health(self) -> bool:
        """Tell whether the service says that it is well. One request, no retry, and no test of the token."""
        answer = self._line.wire.send("GET", "/health", limit=DETAIL_LIMIT)
        return isinstance(answer, Good) and answer.value is True

    def roles(self) -> tuple[Role, ...]:
        """Return all roles, sorted by id."""
        return read_list(self._line, ROLES, role_from_row)

    def servers(self) -> tuple[Server, ...]:
        """Return all servers, sorted by id. A list that cannot be shown to be whole is an error."""
        return read_list(self._line, SERVERS, server_from_row)

    def server(self, server_id: int) -> Server | None:
        """Return one server, or None where there is none."""
        found = self._look(server_id, self._line.patience())
        if isinstance(found, Trouble):
            raise self._line.complaint(found, f"GET {path_of(server_id)}")
        return found

    def read_group(self) -> Group:
        """Return the whole group. Roles are read last, so that one made meanwhile is not missing from its servers."""
        servers = self.servers()
        return Group(name=self._line.group, servers=servers, roles=self.roles())

    def _look(self, server_id: int, patience: Patience) -> Server | Trouble | None:
        match self._line.read(path_of(server_id), limit=DETAIL_LIMIT, patience=patience):
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
            return odd(f"answered with an error: {self._line.wire.shown(message)}")
        try:
            server = server_from_row(value, "server")
        except ExposurectlError as error:
            return odd(" ".join(problem.detail for problem in error.problems).rstrip("."))
        return server if server.id == server_id else odd(f"answered with server {server.id}")


def path_of(server_id: int) -> str:
    """Return the path of one server."""
    return f"/v1/server/{server_id}"


def odd(why: str) -> Trouble:
    """Return the trouble of a well-formed reply with the wrong content."""
    return Trouble(kind=Kind.ODD, status=200, why=why)
