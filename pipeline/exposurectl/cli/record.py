"""`exposurectl plan --record`: a plan in a folder of its own, and HEAD that names it as the newest."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from exposurectl.cli.inputs import read_file, read_plan_file
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError, Place
from exposurectl.plan.file import write_plan
from exposurectl.plan.head import NAME, HeadEntry, folder_of, is_folder, read_head, with_newest, write_head
from exposurectl.plan.model import Plan
from exposurectl.render.markdown import plan_markdown

CHAIN_BROKEN = "chain-broken"


class Chain:
    """The recorded plans of a directory, as they were when a new one began to be made."""

    def __init__(self, directory: Path, environment: str) -> None:
        """Read HEAD and the plan that it names. Raises ExposurectlError where they do not agree."""
        self.directory = directory
        self._followed = _settled_head(directory).get(environment)
        self.newest = _newest(directory, environment, self._followed)
        """The last plan of the environment; None where there is none yet."""

    def record(self, plan: Plan) -> Path:
        """
        Keep a plan that follows the newest, and return its folder.

        HEAD names it only when it is on disk, whole; a run that is cut short leaves HEAD as it was. Of several at once
        each waits for the one before it. Raises ExposurectlError where the folder exists, where another plan of the
        environment was recorded meanwhile, or where the disk fails.
        """
        folder = self.directory / folder_of(plan)
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            with _alone_in(self.directory):
                self._append(plan, folder)
        except OSError as error:
            problem = Diagnostic(
                summary="Plan cannot be recorded",
                place=Place(str(folder)),
                detail=f"{error.strerror}.",
                hint="name another directory with --record",
            )
            raise ExposurectlError(problem, reason="file") from error
        return folder

    def _append(self, plan: Plan, folder: Path) -> None:
        """Keep a plan and name it in HEAD as that stands now, for other environments may have new plans since."""
        head = _head(self.directory)
        if head.get(plan.environment) != self._followed:
            raise _overtaken(self.directory / NAME)
        self._keep(plan, folder)
        _replace(self.directory / NAME, write_head(with_newest(head, plan)))

    def _keep(self, plan: Plan, folder: Path) -> None:
        """Make the folder with the plan and its page in it, durably, or none."""
        if os.path.lexists(folder):
            raise _exists(folder)
        new = self.directory / f".{folder.name}.{os.getpid()}.new"
        try:
            new.mkdir()
            _write(new / "plan.json", write_plan(plan))
            _write(new / "plan.md", plan_markdown(plan).encode())
            _sync(new)
            new.rename(folder)
        except OSError:
            shutil.rmtree(new, ignore_errors=True)
            raise
        _sync(self.directory)


@contextlib.contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """
    Wait until no other process records in a directory, and keep others waiting while the block runs.

    The directory itself is locked, so that no file is left behind; the kernel gives the lock back when the process
    ends, however it ends.
    """
    opened = _opened(directory)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def _settled_head(directory: Path) -> Mapping[str, HeadEntry]:
    """Return HEAD as no plan is just being recorded: a folder that it is about to name is no broken chain."""
    try:
        with _alone_in(directory):
            return _head(directory)
    except FileNotFoundError:
        return {}


def _head(directory: Path) -> Mapping[str, HeadEntry]:
    path = directory / NAME
    if os.path.lexists(path):
        return read_head(str(path), read_file(str(path)))
    if any(_recorded(directory)):
        detail = "There are recorded plans here and no HEAD that says which is the newest."
        raise _broken(path, detail, "take HEAD back from git, or record in another directory")
    return {}


def _recorded(directory: Path) -> Iterator[Path]:
    return (path for path in directory.iterdir() if is_folder(path.name))


def _newest(directory: Path, environment: str, entry: HeadEntry | None) -> Plan | None:
    if entry is None:
        return None
    plan = read_plan_file(str(directory / entry.plan))
    if (plan.digest, plan.sequence, plan.environment) != (entry.digest, entry.sequence, environment):
        detail = f'HEAD names plan {entry.sequence} of "{environment}", {entry.digest}; here is another.'
        raise _broken(directory / entry.plan, detail, f"run `exposurectl audit {directory}` to see what is wrong")
    return plan


def _write(path: Path, content: bytes) -> None:
    """Write a file that does not exist yet, durably."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _replace(path: Path, content: bytes) -> None:
    """Replace a file, durably, so that a reader finds the old one or the new one, whole."""
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        _write(new, content)
        new.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink()
        raise
    _sync(path.parent)


def _sync(directory: Path) -> None:
    """Make the names in a directory durable too."""
    opened = _opened(directory)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _opened(directory: Path) -> int:
    return os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def _broken(path: Path, detail: str, hint: str) -> ExposurectlError:
    problem = Diagnostic(summary="Chain of plans broken", place=Place(str(path)), detail=detail, hint=hint)
    return ExposurectlError(problem, reason=CHAIN_BROKEN, exit_code=Exit.REFUSED)


def _exists(folder: Path) -> ExposurectlError:
    problem = Diagnostic(
        summary="Folder exists",
        place=Place(str(folder)),
        detail="A plan of this time and number is here and HEAD does not name it. No recorded plan is overwritten.",
        hint="delete the folder if a run left it that was cut short; give each environment a directory of its own",
    )
    return ExposurectlError(problem, reason="recorded-already", exit_code=Exit.REFUSED)


def _overtaken(head: Path) -> ExposurectlError:
    problem = Diagnostic(
        summary="Another plan is newer",
        place=Place(str(head)),
        detail="It was recorded while this one was being made, so this one no longer follows the newest.",
        hint="make the plan again",
    )
    return ExposurectlError(problem, reason="plan-not-newest", exit_code=Exit.REFUSED)
