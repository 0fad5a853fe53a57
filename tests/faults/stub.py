"""A FutureVuls of four servers whose nth request meets a fault of the wire, and which counts what it got rid of."""

import gzip
import json
import re
import socket
import struct
import threading
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from targets.listening import Listener
from targets.request import Request, read_request

OLD, NEW, OTHER = 3, 5, 9
SERVERS = (1, 2, 3)
TOKEN = "fvgs+canary/5e1f 9b2c=u"
MEBIBYTE = 1024 * 1024

_HEAD = b"HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 03:00:00 GMT\r\nContent-Type: application/json\r\n"
_PAUSE = 0.02
_REQUEST = re.compile(r"(GET|PUT) /v1/(?:servers\?page=(\d+)|server/(\d+))")


class Fault(Enum):
    """What the wire does to one request."""

    REFUSED = "the connection is refused"
    RESET = "reset after the request was read"
    CLOSED = "closed without an answer"
    CUT_STATUS = "cut in the status line"
    CUT_HEADERS = "cut in the headers"
    CUT_BODY = "cut in the body"
    CUT_CHUNK = "cut in a chunk"
    TWO_LENGTHS = "two lengths"
    GARBAGE = "no HTTP at all"
    DRIPPED_HEADERS = "headers that drip"
    DRIPPED_BODY = "a body that drips"
    ENDLESS = "a body without end"
    BOMB = "a gzip bomb"
    LONG_HEADER = "a header of 2 MB"
    TEXT = "200 and text"
    NOTHING = "200 and an empty object"
    ANOTHER = "200 and something else that was not asked for"
    BEFORE = "200 and what was before"
    REDIRECT = "302 to another host"


class Asked(NamedTuple):
    """One request, as far as the stub looks at it."""

    method: str
    number: int
    """The page or the server."""
    listing: bool
    role: int


class Stub:
    """
    Serves until it is closed; `struck` says which requests meet the fault, each time they are sent.

    With `carried_out`, a PUT takes effect before its reply meets the fault.
    """

    def __init__(self, fault: Fault, struck: tuple[str, int], *, carried_out: bool, elsewhere: str = "") -> None:
        self.roles = dict.fromkeys(SERVERS, OLD)
        self.puts: list[int] = []
        """The server of every PUT that was read."""
        self.sent = 0
        """How many bytes the fault got rid of."""
        self._fault, self._struck, self._carried_out, self._elsewhere = fault, struck, carried_out, elsewhere
        self._over = threading.Event()
        self._listener = Listener(self._serve)
        if fault is Fault.REFUSED and struck[1] == SERVERS[0]:
            self._listener.stop()

    @property
    def url(self) -> str:
        return self._listener.url

    def close(self) -> None:
        """End everything, and wait for it."""
        self._over.set()
        self._listener.close()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        request = read_request(connection)
        if request is None or (asked := _asked(request)) is None:
            return
        struck = self._struck == (_kind(asked), asked.number)
        if asked.method == "PUT":
            self.puts.append(asked.number)
            if self._carried_out or not struck:
                self.roles[asked.number] = asked.role
        if self._fault is Fault.REFUSED and self._struck == (_kind(asked), asked.number + 1):
            self._listener.stop()
        if struck and self._fault is not Fault.REFUSED:
            self._strike(connection, asked)
        else:
            connection.sendall(_whole(self._answer(asked)))

    def _answer(self, asked: Asked) -> bytes:
        if asked.listing:
            paging = {"page": asked.number, "limit": 1, "offset": 0, "totalCount": 3, "totalPage": 3}
            return json.dumps({"paging": paging, "servers": [self._row(asked.number)]}).encode()
        return json.dumps(self._row(asked.number)).encode()

    def _row(self, number: int) -> dict[str, object]:
        return row(number, self.roles[number])

    def _strike(self, connection: socket.socket, asked: Asked) -> None:
        if self._fault is Fault.RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        dripping = self._fault in {Fault.DRIPPED_HEADERS, Fault.DRIPPED_BODY}
        for piece in self._pieces(asked):
            connection.sendall(piece)
            self.sent += len(piece)
            if self._over.wait(_PAUSE if dripping else 0):
                return

    def _pieces(self, asked: Asked) -> Iterator[bytes]:
        """Yield what is sent instead of the answer, which stands in most of it: only the wire is at fault."""
        content = json.dumps(row(asked.number, NEW)).encode() if asked.method == "PUT" else self._answer(asked)
        match self._fault:
            case Fault.DRIPPED_HEADERS:
                yield from (bytes([byte]) for byte in _HEAD + b"X-Slow: yes\r\n" * 900)
            case Fault.DRIPPED_BODY:
                yield _HEAD + b"\r\n"
                yield from (bytes([byte]) for byte in content.rjust(10_000))
            case Fault.ENDLESS:
                yield _HEAD + b"\r\n" + content[:-1]
                while True:
                    yield b" " * 65_536
            case Fault.BEFORE:
                yield _whole(self._before(asked))
            case Fault.REDIRECT:
                yield b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % self._elsewhere.encode()
            case fault:
                yield _instead(fault, content)

    def _before(self, asked: Asked) -> bytes:
        """Return a stale answer: the first page again, another's detail, or the server in its old role."""
        if asked.listing:
            return self._answer(asked._replace(number=1 if asked.number > 1 else 2))
        if asked.method == "GET":
            return self._answer(asked._replace(number=asked.number % 3 + 1))
        return json.dumps(row(asked.number, OLD)).encode()


