"""What git says of the branch where plans are reviewed: its tip now, the newest plan and the policy there."""

import enum
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import msgspec

from exposurectl.config import Review
from exposurectl.sources.commits import repository_top
from exposurectl.sources.git import NotInGit, files_at
from exposurectl.sources.surroundings import ONLY_REAL, surroundings

HEAD = "HEAD"
"""The name of the file that says which plan is the newest, in the folder of the plans."""
CASES = "cases"
"""The folder of a policy that holds its tests: its digest leaves them out."""

_SECONDS = 60
_LONGEST_ANSWER = 300
_LARGEST_HEAD = 1024 * 1024
_FETCHED = "refs/exposurectl"
"""Where the tip is kept in the clone; nobody else writes there."""
_COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")


class Missing(enum.Enum):
    """What stood in the way of knowing the tip."""

    REPOSITORY = "no-repository"
    """The directory is in no git repository, or git is not installed."""
    BRANCH = "fetch-failed"
    """The remote or its branch could not be fetched: a tip that was fetched earlier may not be the newest."""
    HEAD = "no-head"
    """The branch has no file that says which plan is the newest."""
    POLICY = "no-policy"
    """The branch has no folder of the policy, or one that cannot be read."""


class Tip(msgspec.Struct, frozen=True, kw_only=True):
    """The tip of the branch where plans are reviewed, fetched just now."""

    branch: str
    """The remote and its branch: `origin/main`."""
    commit: str
    head: bytes
    """What HEAD says there; whether it is as exposurectl writes it has not been looked at."""
    head_name: str
    """What to call that file in a message: `origin/main:plans/HEAD`."""
    policy: Mapping[str, bytes]
    """
    Every file that the policy's digest covers, by the name that plans call it by: `policies/internet.yaml`.

    Hand `policy_digest` its items to compare it with a plan.
    """


class NoTip(msgspec.Struct, frozen=True, kw_only=True):
    """The tip is not known, and nothing that is known from earlier stands in for it."""

    missing: Missing
    detail: str
    """Full sentences."""


def read_tip(directory: Path, review: Review) -> Tip | NoTip:
    """
    Fetch the branch where plans are reviewed, and return what stands at its tip.

    `directory` is any directory of the repository. Nothing of the working tree is read or changed.
    """
    repository = repository_top(directory)
    if isinstance(repository, NotInGit):
        return NoTip(missing=Missing.REPOSITORY, detail=repository.why)
    commit = _fetched(repository, review)
    if isinstance(commit, NotInGit):
        detail = f"{branch_of(review)} could not be fetched: {commit.why}"
        return NoTip(missing=Missing.BRANCH, detail=detail)
    head = _head(repository, commit, review)
    if isinstance(head, NotInGit):
        return NoTip(missing=Missing.HEAD, detail=head.why)
    policy = files_at(repository, commit, review.policy)
    if isinstance(policy, NotInGit):
        return NoTip(missing=Missing.POLICY, detail=policy.why)
    return Tip(
        branch=branch_of(review),
        commit=commit,
        head=head,
        head_name=_head_name(review),
        policy=counted(review.policy, policy),
    )


def branch_of(review: Review) -> str:
    """Return what people call the branch: `origin/main`."""
    return f"{review.remote}/{review.branch}"


def counted(folder: str, files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Return the files of a policy folder that its digest covers, by the names that plans call them by."""
    name = PurePosixPath(folder).name
    return {f"{name}/{path}": content for path, content in files.items() if _counts(PurePosixPath(path))}


def _counts(path: PurePosixPath) -> bool:
    return path.suffix == ".yaml" and path.parts[0] != CASES


def _head_name(review: Review) -> str:
    return f"{branch_of(review)}:{review.plans}/{HEAD}"


def _fetched(repository: Path, review: Review) -> str | NotInGit:
    """Return the commit at the branch's tip, asked for now."""
    # Where there is no such remote, git would fetch from a folder of its name.
    named = _git(repository, "remote", "get-url", "--", review.remote)
    if isinstance(named, NotInGit):
        return named
    # A tag of the same name is not meant. FETCH_HEAD would be of whoever fetched last, such as an editor.
    fetched = f"{_FETCHED}/{branch_of(review)}"
    what = f"+refs/heads/{review.branch}:{fetched}"
    done = _git(repository, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--", review.remote, what)
    if isinstance(done, NotInGit):
        return done
    answer = _git(repository, "rev-parse", "--verify", "--end-of-options", f"{fetched}^{{commit}}")
    if isinstance(answer, NotInGit):
        return answer
    commit = answer.decode().strip()
    return commit if _COMMIT.fullmatch(commit) else NotInGit("what was fetched is not one commit.")


def _head(repository: Path, commit: str, review: Review) -> bytes | NotInGit:
    """Return what HEAD says at a commit."""
    file = f"{commit}:{review.plans}/{HEAD}"
    size = _git(repository, "cat-file", "-s", file)
    if isinstance(size, NotInGit):
        return NotInGit(f"There is no file {_head_name(review)}, which says which plan is the newest.")
    if int(size) > _LARGEST_HEAD:
        return NotInGit(f"The file {_head_name(review)} is larger than {_LARGEST_HEAD} bytes.")
    return _git(repository, "cat-file", "blob", file)


def _git(directory: Path, *arguments: str) -> bytes | NotInGit:
    """Return what git answers, byte for byte, or why it does not. It asks nobody for a password."""
    command = ["git", *ONLY_REAL, "--no-replace-objects", "-C", str(directory), *arguments]
    environ = surroundings(os.environ, GIT_TERMINAL_PROMPT="0")
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_SECONDS, env=environ
        )
    except subprocess.TimeoutExpired:
        return NotInGit(f"git did not answer within {_SECONDS} seconds.")
    except OSError as error:
        return NotInGit(f"git cannot be started: {error.strerror}.")
    if done.returncode == 0:
        return done.stdout
    said = done.stderr.decode(errors="replace").strip().partition("\n")[0]
    return NotInGit(f"git says: {said[:_LONGEST_ANSWER]}.")
