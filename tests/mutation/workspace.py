"""A copy of the tree that mutmut works on: nothing in the tree itself is ever changed."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mutation.suites import PACKAGE, ROOT, Part

NEEDED = ("tests", "policies", "config", "docs", "pyproject.toml", "README.md")
"""What tests read besides the package."""

SOURCE = Path("src") / PACKAGE.name
"""Where mutmut expects a package."""

OPTIONS = (
    *("-p", "quick", "--hypothesis-profile=mutation", "--timeout=60"),
    # Nothing is kept between runs, and no run ends with a search of all memory, which takes longer than most tests.
    *("-p", "no:cacheprovider", "-p", "no:unraisableexception"),
)
"""What pytest is given."""

CONFIG = """
[tool.mutmut]
source_paths = ["{source}"]
only_mutate = {files}
also_copy = {needed}
pytest_add_cli_args_test_selection = {tests}
pytest_add_cli_args = {options}
use_git_change_detection = false
"""


@contextmanager
def mutated(part: Part, *, processes: int) -> Iterator[Path]:
    """Run every mutant of a part, and yield the folder that has what became of each. Exits where the tests fail."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as directory:
        folder = Path(directory)
        _fill(folder, part)
        _run(folder, processes)
        yield folder / "mutants"


def _fill(folder: Path, part: Part) -> None:
    """Copy what is mutated and what its tests need."""
    leave = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, folder / SOURCE, ignore=leave)
    for name in NEEDED:
        here = ROOT / name
        if here.is_dir():
            shutil.copytree(here, folder / name, ignore=leave)
        else:
            shutil.copy(here, folder / name)
    config = CONFIG.format(
        source=SOURCE,
        files=[str(SOURCE / file) for file in part.files],
        needed=list(NEEDED),
        tests=[*part.suite.tests, *(f"--ignore={name}" for name in part.suite.slow)],
        options=list(OPTIONS),
    )
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(config)


def _run(folder: Path, processes: int) -> None:
    """Run mutmut. Processes that tests start import the mutated package too."""
    source = folder / "mutants" / SOURCE.parent
    source.mkdir(parents=True)  # of a folder that is missing when it starts, Python remembers that nothing is in it
    path = os.pathsep.join(map(str, (source, folder / "tests" / "mutation")))
    ran = subprocess.run(
        [Path(sys.executable).with_name("mutmut"), "run", "--max-children", str(processes)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        said = "\n".join(ran.stdout.replace("\r", "\n").splitlines()[-40:])
        message = f"mutmut ended with {ran.returncode}.\n{said}\n{ran.stderr}"
        raise SystemExit(message)
