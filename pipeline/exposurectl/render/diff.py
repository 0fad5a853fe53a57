"""What another policy would change: the values that every view of it shares, and the one for programs."""

import json
from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from exposurectl.model import Exposure
from exposurectl.render.words import counted

FORMAT_VERSION = 1


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two policies: how it was named, and what it is."""

    name: str
    commit: str | None = None
    """None where it was read from a directory."""
    digest: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What one policy says."""

    level: Exposure | None
    """None where the instance is left alone."""
    raise_only: bool = False
    """An instance that is above the level stays there."""
    rules: tuple[str, ...]

    @property
    def words(self) -> str:
        """Return the level as people say it."""
        if self.level is None:
            return "left alone"
        return f"{self.level} or above" if self.raise_only else self.level.value


class Region(msgspec.Struct, frozen=True, kw_only=True):
    """Situations that the two policies judge differently, whether any instance is in them or not."""

    direction: str
    before: Standing
    after: Standing
    where: Mapping[str, str]
    """Which situations, by label; what is not said may be anything."""
    witness: str
    """One of the situations."""


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """An instance."""

    id: str
    name: str = ""


class Shifted(msgspec.Struct, frozen=True, kw_only=True):
    """Instances that the two policies treat differently, for the same reasons."""

    direction: str
    before: Standing
    after: Standing
    instances: tuple[Named, ...]


class MovedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of an SSVC table whose outcome is another at the new level."""

    given: Mapping[str, str]
    """Decision points with their values."""
    before: str
    after: str


class Consequence(msgspec.Struct, frozen=True, kw_only=True):
    """What follows in SSVC where a server moves from one level to another."""

    before: Exposure
    after: Exposure
    deployer: tuple[MovedRow, ...]
    deployer_rows: int
    """How many rows the table has."""
    bod_26_04: tuple[MovedRow, ...]
    bod_26_04_rows: int


class Fleet(msgspec.Struct, frozen=True, kw_only=True):
    """The instances of the evidence, decided by both policies."""

    decided: int
    """How many there are."""
    gaps: int
    """How many parts of AWS could not be read: nothing is known of the instances there."""
    shifts: tuple[Shifted, ...]
    consequences: tuple[Consequence, ...]
    tables: str
    """Which tables the consequences are from."""

    def count(self, direction: str = "") -> int:
        """Return how many instances go in a direction; in any without one."""
        return sum(len(one.instances) for one in self.shifts if direction in {"", one.direction})


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything there is to say of two policies."""

    old: Side
    new: Side
    as_of: date
    """The day by which overrides expire."""
    regions: tuple[Region, ...] | None
    """None where comparing every input would take too much work: then nothing is known of what was not decided."""
    fleet: Fleet | None
    """None where no evidence was given."""

    @property
    def differs(self) -> bool:
        """Tell whether the policies are known to differ for any input or any instance."""
        return bool(self.regions or (self.fleet and self.fleet.shifts))


DIRECTIONS = {
    "lower": "to lower",
    "set": "to set, which may lower or raise them",
    "raise": "to raise",
    "leave": "to leave where they are",
}
"""Each direction, and how a count of instances goes on."""


def headline(report: Report) -> str:
    """Return the report in one sentence."""
    inputs = _inputs(report)
    if report.fleet is None:
        return f"{inputs[0].upper()}{inputs[1:]}."
    found = [f"{number} {words}" for way, words in DIRECTIONS.items() if (number := report.fleet.count(way))]
    instances = f"{report.fleet.count()} of {counted(report.fleet.decided, 'instance')} change"
    return f"{instances}{': ' if found else ''}{', '.join(found)}; {inputs}."


def _inputs(report: Report) -> str:
    """Return what is known of all inputs, whether an instance has them or not."""
    if report.regions is None:
        return "not every input could be compared: the policies are too intricate"
    if not report.regions:
        return "no difference for any input"
    return f"{counted(len(report.regions), 'region')} of inputs judged differently"


def moved(consequence: Consequence) -> str:
    """Return how many rows of each table move."""
    deployer, deadlines = len(consequence.deployer), len(consequence.bod_26_04)
    return (
        f"{deployer} of {consequence.deployer_rows} deployer priorities and "
        f"{deadlines} of {consequence.bod_26_04_rows} BOD 26-04 deadlines"
    )


def uncertain(fleet: Fleet) -> str:
    """Return that some consequences depend on what the policies do not say, or nothing."""
    left = [one for one in fleet.shifts if one.before.raise_only or one.before.level is None]
    if not any(one.direction != "leave" for one in left):
        return ""
    return "Where the old policy leaves an instance at another level, what follows depends on that level."


def given(row: MovedRow) -> str:
    """Return the row's decision points with their values."""
    return ", ".join(f"{point} {value}" for point, value in row.given.items())


def unread(fleet: Fleet) -> str:
    """Return that something was not read, or nothing."""
    if not fleet.gaps:
        return ""
    return f"{counted(fleet.gaps, 'part')} of AWS could not be read: what changes there is not known."


def cut(values: Sequence[str], most: int) -> tuple[Sequence[str], int]:
    """Return the first of several values, and how many more there are."""
    return values[:most], max(len(values) - most, 0)


def diff_json(report: Report) -> str:
    """Return the report for programs: sorted keys, ASCII, two-space indent, one trailing newline."""
    body = {"format_version": FORMAT_VERSION, "differs": report.differs, **msgspec.to_builtins(report)}
    text = json.dumps(body, sort_keys=True, indent=2, ensure_ascii=True)
    # GitHub's runner takes `##[` for a command wherever it stands in a line; in JSON it only stands in strings.
    return text.replace("##[", "\\u0023\\u0023[") + "\n"
