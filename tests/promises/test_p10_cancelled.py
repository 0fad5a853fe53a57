"""P10, F28: a run that is cancelled, as GitHub's runner does it, ends within 5 s and says what was done."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from apply.acting import EVIDENCE, SERVERS, USUAL, on_disk, roles_page, server_row, servers_page, settings_for
from exposurectl.apply.journal import NAME
from exposurectl.plan.file import write_plan
from faults.killing import PROGRAM, environ
from plan.building import WEB_OPEN, planned
from promises.stage import put_config
from targets.scripted import Scripted, Stall
from yardstick import slowness

STRICT = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail")
APPLY = f"{' '.join(PROGRAM)} apply plan.json --config production.yaml"
ROLES, LISTED = Scripted.json(roles_page()), Scripted.json(servers_page(*SERVERS))
SILENT = Stall(60)
BUDGET, SECOND_BUDGET = 5.0, 0.5
"""Seconds until the process is gone: after one signal, and after another one."""
KILLED = {BUDGET: 7.5, SECOND_BUDGET: 2.5}
"""When GitHub's runner sends the next signal, however slow the machine is: no budget is longer than that."""
ATTEMPTS = 3
"""A budget that was missed is tried again, and then is longer by as much as this machine is slower meanwhile."""


class Cancelled(NamedTuple):
    """How a step ended, how long after its last signal, and where it ran."""

    folder: Path
    code: int
    err: str
    took: float
    puts: int


Signals = Callable[["subprocess.Popen[bytes]"], None]


@contextlib.contextmanager
def unanswering(folder: Path, *answers: bytes | Stall) -> Iterator[Scripted]:
    """Serve so many answers, and then none: the request under way never ends by itself."""
    scripted = Scripted()
    scripted.answer(*answers)
    now = datetime.now(UTC).replace(microsecond=0)
    plan = planned(*EVIDENCE, groups=(USUAL,), settings=settings_for(scripted.url), as_of=now)
    (folder / "plan.json").write_bytes(write_plan(plan))
    put_config(folder, scripted.url)
    try:
        yield scripted
    finally:
        scripted.close()


def cancel(folder: Path, script: str, answers: tuple[bytes | Stall, ...], signals: Signals) -> Cancelled:
    """Run a step as the runner does, wait for its last request, and cancel it."""
    with unanswering(folder, *answers) as scripted:
        (folder / "step.sh").write_text(script, encoding="utf-8")
        with subprocess.Popen(
            [*STRICT, "step.sh"],
            cwd=folder,
            env=environ(folder),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as step:
            try:
                until(lambda: len(scripted.requests) == len(answers))
                signals(step)
                started = time.monotonic()
                _, err = step.communicate(timeout=20)
                took = time.monotonic() - started
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(step.pid, signal.SIGKILL)
        puts = sum(line.startswith("PUT") for line in scripted.lines)
    return Cancelled(folder, step.returncode, err.decode(), took, puts)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def within(budget: float, folder: Path, attempt: Callable[[Path], Cancelled]) -> Cancelled:
    """Return the first attempt that is within the budget, each in a folder of its own."""
    took = []
    for number in range(ATTEMPTS):
        again = folder / str(number)
        again.mkdir()
        ended = attempt(again)
        took.append(ended.took)
        if ended.took <= budget or ended.took <= min(budget * slowness(time.monotonic), KILLED[budget]):
            return ended
    pytest.fail(f"{took} s, and {budget} s are promised")


def once(number: int) -> Signals:
    """Send a signal to the process that the runner started, and to no other, as the runner does."""
    return lambda step: os.kill(step.pid, number)


def to_all(number: int) -> Signals:
    """Send a signal to all processes of the step, as a terminal does."""
    return lambda step: os.killpg(step.pid, number)


ENDINGS = pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
UNDER_WAY = (ROLES, LISTED, SILENT)
SECOND_UNDER_WAY = (ROLES, LISTED, Scripted.json(server_row(SERVERS[0], serverroleId=WEB_OPEN)), SILENT)


@ENDINGS
def test_a_step_that_is_replaced_by_the_program_ends_in_order_while_a_request_is_under_way(
    tmp_path: Path, number: int, code: int
) -> None:
    ended = within(BUDGET, tmp_path, lambda here: cancel(here, f"exec {APPLY}", SECOND_UNDER_WAY, once(number)))

    assert (ended.code, ended.puts) == (code, 2)
    assert ended.err == "Wrote receipt.json.\nInterrupted: run it again to go on.\nreason: interrupted\n"
    receipt = on_disk(ended.folder / "receipt.json")
    assert [one["outcome"] for one in receipt["results"]] == ["applied", "unknown", *["not-attempted"] * 3]
    assert receipt["results"][1]["detail"] == "stopped while the request was under way"
    assert (receipt["stopped"], receipt["ended_at"] is None) == ("interrupted", False)


@ENDINGS
def test_a_step_with_a_pipe_behind_it_ends_in_order_too(tmp_path: Path, number: int, code: int) -> None:
    script = f"trap '' INT TERM\n( trap - INT TERM; exec {APPLY} ) | ( trap '' INT TERM; exec cat )\n"

    ended = within(BUDGET, tmp_path, lambda here: cancel(here, script, UNDER_WAY, to_all(number)))

    assert (ended.code, ended.puts) == (code, 1)
    assert ended.err.endswith("reason: interrupted\n")


def test_a_signal_to_all_processes_of_a_step_ends_it_in_order(tmp_path: Path) -> None:
    ended = within(BUDGET, tmp_path, lambda here: cancel(here, f"{APPLY}\n", UNDER_WAY, to_all(signal.SIGINT)))

    assert ended.code in {130, -signal.SIGINT}
    assert ended.err.endswith("Interrupted: run it again to go on.\nreason: interrupted\n")


@ENDINGS
def test_while_it_lists_it_ends_at_once_and_leaves_no_receipt(tmp_path: Path, number: int, code: int) -> None:
    ended = within(BUDGET, tmp_path, lambda here: cancel(here, f"exec {APPLY}", (ROLES, SILENT), once(number)))

    assert (ended.code, ended.puts, ended.err) == (code, 0, "reason: interrupted\n")
    assert list(tmp_path.rglob("receipt*.json")) == []


@ENDINGS
def test_a_second_signal_ends_it_at_once(tmp_path: Path, number: int, code: int) -> None:
    def twice(step: "subprocess.Popen[bytes]") -> None:
        os.kill(step.pid, number)
        time.sleep(0.7)
        assert step.poll() is None  # it gives the request under way some time
        os.kill(step.pid, number)

    ended = within(SECOND_BUDGET, tmp_path, lambda here: cancel(here, f"exec {APPLY}", UNDER_WAY, twice))

    assert ended.code == code
    receipt = on_disk(ended.folder / "receipt.json")
    assert (receipt["ended_at"] is None, receipt["outcomes"]["unknown"]) == (False, 1)


def test_the_journal_of_a_cancelled_run_is_whole(tmp_path: Path) -> None:
    cancel(tmp_path, f"exec {APPLY}", UNDER_WAY, once(signal.SIGINT))
    before = (tmp_path / NAME).read_bytes()

    assert before.count(b'"record":"intent"') == 1
    assert before.endswith(b"\n")
    assert b'"record":"end"' in before.splitlines()[-1]
