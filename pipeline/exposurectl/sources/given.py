"""Findings that did not come from a listing: a report, or events that were kept."""

import contextlib
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from exposurectl.diagnostics import Diagnostic, ExposurectlError, Place
from exposurectl.model import Finding
from exposurectl.sources.recorded import read_findings
from exposurectl.sources.spool import Spool

REPORTED = ("ACTIVE",)
"""What a findings report holds; suppressed findings are not in it. Source: Inspector user guide, findings reports."""

FROM_EVENTS: tuple[str, ...] = ()
"""What kept events hold is only what changed while somebody kept them: no status is complete."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """Findings, their texts, and of which statuses they are complete."""

    findings: tuple[Finding, ...]
    spool: Spool
    statuses: tuple[str, ...]


def read_report(name: str, stream: BinaryIO) -> Given:
    """Return a findings report's findings. Raises ExposurectlError with everything that is wrong with it."""
    spool = Spool()
    recorded = read_findings([(name, stream)], spool.add)
    return Given(findings=recorded.findings, spool=spool, statuses=REPORTED)


def read_events(directory: Path) -> Given:
    """Return the findings of every file below a directory. Raises ExposurectlError with all that is wrong."""
    if not directory.is_dir():
        problem = Diagnostic(
            summary="No folder of events",
            place=Place(str(directory)),
            detail="There is no folder with this name.",
            hint="name the folder that the events were kept in",
        )
        raise ExposurectlError(problem, reason="file")
    spool = Spool()
    files = [_File(path) for path in sorted(directory.rglob("*")) if path.is_file()]
    with contextlib.ExitStack() as stack:
        for file in files:
            stack.callback(file.close)
        recorded = read_findings([(str(file.path), cast("BinaryIO", file)) for file in files], spool.add)
    return Given(findings=recorded.findings, spool=spool, statuses=FROM_EVENTS)


class _File:
    """A file that is open from its first read to its end: a folder holds more files than a process may have open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None

    def read(self, size: int = -1) -> bytes:
        """Return what comes next, and nothing at the end."""
        self._file = self._file or self.path.open("rb")
        block = self._file.read(size)
        if not block:
            self._file.close()
        return block

    def close(self) -> None:
        """Close the file, if it was ever opened."""
        if self._file is not None:
            self._file.close()
