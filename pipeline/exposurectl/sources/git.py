"""Which commit files are from."""

import re
import subprocess
from pathlib import Path


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
            ["git", "-C", str(directory), *arguments], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


_REMOTE = re.compile(r"(?:https://github\.com/|git@github\.com:|ssh://git@github\.com/)([\w.-]+/[\w.-]+?)(?:\.git)?/?")


def repository_of(directory: Path) -> str | None:
    """Return `OWNER/REPO` of the GitHub repository that a directory was cloned from, or None."""
    remote = _REMOTE.fullmatch(_git(directory, "remote", "get-url", "origin") or "")
    return remote[1] if remote else None
