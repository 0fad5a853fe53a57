"""What the README says is what the program does: commands, output, help, exit codes and the picture."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from exposurectl.cli.arguments import UsageError, parser
from exposurectl.diagnostics import Exit
from house import picture

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```console\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
SHOWN = [block for block in BLOCKS if len(block.splitlines()) > 1 and block.splitlines()[1][:1] != "$"]
COMMANDS = re.findall(r"^\$ (exposurectl .*)$", README, flags=re.MULTILINE) + re.findall(
    r"^\| `(exposurectl [^`]*)` \|", README, flags=re.MULTILINE
)


@pytest.mark.parametrize("block", SHOWN, ids=lambda block: block.splitlines()[0])
def test_a_command_prints_what_the_readme_shows(block: str) -> None:
    command, _, expected = block.partition("\n")
    words = shlex.split(command.removeprefix("$ exposurectl"))

    done = subprocess.run(
        [sys.executable, "-m", "exposurectl", *words],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert expected == done.stdout
    assert done.returncode == 0


def test_the_readme_shows_an_explanation_and_the_help() -> None:
    assert [words.split()[2] for words in (block.splitlines()[0] for block in SHOWN)] == ["explain", "--help"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_in_the_readme_is_understood(command: str) -> None:
    words = shlex.split(command)[1:]

    if words == ["--help"]:
        return
    try:
        arguments = parser().parse_args(words)
    except UsageError as error:
        pytest.fail(str(error))

    assert callable(arguments.command)


def test_the_readme_names_every_command() -> None:
    listed = re.search(r"commands:\n  COMMAND\n(.*?)\n\n", parser().format_help(), flags=re.DOTALL)
    assert listed
    names = {line.split()[0] for line in listed[1].splitlines()}

    assert names == {command.split()[1] for command in COMMANDS} - {"--help"}


def test_the_readme_and_the_help_list_every_exit_code_alike() -> None:
    table = re.findall(r"^\| ([0-9, ]+) \| (.*) \|$", README, flags=re.MULTILINE)
    epilog = str(parser().epilog).split("exit codes:\n")[1].split("\n\n")[0]
    said = [tuple(re.split(r" {2,}", line.strip(), maxsplit=1)) for line in epilog.splitlines()]

    assert said == table
    assert {code.value for code in Exit} == {int(code) for codes, _ in table for code in codes.split(",")}


def test_the_make_targets_that_the_readme_and_contributing_name_exist() -> None:
    contributing = (ROOT / ".github/CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"make ([a-z]+)\b", f"{README}\n{contributing}".replace("make and", "")))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    targets = set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))

    assert {"demo", "test", "check", "lock"} <= named & targets


def test_every_file_that_the_readme_links_exists() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)

    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_picture_shows_what_the_demo_prints_now() -> None:
    drawn = (ROOT / "docs/demo.svg").read_text(encoding="utf-8")

    assert drawn == picture.svg(), "run `make picture` and look at docs/demo.svg"
