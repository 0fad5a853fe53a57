"""An emulator of the FutureVuls API over real HTTP, as far as exposurectl uses it."""

import socket
import threading
from collections.abc import Mapping
from http.server import ThreadingHTTPServer
from socketserver import TCPServer
from types import TracebackType
from typing import Self

from exposurectl.clock import Clock
from exposurectl.demo.answering import Handler
from exposurectl.demo.ledger import Account, Books, Heard, Rights
from exposurectl.model import Group, Server

_HOST = "127.0.0.1"
_POLL_SECONDS = 0.01


class Emulator:
    """
    Serves the groups, each to its own token, on a port of this machine until it is closed.

    It follows `tests/fixtures/futurevuls-openapi.yaml`, and what clients have seen of the real one: the raw token in
    `Authorization`, plain text with status 200 for a bad one, no list key for an empty list. With `per_minute` each
    token gets that many requests within any 60 seconds of the clock, and 429 beyond.
    """

    def __init__(
        self,
        groups: Mapping[str, Group],
        *,
        clock: Clock,
        port: int = 0,
        per_minute: int | None = None,
        heard: Heard = lambda _token, _method, _path: None,
    ) -> None:
        """Start serving; `groups` are keyed by token, and port 0 picks a free one."""
        accounts = {token: Account(group, clock, per_minute) for token, group in groups.items()}
        self._books = Books(accounts, clock, heard)
        self._server = _Server((_HOST, port), self._books)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL_SECONDS,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Return the base URL, without `/v1`."""
        return f"http://{_HOST}:{self._server.server_port}"

    @property
    def writes(self) -> tuple[tuple[str, str, bytes], ...]:
        """Return every request so far that could have changed something: method, path and body."""
        return tuple(self._books.writes)

    @property
    def statuses(self) -> tuple[int, ...]:
        """Return the status of every reply so far."""
        return tuple(self._books.statuses)

    def servers(self, token: str) -> tuple[Server, ...]:
        """Return the servers of the token's group as they are now, sorted by id."""
        return self._books.accounts[token].servers

    def permit(self, token: str, rights: Rights) -> None:
        """Set what a token may do from now on. At first it may do everything."""
        self._books.accounts[token].rights = rights

    def expose(self, token: str, exposures: Mapping[int, str]) -> None:
        """
        Set the exposure of roles of the token's group, by id, as if its servers were scanned right afterwards.

        A role that is not named has the group's, which is controlled. Tasks show what their server's role had at its
        last scan: a server that moves goes on showing its old role's until it is scanned.
        """
        self._books.accounts[token].tasks.expose(exposures)

    def close(self) -> None:
        """Stop serving, and end the connections that are still open."""
        self._server.shutdown()
        self._server.server_close()
        self._server.end_connections()
        self._thread.join()

    def __enter__(self) -> Self:
        """Return the emulator itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()


class _Server(ThreadingHTTPServer):
    """The listening socket, which remembers its connections: handlers wait on idle ones for ever."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], books: Books) -> None:
        self.books = books
        self._open: set[socket.socket] = set()
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        """Bind without asking for our own name, as HTTPServer does: reverse DNS can take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = _HOST, int(self.socket.getsockname()[1])

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        """Accept a connection and remember it."""
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """End a connection and forget it."""
        if isinstance(request, socket.socket):
            self._open.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        """End those that nobody ended, so that their handlers return."""
        for connection in tuple(self._open):
            self.shutdown_request(connection)
