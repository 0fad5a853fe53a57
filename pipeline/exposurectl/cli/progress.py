"""How far long work has come: a line that changes on a terminal, a line a minute elsewhere."""

from types import TracebackType
from typing import Self

from exposurectl.cli.world import World
from exposurectl.sources.collect import Progress

_EVERY = 60.0


class Meter:
    """Shows a collection's progress on the error stream, and clears a terminal's line at the end."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._on_terminal = world.stderr.isatty()
        self._shown_at = world.clock.monotonic()

    def __enter__(self) -> Self:
        """Return the meter."""
        return self

    def show(self, progress: Progress) -> None:
        """Show how far it has come, where it is time to."""
        line = f"Read {progress.done} of {progress.known} parts, {progress.findings:,} findings"
        now = self._world.clock.monotonic()
        if self._on_terminal:
            self._world.stderr.write(f"\r{line}\x1b[K")
            self._world.stderr.flush()
        elif now - self._shown_at >= _EVERY:
            self._shown_at = now
            self._world.tell(line)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Clear the line."""
        if self._on_terminal:
            self._world.stderr.write("\r\x1b[K")
            self._world.stderr.flush()
