"""HTTP on this machine: one thread serves any number of connections, and breaks them on request."""

import asyncio
import contextlib
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from http import HTTPStatus
from typing import NamedTuple

_LONGEST_HEAD = 1 << 20
_AT_ONCE = 256
_THREADS = 64
_CLOSES_WITH_RESET = struct.pack("ii", 1, 0)


class Request(NamedTuple):
    method: str
    path: str
    """With the query string."""
    headers: Mapping[str, str]
    """Their names in lower case."""
    body: bytes


class Ending(Enum):
    """How a reply ends."""

    WHOLE = "whole"
    TRUNCATED = "truncated"
    """The head promises the whole body, half of it is sent, and the connection is closed."""
    RESET = "reset"
    """Nothing is sent, and the connection is reset."""
    HANGING = "hanging"
    """Nothing is sent until the client closes the connection."""


class Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes
    ending: Ending = Ending.WHOLE
    due: float = 0.0
    """
    When the last byte is sent, by `time.perf_counter()`.

    All others are sent as soon as they are there: so the time that it takes to send them is part of the latency, and
    32 clients that wait for large answers do not wait for each other.
    """


Handler = Callable[[Request], Awaitable[Reply]]


class HttpServer:
    """Serves on a free port of this machine until it is stopped. The handler runs in the server's one thread."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=_AT_ONCE)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(_THREADS, "aws-behind"))
        self._stopping = asyncio.Event()
        self._open: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="aws", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Close every connection, also those that hang, and wait until the thread has ended."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connected, sock=self._socket, limit=_LONGEST_HEAD, backlog=_AT_ONCE)
        async with server:
            await self._stopping.wait()
            server.close()
            for task in list(self._open):
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            while request := await _read(reader, writer):
                if not await self._answer(request, reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # The client has gone away, or the test has ended: there is nobody left to tell.
        finally:
            self._open.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _answer(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Send what the handler says, and return whether the connection goes on."""
        reply = await self._handler(request)
        body = b"" if request.method == "HEAD" else reply.body
        content = _head(reply) + body
        if reply.ending is Ending.WHOLE:
            writer.write(content[:-1])
            await writer.drain()
        await asyncio.sleep(reply.due - time.perf_counter())
        match reply.ending:
            case Ending.RESET:
                plain: socket.socket = writer.get_extra_info("socket")
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _CLOSES_WITH_RESET)
                writer.transport.abort()
                return False
            case Ending.HANGING:
                await reader.read()
                return False
            case Ending.TRUNCATED:
                writer.write(content[: -len(body) // 2])
                await writer.drain()
                return False
            case Ending.WHOLE:
                writer.write(content[-1:])
                await writer.drain()
                return request.headers.get("connection", "").lower() != "close"


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {}
    for line in filter(None, lines):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if "transfer-encoding" in headers:
        return Request(method, path, headers, await _chunks(reader))
    return Request(method, path, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += (await reader.readexactly(size + 2))[:-2]
    while (await reader.readline()).strip():
        pass  # trailers
    return body


def _head(reply: Reply) -> bytes:
    headers = {"Content-Length": str(len(reply.body))} | dict(reply.headers)
    lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
