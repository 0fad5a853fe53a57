"""Signals of a command that ends in order: none is left unheard, and nothing of it is left afterwards."""

import _thread
import signal
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress

import pytest

from exposurectl.cli.interrupts import Terminated, terminable, unhung

LONG = 20.0
"""Seconds that a wait takes which nothing ends."""


def recv() -> None:
    """Wait for bytes that do not come."""
    here, there = socket.socketpair()
    with here, there, suppress(TimeoutError):
        here.settimeout(LONG)
        here.recv(1)


def join() -> None:
    """Wait for work that does not end."""
    with suppress(TimeoutError):
        Future[None]().result(LONG)


@pytest.mark.parametrize("wait", [recv, join])
@pytest.mark.parametrize(("number", "raised"), [(signal.SIGTERM, Terminated), (signal.SIGINT, KeyboardInterrupt)])
def test_a_signal_that_is_noted_but_wakes_nobody_ends_a_wait_all_the_same(
    number: int, raised: type[BaseException], wait: Callable[[], None]
) -> None:
    """So it is with one that comes between Python's last look and the wait: the wait goes on."""
    assert threading.current_thread() is threading.main_thread()
    threading.Timer(0.1, _thread.interrupt_main, [number]).start()
    started = time.monotonic()

    with pytest.raises(raised), terminable():
        wait()

    assert time.monotonic() - started < LONG / 2


def test_afterwards_signals_mean_what_they_meant_before() -> None:
    numbers = (signal.SIGTERM, signal.SIGALRM, signal.SIGHUP, signal.SIGINT)
    before = [signal.getsignal(number) for number in numbers]
    left, every = signal.getitimer(signal.ITIMER_REAL)

    with terminable(), unhung():
        pass

    assert [signal.getsignal(number) for number in numbers] == before
    assert left - 60 <= signal.getitimer(signal.ITIMER_REAL)[0] <= left
    assert signal.getitimer(signal.ITIMER_REAL)[1] == every


def test_in_a_thread_which_no_signal_reaches_nothing_is_changed() -> None:
    handlers: list[object] = []

    def work() -> None:
        with terminable(), unhung():
            handlers.extend([signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGHUP)])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert handlers == [signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGHUP)]
