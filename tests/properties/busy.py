"""A FutureVuls in which people work: they move, add and delete servers and rename roles whenever they like."""

from collections.abc import Callable, Mapping
from http import HTTPStatus

from exposurectl.clock import Clock
from exposurectl.demo.emulator import Emulator
from exposurectl.demo.ledger import Account, Heard, Reply
from exposurectl.model import Group, Role, Server

Moved = Callable[[str, Server, Server], None]
"""Called with the token and with the server as it was and as it is, after every PUT that was answered with 200."""


class BusyAccount(Account):
    """One group, which people change beside exposurectl: what they do costs none of its requests."""

    def __init__(self, token: str, group: Group, clock: Clock, per_minute: int, moved: Moved) -> None:
        super().__init__(group, clock, per_minute)
        self.storm: list[float] = []
        """The waits, in seconds, that the next requests are refused with, last one first."""
        self._token = token
        self._moved = moved

    @property
    def group(self) -> Group:
        """Return the group as it is now."""
        return Group(
            name=self._name, servers=self.servers, roles=tuple(self._roles[key] for key in sorted(self._roles))
        )

    def server(self, number: int) -> Server | None:
        """Return a server as it is now, or None where it is gone."""
        return self._servers.get(number)

    def keep(self, server: Server) -> None:
        """Add the server, or put it in the place of what it was."""
        with self._lock:
            self._servers = {**self._servers, server.id: server}

    def drop(self, number: int) -> None:
        """Delete a server."""
        with self._lock:
            self._servers = {key: server for key, server in self._servers.items() if key != number}

    def settle_roles(self, roles: tuple[Role, ...]) -> None:
        """Let the group have these roles."""
        self._roles = {role.id: role for role in roles}

    def admit(self) -> float | None:
        """Refuse while the storm lasts, and keep the limit otherwise."""
        return self.storm.pop() if self.storm else super().admit()

    def put_server(self, server_id: int, body: bytes) -> Reply:
        """Answer as ever, and tell of it."""
        before = self.server(server_id)
        reply = super().put_server(server_id, body)
        after = self.server(server_id)
        if reply[0] is HTTPStatus.OK and before and after:
            self._moved(self._token, before, after)
        return reply


class BusyFutureVuls(Emulator):
    """The emulator over real HTTP, with accounts that people change while it serves."""

    def __init__(
        self, groups: Mapping[str, Group], *, clock: Clock, per_minute: int, heard: Heard, moved: Moved
    ) -> None:
        super().__init__({}, clock=clock, heard=heard)
        self.accounts = {token: BusyAccount(token, group, clock, per_minute, moved) for token, group in groups.items()}
        self._books.accounts = self.accounts
