"""The commits that touched a directory: every line of history, and what each signature is worth."""

import shutil
import subprocess
from pathlib import Path

import pytest

from exposurectl.sources.commits import Commits, commits_of, repository_top
from exposurectl.sources.git import NotInGit
from repository import ALONE, Repository

pytestmark = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="there is no ssh-keygen to sign with")


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ALONE.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.create(tmp_path / "repository")


@pytest.fixture
def plans(repository: Repository) -> Path:
    return repository.directory / "plans"


@pytest.fixture
def signing(repository: Repository, tmp_path: Path) -> Path:
    """Let commits with `-S` be signed by an SSH key, and return where to list keys that are believed."""
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, timeout=60)
    repository.git("config", "gpg.format", "ssh")
    repository.git("config", "user.signingkey", str(key) + ".pub")
    allowed = tmp_path / "allowed"
    allowed.write_text(f"carl@example.com {(tmp_path / 'key.pub').read_text(encoding='utf-8')}", encoding="utf-8")
    return allowed


def history(directory: Path) -> Commits:
    found = commits_of(directory)
    assert isinstance(found, Commits), found
    return found


def why(directory: Path) -> str:
    found = commits_of(directory)
    assert isinstance(found, NotInGit), found
    return found.why


def test_only_commits_that_touched_the_directory_are_told(repository: Repository, plans: Path) -> None:
    repository.write("plans/one/plan.json", "{}")
    first = repository.commit("One")
    repository.write("README.md", "x")
    repository.commit("Elsewhere")
    repository.write("plans/one/plan.json", "{} ")
    repository.write("plans/HEAD", "x")
    second = repository.commit("Two", GIT_COMMITTER_DATE="2026-11-24T03:00:00+09:00")

    touching = history(plans).touching

    assert [(one.id, one.files) for one in touching] == [
        (second, ("HEAD", "one/plan.json")),
        (first, ("one/plan.json",)),
    ]
    assert touching[0].at.isoformat() == "2026-11-24T03:00:00+09:00"
    assert (touching[0].author, touching[0].committer) == (
        "Ada Author <ada@example.com>",
        "Carl Committer <carl@example.com>",
    )
    assert [(one.id, one.files) for one in history(plans).brought] == [(second, ("HEAD",)), (first, ("one/plan.json",))]


def test_a_merge_brings_what_it_merged(repository: Repository, plans: Path) -> None:
    repository.write("plans/HEAD", "0")
    repository.commit("Begin")
    repository.git("switch", "--quiet", "--create", "plan-1")
    repository.write("plans/one/plan.json", "{}")
    written = repository.commit("Plan 1")
    repository.git("switch", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "--no-edit", "plan-1", GIT_AUTHOR_NAME="Rea Reviewer")

    merge = repository.git("rev-parse", "HEAD")
    found = history(plans)

    assert [one.id for one in found.touching if "one/plan.json" in one.files] == [written]
    (brought,) = [one for one in found.brought if "one/plan.json" in one.files]
    assert (brought.id, brought.author, brought.merge) == (merge, "Rea Reviewer <ada@example.com>", True)


def test_a_line_of_history_that_came_to_nothing_is_told_too(repository: Repository, plans: Path) -> None:
    repository.write("plans/HEAD", "0")
    repository.commit("Begin")
    repository.git("switch", "--quiet", "--create", "tried")
    repository.write("plans/HEAD", "1")
    tried = repository.commit("Try")
    repository.write("plans/HEAD", "0")
    undone = repository.commit("Undo")
    repository.git("switch", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "--no-edit", "tried")

    assert {tried, undone} <= {one.id for one in history(plans).touching}


def test_signatures_are_told_by_what_they_are_worth(repository: Repository, plans: Path, signing: Path) -> None:
    repository.write("plans/HEAD", "0")
    repository.commit("Unsigned")
    repository.write("plans/HEAD", "1")
    repository.git("commit", "--quiet", "--all", "-S", "--message", "Signed")

    assert [one.signature for one in history(plans).touching] == ["unchecked", "unsigned"]

    repository.git("config", "gpg.ssh.allowedSignersFile", str(signing))
    assert [one.signature for one in history(plans).touching] == ["good", "unsigned"]


def test_a_commit_that_was_changed_after_it_was_signed_is_bad(
    repository: Repository, plans: Path, signing: Path
) -> None:
    repository.git("config", "gpg.ssh.allowedSignersFile", str(signing))
    repository.write("plans/HEAD", "0")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "-S", "--message", "Signed")
    content = repository.git("cat-file", "commit", "HEAD").replace("\nSigned", "\nForged") + "\n"
    forged = repository.write("forged", content)

    repository.git("reset", "--quiet", "--soft", repository.git("hash-object", "-t", "commit", "-w", str(forged)))

    assert [one.signature for one in history(plans).touching] == ["bad"]


def test_names_of_people_and_files_are_data(repository: Repository, plans: Path) -> None:
    repository.write("plans/new\nline/plan.json", "{}")
    repository.commit("x", GIT_AUTHOR_NAME="A \x1e\x1f\tB")

    (found,) = history(plans).touching

    assert found.files == ('"new\\nline/plan.json"',)
    assert found.author.endswith("B <ada@example.com>")


def test_a_shallow_clone_lacks_the_history(repository: Repository, tmp_path: Path) -> None:
    repository.write("plans/HEAD", "0")
    repository.commit("One")
    repository.commit("Two")
    repository.git("clone", "--quiet", "--depth=1", f"file://{repository.directory}", str(tmp_path / "shallow"))

    assert why(tmp_path / "shallow" / "plans").startswith("This is a shallow clone")


def test_outside_a_repository_and_before_the_first_commit_there_is_none(repository: Repository, tmp_path: Path) -> None:
    assert "not a git repository" in why(tmp_path)
    assert "does not have any commits yet" in why(repository.directory)
    assert isinstance(repository_top(tmp_path), NotInGit)


def test_the_top_of_a_repository_is_the_same_from_anywhere_in_it(repository: Repository) -> None:
    repository.write("a/b/c", "x")

    assert repository_top(repository.directory / "a" / "b") == repository_top(repository.directory)


def test_what_a_hook_is_started_with_points_to_no_other_repository(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Repository.create(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(other.directory / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.directory))

    assert repository_top(repository.directory) == repository.directory.resolve()
