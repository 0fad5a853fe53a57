"""One HTTP exchange with FutureVuls: paced, bounded in time and size, and without a second meaning."""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta

import requests
from urllib3.exceptions import HTTPError

from exposurectl import __version__
from exposurectl.clock import Clock
from exposurectl.targets.deadline import Cord, CuttableAdapter
from exposurectl.targets.pacing import Pace
from exposurectl.targets.replies import Answer, Good, Kind, Reply, Trouble, classify, is_bare
from exposurectl.targets.skew import skew_of
from exposurectl.targets.token import Token

LIST_LIMIT = 16 * 1024 * 1024
DETAIL_LIMIT = 16 * 1024 * 1024
"""A server's detail brings its tasks, of which there may be thousands."""
LONGEST_EXCHANGE = 30.0
"""Seconds for a whole exchange; the vendor's own client gives up after as long."""

_CONNECT_TIMEOUT = 5.0
_CHUNK = 64 * 1024

_log = logging.getLogger(__name__)


class Wire:
    """
    Sends requests with the token, one at a time, and says what came back. It never retries.

    The token goes to this URL's host and nowhere else: redirects are not followed, and neither `.netrc` nor a proxy
    of the environment is used.
    """

    skew: timedelta | None = None
    """By how much the service's clock was ahead of ours when it last said its time; None where it never did."""

    def __init__(self, url: str, token: Token, *, clock: Clock, pace: Pace, longest: float = LONGEST_EXCHANGE) -> None:
        self.requests = 0
        self._url = url.rstrip("/")
        self._token = token
        self._clock = clock
        self.pace = pace
        self._longest = longest

    def send(
        self,
        method: str,
        path: str,
        *,
        limit: int,
        query: Mapping[str, int] | None = None,
        body: Mapping[str, int] | None = None,
        ready: Callable[[], None] = lambda: None,
        bare: bool = False,
    ) -> Answer:
        """
        Wait for the pace, send one request, and classify the reply, of which at most `limit` bytes are read.

        `ready` is called between the two; where it raises, nothing is sent. With `bare`, a success has no body.
        """
        self.pace.take()
        ready()
        self.requests += 1
        outcome = self._exchange(method, path, limit, query, body)
        answer = self._meaning(outcome, bare=bare) if isinstance(outcome, Reply) else outcome
        self._tell_pace(answer)
        _log.debug("%s %s: %s", method, path, answer.why if isinstance(answer, Trouble) else type(answer).__name__)
        return answer

    def shown(self, text: str) -> str:
        """Return a text of the server's fit for a message."""
        return self._token.redact(text)

    def _meaning(self, reply: Reply, *, bare: bool) -> Answer:
        """Return what a reply means, and remember the time that it says."""
        now = self._clock.now()
        ahead = skew_of(reply.headers.get("date"), now)
        self.skew = self.skew if ahead is None else ahead
        return Good(None) if bare and is_bare(reply) else classify(reply, self._token, now)

    def _exchange(
        self, method: str, path: str, limit: int, query: Mapping[str, int] | None, body: Mapping[str, int] | None
    ) -> Reply | Trouble:
        cord = Cord()
        try:
            with (
                cord.cut_after(self._longest),
                # One connection a request: an idle one may be closed just as a PUT goes out on it, and then nobody
                # knows what became of it.
                _session(self._token, cord) as session,
                session.request(
                    method,
                    self._url + path,
                    params=query,
                    json=body,
                    stream=True,
                    allow_redirects=False,
                    timeout=(min(_CONNECT_TIMEOUT, self._longest), self._longest),
                ) as response,
            ):
                outcome = self._read(response, limit)
        # Not chained to what follows: these errors hold the request, and the request holds the token.
        except requests.exceptions.SSLError as error:
            return Trouble(kind=Kind.TLS, why=self._token.redact(f"TLS failed: {_root(error)}"))
        except (requests.RequestException, HTTPError) as error:
            outcome = Trouble(kind=Kind.LOST, why=self._token.redact(f"no whole reply: {_root(error)}"))
        return self._too_late() if cord.was_cut else outcome

    def _read(self, response: requests.Response, limit: int) -> Reply | Trouble:
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            return Trouble(kind=Kind.ODD, status=response.status_code, why="the reply was compressed, unasked")
        deadline = self._clock.monotonic() + self._longest
        body = bytearray()
        # read1 returns after every piece, so that the deadline is looked at however slowly they come.
        while piece := response.raw.read1(_CHUNK, decode_content=False):
            body += piece
            if len(body) > limit:
                return Trouble(kind=Kind.ODD, status=response.status_code, why=f"the reply exceeds {limit} bytes")
            if self._clock.monotonic() > deadline:
                return self._too_late()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(status=response.status_code, headers=headers, body=bytes(body))

    def _too_late(self) -> Trouble:
        return Trouble(kind=Kind.LOST, why=f"no whole reply within {self._longest:g} s")

    def _tell_pace(self, answer: Answer) -> None:
        if not isinstance(answer, Trouble):
            self.pace.succeeded()
        elif answer.kind in {Kind.THROTTLED, Kind.SHUT_OUT, Kind.WALLED}:
            self.pace.slow_down()


class _Session(requests.Session):
    """A session that sees no redirects: one not to be followed would still have its body read, without any limit."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return nothing, wherever the reply points."""
        del resp
        return None


def _session(token: Token, cord: Cord) -> requests.Session:
    session = _Session()
    session.trust_env = False  # a matching .netrc entry would replace our Authorization header
    session.headers.clear()
    session.headers.update(
        {
            "Authorization": token.reveal(),
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"exposurectl/{__version__}",
            "Connection": "close",
        }
    )
    for scheme in ("http://", "https://"):
        session.mount(scheme, CuttableAdapter(cord))
    return session


def _root(error: BaseException) -> str:
    """Return what went wrong at the bottom, such as `[Errno 111] Connection refused`, without object addresses."""
    while error.__context__ is not None:
        error = error.__context__
    return str(error) or type(error).__name__
