"""A deadline for a whole HTTP exchange, which no HTTP library for Python offers."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError


class Cord:
    """
    Holds the socket in use, so that another thread can cut it wherever it waits.

    The timeouts of requests count from byte to byte: a server that drips its headers holds a client for ever.
    """

    def __init__(self) -> None:
        self.was_cut = False
        self._socket: socket.socket | None = None

    def hold(self, connected: socket.socket) -> None:
        """
        Remember the socket. Its connection may forget it as soon as the headers are read, though the body is not.

        One that connects after the deadline is cut at once: finding the address may have taken all the time.
        """
        self._socket = connected
        if self.was_cut:
            self._cut()

    @contextlib.contextmanager
    def cut_after(self, seconds: float) -> Iterator[None]:
        """Cut the socket if the block takes longer than that; `was_cut` tells afterwards."""
        self.was_cut = False
        timer = threading.Timer(seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()  # or a cut that is on its way would meet the next exchange

    def _cut(self) -> None:
        self.was_cut = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                # The plain socket's own method: an SSL socket's would first forget the TLS state another thread reads.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class CuttableAdapter(HTTPAdapter):
    """An adapter for requests whose connections hang on the cord."""

    def __init__(self, cord: Cord) -> None:
        self._cord = cord
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools, as the base class does, with connections that report themselves to the cord."""
        super().init_poolmanager(*args, **kwargs)
        plain, tls = _connections(self._cord)
        self.poolmanager.pool_classes_by_scheme = {
            "http": type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("TlsPool", (HTTPSConnectionPool,), {"ConnectionCls": tls}),
        }


def _connections(cord: Cord) -> tuple[type[HTTPConnection], type[HTTPSConnection]]:
    class Plain(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            cord.hold(self.sock)

    class Tls(HTTPSConnection):
        def connect(self) -> None:
            with contextlib.ExitStack() as self._greeting:
                super().connect()
                cord.hold(self.sock)

        def _new_conn(self) -> socket.socket:
            """Hold the connection from here on by a second handle: TLS takes the first one, and may be kept waiting."""
            plain = super()._new_conn()
            if cord.was_cut:  # TLS takes a cut socket for one that is not connected yet, and forgets to close it
                plain.close()
                raise ConnectTimeoutError(self, "The deadline was over before there was a connection.")
            cord.hold(self._greeting.enter_context(plain.dup()))
            return plain

    return Plain, Tls
