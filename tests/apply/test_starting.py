"""How the work of a group is started: before anything else goes on, or beside it."""

import threading

import pytest

from exposurectl.apply.starting import Start, at_once, in_thread


@pytest.mark.parametrize("start", [at_once, in_thread])
def test_work_is_done_once_and_told_to_be_done(start: Start) -> None:
    done: list[str] = []

    assert start(lambda: done.append("work")).result(timeout=10) is None
    assert done == ["work"]


@pytest.mark.parametrize("start", [at_once, in_thread])
@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()], ids=repr)
def test_what_breaks_the_work_is_raised_where_it_is_waited_for(start: Start, error: BaseException) -> None:
    def work() -> None:
        raise error

    started = start(work)

    with pytest.raises(type(error)) as caught:
        started.result(timeout=10)
    assert caught.value is error


def test_work_that_is_done_at_once_is_done_in_the_same_thread() -> None:
    threads: list[threading.Thread] = []

    assert at_once(lambda: threads.append(threading.current_thread())).done()
    assert threads == [threading.current_thread()]


def test_a_thread_that_works_does_not_keep_the_process_from_ending() -> None:
    threads: list[threading.Thread] = []

    in_thread(lambda: threads.append(threading.current_thread())).result(timeout=10)

    (thread,) = threads
    assert thread is not threading.current_thread()
    assert thread.daemon


def test_who_starts_a_thread_does_not_wait_for_it() -> None:
    go_on = threading.Event()

    def work() -> None:
        go_on.wait(timeout=10)

    started = in_thread(work)

    assert not started.done()
    go_on.set()
    assert started.result(timeout=10) is None
