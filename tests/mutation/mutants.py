"""What became of every mutant, from the files that mutmut 3 leaves beside each mutated module."""

import difflib
import enum
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mutation.workspace import SOURCE

SEPARATOR = "ǁ"
"""What stands between class and method in mutmut's names."""


class Fate(enum.Enum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "survived"
    """Every test that runs its function passed, or no test runs it."""
    UNTOLD = "untold"
    """Neither: it was not run, or its process ended in a way that says nothing."""


_FATES = {
    1: Fate.KILLED,
    3: Fate.KILLED,  # pytest itself broke on it
    **dict.fromkeys((24, 36, 152, 255, -24), Fate.KILLED),  # it ran many times as long as the code does
    0: Fate.SURVIVED,
    **dict.fromkeys((5, 33), Fate.SURVIVED),  # no test runs it
}
"""By the exit codes of mutmut."""


class Mutant(NamedTuple):
    """One small change of one function."""

    file: str
    """Counted from the package."""
    function: str
    """`name`, or `Class.name`."""
    removed: str
    """The lines that it changes, each without the spaces around it."""
    added: str
    """What they are changed to."""
    fate: Fate

    def __str__(self) -> str:
        """Return it as a reader of a terminal sees it."""
        old, new = ("".join(f"\n  {mark} {line}" for line in text.split("\n")) for mark, text in self._sides())
        return f"{self.file}: {self.function}{old}{new}"

    def _sides(self) -> tuple[tuple[str, str], tuple[str, str]]:
        return ("-", self.removed), ("+", self.added)


def mutants_of(folder: Path, file: str) -> Iterator[Mutant]:
    """Yield the mutants of a module; `folder` is mutmut's, and `file` is counted from the package."""
    module = folder / SOURCE / file
    index = json.loads(module.with_name(f"{module.name}.spans").read_bytes())
    if index["version"] != 1:
        message = f"mutmut's index has version {index['version']}, and 1 is what is read here."
        raise SystemExit(message)
    lines = module.read_text(encoding="utf-8").split("\n")
    codes: dict[str, int | None] = json.loads(module.with_name(f"{module.name}.meta").read_bytes())["exit_code_by_key"]
    for key, code in codes.items():
        name = key.rpartition(".")[2]
        original = f"{name.rpartition('__mutmut_')[0]}__mutmut_orig"
        old, new = (_source(lines, index["spans"][one], one) for one in (original, name))
        removed, added = _difference(old, new)
        fate = Fate.UNTOLD if code is None else _FATES.get(code, Fate.UNTOLD)
        yield Mutant(file, _function(name), removed, added, fate)


def _function(name: str) -> str:
    """Return the function's own name: `x_limits__mutmut_3` is `limits`, `xǁRunǁend__mutmut_1` is `Run.end`."""
    mangled = name.rpartition("__mutmut_")[0].removeprefix("x")
    return ".".join(part for part in mangled.split(SEPARATOR) if part) if SEPARATOR in mangled else mangled[1:]


def _source(lines: list[str], span: tuple[int, int], name: str) -> list[str]:
    """Return the lines of a function, all under one name."""
    return [line.strip().replace(name, "_") for line in lines[span[0] - 1 : span[1]]]


def _difference(old: list[str], new: list[str]) -> tuple[str, str]:
    """Return the lines that are in one only, old and new."""
    marked = [line for line in difflib.ndiff(old, new) if line[:2] in {"- ", "+ "}]
    removed, added = ("\n".join(line[2:] for line in marked if line[0] == mark) for mark in "-+")
    return removed, added
