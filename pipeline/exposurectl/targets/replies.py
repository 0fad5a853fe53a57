"""What a reply of FutureVuls means: a value, nothing there, or trouble of a known kind."""

import enum
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import TypeAlias

import msgspec

from exposurectl.targets.pacing import retry_after
from exposurectl.targets.token import Token

LONGEST_WAIT = 120.0
"""Seconds; a server that asks for more is not waited for."""


class Kind(enum.Enum):
    """The kinds of trouble. What each means for a retry is written in `patience`."""

    LOST = "lost"
    """No reply, or one that was cut or garbled: whether the request was carried out is unknown."""
    OVERLOADED = "overloaded"
    THROTTLED = "throttled"
    SHUT_OUT = "shut out"
    """Throttled for longer than we wait."""
    FAULT = "fault"
    """500 and its relatives, which may stand for a missing permission."""
    WALLED = "walled"
    """403 without JSON: perhaps a firewall that throttles."""
    REJECTED = "rejected"
    ODD = "odd"
    """A well-formed reply with the wrong content."""
    TOKEN = "token"  # noqa: S105 - a word, not a secret
    PERMISSION = "permission"
    REDIRECT = "redirect"
    TLS = "tls"


class Good(msgspec.Struct, frozen=True):
    """200 with JSON; whether it has the expected shape is for the reader of that shape."""

    value: object


class NotFound(msgspec.Struct, frozen=True):
    """404."""


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Anything else. `why` is a clause that may be shown: short, on one line, without the token."""

    kind: Kind
    why: str
    status: int = 0
    """0 where no status line came back."""
    wait: float = 0.0
    """Seconds that the server asked for."""


Answer: TypeAlias = Good | NotFound | Trouble


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A whole HTTP reply. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


MOST_VALUES = 1_000_000
"""Of JSON; a full page has a tenth of it. Small values take thirty times the memory that their text does."""

_NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_KINDS = {
    HTTPStatus.UNAUTHORIZED: Kind.TOKEN,
    HTTPStatus.BAD_GATEWAY: Kind.OVERLOADED,
    HTTPStatus.SERVICE_UNAVAILABLE: Kind.OVERLOADED,
    HTTPStatus.GATEWAY_TIMEOUT: Kind.OVERLOADED,
}


def classify(reply: Reply, token: Token, now: datetime) -> Answer:
    """
    Sort a reply into what a client can do about it.

    The specification lists no status but 200, so all others are read defensively.
    """
    match reply.status:
        case HTTPStatus.OK:
            return _classify_ok(reply, token)
        case HTTPStatus.NOT_FOUND:
            return NotFound()
        case HTTPStatus.FORBIDDEN:
            kind = Kind.PERMISSION if _is_json(reply.body) else Kind.WALLED
            return _trouble(kind, reply, token)
        case HTTPStatus.TOO_MANY_REQUESTS:
            wait = retry_after(reply.headers.get("retry-after"), now) or 0.0
            kind = Kind.THROTTLED if wait <= LONGEST_WAIT else Kind.SHUT_OUT
            return msgspec.structs.replace(_trouble(kind, reply, token), wait=wait)
        case status:
            return _trouble(_kind_of(status), reply, token)


def is_bare(reply: Reply) -> bool:
    """
    Tell whether this is a success that says itself that it has no body.

    A reply that was cut in its headers has none either, and is not taken for one.
    """
    whole = reply.headers.get("content-length") == "0" or "transfer-encoding" in reply.headers
    return reply.status == HTTPStatus.OK and not reply.body and whole


def error_message(value: object, *, but_for: str = "") -> str | None:
    """
    Return what an error body says: `message`, `error.message` or `error`, the shapes known to occur.

    An object that has the key `but_for` is what was asked for, whatever else it says.
    """
    if not isinstance(value, dict) or but_for in value:
        return None
    error = value.get("error")
    nested = error.get("message") if isinstance(error, dict) else error
    return next((text for text in (value.get("message"), nested) if isinstance(text, str)), None)


def is_crammed(body: bytes) -> bool:
    """Tell whether a JSON text may have more values in it than are read: they are never more than this counts."""
    return sum(map(body.count, (b",", b"[", b"{"))) > MOST_VALUES


def _classify_ok(reply: Reply, token: Token) -> Answer:
    body = reply.body.strip()
    if body[:1] in {b"{", b"["} and is_crammed(body):
        return Trouble(kind=Kind.ODD, status=reply.status, why=f"the reply holds more than {MOST_VALUES} values")
    try:
        return Good(msgspec.json.decode(body))
    except _NO_JSON:
        pass
    if not body or body[:1] in {b"{", b"["} or not _is_text(body):
        return Trouble(kind=Kind.LOST, status=reply.status, why="the reply was cut or garbled")
    # The vendor's own client knows this case: a bad token comes back as 200 with text that begins with `A`.
    return Trouble(kind=Kind.TOKEN, status=reply.status, why=f"answered in plain text: {_shown(reply.body, token)}")


def _kind_of(status: int) -> Kind:
    if status in _KINDS:
        return _KINDS[HTTPStatus(status)]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Kind.FAULT
    if status >= HTTPStatus.BAD_REQUEST:
        return Kind.REJECTED
    return Kind.REDIRECT if status >= HTTPStatus.MULTIPLE_CHOICES else Kind.ODD


def _trouble(kind: Kind, reply: Reply, token: Token) -> Trouble:
    text = _shown(reply.body, token)
    why = f"answered {reply.status}: {text}" if text else f"answered {reply.status} without a body"
    return Trouble(kind=kind, status=reply.status, why=why)


def _shown(body: bytes, token: Token) -> str:
    try:
        message = None if is_crammed(body) else error_message(msgspec.json.decode(body))
    except _NO_JSON:
        message = None
    return token.redact(message or body.decode("utf-8", errors="replace"))


def _is_json(body: bytes) -> bool:
    if is_crammed(body):
        return False
    try:
        msgspec.json.decode(body)
    except _NO_JSON:
        return False
    return True


def _is_text(body: bytes) -> bool:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character.isspace() for character in text)
