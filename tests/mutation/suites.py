"""Which parts of the package are mutated, and which tests answer for each."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "pipeline" / "exposurectl"


class Suite(NamedTuple):
    """Files that the same tests answer for."""

    files: str
    """A pattern, counted from the package."""
    tests: tuple[str, ...]
    slow: tuple[str, ...] = ()
    """Of these tests, the files that take too long to be run on every mutant."""


SUITES = (
    Suite(
        "policy/decide.py",
        ("tests/policy/test_decide.py", "tests/policy/test_worked_examples.py", "tests/properties/test_oracle.py"),
    ),
    Suite("plan/*.py", ("tests/plan",)),
    Suite("apply/*.py", ("tests/apply",), slow=("tests/apply/test_endurance.py",)),
)


class Part(NamedTuple):
    """The files of one suite that are mutated in one go."""

    files: tuple[str, ...]
    """Counted from the package, such as `plan/limits.py`."""
    suite: Suite


def parts(wanted: Sequence[str]) -> list[Part]:
    """Return what is to be mutated: all of it, or the files and folders that are named. Exits where one is none."""
    known = {suite: [str(path.relative_to(PACKAGE)) for path in sorted(PACKAGE.glob(suite.files))] for suite in SUITES}
    strangers = [name for name in wanted if not any(_is_in(file, [name]) for files in known.values() for file in files)]
    if strangers:
        message = f"{', '.join(strangers)}: not mutated; there is {', '.join(suite.files for suite in SUITES)}"
        raise SystemExit(message)
    chosen = (
        Part(tuple(file for file in files if not wanted or _is_in(file, wanted)), suite)
        for suite, files in known.items()
    )
    return [part for part in chosen if part.files]


def _is_in(file: str, names: Sequence[str]) -> bool:
    """Tell whether a file is one of these, or in one of these folders."""
    return any(file == name or file.startswith(f"{name.rstrip('/')}/") for name in names)
