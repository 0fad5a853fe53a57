"""A test's server takes no part of a request for a whole one: a client may give up at any byte."""

import socket

import pytest

from targets.request import Request, read_request

WHOLE = b'PUT /v1/server/3 HTTP/1.1\r\nAuthorization: t\r\nContent-Length: 12\r\n\r\n{"roleID":5}'


def read(sent: bytes) -> Request | None:
    client, server = socket.socketpair()
    with client, server:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        return read_request(server)


def test_a_whole_request_is_read() -> None:
    assert read(WHOLE) == Request("PUT /v1/server/3", {"authorization": "t", "content-length": "12"}, b'{"roleID":5}')


@pytest.mark.parametrize("sent", range(len(WHOLE)))
def test_no_part_of_a_request_is_a_request(sent: int) -> None:
    assert read(WHOLE[:sent]) is None
