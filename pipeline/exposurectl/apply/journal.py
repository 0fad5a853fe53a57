"""The journal: what apply is about to do and what came of it, on disk before the next thing happens."""

import errno
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from exposurectl.apply.receipt import Outcome, Result
from exposurectl.apply.records import Begin, End, Intent, Record, Settled
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError, Place
from exposurectl.plan.model import Plan

NAME = "journal.jsonl"
MAX_BYTES = 64 * 1024 * 1024
MOST_LINES = 500_000
"""A plan of 50,000 changes writes 100,000 in one run."""
_FIRST = hashlib.sha256(b"exposurectl-journal/v1\0").hexdigest()


class Journal:
    """
    The open journal of one plan, which one process at a time may hold.

    Each record is one write and one fsync; a failure of either is an ExposurectlError, and then nothing more may be
    sent. The kernel gives the lock back when the process ends, however it ends.
    """

    def __init__(self, path: Path, plan: str, descriptor: int, past: tuple[Record, ...], last: str) -> None:
        """Keep an open and locked file whose records were read."""
        self.path = path
        self.plan = plan
        """The digest of the plan whose journal it is."""
        self.past = past
        """The records that were there, of this and of earlier runs."""
        self._descriptor = descriptor
        self._last = last
        self._failed: ExposurectlError | None = None

    @classmethod
    def open(cls, path: Path, plan: Plan) -> "Journal":
        """
        Open or create the journal of a plan and lock it.

        A last line that a crash tore is cut off. Raises ExposurectlError: `locked` (exit 5) where another process has
        it, `journal-invalid` (exit 5) where it is damaged or another plan's, `journal` where the disk fails.
        """
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _not_kept(path, error) from error
        try:
            return cls._opened(path, descriptor, plan)
        except BaseException:
            os.close(descriptor)
            raise

    @classmethod
    def _opened(cls, path: Path, descriptor: int, plan: Plan) -> "Journal":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _locked(path, os.pread(descriptor, MAX_BYTES, 0)) from error
        except OSError as error:
            raise _not_kept(path, error) from error
        try:
            content = os.pread(descriptor, MAX_BYTES + 1, 0)
            if len(content) > MAX_BYTES:  # before anything is cut off from what was read in part
                raise _invalid(path, 1, f"The journal is larger than {MAX_BYTES} bytes.")
            if content.count(b"\n") > MOST_LINES:
                raise _invalid(path, 1, f"The journal has more than {MOST_LINES} lines.")
            whole, _, torn = content.rpartition(b"\n")
            if torn:
                os.ftruncate(descriptor, len(content) - len(torn))
            _sync_folder(path)
        except OSError as error:
            raise _not_kept(path, error) from error
        lines = whole.split(b"\n") if whole else []
        past = tuple(_records(path, lines, plan))
        return cls(path, plan.digest, descriptor, past, hashlib.sha256(lines[-1]).hexdigest() if lines else _FIRST)

    @property
    def made(self) -> frozenset[int]:
        """Return the changes that earlier runs made, by their place in the plan."""
        return frozenset(
            record.change for record in self.past if isinstance(record, Settled) and record.outcome is Outcome.APPLIED
        )

    def begin(self, plan: Plan, *, receipt: str, now: datetime) -> None:
        """Note that a run begins."""
        self._write(Begin(prev=self._last, plan=plan.digest, receipt=receipt, pid=os.getpid(), at=now))

    def intend(self, change: int, server: int, role: int) -> None:
        """Note that a PUT goes out next: it must not where this raises."""
        self._write(Intent(prev=self._last, change=change, server=server, role=role))

    def settle(self, change: int, result: Result) -> None:
        """Note what came of a change."""
        self._write(
            Settled(
                prev=self._last,
                change=change,
                outcome=result.outcome,
                detail=result.detail,
                status=result.status,
                attempts=result.attempts,
                at=result.at,
            )
        )

    def end(self, *, stopped: str, now: datetime) -> None:
        """Note that the run ends in order."""
        self._write(End(prev=self._last, stopped=stopped, at=now))

    def close(self) -> None:
        """Give the lock back."""
        os.close(self._descriptor)

    def _write(self, record: Record) -> None:
        if self._failed:  # a torn line may stand at the end, which only the next run cuts off
            raise self._failed
        line = json.dumps(msgspec.to_builtins(record), sort_keys=True, separators=(",", ":")).encode()
        try:
            _write_whole(self._descriptor, line + b"\n")
        except OSError as error:
            self._failed = _not_kept(self.path, error)
            raise self._failed from error
        self._last = hashlib.sha256(line).hexdigest()


def _write_whole(descriptor: int, line: bytes) -> None:
    """Write a line at once, and return when it is durable."""
    if os.write(descriptor, line) < len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(descriptor)


def _records(path: Path, lines: list[bytes], plan: Plan) -> Iterator[Record]:
    """Yield the records; each must follow the one before it, and every run must be of this plan."""
    last = _FIRST
    for number, line in enumerate(lines, start=1):
        try:
            record: Record = msgspec.json.decode(line, type=Record)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise _invalid(path, number, f"This is not a record as exposurectl writes it: {error}.") from error
        if record.prev != last:
            raise _invalid(path, number, "The record does not follow the one before it.")
        if isinstance(record, Begin) and record.plan != plan.digest:
            raise _invalid(path, number, f"It is of the plan {record.plan}, not of {plan.digest}.")
        if isinstance(record, Intent | Settled) and not 0 <= record.change < len(plan.changes):
            raise _invalid(path, number, f"The plan has no change {record.change}.")
        last = hashlib.sha256(line).hexdigest()
        yield record


def _sync_folder(path: Path) -> None:
    """Make the file's name durable too."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _locked(path: Path, content: bytes) -> ExposurectlError:
    """Return the error of a journal that another process holds, with what it says of that process."""
    unnamed = "Another apply of this plan is running"
    holder = unnamed
    for line in content.split(b"\n"):
        try:
            record = msgspec.json.decode(line, type=Record)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue
        if isinstance(record, Begin):
            holder = f"Process {record.pid} has been applying this plan since {record.at:%Y-%m-%d %H:%M:%S} UTC"
        elif isinstance(record, End):
            holder = unnamed
    problem = Diagnostic(
        summary="Another run is under way",
        place=Place(str(path)),
        detail=f"{holder}. Two at once could undo each other.",
        hint="wait until it ends, then apply the plan again: what is done already stays as it is",
    )
    return ExposurectlError(problem, reason="locked", exit_code=Exit.REFUSED)


def _not_kept(path: Path, error: OSError) -> ExposurectlError:
    problem = Diagnostic(
        summary="Journal cannot be written",
        place=Place(str(path)),
        detail=f"{error.strerror}. Nothing is sent whose intent is not on disk.",
        hint="make room for it, then apply the plan again: what is done already stays as it is",
    )
    return ExposurectlError(problem, reason="journal")


def _invalid(path: Path, line: int, detail: str) -> ExposurectlError:
    problem = Diagnostic(
        summary="Journal damaged",
        place=Place(str(path), line, 1),
        detail=f"{detail} What the run before did cannot be told from it.",
        hint="keep the file as evidence under another name; apply compares every server with FutureVuls anyway",
    )
    return ExposurectlError(problem, reason="journal-invalid", exit_code=Exit.REFUSED)
