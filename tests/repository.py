"""Real git repositories for tests, with nothing of this machine's git config."""

import os
import subprocess
from pathlib import Path

ALONE = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada Author",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Carl Committer",
    "GIT_COMMITTER_EMAIL": "carl@example.com",
    "GIT_AUTHOR_DATE": "2026-11-23T03:00:00Z",
    "GIT_COMMITTER_DATE": "2026-11-23T03:00:00Z",
}
"""The environment of a git that knows who commits and when."""


class Repository:
    """A git repository in a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @classmethod
    def create(cls, directory: Path, *, branch: str = "main") -> "Repository":
        """Make an empty repository."""
        directory.mkdir(parents=True, exist_ok=True)
        made = cls(directory)
        made.git("init", "--quiet", f"--initial-branch={branch}")
        return made

    def clone(self, directory: Path) -> "Repository":
        """Return a clone, whose `origin` is this."""
        self.git("clone", "--quiet", ".", str(directory))
        return Repository(directory)

    def git(self, *arguments: str, **environ: str) -> str:
        """Run git, which must succeed, and return what it says."""
        done = subprocess.run(
            ["git", "-C", str(self.directory), *arguments],
            capture_output=True,
            check=False,
            env={**os.environ, **ALONE, **environ},
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, name: str, content: bytes | str) -> Path:
        """Write a file, with the folders that it needs."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def commit(self, message: str = "Change", **environ: str) -> str:
        """Commit everything that stands in the directory, and return the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message, **environ)
        return self.git("rev-parse", "HEAD")
