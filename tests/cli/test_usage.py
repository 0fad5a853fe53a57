"""What can be typed, and what happens when it is mistyped."""

import re
from pathlib import Path

import pytest

from exposurectl import __version__
from exposurectl.cli.arguments import parser
from running import run_inside, run_process

COMMANDS = tuple(re.findall(r"^    ([a-z]+) ", parser().format_help(), flags=re.MULTILINE))


def test_the_version(tmp_path: Path) -> None:
    assert (0, f"exposurectl {__version__}\n", "") == run_process("--version", cwd=tmp_path)


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)])
def test_every_command_has_help(tmp_path: Path, command: tuple[str, ...]) -> None:
    ended = run_process(*command, "--help", cwd=tmp_path)

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"usage: exposurectl{''.join(f' {name}' for name in command)} ")
    assert max(map(len, ended.out.splitlines())) <= 100


def test_there_are_the_commands_of_the_main_job() -> None:
    assert set(COMMANDS) >= {"test", "plan", "show", "explain", "apply", "demo"}


@pytest.mark.parametrize(
    ("expected", "argv"),
    [
        ("error: the following arguments are required: COMMAND", ()),
        (
            (f"error: argument COMMAND: invalid choice: 'aply' (choose from {', '.join(map(repr, COMMANDS))})"),
            ("aply",),
        ),
        ("error: the following arguments are required: PLAN", ("apply",)),
        ("error: unrecognized arguments: --force", ("apply", "plan.json", "--force")),
        ("error: unrecognized arguments: --detailed", ("plan", "--detailed")),
        ("error: argument --findings: expected at least one argument", ("plan", "--findings")),
        (
            "error: argument --format: invalid choice: 'html' (choose from 'text', 'markdown', 'json')",
            ("show", "plan.json", "--format", "html"),
        ),
        ("error: argument --port: must be a number from 0 to 65535, not '65536'", ("demo", "--port", "65536")),
        ("error: argument --port: must be a number from 0 to 65535, not 'http'", ("demo", "--port", "http")),
        ("error: argument --per-minute: must be a number from 1 to 1000000, not '0'", ("demo", "--per-minute", "0")),
        ("error: argument --per-minute: must be a number from 1 to 1000000, not '²'", ("demo", "--per-minute", "²")),
    ],
)
def test_a_usage_error_says_what_is_wrong_below_the_usage(expected: str, argv: tuple[str, ...]) -> None:
    ended = run_inside(*argv)

    usage, error, reason = ended.err.rstrip("\n").rsplit("\n", 2)
    assert usage.startswith("usage: exposurectl")
    assert (expected, "reason: usage") == (error, reason)
    assert (ended.code, ended.out) == (1, "")


def test_a_usage_error_of_a_process(tmp_path: Path) -> None:
    ended = run_process("plan", "--bogus", cwd=tmp_path)

    assert (ended.code, ended.out, ended.reason) == (1, "", "usage")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_process_may_be_started_without_its_streams(tmp_path: Path, closed: str) -> None:
    ended = run_process(
        "test", Path(__file__).parents[2] / "policies", cwd=tmp_path, before=("sh", "-c", f'exec "$@" {closed}', "sh")
    )

    assert (ended.code, ended.err) == (0, "")
