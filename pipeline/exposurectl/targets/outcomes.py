"""How a move can end."""

from typing import TypeAlias

import msgspec

from exposurectl.diagnostics import Diagnostic, ExposurectlError
from exposurectl.model import Server


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """The server is in the role that was asked for, and nothing else about it changed."""

    server: Server
    """As FutureVuls shows it now."""
    status: int | None
    """The HTTP status of the last PUT; None where it brought none."""
    attempts: int
    """How many PUTs were sent."""


class Gone(msgspec.Struct, frozen=True, kw_only=True):
    """The server does not exist any more."""

    status: int | None
    attempts: int


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody moved the server to yet another role; it is left there."""

    role: int
    """The role that it is in."""
    status: int | None
    attempts: int


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """The server is not in the role that was asked for, and that is certain."""

    why: str
    status: int | None
    attempts: int


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """A PUT had no clear answer, and the server could not be read afterwards: it may have moved or not."""

    why: str
    status: int | None
    attempts: int


Outcome: TypeAlias = Moved | Gone | Conflict | Failed | Unknown


class StoppedError(ExposurectlError):
    """The run has to stop over a PUT, which did nothing."""

    def __init__(self, *problems: Diagnostic, reason: str, status: int | None, attempts: int) -> None:
        """Keep the HTTP status of the last PUT, None where it brought none, and how many were sent."""
        super().__init__(*problems, reason=reason)
        self.status = status
        self.attempts = attempts


class UnsettledError(StoppedError):
    """The run has to stop, and what became of the PUT under way is not certain: never call it failed."""
