"""What a command does about the signals that would end it."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType
from typing import Any

_LOOK_EVERY = 0.2
"""Seconds after which a signal is noticed at the latest, whatever the command waits for."""


class Terminated(KeyboardInterrupt):
    """The process was asked to stop by SIGTERM."""


@contextmanager
def terminable() -> Iterator[None]:
    """Turn SIGTERM into an interrupt, so that a command that is told to stop still ends in order, and soon."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Terminated

    with _handled(signal.SIGTERM, stop), _looking():
        yield


def unhung() -> AbstractContextManager[None]:
    """Let work go on that a terminal which goes away would end."""
    return _handled(signal.SIGHUP, signal.SIG_IGN)


@contextmanager
def _looking() -> Iterator[None]:
    """
    Look for signals all the time.

    Python notes a signal and acts on it between two steps of its own. One that comes just before a step which waits
    in the kernel would be acted on only when that wait is over: of a reply that does not come, after half a minute.
    """
    if not _hears():
        yield
        return
    with _handled(signal.SIGALRM, lambda _number, _frame: None):
        before = signal.setitimer(signal.ITIMER_REAL, _LOOK_EVERY, _LOOK_EVERY)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, *before)


@contextmanager
def _handled(number: int, handler: "Callable[[int, FrameType | None], Any] | signal.Handlers") -> Iterator[None]:
    if not _hears():
        yield
        return
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


def _hears() -> bool:
    """Tell whether this is the one thread that signals reach."""
    return threading.current_thread() is threading.main_thread()
