"""Feeding one reader until time is up, and what came of it."""

import hashlib
import re
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec

from exposurectl.diagnostics import ExposurectlError
from fuzz.mutation import Mutator

SECONDS = 10
"""What one input may take, by P22."""

_MOST_FAILURES = 10
_MOST_KEPT = 2_000
_TAIL = 300
_PARTICULARS = re.compile(r'"[^"]*"|`[^`]*`|[0-9a-f]{8,}|[0-9]+')


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One reader: what it is fed with at first, and how. What it ends in is a text; all but a failure is an answer."""

    name: str
    seeds: Callable[[], Sequence[bytes]]
    read: Callable[[bytes], str]
    choosing: int = 0
    """How many bytes an input begins with that choose what the rest is for."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """An input that ended in what nothing may end in."""

    content: bytes
    why: str
    """The traceback."""
    kind: str
    """The same for failures of one cause, as far as that can be told."""

    @property
    def name(self) -> str:
        """Return a file name for the input."""
        return hashlib.sha256(self.content).hexdigest()[:16]


class Hunt(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one target."""

    executions: int
    seconds: float
    kept: int
    """Inputs that were answered as none before, and were changed further."""
    slowest: float
    failures: tuple[Failure, ...]


class TooSlowError(Exception):
    """An input took longer than any may."""


def answer_of(read: Callable[[], object]) -> str:
    """Return what reading ended in, where that is a value or an error of our own that says something."""
    try:
        return type(read()).__name__
    except ExposurectlError as error:
        return _said(error)


def _said(error: ExposurectlError) -> str:
    assert error.problems, "an error without a problem"
    assert all(problem.summary for problem in error.problems), "a problem without a summary"
    said = sorted({f"{problem.summary} {_kept(problem.detail)}" for problem in error.problems})
    return f"{error.exit_code.name} {error.reason} {said}"


def _kept(text: str) -> str:
    """Return what stays the same of a message for other input."""
    return _PARTICULARS.sub("", text)[:200]


def fed(target: Target, content: bytes) -> str | Failure:
    """Return what the target made of an input, within the time that one may take."""
    with _alarm():
        return fed_without_end(target, content)


def fed_without_end(target: Target, content: bytes) -> str | Failure:
    """Return the same, however long it takes."""
    try:
        return target.read(content)
    except MemoryError:
        return Failure(content=content, why="it takes more than 256 MB", kind="memory")
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        last = traceback.extract_tb(error.__traceback__)[-1]
        kind = f"{type(error).__name__} {last.filename}:{last.lineno} {_PARTICULARS.sub('', str(error))[-_TAIL:]}"
        return Failure(content=content, why="".join(traceback.format_exception(error)), kind=kind)


@contextmanager
def _alarm() -> Iterator[None]:
    def ring(_number: int, _frame: FrameType | None) -> Any:
        raise TooSlowError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 2 * SECONDS)  # as long again for a machine that is busy
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def known_inputs(target: Target) -> Iterator[bytes]:
    """Yield the inputs that a failure was found with once, and the seeds."""
    folder = Path(__file__).parent / "regressions" / target.name
    yield from (path.read_bytes() for path in sorted(folder.glob("*")))
    yield from target.seeds()


def hunt(target: Target, seconds: float, number: int = 0) -> Hunt:
    """Feed a target with what is known, and then with changed inputs until time is up."""
    begin = time.monotonic()
    known = list(known_inputs(target))
    mutator = Mutator(known, number, choosing=target.choosing)
    answers: set[str] = set()
    failures: dict[str, Failure] = {}
    executions, slowest = 0, 0.0
    while executions < len(known) or time.monotonic() - begin < seconds:
        content = known[executions] if executions < len(known) else mutator.next()
        started = time.perf_counter()
        answer = fed(target, content)
        slowest = max(slowest, time.perf_counter() - started)
        executions += 1
        if isinstance(answer, Failure):
            failures.setdefault(answer.kind, answer)
            if len(failures) >= _MOST_FAILURES:
                break
        elif answer not in answers and len(answers) < _MOST_KEPT:
            answers.add(answer)
            mutator.keep(content)
    return Hunt(
        executions=executions,
        seconds=time.monotonic() - begin,
        kept=len(answers),
        slowest=slowest,
        failures=tuple(failures.values()),
    )
