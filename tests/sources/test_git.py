"""Files as they were at a revision: from anywhere in a repository, byte for byte, and nothing that is not there."""

import os
import subprocess
from pathlib import Path

import pytest

from exposurectl.sources.git import NotInGit, commit_at, files_at

FILES = {"a.yaml": b"version: 1\n", 'sub/\u00fc "q".yaml': b"no newline, \x00 and \r\n\n", "empty": b""}


def git(directory: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.invalid", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=directory, check=True, capture_output=True, text=True, timeout=30
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Make a repository whose main had a folder of policies one commit ago, and has none now."""
    top = tmp_path / "top"
    for name, content in FILES.items():
        path = top / "team" / "policies" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (top / "readme").write_text("hello\n", encoding="utf-8")
    git(tmp_path, "init", "--quiet", "--initial-branch=main", "top")
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "-m", "One")
    git(top, "rm", "--quiet", "-r", "team/policies")
    (top / "team").mkdir(exist_ok=True)
    git(top, "commit", "--quiet", "-m", "Two")
    return top


def why(found: object) -> str:
    assert isinstance(found, NotInGit), found
    return found.why


@pytest.mark.parametrize(
    ("inside", "folder"),
    [(".", "team/policies"), ("team", "policies"), ("team", "./policies/"), ("team", "../team/policies")],
)
def test_a_folder_that_is_gone_is_read_as_it_was_from_anywhere_in_the_repository(
    repository: Path, inside: str, folder: str
) -> None:
    assert files_at(repository / inside, "main~1", folder) == FILES


def test_the_directory_itself_is_the_usual_folder(repository: Path) -> None:
    assert {f"policies/{name}" for name in FILES} == {*files_at(repository / "team", "main~1")}  # type: ignore[misc]
    assert files_at(repository, "HEAD") == {"readme": b"hello\n"}


def test_a_commit_is_found_by_any_name_of_it(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    git(repository, "tag", "-a", "v1", "-m", "Tagged")

    assert [commit_at(repository, name) for name in ("main", "HEAD", "v1", commit, commit[:12])] == [commit] * 5


@pytest.mark.parametrize("name", ["", "--all", "-n1", "main:readme", "ma\nin", "\x00", "\u202e"])
def test_what_is_no_name_of_a_revision_never_reaches_git(repository: Path, name: str) -> None:
    assert why(commit_at(repository, name)) == f"{name!a} is no name of a revision."
    assert why(files_at(repository, name)) == f"{name!a} is no name of a revision."


def test_a_revision_that_does_not_exist_is_a_failure(repository: Path) -> None:
    expected = 'There is no revision "nope": git says: fatal: Needed a single revision.'

    assert why(commit_at(repository, "nope")) == expected
    assert why(files_at(repository, "nope")) == expected


def test_a_name_of_more_or_less_than_one_commit_is_a_failure(repository: Path) -> None:
    assert why(commit_at(repository, "^main")) == "'^main' names more or less than one commit."
    assert "There is no revision" in why(commit_at(repository, "main~1..main"))


@pytest.mark.parametrize("folder", ["nope", "team/policies/a.yaml", "team/pol*", ":(top)team"])
def test_a_folder_that_was_not_there_is_a_failure(repository: Path, folder: str) -> None:
    assert why(files_at(repository, "main~1", folder)) == f'The folder "{folder}" at main~1 does not exist.'


@pytest.mark.parametrize("folder", ["..", "../other", "team/../../x", "/etc", "team\0"])
def test_a_folder_outside_of_the_repository_is_a_failure(repository: Path, folder: str) -> None:
    assert why(files_at(repository, "main~1", folder)) == f'The folder "{folder}" is not in the repository.'


def test_a_directory_in_no_repository_is_a_failure(tmp_path: Path) -> None:
    assert "not a git repository" in why(files_at(tmp_path, "HEAD"))
    assert "cannot change to" in why(commit_at(tmp_path / "nowhere", "HEAD"))


def test_a_symbolic_link_is_a_failure_and_never_followed(repository: Path) -> None:
    (repository / "link.yaml").symlink_to("readme")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "-m", "Three")

    expected = "The folder \".\" at HEAD has 'link.yaml', which is a link, a submodule or no file's name."
    assert why(files_at(repository, "HEAD")) == expected


def test_a_name_that_leaves_its_folder_is_a_failure(repository: Path) -> None:
    blob = git(repository, "rev-parse", "HEAD:readme").encode()
    entry = b"100644 ..\x00" + bytes.fromhex(blob.decode())
    made = subprocess.run(
        ["git", "hash-object", "-t", "tree", "-w", "--literally", "--stdin"],
        cwd=repository,
        input=entry,
        check=True,
        capture_output=True,
        timeout=30,
    )
    commit = git(repository, "commit-tree", made.stdout.decode().strip(), "-m", "Evil")

    assert why(files_at(repository, commit)) == (
        f"The folder \".\" at {commit} has '..', which is a link, a submodule or no file's name."
    )


def test_a_file_that_the_clone_lacks_is_a_failure_and_nothing_is_fetched(repository: Path, tmp_path: Path) -> None:
    blob = git(repository, "rev-parse", "main~1:team/policies/a.yaml")
    lost = repository / ".git" / "objects" / blob[:2] / blob[2:]
    lost.chmod(0o600)
    lost.unlink()

    assert why(files_at(repository, "main~1", "team/policies")) == "Some files of the folder are not in this clone."

    asked = tmp_path / "asked"
    fetching = f"ext::sh -c touch% {asked}"
    git(repository, "config", "remote.origin.url", fetching)
    git(repository, "config", "remote.origin.promisor", "true")
    git(repository, "config", "protocol.ext.allow", "always")
    git(repository, "config", "extensions.partialClone", "origin")
    git(repository, "config", "core.repositoryFormatVersion", "1")

    assert isinstance(files_at(repository, "main~1", "team/policies"), NotInGit)
    assert not asked.exists()


def test_a_folder_of_too_many_bytes_is_a_failure(repository: Path) -> None:
    size = sum(map(len, FILES.values()))

    assert files_at(repository, "main~1", "team/policies", most=size) == FILES
    assert why(files_at(repository, "main~1", "team/policies", most=size - 1)) == (
        f"The folder has more than {size - 1} bytes."
    )


def test_what_a_hook_is_started_with_points_to_no_other_repository(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")

    assert files_at(repository / "team", "main~1", "policies") == FILES


def test_git_that_is_not_installed_is_a_failure(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.fspath(repository))

    assert why(files_at(repository, "HEAD")) == (
        'There is no revision "HEAD": git cannot be started: No such file or directory.'
    )
