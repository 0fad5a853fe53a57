"""The history of the plans, as git tells it and as the audit takes it."""

from collections.abc import Iterable
from pathlib import Path

from exposurectl.audit.history import Commit, History, Unknown, brought_by
from exposurectl.sources.commits import Commit as Told
from exposurectl.sources.commits import commits_of
from exposurectl.sources.git import NotInGit


def history_of(directory: Path) -> History | Unknown:
    """Return the commits that touched the directory of the plans, and who brought each plan; or why nobody knows."""
    commits = commits_of(directory)
    if isinstance(commits, NotInGit):
        return Unknown(why=commits.why)
    return History(
        commits=tuple(commit for commit, _ in _with_files(commits.touching)),
        brought=brought_by(_with_files(commits.touching), _with_files(commits.brought)),
    )


def _with_files(commits: Iterable[Told]) -> list[tuple[Commit, tuple[str, ...]]]:
    return [(_commit(commit), commit.files) for commit in commits]


def _commit(told: Told) -> Commit:
    return Commit(id=told.id, author=told.author, committer=told.committer, at=told.at, signature=told.signature)
