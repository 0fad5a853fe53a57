"""The readers of what FutureVuls answers: headers, replies, and whole exchanges as bytes on the wire."""

import atexit
import contextlib
import json
from collections.abc import Callable, Iterator

from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.story import RECORDED
from exposurectl.model import Exposure, Role
from exposurectl.render.neutral import cell, code, neutral
from exposurectl.targets.pacing import Pace, retry_after
from exposurectl.targets.pages import page_from
from exposurectl.targets.probing import FutureVulsProbe
from exposurectl.targets.replies import Good, Reply, Trouble, classify, error_message, is_bare
from exposurectl.targets.rows import role_from_row, server_from_row
from exposurectl.targets.skew import skew_of
from exposurectl.targets.token import Token
from fuzz import seeds
from fuzz.files import shows, whole
from fuzz.hunting import Target, answer_of
from targets.scripted import CANARY, Scripted, serving

_TOKEN = Token(CANARY)
_STATUSES = (200, 200, 200, 200, 204, 302, 400, 401, 403, 404, 418, 429, 500, 502, 503, 999)
_HEADERS = (
    b"120",
    b"0",
    b"Mon, 23 Nov 2026 03:01:00 GMT",
    b"Mon, 23 Nov 2026 03:01:00",
    b"Mon, 23 Nov 2026 03:01:00 +2500",
)
_TASK = {
    "id": 7,
    "serverID": 1,
    "roleID": 31,
    "ssvcPriority": "immediate",
    "ssvcDecisionPointExposure": "open",
    "server": {"id": 1, "serverroleId": 31, "lastScannedAt": "2026-11-22T03:00:00+09:00"},
}
_AGAIN = 500
"""Exchanges with one server: it keeps what it was asked."""


def header(content: bytes) -> str:
    """Read `Retry-After` and `Date`, whose bytes are Latin-1 by the time they come."""
    text = content.decode("latin-1")
    wait, ahead = retry_after(text, RECORDED), skew_of(text, RECORDED)
    assert wait is None or wait >= 0, wait
    return f"{type(wait).__name__} {type(ahead).__name__}"


def reply(content: bytes) -> str:
    """Sort a reply, and read it as everything that it may be; its first byte chooses the status."""
    status, body = _STATUSES[(content[:1] or b"\0")[0] % len(_STATUSES)], content[1:]
    retry = body.partition(b"\n")[0].decode("latin-1")
    answer = classify(Reply(status=status, headers={"retry-after": retry}, body=body), _TOKEN, RECORDED)
    is_bare(Reply(status=status, headers={"content-length": retry}, body=body))
    if isinstance(answer, Trouble):
        assert len(answer.why) < 300, answer.why
        shows(answer.why)
    if not isinstance(answer, Good):
        return f"{status} {type(answer).__name__}"
    error_message(answer.value)
    return " ".join(answer_of(read) for read in _readings(answer.value))


def _readings(value: object) -> Iterator[Callable[[], object]]:
    yield lambda: page_from(value, "servers", server_from_row)
    yield lambda: page_from(value, "roles", role_from_row)
    yield lambda: whole(server_from_row(value, "server"))
    yield lambda: whole(role_from_row(value, "role"))


class _Exchanges:
    """A server of this process, a new one now and then."""

    def __init__(self) -> None:
        self._left = 0
        self._stack = contextlib.ExitStack()
        atexit.register(self._stack.close)
        self._server: Scripted

    def server(self) -> Scripted:
        """Return a server that has not been asked too often."""
        if not self._left:
            self._stack.close()
            self._server, self._left = self._stack.enter_context(serving()), _AGAIN
        self._left -= 1
        return self._server


_exchanges = _Exchanges()


def wire(content: bytes) -> str:
    """Answer every request with these bytes, and ask for everything that is ever asked for."""
    server = _exchanges.server()
    server.answer(content or b"\n")
    clock = SimulatedClock(RECORDED)
    client = FutureVulsProbe(
        server.url, _TOKEN, group="web", clock=clock, pace=Pace(20, clock), jitter=lambda _: 0.0, longest=1.0
    )
    role = Role(id=31, name="web-open")
    asked: tuple[Callable[[], object], ...] = (
        client.health,
        client.servers_by_system,
        lambda: client.server(1),
        lambda: client.probe(role, Exposure.OPEN, {1}),
    )
    return " ".join(answer_of(ask) for ask in asked)


def text(content: bytes) -> str:
    """Show a text in each of the ways that there are."""
    written = content.decode("utf-8", "surrogatepass" if content.isascii() else "surrogateescape")
    for show in (neutral, code, cell):
        shown = shows(show(written))
        assert "\n" not in shown, shown
        assert "\t" not in shown, shown
    assert len(neutral(written)) <= 200
    return str(len(neutral(written)))


def _replies() -> list[bytes]:
    bodies = [*seeds.servers(), json.dumps(_TASK).encode(), b'{"message": "no"}', b"Authentication failed", b""]
    return [bytes([number]) + body for body in bodies[:9] for number in (0, 8, 9, 11, 12)]


def _exchanges_seen() -> list[bytes]:
    bodies = [*seeds.servers()[:5], json.dumps(_TASK).encode(), json.dumps({"tasks": [_TASK]}).encode(), b"true", b"A"]
    usual = [Scripted.text(200, body, Date=_HEADERS[2].decode()) for body in bodies]
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ntrue\r\n0\r\n\r\n"
    return [*usual, chunked, Scripted.text(429, "", Retry_After="3"), Scripted.text(302, "", Location="http://[")]


TARGETS = (
    Target(name="header", seeds=lambda: _HEADERS, read=header),
    Target(name="reply", choosing=1, seeds=_replies, read=reply),
    Target(name="wire", seeds=_exchanges_seen, read=wire),
    Target(name="text", seeds=lambda: [b"web-01", b"`` a | b ``", "\u202e::error::x##[y]".encode()], read=text),
)
