"""A socket that listens, for servers of the tests that answer byte for byte."""

import contextlib
import socket
import threading
from collections.abc import Callable

HOST = "127.0.0.1"


class Listener:
    """Serves each connection in a thread of its own. A client that goes away is no error."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        """Begin to listen; `serve` is given each connection, which is closed for it."""
        self._serve = serve
        self._socket = socket.create_server((HOST, 0))
        self._port = self._socket.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._stopped = threading.Event()
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._port}"

    def stop(self) -> None:
        """Refuse connections from now on."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        # Closing alone would leave a thread in accept, and the port open: this wakes it.
        with contextlib.suppress(OSError), socket.create_connection((HOST, self._port), timeout=1):
            pass
        self._acceptor.join()
        self._socket.close()

    def close(self) -> None:
        """Stop, and wait until every connection was served."""
        self.stop()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            if self._stopped.is_set():
                connection.close()
                return
            thread = threading.Thread(target=self._serve_one, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve_one(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            self._serve(connection)
