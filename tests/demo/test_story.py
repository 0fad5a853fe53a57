"""`exposurectl demo`: what a first user sees."""

import re
import tempfile
from pathlib import Path

import pytest

from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.story import RECORDED, tell_story
from golden import check_golden
from running import Terminal, run_inside, run_process, surroundings


def masked(text: str) -> str:
    return re.sub(r"sha256:[0-9a-f]{64}", f"sha256:{'0' * 64}", text)


def test_the_story_is_told_whole_and_ends_with_no_changes() -> None:
    ended = run_inside("demo")

    assert ended.code == 0
    check_golden("text/demo.txt", masked(ended.out))
    assert masked(ended.err) == f"Wrote plan.json (sha256:{'0' * 64}).\nWrote receipt.json.\n"
    assert ended.out.endswith("skipped.\nNo changes: every server is where it belongs.\n")


def test_the_story_is_the_same_every_time_and_anywhere(tmp_path: Path) -> None:
    inside = run_inside("demo", clock=SimulatedClock(RECORDED.replace(year=2031)))

    process = run_process("demo", cwd=tmp_path, environ=surroundings(tmp_path, TZ="Asia/Tokyo", LC_ALL="C"))

    # The digest of the plan differs: the emulator's port is part of it.
    assert (0, masked(inside.out)) == (process.code, masked(process.out))
    assert list(tmp_path.iterdir()) == []


def test_no_line_is_longer_than_100_columns() -> None:
    assert max(map(len, run_inside("demo").out.splitlines())) <= 100


def test_every_change_says_why() -> None:
    lines = run_inside("demo").out.splitlines()

    changes = [number for number, line in enumerate(lines) if re.match(r"  [▲◆▼] ", line)]
    assert len(changes) == 16
    assert all(re.match(r" {10}\S", lines[number + 1]) for number in changes)


def test_the_commands_shown_are_commands_that_were_run() -> None:
    shown = [line for line in run_inside("demo").out.splitlines() if line.startswith("$ ")]

    assert shown == [
        "$ exposurectl plan --snapshot fleet --config demo.yaml --out plan.json",
        "$ exposurectl apply plan.json --config demo.yaml",
        "$ exposurectl plan --snapshot after --config demo.yaml --previous plan.json --detailed-exitcode",
    ]


def test_the_story_is_coloured_on_a_terminal_and_says_the_same() -> None:
    coloured = run_inside("demo", stdout=Terminal(), environ={"TERM": "xterm"}).out

    assert "\x1b[31m▲ raise" in coloured
    plain = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in masked(plain).splitlines()] == masked(run_inside("demo").out).splitlines()


@pytest.mark.parametrize("failing", ["plan", "apply"])
def test_the_story_ends_at_the_first_command_that_fails(failing: str) -> None:
    run: list[str] = []

    def command(words: object, _environ: object, _clock: object) -> int:
        assert isinstance(words, list)
        run.append(words[0])
        return 3 if words[0] == failing else 0

    code = tell_story(command, lambda _: None)

    assert (3, failing) == (code, run[-1])


def test_the_story_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    run_inside("demo")

    assert list(tmp_path.iterdir()) == []
