"""What GitHub's runner takes for a command: a model of ActionCommand.cs in actions/runner."""

import re
from typing import NamedTuple

_NAME = re.compile(r"[A-Za-z][A-Za-z-]*")


def commands(output: str) -> list[str]:
    """Return the names of the commands that output holds, one a line at most; any name counts, known or not."""
    found = [_second(line) or _first(line) for line in re.split(r"\r\n|\r|\n", output)]
    return [name for name in found if name]


def _second(line: str) -> str:
    """Return the command of `::name properties::data` at the beginning of a line, white space aside."""
    line = line.lstrip()
    end = line.find("::", 2)
    if not line.startswith("::") or end < 0:
        return ""
    name = line[2:end].split(" ")[0]
    return name if _NAME.fullmatch(name) else ""


def _first(line: str) -> str:
    """Return the command of `##[name properties]data` anywhere in a line."""
    start = line.find("##[")
    end = line.find("]", start)
    return line[start + 3 : end].split(" ", maxsplit=1)[0] if start >= 0 and end >= 0 else ""


class Command(NamedTuple):
    """A command as the runner reads it: its name, its properties and its message."""

    name: str
    properties: dict[str, str]
    data: str


def read_command(line: str) -> Command:
    """Return the command `::name properties::data` that a line is, unescaped as ActionCommand.cs does it."""
    assert _second(line), line
    head, _, data = line.lstrip()[2:].partition("::")
    name, _, written = head.partition(" ")
    pairs = (pair.partition("=") for pair in written.split(",") if pair)
    properties = {key.strip(): _unescaped(value, {"%3A": ":", "%2C": ","}) for key, _, value in pairs}
    return Command(name, properties, _unescaped(data, {}))


def _unescaped(text: str, more: dict[str, str]) -> str:
    """Return the text that was meant; the percent sign itself comes last."""
    for escape, meant in {"%0D": "\r", "%0A": "\n", **more, "%25": "%"}.items():
        text = text.replace(escape, meant)
    return text
