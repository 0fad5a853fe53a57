"""F29, F39, T32: nobody who reads, a receipt that cannot be written, and files that are nobody else's."""

import os
import pty
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apply.acting import MOVES, emulated, moves, on_disk
from exposurectl.apply.journal import NAME
from exposurectl.clock import SystemClock
from exposurectl.demo.emulator import Emulator
from faults.killing import PROGRAM, apply_inside, environ, prepare
from promises.stage import Stage, staged

APPLY = " ".join((*PROGRAM, "apply", "plan.json", "--config", "production.yaml"))
DONE = {"applied": 5, "noop": 0, "conflict": 0, "gone": 0, "failed": 0, "unknown": 0, "not-attempted": 0}


@pytest.fixture
def futurevuls(tmp_path: Path) -> Iterator[Emulator]:
    with emulated(clock=SystemClock()) as it:
        prepare(tmp_path, it)
        yield it


def shell(folder: Path, script: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environ(folder), capture_output=True, check=False, timeout=60
    )


@pytest.mark.parametrize(
    "nobody",
    [
        "set -o pipefail; {} | head -c 1",
        "set -o pipefail; {} | true",
        "{} >&-",
        "{} 2>&-",
        "{} >&- 2>&-",
        "{} <&- >&- 2>&-",
        "{} >/dev/full",
        "{} 2>/dev/full",
        "{} >/dev/full 2>&1",
    ],
)
def test_an_apply_goes_on_where_nobody_reads_what_it_says(tmp_path: Path, futurevuls: Emulator, nobody: str) -> None:
    done = shell(tmp_path, nobody.format(APPLY))

    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
    assert moves(futurevuls) == MOVES
    assert on_disk(tmp_path / "receipt.json")["outcomes"] == DONE


def test_an_apply_goes_on_when_its_terminal_is_gone(tmp_path: Path, futurevuls: Emulator) -> None:
    reading, terminal = pty.openpty()
    with subprocess.Popen(
        APPLY.split(), cwd=tmp_path, env=environ(tmp_path), stdout=terminal, stderr=terminal, start_new_session=True
    ) as process:
        os.close(terminal)
        os.close(reading)

        assert process.wait(60) == 0
    assert moves(futurevuls) == MOVES
    assert on_disk(tmp_path / "receipt.json")["outcomes"] == DONE


def test_a_terminal_that_hangs_up_does_not_end_an_apply(tmp_path: Path) -> None:
    hung: list[int] = []

    def heard(_token: str, method: str, _path: str) -> None:
        if method == "PUT" and not hung:
            hung.append(process.pid)
            process.send_signal(signal.SIGHUP)

    with emulated(clock=SystemClock(), heard=heard) as futurevuls:
        prepare(tmp_path, futurevuls)
        with subprocess.Popen(
            APPLY.split(), cwd=tmp_path, env=environ(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            assert process.wait(60) == 0
        assert moves(futurevuls) == MOVES
    assert hung


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Callable[[], Stage]]:
    """Put something in the receipt's way as soon as the first move arrives: it exists by then."""

    def heard(_token: str, method: str, _path: str) -> None:
        if method == "PUT":
            (tmp_path / "receipt.json.new").mkdir(exist_ok=True)

    with staged(tmp_path, heard=heard) as it:
        yield lambda: it


def test_a_receipt_that_cannot_be_closed_changes_nothing_but_a_warning(stage: Callable[[], Stage]) -> None:
    it = stage()

    ended = it.apply()

    assert (ended.code, ended.reason) == (0, "")
    assert "receipt.json: warning: Receipt cannot be written\n" in ended.err
    assert "The journal beside it has what was done, and the next run writes it again." in ended.err
    assert len(it.futurevuls.writes) == 3
    assert on_disk(it.folder / "receipt.json")["ended_at"] is None
    assert (it.folder / NAME).read_bytes().count(b'"outcome":"applied"') == 3


def test_the_next_run_closes_it_from_the_journal(stage: Callable[[], Stage]) -> None:
    it = stage()
    it.apply()
    (it.folder / "receipt.json.new").rmdir()

    ended = it.apply()

    assert ended.code == 0
    assert "receipt.json: its run was killed." in ended.err
    first, second = (on_disk(it.folder / name)["outcomes"] for name in ("receipt.json", "receipt-2.json"))
    assert (first["applied"], second["noop"]) == (3, 3)
    assert len(it.futurevuls.writes) == 3


def test_a_receipt_that_cannot_even_be_begun_means_that_nothing_is_written(tmp_path: Path) -> None:
    with staged(tmp_path) as it:
        ended = it.apply("--receipt", str(tmp_path / "nowhere" / "receipt.json"))

        assert (ended.code, ended.reason) == (1, "receipt")
        assert it.futurevuls.writes == ()


def test_what_apply_makes_is_its_own_users_even_without_a_umask(tmp_path: Path, futurevuls: Emulator) -> None:
    before = {path.name for path in tmp_path.iterdir()}
    modes: dict[str, int] = {}

    done = shell(tmp_path, f"umask 000; {APPLY}")

    for path in tmp_path.iterdir():
        if path.name not in before:
            modes[path.name] = stat.S_IMODE(path.stat().st_mode)
    assert done.returncode == 0
    assert moves(futurevuls) == MOVES
    assert modes == {NAME: 0o600, "receipt.json": 0o600}


def test_a_journal_that_is_a_link_to_another_file_is_refused(tmp_path: Path, futurevuls: Emulator) -> None:
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / NAME).symlink_to("mine")

    ended = apply_inside(tmp_path)

    assert ended.code == 1
    assert futurevuls.writes == ()
    assert (tmp_path / "mine").read_bytes() == b"mine"
