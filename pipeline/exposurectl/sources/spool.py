"""Lines that come in any order and go out sorted, each once, without all of them being held in memory."""

import heapq
import tempfile
import threading
from collections.abc import Iterator
from typing import IO

_HELD_BYTES = 32 * 1024 * 1024


class Spool:
    """
    Sorts more lines than fit into memory: what is held is sorted into a file of its own now and then.

    Threads may share it while adding. White space around and inside of JSON may hold line feeds; they become spaces.
    """

    def __init__(self, held_bytes: int = _HELD_BYTES) -> None:
        self._held_bytes = held_bytes
        self._lock = threading.Lock()
        self._lines: list[bytes] = []
        self._size = 0
        self._runs: list[IO[bytes]] = []

    def add(self, line: bytes) -> None:
        """Add a line, without its line feed."""
        line = line.replace(b"\n", b" ")
        with self._lock:
            self._lines.append(line)
            self._size += len(line)
            if self._size > self._held_bytes:
                self._flush()

    def __iter__(self) -> Iterator[bytes]:
        """Yield the lines in order, each once. Only to be called when nothing is added any more."""
        last = None
        for line in heapq.merge(sorted(self._lines), *(_read(run) for run in self._runs)):
            if line != last:
                yield line
            last = line

    def _flush(self) -> None:
        run = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the spool
        run.writelines(line + b"\n" for line in sorted(self._lines))
        self._runs.append(run)
        self._lines, self._size = [], 0


def _read(run: IO[bytes]) -> Iterator[bytes]:
    run.seek(0)
    for line in run:
        yield line.removesuffix(b"\n")
