"""Where a command's evidence, groups and plans come from, by its arguments."""

import argparse
import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from exposurectl.cli.arguments import UsageError
from exposurectl.cli.world import World
from exposurectl.diagnostics import Diagnostic, ExposurectlError, Place
from exposurectl.model import Inventory
from exposurectl.plan.file import read_plan
from exposurectl.plan.model import Plan
from exposurectl.sources.evidence import unvouched
from exposurectl.sources.recorded import read_findings
from exposurectl.sources.snapshot import Snapshot

STANDARD_INPUT = "-"
_YEARS = range(1970, 9000)
"""Beyond them a plan's times could not be counted with."""


def read_plan_file(path: str) -> Plan:
    """Read a plan, which must be what was written, byte for byte."""
    return read_plan(path, read_file(path))


def read_file(path: str) -> bytes:
    """
    Return a file's content, or its beginning where it is larger than anything that is read.

    Raises ExposurectlError where it cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return file.read(Plan.MAX_BYTES + 1)
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: str, error: OSError) -> ExposurectlError:
    """Return the error of a file that cannot be read."""
    detail = f"{error.strerror}."
    return ExposurectlError(Diagnostic(summary="File not readable", place=Place(path), detail=detail), reason="file")


def recorded_inventory(files: Sequence[str], as_of: datetime, world: World) -> Inventory:
    """Return what findings files tell; nothing vouches for what they leave out."""
    with contextlib.ExitStack() as stack:
        streams = [(_name(path), stack.enter_context(_opened(path, world))) for path in files]
        return unvouched(read_findings(streams), as_of)


def _name(path: str) -> str:
    return "standard input" if path == STANDARD_INPUT else path


@contextlib.contextmanager
def _opened(path: str, world: World) -> Iterator[BinaryIO]:
    if path == STANDARD_INPUT:
        yield world.stdin
        return
    try:
        with Path(path).open("rb") as file:
            yield file
    except OSError as error:
        raise unreadable(path, error) from error


def moment(arguments: argparse.Namespace, recorded: Snapshot | None, world: World) -> datetime:
    """Return the time to judge by: what was asked for, the snapshot's own, or now; whole seconds, in UTC."""
    if arguments.as_of:
        return _parse_moment(arguments.as_of)
    now = recorded.as_of if recorded else world.clock.now()
    return now.astimezone(UTC).replace(microsecond=0)


def _parse_moment(written: str) -> datetime:
    try:
        when = datetime.fromisoformat(written)
        when = when.replace(tzinfo=when.tzinfo or UTC).astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError) as error:
        raise _no_moment(written) from error
    if when.year not in _YEARS:
        raise _no_moment(written)
    return when


def _no_moment(written: str) -> UsageError:
    expected = "a date such as 2027-03-31 or a time such as 2027-03-31T12:00:00Z"
    return UsageError(f"--as-of must be {expected}, not {written!r}")
