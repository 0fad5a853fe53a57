"""What GitHub's runner takes for a command: a model of ActionCommand.cs in actions/runner."""

import re

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
