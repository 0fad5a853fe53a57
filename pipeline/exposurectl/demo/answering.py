"""How the emulator turns an HTTP request into a reply."""

import math
import re
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import cast
from urllib.parse import urlsplit

import msgspec

from exposurectl.demo.ledger import Account, Books, Reply
from exposurectl.demo.queries import is_whole, read_listing
from exposurectl.demo.shapes import Shape, error

_MOST_BODY = 1024 * 1024
_LIST = re.compile(r"/v1/(servers|roles|tasks)")
_ONE = re.compile(r"/v1/(server|role|task|server/scan)/([^/]+)")
_ALLOWED = {"server": ("GET", "PUT"), "server/scan": ("POST",)}
_JSON = "application/json"


class _Shelf:
    """What a handler needs of its server; HTTPServer itself does not know it."""

    books: Books


class Handler(BaseHTTPRequestHandler):
    """Serves one connection. Silent, and quick: no reverse DNS, and one packet for a small reply."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        """Answer any request; the method is looked at further down."""
        body = self._body()
        if body is None:
            self.close_connection = True
            self._reply(HTTPStatus.BAD_REQUEST, _encoded(error("unusable body")))
            return
        if self.command not in {"GET", "HEAD"}:
            self._books.writes.append((self.command, self.path, body))
        self._answer(urlsplit(self.path).path, body)

    do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = do_OPTIONS = do_TRACE = do_GET  # noqa: N815 - prescribed names

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what could not even be read, as JSON. A method that nobody has heard of is one not allowed."""
        del explain
        self.close_connection = True
        status = HTTPStatus.METHOD_NOT_ALLOWED if code == HTTPStatus.NOT_IMPLEMENTED else HTTPStatus(code)
        self._reply(status, _encoded(error(message or status.phrase)), allow="GET")

    def address_string(self) -> str:
        """Return the address, without looking up its name."""
        return str(self.client_address[0])

    def log_message(self, *_: object, **__: object) -> None:
        """Log nothing."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the emulator's own time for the `Date` header."""
        del timestamp
        return format_datetime(self._books.clock.now(), usegmt=True)

    @property
    def _books(self) -> Books:
        return cast("_Shelf", self.server).books

    def _body(self) -> bytes | None:
        """Read the body whole, so that the next request starts where it ends."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal() or int(length) > _MOST_BODY:
            return None
        body = self.rfile.read(int(length))
        return body if len(body) == int(length) else None  # whoever sent it is gone

    def _answer(self, path: str, body: bytes) -> None:
        if path == "/health":
            self._answer_health()
            return
        token = self.headers.get("Authorization", "")
        self._books.heard(token, self.command, path)
        account = self._books.accounts.get(token)
        if account is None or not account.rights.read:
            # The vendor's own client treats exactly this as a bad token: 200, and text that begins with `A`.
            self._reply(HTTPStatus.OK, b"Authorization failed", content_type="text/plain; charset=utf-8")
            return
        wait = account.admit()
        if wait is not None:
            self._reply(HTTPStatus.TOO_MANY_REQUESTS, _encoded(error("too many requests")), wait=wait)
            return
        self._route(account, path, body)

    def _answer_health(self) -> None:
        if self.command == "GET":
            self._reply(HTTPStatus.OK, b"true")
        else:
            self._refuse_method("GET")

    def _route(self, account: Account, path: str, body: bytes) -> None:
        several, one = _LIST.fullmatch(path), _ONE.fullmatch(path)
        if several:
            self._answer_list(account, several[1])
        elif one:
            self._answer_one(account, one[1], one[2], body)
        else:
            self._send(HTTPStatus.NOT_FOUND, error("no such path"))

    def _answer_list(self, account: Account, kind: str) -> None:
        listing = read_listing(kind, urlsplit(self.path).query)
        if self.command != "GET":
            self._refuse_method("GET")
        elif isinstance(listing, str):
            self._send(HTTPStatus.BAD_REQUEST, error(listing))
        else:
            lists = {"servers": account.list_servers, "roles": account.list_roles, "tasks": account.list_tasks}
            self._send(*lists[kind](listing))

    def _answer_one(self, account: Account, kind: str, number: str, body: bytes) -> None:
        allowed = _ALLOWED.get(kind, ("GET",))
        if self.command not in allowed:
            self._refuse_method(", ".join(allowed))
        elif not is_whole(number):
            self._send(HTTPStatus.BAD_REQUEST, error("the id must be an integer"))
        else:
            self._send(*_one(account, f"{self.command} {kind}", int(number), body))

    def _refuse_method(self, allowed: str) -> None:
        self._reply(HTTPStatus.METHOD_NOT_ALLOWED, _encoded(error("method not allowed")), allow=allowed)

    def _send(self, status: HTTPStatus, shape: Shape | None) -> None:
        self._reply(status, b"" if shape is None else _encoded(shape))

    def _reply(
        self, status: HTTPStatus, body: bytes, *, content_type: str = _JSON, wait: float = 0.0, allow: str = ""
    ) -> None:
        self._books.statuses.append(status)
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if wait:
            self.send_header("Retry-After", str(math.ceil(wait)))
        if self.close_connection:
            self.send_header("Connection", "close")
        if allow:
            self.send_header("Allow", allow)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _one(account: Account, request: str, number: int, body: bytes) -> Reply:
    match request:
        case "GET server":
            return account.get_server(number)
        case "PUT server":
            return account.put_server(number, body)
        case "POST server/scan":
            return account.scan_server(number)
        case "GET task":
            return account.get_task(number)
        case _:
            return account.get_role(number)


def _encoded(shape: object) -> bytes:
    return msgspec.json.encode(shape)
