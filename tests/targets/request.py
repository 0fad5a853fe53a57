"""A request, as the servers of the tests read it from a socket."""

import socket
from typing import NamedTuple


class Request(NamedTuple):
    """What a client sent: `line` is its method and target, `headers` go by their names in small letters."""

    line: str
    headers: dict[str, str]
    body: bytes


def read_request(connection: socket.socket) -> Request | None:
    """
    Read one request; None if the client gave up before all of it was there.

    A client gives up at any byte: with its deadline over, it closes between the head and the body.
    """
    head: list[str] = []
    with connection.makefile("rb") as stream:
        while (line := stream.readline()) not in {b"\r\n", b""}:
            head.append(line.decode("latin-1").strip())
        if not head or not line:
            return None
        fields = (field.partition(":") for field in head[1:])
        headers = {name.lower(): value.strip() for name, _, value in fields}
        length = int(headers.get("content-length", "0"))
        body = stream.read(length)
    return Request(head[0].removesuffix(" HTTP/1.1"), headers, body) if len(body) == length else None
