"""The world that a command runs in: its streams, its environment and its clock."""

import contextlib
import io
import os
import sys
from collections.abc import Callable, Mapping
from typing import BinaryIO, TextIO

from exposurectl.clock import Clock, SystemClock

_NARROW = 60
_USUAL = 100
_WIDE = 140


class World:
    """Everything outside that a command may touch, so that a test or the demo can hand it another."""

    def __init__(
        self,
        *,
        environ: Mapping[str, str],
        stdin: BinaryIO,
        stdout: TextIO,
        stderr: TextIO,
        clock: Clock,
        jitter: Callable[[float], float],
        one_by_one: bool = False,
    ) -> None:
        self.environ = environ
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.clock = clock
        self.jitter = jitter
        """Picks a wait between nothing and a ceiling, in seconds."""
        self.one_by_one = one_by_one
        """Nothing is done side by side: where time is simulated, the order would be a matter of chance."""

    @classmethod
    def of_process(cls) -> "World":
        """Return the world of this process."""
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        return cls(
            environ=os.environ,
            # A process may be started without any of them.
            stdin=sys.stdin.buffer if sys.stdin else io.BytesIO(),
            stdout=sys.stdout or io.StringIO(),
            stderr=sys.stderr or io.StringIO(),
            clock=SystemClock(),
            jitter=_jitter,
        )

    def with_(self, *, environ: Mapping[str, str], clock: Clock) -> "World":
        """Return a world with the same streams, and another environment and a clock of its own making."""
        return World(
            environ=environ,
            stdin=self.stdin,
            stdout=self.stdout,
            stderr=self.stderr,
            clock=clock,
            jitter=self.jitter,
            one_by_one=True,
        )

    def say(self, text: str) -> None:
        """
        Write the product of a command: text that ends in a newline.

        A reader who has seen enough (`| head`) does not end the command. Raises ExposurectlError on a full disk.
        """
        try:
            self.stdout.write(text)
            self.stdout.flush()
        except BrokenPipeError:
            _silence(self.stdout)
        except OSError as error:
            from exposurectl.diagnostics import Diagnostic, ExposurectlError

            _silence(self.stdout)
            problem = Diagnostic(summary="Output cannot be written", detail=f"{error.strerror}.")
            raise ExposurectlError(problem, reason="output") from error

    def mention(self, text: str) -> None:
        """Write what is kept elsewhere too: where it cannot be written, the command goes on."""
        from exposurectl.diagnostics import ExposurectlError

        try:
            self.say(text)
        except ExposurectlError as error:
            self.tell(f"warning: {error}")

    def tell(self, text: str) -> None:
        """Write a line for people, if anybody listens."""
        try:
            self.stderr.write(text + "\n")
            self.stderr.flush()
        except OSError:
            _silence(self.stderr)

    @property
    def colour(self) -> bool:
        """Tell whether the product is coloured: on a terminal, unless NO_COLOR is set (https://no-color.org)."""
        return self.stdout.isatty() and not self.environ.get("NO_COLOR") and self.environ.get("TERM") != "dumb"

    @property
    def width(self) -> int:
        """Return how wide the product may be, in columns: the terminal's width within reason, else 100."""
        return min(max(self._terminal_columns() or _USUAL, _NARROW), _WIDE)

    def _terminal_columns(self) -> int:
        """Return the terminal's width; 0 where there is no terminal, or one that does not say."""
        if not self.stdout.isatty():
            return 0
        try:
            return os.get_terminal_size(self.stdout.fileno()).columns
        except OSError:
            return 0


def _silence(stream: TextIO) -> None:
    """Send what a stream still holds nowhere: else Python tries to write it once more when it ends, and complains."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _jitter(ceiling: float) -> float:
    import random

    return random.uniform(0, ceiling)  # noqa: S311 - spreads retries; nothing secret depends on it
