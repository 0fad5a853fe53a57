"""A server that answers what a test tells it to, byte for byte."""

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

from targets.listening import Listener
from targets.request import Request, read_request

TLS_HANDSHAKE = b"\x16"
CANARY = "fvgs-canary-5e1f"


class Drip(NamedTuple):
    """Bytes sent one by one, with a pause between."""

    content: bytes
    pause: float


class Reset(NamedTuple):
    """No reply, and the connection reset."""


class Stall(NamedTuple):
    """No reply for that long."""

    seconds: float


class Endless(NamedTuple):
    """A beginning, and then the same again until the client has enough."""

    head: bytes
    again: bytes


Answer = bytes | Drip | Reset | Stall | Endless


class Scripted:
    """Answers requests in order, each on its own connection; the last answer repeats."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._answers: list[Answer] = []
        self._over = threading.Event()
        self._listener = Listener(self._serve)

    @property
    def url(self) -> str:
        return self._listener.url

    @property
    def lines(self) -> list[str]:
        return [request.line for request in self.requests]

    def answer(self, *answers: Answer) -> None:
        self._answers = list(answers)

    @staticmethod
    def text(status: int, body: str | bytes = "", **headers: str) -> bytes:
        content = body.encode() if isinstance(body, str) else body
        lines = [f"HTTP/1.1 {status} Some Reason", f"Content-Length: {len(content)}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + content

    @classmethod
    def json(cls, value: Any, status: int = 200, **headers: str) -> bytes:
        return cls.text(status, json.dumps(value), Content_Type="application/json", **headers)

    def close(self) -> None:
        self._over.set()
        self._listener.close()

    def _serve(self, connection: socket.socket) -> None:
        if connection.recv(1, socket.MSG_PEEK) == TLS_HANDSHAKE:
            connection.sendall(b"this is not TLS\r\n")
            return
        request = read_request(connection)
        if request is None:
            return
        self.requests.append(request)
        self._send(connection, self._answers.pop(0) if len(self._answers) > 1 else self._answers[0])

    def _send(self, connection: socket.socket, answer: Answer) -> None:
        match answer:
            case bytes():
                connection.sendall(answer)
            case Drip(content=content, pause=pause):
                for byte in content:
                    connection.sendall(bytes([byte]))
                    if self._over.wait(pause):
                        return
            case Endless(head=head, again=again):
                connection.sendall(head)
                while not self._over.is_set():
                    connection.sendall(again)
            case Reset():
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            case Stall(seconds=seconds):
                self._over.wait(seconds)


@contextlib.contextmanager
def serving() -> Iterator[Scripted]:
    """Serve until the end of a block."""
    server = Scripted()
    try:
        yield server
    finally:
        server.close()
