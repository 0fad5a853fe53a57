"""The mutants that may survive, each with its reason, and how a run compares with them."""

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from mutation.mutants import Fate, Mutant

LIST = Path(__file__).with_name("survivors.toml")
LEAST = 90
"""Per cent of the mutants of every module, those that may survive left out, that a test must notice."""


class Survivor(NamedTuple):
    """A mutant that may survive. It is known by what it changes, so that it keeps its place when others come."""

    file: str
    function: str
    removed: str
    added: str
    because: str

    def is_of(self, mutant: Mutant) -> bool:
        """Tell whether this is that mutant."""
        return self[:4] == mutant[:4]


class Score(NamedTuple):
    """One module in numbers."""

    file: str
    mutants: int
    killed: int
    excused: int
    """Survived, and may."""
    survived: int
    """Survived, and may not; or nobody can tell."""

    @property
    def percent(self) -> float:
        """Return how many of those that may not survive were killed."""
        return 100 * self.killed / (self.killed + self.survived) if self.killed + self.survived else 100.0


def survivors() -> tuple[Survivor, ...]:
    """Return the list."""
    read = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return tuple(
        Survivor(group["file"], group["function"], change["from"], change["to"], group["because"])
        for group in read["survivor"]
        for change in group["changes"]
    )


def score(file: str, mutants: Sequence[Mutant], listed: Sequence[Survivor]) -> Score:
    """Return the figures of one module."""
    alive = [mutant for mutant in mutants if mutant.fate is not Fate.KILLED]
    excused = sum(is_excused(mutant, listed) for mutant in alive)
    return Score(file, len(mutants), len(mutants) - len(alive), excused, len(alive) - excused)


def is_excused(mutant: Mutant, listed: Iterable[Survivor]) -> bool:
    """Tell whether a mutant survived and may."""
    return mutant.fate is Fate.SURVIVED and any(one.is_of(mutant) for one in listed)


def unknown(mutants: Sequence[Mutant], listed: Iterable[Survivor]) -> list[Survivor]:
    """Return the entries that are no mutant any more: the code that they were about has changed."""
    return [one for one in listed if not any(one.is_of(mutant) for mutant in mutants)]
