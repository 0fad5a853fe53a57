"""The API token: a secret that can be used but not printed."""

import base64
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

from exposurectl.diagnostics import Diagnostic, ExposurectlError

MASK = "***"
SHOWN_CHARACTERS = 200
"""How much of somebody else's text a message quotes."""

_MOST_BYTES = 4096
_MOST_LOOKED_AT = 10_000
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PRINTABLE = re.compile(r"[ -~]+")
_HINT = "Write `env:NAME` or `file:PATH`, and keep the token itself out of every file under review."


class Token:
    """
    A secret. Only `reveal` gives it away; printing, copying and pickling do not.

    Tokens are opaque: their shape is nobody's promise, so it is not checked.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    @classmethod
    def read(cls, reference: str, environ: Mapping[str, str]) -> "Token":
        """
        Read the token that `env:NAME` or `file:PATH` refers to, without the white space around it.

        No error quotes the value, nor a reference that is neither form: it may be the token itself.
        """
        kind, _, name = reference.partition(":")
        if kind == "env" and _VARIABLE.fullmatch(name):
            return cls(_checked(_from_environment(reference, name, environ), reference))
        if kind != "file" or not name:
            _refuse("The reference is neither `env:NAME` nor `file:PATH`. It is not shown, as it may be the token.")
        return cls(_checked(_from_file(reference, Path(name)), reference))

    def reveal(self) -> str:
        """Return the secret itself, for the one header that carries it."""
        return self._value

    def redact(self, text: str) -> str:
        """Return somebody else's text fit for a message: on one line, short, and without the token."""
        for form in _forms(self._value):
            text = text.replace(form, MASK)
        text = text[:_MOST_LOOKED_AT]  # only now: a cut before could go through the token
        line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return line if len(line) <= SHOWN_CHARACTERS else line[: SHOWN_CHARACTERS - 1] + "…"

    def __repr__(self) -> str:
        """Return a mask."""
        return f"Token({MASK})"

    def __reduce__(self) -> NoReturn:
        """Refuse to be copied or pickled."""
        raise TypeError("a token cannot be copied or pickled")


def _from_environment(reference: str, name: str, environ: Mapping[str, str]) -> str:
    if name not in environ:
        _refuse(f"`{reference}`: the environment has no such variable.")
    return environ[name]


def _from_file(reference: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        _refuse(f"`{reference}`: {error.strerror or 'it cannot be read'}.")
    if len(content) > _MOST_BYTES:
        _refuse(f"`{reference}`: the file is longer than {_MOST_BYTES} bytes, so it is not a token.")
    # Latin-1 reads any byte; what is not ASCII is refused below, without saying what it was.
    return content.decode("latin-1")


def _checked(raw: str, reference: str) -> str:
    value = raw.strip()
    if not value:
        _refuse(f"`{reference}`: the token is empty.")
    if not _PRINTABLE.fullmatch(value):
        _refuse(f"`{reference}`: the token holds a character that is not printable ASCII.")
    if value.lower().startswith("bearer "):
        _refuse(f"`{reference}`: FutureVuls takes the raw token, without `Bearer `.")
    return value


def _forms(value: str) -> tuple[str, ...]:
    """Return the token as a careless server might echo it, longest first."""
    encoded = base64.b64encode(value.encode()).decode().rstrip("=")
    return tuple(sorted({value, quote(value, safe=""), encoded, value[::-1]}, key=len, reverse=True))


def _refuse(detail: str) -> NoReturn:
    problem = Diagnostic(summary="The FutureVuls token cannot be used", detail=detail, hint=_HINT)
    # `from None`: a chained error could quote what this one does not.
    raise ExposurectlError(problem, reason="auth") from None
