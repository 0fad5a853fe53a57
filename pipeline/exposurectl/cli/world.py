"""The world that a command runs in: its streams, its environment and its clock."""

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
    ) -> None:
        self.environ = environ
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.clock = clock
        self.jitter = jitter
        """Picks a wait between nothing and a ceiling, in seconds."""

    @classmethod
    def of_process(cls) -> "World":
        """Return the world of this process."""
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        return cls(
            environ=os.environ,
            stdin=sys.stdin.buffer,
            stdout=sys.stdout,
            stderr=sys.stderr,
            clock=SystemClock(),
            jitter=_jitter,
        )

    def with_(self, *, environ: Mapping[str, str], clock: Clock) -> "World":
        """Return a world with the same streams, and another environment and clock."""
        return World(
            environ=environ,
            stdin=self.stdin,
            stdout=self.stdout,
            stderr=self.stderr,
            clock=clock,
            jitter=self.jitter,
        )

    def say(self, text: str) -> None:
        """Write the product of a command: text that ends in a newline."""
        self.stdout.write(text)
        self.stdout.flush()

    def tell(self, text: str) -> None:
        """Write a line for people."""
        self.stderr.write(text + "\n")
        self.stderr.flush()

    @property
    def colour(self) -> bool:
        """Tell whether the product is coloured: on a terminal, unless NO_COLOR is set (https://no-color.org)."""
        return self.stdout.isatty() and not self.environ.get("NO_COLOR") and self.environ.get("TERM") != "dumb"

    @property
    def width(self) -> int:
        """Return how wide the product may be, in columns: the terminal's width within reason, else 100."""
        if not self.stdout.isatty():
            return _USUAL
        return min(max(os.get_terminal_size(self.stdout.fileno()).columns, _NARROW), _WIDE)


def _jitter(ceiling: float) -> float:
    import random

    return random.uniform(0, ceiling)  # noqa: S311 - spreads retries; nothing secret depends on it
