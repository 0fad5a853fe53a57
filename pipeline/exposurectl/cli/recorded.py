"""The directory of the plans as it stands: one folder after the other, each with what belongs to a plan."""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from exposurectl.audit.folder import File, Folder
from exposurectl.audit.journal import receipts_named
from exposurectl.cli.inputs import unreadable
from exposurectl.config import Settings
from exposurectl.plan.head import NAME
from exposurectl.plan.model import Plan

PLAN = "plan.json"
_RECEIPT = re.compile(r"receipt.*\.json")
_JOURNAL = re.compile(r"journal.*\.jsonl")


def plans_of(settings: Settings) -> Path:
    """Return the directory of the plans: the one that the config names for their review, or `plans`."""
    return Path(settings.review.plans) if settings.review else Path("plans")


class Recorded:
    """The directory of the plans. Nothing in it is changed, and no link is followed out of it."""

    def __init__(self, directory: Path) -> None:
        """List the directory. Raises ExposurectlError where that is not possible."""
        self.directory = directory
        try:
            listed = sorted(os.scandir(directory), key=lambda entry: entry.name)
        except OSError as error:
            raise unreadable(str(directory), error) from error
        self._names = [entry.name for entry in listed if not entry.name.startswith(".") and _is_folder(entry)]
        self.passed_over: list[str] = []
        """Folders that hold nothing of a plan; known when all folders were read."""

    def folders(self) -> Iterator[Folder]:
        """Yield every folder that has a plan or what belongs to one, by name."""
        self.passed_over = []
        for name in self._names:
            folder = self._folder(name)
            if folder.plan or folder.receipts or folder.journals:
                yield folder
            else:
                self.passed_over.append(name)

    @property
    def head(self) -> File | None:
        """Return HEAD; None where there is none."""
        path = self.directory / NAME
        return read(path) if os.path.lexists(path) else None

    def file(self, name: str) -> File:
        """Return a file by the name that the audit calls it by."""
        return read(self.directory / name)

    def _folder(self, name: str) -> Folder:
        path = self.directory / name
        try:
            names = sorted(one.name for one in path.iterdir())
        except OSError as error:
            raise unreadable(str(path), error) from error
        journals = tuple(read(path / one) for one in names if _JOURNAL.fullmatch(one))
        return Folder(
            name=name,
            plan=read(path / PLAN) if PLAN in names else None,
            receipts=tuple(read(path / one) for one in _receipts(names, journals)),
            journals=journals,
        )


def receipts_in(folder: Path) -> list[Path]:
    """Return the receipts in the folder of a plan, by name."""
    names = sorted(path.name for path in folder.glob("*"))
    journals = [read(folder / one) for one in names if _JOURNAL.fullmatch(one)]
    return [folder / one for one in _receipts(names, journals)]


def _receipts(names: Iterable[str], journals: Iterable[File]) -> list[str]:
    """Return which of these names are receipts': they are called so, or a journal calls them so (`--receipt`)."""
    told = {name for file in journals for name in receipts_named(file)} - {PLAN}
    return [name for name in names if _RECEIPT.fullmatch(name) or name in told]


def read(path: Path) -> File:
    """Return a regular file within the limit that plans, receipts and journals have, or why it cannot be read."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return File(name=path.name, content=b"", problem="It is not a regular file.")
            content = file.read(Plan.MAX_BYTES + 1)
    except OSError as error:
        return File(name=path.name, content=b"", problem=f"It cannot be read: {error.strerror}.")
    if len(content) > Plan.MAX_BYTES:
        return File(name=path.name, content=b"", problem=f"It is larger than {Plan.MAX_BYTES} bytes.")
    return File(name=path.name, content=content)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    return entry.is_dir(follow_symlinks=False)
