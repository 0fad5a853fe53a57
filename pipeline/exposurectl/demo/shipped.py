"""The shipped policy, wherever this program is installed."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path, PurePosixPath

from exposurectl.schemas.published import settled


@contextmanager
def shipped_policy() -> Iterator[Path]:
    """Yield the directory of the shipped policy: in the wheel it lies beside this file, in a clone at the top."""
    shipped = resources.files("exposurectl.demo").joinpath("policies")
    with resources.as_file(shipped) as beside:
        yield beside if beside.is_dir() else Path(__file__).parents[3] / "policies"


def policy_files(folder: PurePosixPath) -> Iterator[tuple[PurePosixPath, str]]:
    """Yield each file of the shipped policy with its text, for a folder of that name at the top of a repository."""
    with shipped_policy() as directory:
        for path in sorted(one for one in directory.rglob("*") if one.is_file()):
            there = folder / PurePosixPath(path.relative_to(directory).as_posix())
            yield there, settled(path.read_text(encoding="utf-8"), there)
