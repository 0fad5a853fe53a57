"""What git says of the plans: commits without a signature that holds, and who brought each plan in."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """One commit that touched the directory of the plans."""

    id: str
    author: str
    committer: str
    at: datetime
    signature: str
    """`unsigned`, `good`, `bad`, `expired`, `revoked`, or `unchecked` where the key is not known here."""


class Brought(msgspec.Struct, frozen=True, kw_only=True):
    """Who brought a plan to git: who wrote it, and who merged it."""

    commit: str
    author: str
    committer: str
    merge: str = ""
    """The commit that merged it into the main line; empty where it was committed there."""
    merged_by: str = ""


class History(msgspec.Struct, frozen=True, kw_only=True):
    """The commits that touched the directory of the plans."""

    commits: tuple[Commit, ...]
    """Newest first."""
    brought: Mapping[str, Brought]
    """By the plan's file, counted from the directory of the plans."""

    @property
    def unsigned(self) -> tuple[Commit, ...]:
        """Return the commits that nobody signed."""
        return self._of({"unsigned"})

    @property
    def refuted(self) -> tuple[Commit, ...]:
        """Return the commits whose signature does not hold."""
        return self._of({"bad", "revoked"})

    @property
    def unchecked(self) -> tuple[Commit, ...]:
        """Return the signed commits whose signature says nothing here: its key is not known, or has expired."""
        return self._of({"unchecked", "expired"})

    def _of(self, signatures: set[str]) -> tuple[Commit, ...]:
        return tuple(commit for commit in self.commits if commit.signature in signatures)


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """There is no history to read."""

    why: str
    """A full sentence."""


def brought_by(
    added: Sequence[tuple[Commit, Sequence[str]]], merged: Sequence[tuple[Commit, Sequence[str]]]
) -> Mapping[str, Brought]:
    """
    Return who brought each plan, from the commits that touched files and from what the main line took in.

    Both are newest first. The first commit that has a file brought it.
    """
    first = dict(_plans(added))
    landed = dict(_plans(merged))
    return {file: _brought(commit, landed.get(file)) for file, commit in first.items()}


def _plans(commits: Sequence[tuple[Commit, Sequence[str]]]) -> Iterator[tuple[str, Commit]]:
    """Yield every plan's file with its commits, so that the oldest comes last."""
    for commit, files in commits:
        yield from ((file, commit) for file in files if file.endswith("/plan.json"))


def _brought(commit: Commit, landed: Commit | None) -> Brought:
    direct = landed is None or landed.id == commit.id
    return Brought(
        commit=commit.id,
        author=commit.author,
        committer=commit.committer,
        merge="" if direct or landed is None else landed.id,
        merged_by="" if direct or landed is None else landed.author,
    )
