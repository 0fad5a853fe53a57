"""A server before the emulator, which answers some requests itself, byte for byte, and passes the others on."""

import http.client
import socket
import struct
from collections.abc import Callable

from targets.listening import Listener
from targets.request import Request, read_request


class Relay:
    """Serves until it is closed. `strikes` tells by its request line whether a request is answered here."""

    def __init__(self, beyond: str, strikes: Callable[[str], bool], reply: bytes | None) -> None:
        """`reply` is sent as it is, and then the connection ends; None resets it."""
        self.struck: list[str] = []
        """The request lines of what was answered here."""
        self._beyond, self._strikes, self._reply = beyond.removeprefix("http://"), strikes, reply
        self._listener = Listener(self._serve)

    @property
    def url(self) -> str:
        return self._listener.url

    def close(self) -> None:
        """End everything, and wait for it."""
        self._listener.close()

    def _serve(self, connection: socket.socket) -> None:
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