def row(number: int, role: int) -> dict[str, object]:
    """Return a server as the API shows it."""
    return {
        "id": number,
        "serverUuid": f"u-{number}",
        "serverName": f"web-{number}",
        "serverroleId": role,
        "platformInstanceId": f"i-{number}",
        "defaultUserId": 11,
    }


def _instead(fault: Fault, content: bytes) -> bytes:
    """Return what comes at once instead of an answer with that content."""
    size = len(content)
    bomb = gzip.compress(content.ljust(20 * MEBIBYTE), compresslevel=1) if fault is Fault.BOMB else b""
    return {
        Fault.CLOSED: b"",
        Fault.CUT_STATUS: b"HTTP/1.1 20",
        Fault.CUT_HEADERS: _HEAD + b"Content-Le",
        Fault.CUT_BODY: _HEAD + b"Content-Length: 100000\r\n\r\n" + content,
        Fault.CUT_CHUNK: _HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % (size + 99) + content,
        Fault.TWO_LENGTHS: _HEAD + b"Content-Length: 2\r\nContent-Length: %d\r\n\r\n" % size + content,
        Fault.GARBAGE: b"\x00\xff\x16 nothing that anybody would call HTTP\r\n\r\n" + content,
        Fault.BOMB: _HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb,
        Fault.LONG_HEADER: _HEAD + b"X-Long: " + b"x" * 2 * MEBIBYTE + b"\r\n\r\n" + content,
        Fault.TEXT: _whole(b"Authorization failed", b"X-Says: no\r\n"),
        Fault.NOTHING: _whole(b"{}"),
        Fault.ANOTHER: _whole(b'{"name": "error", "id": 77, "serverroleId": 5, "platformInstanceId": "i-77"}'),
    }[fault]


def _kind(asked: Asked) -> str:
    return "list" if asked.listing else asked.method


def _whole(content: bytes, headers: bytes = b"") -> bytes:
    return _HEAD + headers + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(content) + content


def _asked(request: Request) -> Asked | None:
    found = _REQUEST.match(request.line)
    if found is None:
        return None
    role = json.loads(request.body)["roleID"] if found[1] == "PUT" else 0
    return Asked(found[1], int(found[2] or found[3]), bool(found[2]), role)
