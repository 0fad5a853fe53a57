"""How often, and after what wait, a request that ran into trouble is sent again, and what to say when it is not."""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from exposurectl.diagnostics import Diagnostic, ExposurectlError
from exposurectl.targets.pacing import Jitter, backoff
from exposurectl.targets.replies import Kind, Trouble

MOST_ATTEMPTS = 6
_WALL_WAIT = 60.0
_RETRIES = {Kind.LOST: 5, Kind.OVERLOADED: 5, Kind.THROTTLED: 5, Kind.FAULT: 2, Kind.WALLED: 1}

STOPPING = frozenset({Kind.TOKEN, Kind.PERMISSION, Kind.WALLED, Kind.REDIRECT, Kind.TLS, Kind.SHUT_OUT})
"""Trouble that the next request would run into as well: the whole run stops."""


class Patience:
    """The retries of one call: six attempts in all, and fewer where more would not help."""

    def __init__(self, jitter: Jitter, spend: Callable[[], bool], *, walled: int = 0) -> None:
        """`spend` asks the run for one retry and says whether it may be had."""
        self._jitter = jitter
        self._spend = spend
        self._met = Counter({Kind.WALLED: walled})
        self.attempts = 0

    def pause(self, trouble: Trouble) -> float | None:
        """Return the seconds to wait before the next attempt, or None where there is to be none."""
        self._met[trouble.kind] += 1
        if self.attempts >= MOST_ATTEMPTS or self._met[trouble.kind] > _RETRIES.get(trouble.kind, 0):
            return None
        if not self._spend():
            return None
        if trouble.kind is Kind.WALLED:
            return _WALL_WAIT
        return max(backoff(self.attempts - 1, self._jitter), trouble.wait)

    def for_another_look(self) -> "Patience":
        """Return fresh patience for the read that settles a write; a firewall is still tried only once more."""
        return Patience(self._jitter, self._spend, walled=self._met[Kind.WALLED])


class _Meaning(NamedTuple):
    reason: str
    summary: str
    hint: str


_MEANINGS = {
    Kind.TOKEN: _Meaning(
        "auth",
        "FutureVuls refused the token",
        "Check that it is a group token, enabled, and given without `Bearer `; regenerate it in Group settings > "
        "Tokens if need be.",
    ),
    Kind.PERMISSION: _Meaning(
        "permission",
        "The token lacks the permission",
        "Give the token `read, update` in Group settings > Tokens.",
    ),
    Kind.WALLED: _Meaning(
        "permission",
        "FutureVuls refused access without a reason",
        "Perhaps a firewall throttles this address: wait a few minutes. Otherwise check the token's permission.",
    ),
    Kind.REDIRECT: _Meaning(
        "redirect",
        "FutureVuls answered with a redirect",
        "Redirects are refused, as they could carry the token elsewhere. Check the URL of the target.",
    ),
    Kind.TLS: _Meaning(
        "tls",
        "The TLS connection to FutureVuls failed",
        "Check the URL, the clock of this machine, and whether a proxy replaces certificates.",
    ),
    Kind.SHUT_OUT: _Meaning(
        "throttled",
        "FutureVuls throttles this token",
        "Run again later; what was done is done, and the next run goes on from there.",
    ),
    Kind.LOST: _Meaning(
        "unreachable",
        "FutureVuls gave no usable answer",
        "Check the network and the URL of the target, then run again.",
    ),
    Kind.FAULT: _Meaning(
        "server-error",
        "FutureVuls failed",
        "Run again later. A 500 may also mean that the token lacks a permission.",
    ),
    Kind.REJECTED: _Meaning(
        "request",
        "FutureVuls rejected the request",
        "Check the URL of the target; otherwise the API may have changed: report it.",
    ),
    Kind.ODD: _Meaning(
        "response",
        "FutureVuls gave an unexpected answer",
        "The API may have changed: compare the reply with what this version of exposurectl reads, and report it.",
    ),
}
_SAME_AS = {Kind.OVERLOADED: Kind.LOST, Kind.THROTTLED: Kind.SHUT_OUT}


def complaint(trouble: Trouble, *, group: str, request: str) -> ExposurectlError:
    """Return the error that ends a run over this trouble; `request` is such as `GET /v1/roles`."""
    meaning = _MEANINGS[_SAME_AS.get(trouble.kind, trouble.kind)]
    detail = f"Group `{group}`, {request}: {trouble.why}."
    return ExposurectlError(
        Diagnostic(summary=meaning.summary, detail=detail, hint=meaning.hint), reason=meaning.reason
    )
