"""Where output goes: a terminal, a pipe, a reader who leaves, a full disk."""

import contextlib
import errno
import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

import pytest

from exposurectl.cli.ending import end
from exposurectl.cli.world import World
from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.story import RECORDED
from running import PROGRAM, Terminal, run_inside, run_process, surroundings

PLAN = ("plan", "--snapshot", "fleet", "--config", "demo.yaml")


def on_a_terminal(here: Path, columns: int, **environ: str) -> str:
    """Run a plan on a pseudo-terminal of that width, and return what it shows."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [*PROGRAM, *PLAN],
        cwd=here,
        env=surroundings(here, TERM="xterm-256color", **environ),
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # the end, on Linux
        while chunk := os.read(ours, 65536):
            shown += chunk
    os.close(ours)
    assert process.wait(timeout=30) == 0
    return shown.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(("widest", "columns"), [(60, 40), (80, 80), (100, 0), (140, 300)])
def test_a_terminal_gets_colour_and_lines_of_its_width(here: Path, widest: int, columns: int) -> None:
    shown = on_a_terminal(here, columns)

    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert "\x1b[31m▲ raise" in shown
    assert "\x1b" not in plain
    assert widest - 20 <= max(map(len, plain.splitlines())) <= widest


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_without_colour_gets_none(name: str, value: str) -> None:
    environ = {"TERM": "xterm", name: value}

    assert "\x1b" not in run_inside("test", POLICY, environ=environ, stdout=Terminal()).out
    assert "\x1b" in run_inside("test", POLICY, environ={"TERM": "xterm"}, stdout=Terminal()).out


POLICY = Path(__file__).parents[2] / "policies"


def test_no_color_holds_for_a_process_on_a_terminal(here: Path) -> None:
    assert "\x1b" not in on_a_terminal(here, 80, NO_COLOR="1")


def test_a_pipe_gets_no_colour_even_if_somebody_forces_it(here: Path) -> None:
    environ = surroundings(here, FORCE_COLOR="1", CLICOLOR_FORCE="1", TERM="xterm-256color", COLUMNS="40")

    ended = run_process(*PLAN, cwd=here, environ=environ)

    assert "\x1b" not in ended.out + ended.err
    assert ended.out == run_inside(*PLAN).out


@pytest.mark.parametrize("argv", [PLAN, ("show", "plan.json", "--format", "json"), ("--help",)])
def test_a_reader_who_leaves_is_no_error(here: Path, argv: tuple[str, ...]) -> None:
    run_inside(*PLAN, "--out", "plan.json")

    done = subprocess.run(
        ["bash", "-c", 'set -o pipefail; "$@" | true', "bash", *PROGRAM, *argv],
        cwd=here,
        env=surroundings(here),
        capture_output=True,
        check=False,
        timeout=30,
    )

    assert (done.returncode, done.stderr) == (0, b"")


def test_a_full_disk_is_an_error(here: Path) -> None:
    done = run_process(*PLAN, cwd=here, before=("bash", "-c", '"$@" > /dev/full', "bash"))

    assert (done.code, done.err) == (1, "error: Output cannot be written\n  No space left on device.\nreason: output\n")


def test_a_full_folder_for_temporary_files_is_an_error_and_no_bug() -> None:
    err = io.StringIO()
    world = World(
        environ={},
        stdin=io.BytesIO(),
        stdout=io.StringIO(),
        stderr=err,
        clock=SimulatedClock(RECORDED),
        jitter=lambda _: 0.0,
        one_by_one=True,
    )

    code = end(OSError(errno.ENOSPC, "No space left on device"), world)

    assert code == 1
    assert err.getvalue().splitlines() == [
        "error: Disk not usable",
        "  No space left on device.",
        "  hint: make room where it writes: the current folder, the output and the folder that TMPDIR names",
        "reason: file",
    ]


def test_a_terminal_that_cannot_show_a_letter_gets_its_number(here: Path) -> None:
    ended = run_process(*PLAN, cwd=here, environ=surroundings(here, PYTHONIOENCODING="ascii"))

    assert (ended.code, ended.err) == (0, "")
    assert "  \\u25b2 raise shop-02" in ended.out


def test_a_bug_says_that_it_is_one_and_how_to_see_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exposurectl.policy.files.load_policy", None)
    monkeypatch.setattr("exposurectl.cli.test.load_policy", None)

    ended, debugged = run_inside("test", POLICY), run_inside("test", POLICY, environ={"EXPOSURECTL_DEBUG": "1"})

    assert ended == (
        1,
        "",
        (
            "error: this is a bug in exposurectl: TypeError\n"
            "  hint: set EXPOSURECTL_DEBUG=1 to see where, and report it\n"
            "reason: bug\n"
        ),
    )
    assert "Traceback (most recent call last):" in debugged.err
