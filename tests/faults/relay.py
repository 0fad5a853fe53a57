"""A server before the emulator, which answers some requests itself, byte for byte, and passes the others on."""

import contextlib
import http.client
import socket
import struct
import threading
from collections.abc import Callable

from targets.request import Request, read_request


class Relay:
    """Serves until it is closed. `strikes` tells by its request line whether a request is answered here."""

    def __init__(self, beyond: str, strikes: Callable[[str], bool], reply: bytes | None) -> None:
        """`reply` is sent as it is, and then the connection ends; None resets it."""
        self.struck: list[str] = []
        """The request lines of what was answered here."""
        self._beyond, self._strikes, self._reply = beyond.removeprefix("http://"), strikes, reply
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._threads: list[threading.Thread] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def close(self) -> None:
        """End everything, and wait for it."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self._socket.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            request = read_request(connection)
            if request is None:
                return
            if not self._strikes(request.line):
                connection.sendall(self._passed_on(request))
                return
            self.struck.append(request.line)
            if self._reply is None:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                connection.sendall(self._reply)

    def _passed_on(self, request: Request) -> bytes:
        method, target = request.line.split(" ")
        beyond = http.client.HTTPConnection(self._beyond, timeout=10)
        beyond.request(
            method, target, body=request.body or None, headers={"Authorization": request.headers["authorization"]}
        )
        response = beyond.getresponse()
        content = response.read()
        beyond.close()
        head = f"HTTP/1.1 {response.status} x\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
        return head.encode() + content
