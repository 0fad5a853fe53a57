"""
Changes the core in every small way that mutmut knows, and requires that a test notices. `make mutation`.

Ends with 1 where a module has less than nine in ten of its mutants killed, where one survives that is not listed in
`survivors.toml`, and where the list names one that there is no more.
"""

import argparse
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from mutation.mutants import Mutant, mutants_of
from mutation.suites import Part, parts
from mutation.survivors import LEAST, Score, is_excused, score, survivors, unknown
from mutation.workspace import mutated


def main() -> int:
    """Mutate what is named on the command line, or everything, and say how each module did."""
    arguments = _arguments()
    started = time.monotonic()
    problems: list[str] = []
    for part in parts(arguments.part):
        found = _mutants(part, arguments.processes)
        for file in part.files:
            problems += _judge(file, [mutant for mutant in found if mutant.file == file])
    sys.stdout.write(f"{(time.monotonic() - started) / 60:.0f} minutes\n")
    sys.stdout.write("".join(f"\n{problem}\n" for problem in problems))
    return 1 if problems else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutation", description=(__doc__ or "").strip().split("\n")[0])
    parser.add_argument("part", nargs="*", help="a file or a folder, such as plan/limits.py; all where none is named")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def _mutants(part: Part, processes: int) -> list[Mutant]:
    sys.stdout.write(f"{part.files[0]}{f' and {len(part.files) - 1} more' if part.files[1:] else ''} ...\n")
    sys.stdout.flush()
    with mutated(part, processes=processes) as folder:
        return [mutant for file in part.files for mutant in mutants_of(folder, file)]


def _judge(file: str, mutants: list[Mutant]) -> list[str]:
    """Print the figures of a module, and return what is wrong with it."""
    listed = [one for one in survivors() if one.file == file]
    figures = score(file, mutants, listed)
    if mutants:
        sys.stdout.write(_line(figures))
    alive = [mutant for mutant in mutants if mutant.fate.value != "killed" and not is_excused(mutant, listed)]
    few = [f"{file}: {figures.percent:.1f} % killed, and {LEAST} % is the least"] if figures.percent < LEAST else []
    stale = [f"{one.file}: {one.function}: listed, and there is no such mutant" for one in unknown(mutants, listed)]
    return [*few, *stale, *(f"{mutant.fate.value} and not listed: {mutant}" for mutant in alive)]


def _line(figures: Score) -> str:
    return (
        f"{figures.file:24} {figures.percent:5.1f} %  {figures.mutants:4} mutants  {figures.killed:4} killed  "
        f"{figures.excused:3} excused  {figures.survived:3} survived\n"
    )


if __name__ == "__main__":
    sys.exit(main())
