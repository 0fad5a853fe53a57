"""A policy as it was at a git revision."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from exposurectl.diagnostics import Diagnostic, ExposurectlError, Place
from exposurectl.policy.files import load_policy
from exposurectl.policy.model import Policy
from exposurectl.sources.git import NotInGit, commit_at, files_at


def commit_named(directory: Path, revision: str) -> str:
    """
    Return the commit that a revision names, in the repository that a policy directory lies in.

    The directory itself need not exist now. Raises ExposurectlError where there is no such commit.
    """
    inside, _ = _standing(directory)
    commit = commit_at(inside, revision)
    if isinstance(commit, NotInGit):
        raise _unknown(commit.why, "name a directory, a branch, a tag or a commit; in CI, fetch it with its history")
    return commit


def policy_at(directory: Path, commit: str, name: str = "") -> Policy:
    """
    Return the policy that a directory held at a commit, the same as if it were loaded from there.

    Problems and places in it are told as `NAME:DIRECTORY/FILE`, where the name is the revision as it was typed. Raises
    ExposurectlError where there is no such directory at that commit, and for whatever is wrong with the policy.
    """
    inside, folder = _standing(directory)
    files = files_at(inside, commit, folder)
    if isinstance(files, NotInGit):
        hint = "say with --policy which folder of the revision holds the policy"
        raise _unknown(files.why.replace(commit, name or commit), hint)
    with tempfile.TemporaryDirectory(prefix="exposurectl-") as temporary:
        unpacked = Path(temporary).resolve() / (directory.resolve().name or "policies")
        _unpack(files, unpacked)
        told = (str(unpacked), f"{name or commit}:{directory}")
        try:
            return _told_policy(load_policy(unpacked), *told)
        except ExposurectlError as error:
            problems = (_told_problem(problem, *told) for problem in error.problems)
            raise ExposurectlError(*problems, reason=error.reason, exit_code=error.exit_code) from error


def _standing(directory: Path) -> tuple[Path, str]:
    """Return the nearest directory that exists now, and the way down from there."""
    inside = next(one for one in (directory, *directory.parents) if one.is_dir())
    return inside, directory.relative_to(inside).as_posix()


def _unpack(files: Mapping[str, bytes], directory: Path) -> None:
    directory.mkdir()
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _told_policy(policy: Policy, here: str, told: str) -> Policy:
    """Return the policy with places in the revision: the files that it was read from are gone."""
    replace = msgspec.structs.replace
    return replace(
        policy,
        rules=tuple(replace(one, place=_told_place(one.place, here, told)) for one in policy.rules),
        overrides=tuple(replace(one, place=_told_place(one.place, here, told)) for one in policy.overrides),
    )


def _told_place(place: Place, here: str, told: str) -> Place:
    return msgspec.structs.replace(place, file=place.file.replace(here, told))


def _told_problem(problem: Diagnostic, here: str, told: str) -> Diagnostic:
    return msgspec.structs.replace(
        problem,
        detail=problem.detail.replace(here, told),
        hint=problem.hint.replace(here, told),
        place=_told_place(problem.place, here, told) if problem.place else None,
    )


def _unknown(why: str, hint: str) -> ExposurectlError:
    return ExposurectlError(Diagnostic(summary="Revision not usable", detail=why, hint=hint), reason="revision")
