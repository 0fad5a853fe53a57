"""`exposurectl init`: a policy repository in one command. It asks nothing and overwrites nothing."""

import argparse
import os
import shlex
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from exposurectl.cli.starting.files import CONFIG, OWNERS, POLICY, README, starting_files
from exposurectl.cli.starting.found import Found, find
from exposurectl.cli.world import World
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError, Place
from exposurectl.render.neutral import neutral

_ALSO_OWNERS = ("CODEOWNERS", "docs/CODEOWNERS")
"""GitHub reads one file of owners: one that is written into .github would switch these off."""
_LONGEST = 1000


def run(arguments: argparse.Namespace, world: World) -> Exit:
    """Write what is missing, and say what was written, what was kept and what to do next."""
    directory = Path(arguments.directory)
    found = find(directory, world.environ)
    kept = dict(_kept_as_a_whole(directory))
    written = list(_write(directory, found, kept))
    world.say("".join(f"{line}\n" for line in _report(directory, found, written, kept)))
    return Exit.DONE


def _kept_as_a_whole(directory: Path) -> Iterator[tuple[PurePosixPath, str]]:
    """Yield what is left as it is although files of it may be missing, with why."""
    # A second `defaults`, or an id that is taken, would break the policy that is there.
    if any((directory / POLICY).rglob("*.yaml")):
        yield POLICY, "holds a policy already"
    for name in _ALSO_OWNERS:
        if os.path.lexists(directory / name):
            yield OWNERS, f"{name} names the owners already"


def _write(directory: Path, found: Found, kept: dict[PurePosixPath, str]) -> Iterator[PurePosixPath]:
    """Write each file that is not there, and yield it; what is there goes among what is kept."""
    for path, text in starting_files(found):
        if any(path.is_relative_to(whole) for whole in kept):
            continue
        if os.path.lexists(directory / path):
            kept[path] = "exists"
            continue
        _create(directory / path, text)
        yield path


def _create(path: Path, text: str) -> None:
    """Write a new file. Raises ExposurectlError where that fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        problem = Diagnostic(
            summary="File cannot be written",
            place=Place(str(error.filename or path)),
            detail=f"{error.strerror}. What had been written before it is whole.",
            hint="make way for it, and run init again: it writes what is missing",
        )
        raise ExposurectlError(problem, reason="file") from error


def _report(
    directory: Path, found: Found, written: list[PurePosixPath], kept: dict[PurePosixPath, str]
) -> Iterator[str]:
    """Yield the lines of what was done, what was found out and what to do next."""
    where = neutral(str(directory.resolve()), _LONGEST)
    yield (
        f"A policy repository in {where}: {_files(len(written))} written, {len(kept)} kept."
        if written
        else (f"Nothing to write in {where}: all is there already.")
    )
    yield ""
    yield from (f"  wrote  {path}" for path in written)
    yield from (f"  kept   {path}  ({why})" for path, why in sorted(kept.items()))
    yield ""
    if written:
        yield f"Found out: {'; '.join(_found_out(found)) or 'neither an AWS region nor a repository on GitHub'}."
        yield f"Yours to fill in: the groups and roles in {CONFIG}, the team in {OWNERS}."
        yield from ("README.md says what else there is to do.",) if README in written else ()
        yield ""
    yield "Next:"
    if directory.resolve() != Path.cwd():
        yield f"  cd {neutral(shlex.quote(str(directory)), _LONGEST)}"
    yield from ("  exposurectl validate", "  exposurectl test", "  exposurectl doctor")


def _files(count: int) -> str:
    return f"{count} file{'' if count == 1 else 's'}"


def _found_out(found: Found) -> Iterator[str]:
    if found.region:
        yield f"region {found.region} ({neutral(found.region_from, _LONGEST)})"
    if found.repository:
        yield f"repository {neutral(found.repository)} (git remote origin)"
    if found.branch:
        yield f"branch {neutral(found.branch)} (git)"
