"""The commits that touched a directory: who made them, whether they are signed, and which files came with which."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from exposurectl.sources.git import NotInGit
from exposurectl.sources.surroundings import ONLY_REAL, surroundings

_SECONDS = 300
_LONGEST_ANSWER = 300
# History is read offline: a partial clone would fetch what it lacks.
_ALONE = (
    *ONLY_REAL,
    *("-c", "protocol.allow=never", "-c", "log.showSignature=false"),
    *("--no-replace-objects", "--no-optional-locks"),
)
_FORMAT = "%x00%H%x00%P%x00%G?%x00%an <%ae>%x00%cn <%ce>%x00%cI%x00"
_FIELDS = 7
_COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
_NO_SIGNATURE = "N"

# What git says of a signature, by its letter.
_SIGNATURES = {
    "G": "good",
    "U": "good",
    "B": "bad",
    "X": "expired",
    "Y": "expired",
    "R": "revoked",
    "E": "unchecked",
}


class Commit(NamedTuple):
    """One commit that touched the directory."""

    id: str
    author: str
    committer: str
    at: datetime
    """When it was committed, by the committer's clock."""
    signature: str
    """`unsigned`, `good`, `bad`, `expired`, `revoked`, or `unchecked` where the key is not known here."""
    merge: bool
    files: tuple[str, ...]
    """The files that it added, changed or deleted, counted from the directory."""


class Commits(NamedTuple):
    """The history of a directory, up to the commit that is checked out; newest first."""

    touching: tuple[Commit, ...]
    """Every commit that touched it, on every line of history."""
    brought: tuple[Commit, ...]
    """On the main line, what added files: merges stand for what they merged."""


def commits_of(directory: Path) -> Commits | NotInGit:
    """Return the history of a directory. Nothing is fetched; a shallow clone is a failure, for it lacks the rest."""
    shallow = _git(directory, "rev-parse", "--is-shallow-repository")
    if isinstance(shallow, NotInGit):
        return shallow
    if shallow.strip() == b"true":
        return NotInGit("This is a shallow clone, which lacks the history; `git fetch --unshallow` gets it.")
    touching = _log(directory, "--full-history")
    if isinstance(touching, NotInGit):
        return touching
    brought = _log(directory, "--first-parent", "-m", "--diff-filter=A", "--no-renames")
    if isinstance(brought, NotInGit):
        return brought
    signed = _signed(directory, {one.id for one in (*touching, *brought) if one.signature == _NO_SIGNATURE})
    if isinstance(signed, NotInGit):
        return signed
    return Commits(touching=_judged(touching, signed), brought=_judged(brought, signed))


def repository_top(directory: Path) -> Path | NotInGit:
    """Return the topmost directory of the repository that a directory is in."""
    top = _git(directory, "rev-parse", "--show-toplevel")
    return top if isinstance(top, NotInGit) else Path(os.fsdecode(top.removesuffix(b"\n")))


def _log(directory: Path, *how: str) -> tuple[Commit, ...] | NotInGit:
    said = _git(directory, "log", *how, f"--format={_FORMAT}", "--name-only", "--relative", "--", ".")
    if isinstance(said, NotInGit):
        return said
    parts = said.decode(errors="replace").split("\0")[1:]
    return tuple(_commit(parts[at : at + _FIELDS]) for at in range(0, len(parts), _FIELDS))


def _commit(parts: Sequence[str]) -> Commit:
    commit, parents, signature, author, committer, at, files = parts
    return Commit(
        id=commit,
        author=author,
        committer=committer,
        at=datetime.fromisoformat(at),
        signature=signature,
        merge=" " in parents,
        files=tuple(name for name in files.splitlines() if name),
    )


def _judged(commits: Sequence[Commit], signed: Mapping[str, bool]) -> tuple[Commit, ...]:
    """Return the commits with what their signatures are worth, in words."""
    return tuple(commit._replace(signature=_worth(commit, signed)) for commit in commits)


def _worth(commit: Commit, signed: Mapping[str, bool]) -> str:
    # Git says of a commit that an SSH key signed that it is not, where it has no list of such keys to check it by.
    if commit.signature == _NO_SIGNATURE:
        return "unchecked" if signed.get(commit.id) else "unsigned"
    return _SIGNATURES.get(commit.signature, "unchecked")


def _signed(directory: Path, commits: AbstractSet[str]) -> Mapping[str, bool] | NotInGit:
    """Return whether each commit carries a signature, whatever it is worth."""
    asked = "".join(f"{commit}\n" for commit in sorted(commits) if _COMMIT.fullmatch(commit))
    answer = _git(directory, "cat-file", "--batch", given=asked.encode())
    return answer if isinstance(answer, NotInGit) else dict(_carried(answer))


def _carried(answer: bytes) -> Iterator[tuple[str, bool]]:
    """Yield each commit of `id type size<newline>content<newline>`, and whether its head has a signature."""
    at = 0
    while at < len(answer):
        line = answer[at : answer.index(b"\n", at)]
        commit, _type, size = line.split()
        start = at + len(line) + 1
        head = answer[start : start + int(size)].partition(b"\n\n")[0]
        yield commit.decode(), b"\ngpgsig" in head
        at = start + int(size) + 1


def _git(directory: Path, *arguments: str, given: bytes = b"") -> bytes | NotInGit:
    """Return what git answers, byte for byte, or why it does not."""
    command = ["git", *_ALONE, "-C", str(directory), *arguments]
    environ = surroundings(os.environ)
    try:
        done = subprocess.run(command, input=given, capture_output=True, check=False, timeout=_SECONDS, env=environ)
    except subprocess.TimeoutExpired:
        return NotInGit(f"git did not answer within {_SECONDS} seconds.")
    except OSError as error:
        return NotInGit(f"git cannot be started: {error.strerror}.")
    if done.returncode == 0:
        return done.stdout
    said = done.stderr.decode(errors="replace").strip().partition("\n")[0]
    return NotInGit(f"git says: {said[:_LONGEST_ANSWER]}.")
