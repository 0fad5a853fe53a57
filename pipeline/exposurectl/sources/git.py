"""Which commit files are from, and which files a commit has."""

import os
import posixpath
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from exposurectl.sources.surroundings import ONLY_REAL, surroundings


def commit_of(directory: Path) -> str | None:
    """
    Return the commit that a directory's files are from.

    None where the directory is in no repository, has no commit, or differs from the commit: then no commit says what
    was read.
    """
    if _git(directory, "status", "--porcelain", "--", ".") != "":
        return None
    return _git(directory, "rev-parse", "HEAD") or None


def _git(directory: Path, *arguments: str) -> str | None:
    """Return what git says, or None where it fails, hangs or is not installed."""
    try:
        done = subprocess.run(
            ["git", *ONLY_REAL, "-C", str(directory), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
            env=surroundings(os.environ),
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


_REMOTE = re.compile(r"(?:https://github\.com/|git@github\.com:|ssh://git@github\.com/)([\w.-]+/[\w.-]+?)(?:\.git)?/?")


def repository_of(directory: Path) -> str | None:
    """Return `OWNER/REPO` of the GitHub repository that a directory was cloned from, or None."""
    remote = _REMOTE.fullmatch(_git(directory, "remote", "get-url", "origin") or "")
    return remote[1] if remote else None


def top_of(directory: Path) -> Path | None:
    """Return the top folder of the repository that a directory is in, or None."""
    top = _git(directory, "rev-parse", "--show-toplevel")
    return Path(top).resolve() if top else None


def main_branch_of(directory: Path) -> str | None:
    """Return the branch that a clone of `origin` begins at, such as `main`, or None where this clone does not know."""
    head = _git(directory, "symbolic-ref", "--short", "refs/remotes/origin/HEAD") or ""
    return head.removeprefix("origin/") or None


MOST_BYTES = 256 * 1024 * 1024
"""A folder with more than this is no folder of policies or plans."""

_ALONE = (*ONLY_REAL, "--no-replace-objects", "--no-optional-locks")
# A partial clone fetches what it lacks when it is asked for: no question here may reach for the network. The first is
# what git 2.44 and later ask; the second stands above whatever the repository allows.
_OFFLINE = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}
_COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
_FILES = frozenset({b"100644", b"100755"})
_LONGEST_ANSWER = 300


class NotInGit(msgspec.Struct, frozen=True):
    """Git does not have what was asked for. Whatever is wrong with the answer, there is none in part."""

    why: str
    """A full sentence."""


def commit_at(directory: Path, revision: str) -> str | NotInGit:
    """Return the commit that a revision such as `main` or `HEAD~2` names in the repository of a directory."""
    # What begins with a dash would be an option to git; what has a colon names a file of a commit, not a commit.
    if not revision.isprintable() or not revision or revision.startswith("-") or ":" in revision:
        return NotInGit(f"{revision!a} is no name of a revision.")
    answer = _asked(directory, "rev-parse", "--verify", f"{revision}^{{commit}}")
    if isinstance(answer, NotInGit):
        return NotInGit(f'There is no revision "{revision}": {answer.why}')
    commit = answer.decode().strip()
    return commit if _COMMIT.fullmatch(commit) else NotInGit(f"{revision!a} names more or less than one commit.")


def files_at(
    directory: Path, revision: str, folder: str = ".", most: int = MOST_BYTES
) -> Mapping[str, bytes] | NotInGit:
    """
    Return every file of a folder as it was at a revision, by its path below the folder, `/` between its parts.

    The folder is counted from the directory, which may be anywhere in the repository; the folder need not exist there
    now. Nothing is fetched. A symbolic link or a submodule among the files is a failure: what it stands for is not in
    the commit.
    """
    commit = commit_at(directory, revision)
    if isinstance(commit, NotInGit):
        return commit
    path = _from_the_top(directory, folder)
    if isinstance(path, NotInGit):
        return path
    entries = _entries(directory, f"{commit}:{path}")
    if isinstance(entries, NotInGit):
        return NotInGit(f'The folder "{path or "."}" at {revision} {entries.why}.')
    return _contents(directory, entries, most)


class _Entry(msgspec.Struct, frozen=True):
    """One line of a listing: what there is of one name."""

    mode: bytes
    id: bytes
    name: str

    @classmethod
    def of(cls, line: bytes) -> "_Entry":
        """Read `mode type id<tab>name`."""
        about, _, name = line.partition(b"\t")
        mode, _type, identity = about.split()
        return cls(mode, identity, os.fsdecode(name))


def _is_plain(name: str) -> bool:
    """Tell whether a name stays below its folder: git can store one that does not."""
    return not {"", ".", ".."} & set(name.split("/"))


def _from_the_top(directory: Path, folder: str) -> str | NotInGit:
    """Return a folder's path counted from the top of the repository; empty for the top itself."""
    prefix = _asked(directory, "rev-parse", "--show-prefix")
    if isinstance(prefix, NotInGit):
        return prefix
    path = posixpath.normpath(os.fsdecode(prefix.removesuffix(b"\n")) + folder)
    if folder.startswith("/") or "\0" in folder or path.split("/")[0] == "..":
        return NotInGit(f'The folder "{folder}" is not in the repository.')
    return "" if path == "." else path


def _entries(directory: Path, tree: str) -> Sequence[_Entry] | NotInGit:
    """Return all files below a tree, or what is wrong with it."""
    listed = _asked(directory, "ls-tree", "-r", "-z", "--full-tree", tree)
    if isinstance(listed, NotInGit):
        return NotInGit("does not exist")
    entries = [_Entry.of(line) for line in listed.split(b"\0") if line]
    wrong = next((one.name for one in entries if one.mode not in _FILES or not _is_plain(one.name)), None)
    return entries if wrong is None else NotInGit(f"has {wrong!a}, which is a link, a submodule or no file's name")


_LACKING = NotInGit("Some files of the folder are not in this clone.")


def _contents(directory: Path, entries: Sequence[_Entry], most: int) -> Mapping[str, bytes] | NotInGit:
    """Return what stands in the files: git answers `id type size<newline>content<newline>` for each, in order."""
    sizes = _sizes(directory, entries)
    if sum(sizes.values()) > most:
        return NotInGit(f"The folder has more than {most} bytes.")
    answer = _asked(directory, "cat-file", "--batch", given=_ids(entries))
    if isinstance(answer, NotInGit) or len(sizes) < len({one.id for one in entries}):
        return _LACKING
    found, at = {}, 0
    for entry in entries:
        begin = at + len(b"%s blob %d\n" % (entry.id, sizes[entry.id]))
        at = begin + sizes[entry.id] + 1
        found[entry.name] = answer[begin : at - 1]
    return found if at == len(answer) else _LACKING


def _sizes(directory: Path, entries: Sequence[_Entry]) -> Mapping[bytes, int]:
    """Return how long each file is, by its id; one that is not in this clone is left out."""
    answer = _asked(directory, "cat-file", "--batch-check=%(objectname) %(objectsize)", given=_ids(entries))
    if isinstance(answer, NotInGit):
        return {}
    lines = (line.split(b" ") for line in answer.splitlines())
    return {identity: int(size) for identity, size in lines if size.isdigit()}


def _ids(entries: Sequence[_Entry]) -> bytes:
    return b"".join(entry.id + b"\n" for entry in entries)


def _asked(directory: Path, *arguments: str, given: bytes = b"") -> bytes | NotInGit:
    """Return what git answers, byte for byte, or why it does not."""
    command = ["git", *_ALONE, "-C", str(directory), *arguments]
    environ = surroundings(os.environ, **_OFFLINE)
    try:
        done = subprocess.run(command, input=given, capture_output=True, check=False, timeout=60, env=environ)
    except subprocess.TimeoutExpired:
        return NotInGit("git did not answer within a minute.")
    except OSError as error:
        return NotInGit(f"git cannot be started: {error.strerror}.")
    if done.returncode == 0:
        return done.stdout
    said = done.stderr.decode(errors="replace").strip().partition("\n")[0]
    return NotInGit(f"git says: {said[:_LONGEST_ANSWER]}.")
