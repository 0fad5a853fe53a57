"""How the work of several groups is started: side by side, or one after the other where time is simulated."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeAlias

Work: TypeAlias = Callable[[], None]
Start: TypeAlias = Callable[[Work], "Future[None]"]
"""Starts some work and returns what tells how it went."""


def at_once(work: Work) -> "Future[None]":
    """Do the work before returning."""
    done: Future[None] = Future()
    _do(work, done)
    return done


def in_thread(work: Work) -> "Future[None]":
    """Start a thread, which does not keep the process from ending."""
    done: Future[None] = Future()
    threading.Thread(target=_do, args=(work, done), daemon=True).start()
    return done


def _do(work: Work, done: "Future[None]") -> None:
    try:
        work()
    except BaseException as error:  # noqa: BLE001 - it is raised again where the run waits
        done.set_exception(error)
    else:
        done.set_result(None)
