"""A policy as it was at a git revision: the same as if it were loaded from there."""

import subprocess
import tempfile
from pathlib import Path

import msgspec
import pytest

from exposurectl.cli.revisions import commit_named, policy_at
from exposurectl.diagnostics import ExposurectlError, Place
from exposurectl.policy.files import load_policy
from exposurectl.policy.model import Override, Policy, Rule


@pytest.fixture
def commit(here: Path) -> str:
    """Commit everything here; return the commit."""
    identity = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.invalid", "-c", "commit.gpgsign=false")
    for words in (("init", "--quiet"), ("add", "--all"), (*identity, "commit", "--quiet", "-m", "One")):
        subprocess.run(["git", *words], cwd=here, check=True, timeout=30)
    return commit_named(Path("policies"), "HEAD")


def said(policy: Policy) -> list[Rule | Override]:
    return [*policy.rules, *policy.overrides]


def test_it_is_the_policy_that_the_directory_holds(commit: str) -> None:
    then, now = policy_at(Path("policies"), commit, "main"), load_policy(Path("policies"))

    assert then.digest == now.digest
    assert [one.at for one in said(then)] == [one.at for one in said(now)]
    assert (then.defaults, then.cuts) == (now.defaults, now.cuts)


def test_its_places_name_the_revision(commit: str) -> None:
    then, now = policy_at(Path("policies"), commit, "main"), load_policy(Path("policies"))

    for old, new in zip(said(then), said(now), strict=True):
        assert old.place == msgspec.structs.replace(new.place, file=f"main:{new.place.file}")
    assert policy_at(Path("policies"), commit).rules[0].place.file.startswith(f"{commit}:policies/")


def test_nothing_is_left_behind(commit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))

    assert policy_at(Path("policies"), commit).rules
    with pytest.raises(ExposurectlError):
        policy_at(Path("fleet"), commit)

    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_folder_without_a_policy_is_told_by_the_revision(commit: str) -> None:
    with pytest.raises(ExposurectlError) as raised:
        policy_at(Path("fleet"), commit, "main")

    (problem,) = raised.value.problems
    assert raised.value.reason == "policy-invalid"
    assert (problem.summary, problem.place) == ("No policy files", Place("main:fleet"))
