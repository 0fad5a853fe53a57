"""What git says of the branch where plans are reviewed: always fetched, never from what is there already."""

import os
import shutil
from pathlib import Path

import pytest

from exposurectl.config import Review
from exposurectl.policy.compile import policy_digest
from exposurectl.policy.files import load_policy
from exposurectl.sources.review import Missing, NoTip, Tip, read_tip
from repository import ALONE, Repository

REVIEW = Review(remote="origin", branch="main")
SHIPPED = Path(__file__).parents[2] / "policies"
HEAD = b"{\n}\n"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ALONE.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def there(tmp_path: Path) -> Repository:
    """Return the repository where plans are reviewed, with the shipped policy."""
    made = Repository.create(tmp_path / "there")
    shutil.copytree(SHIPPED, made.directory / "policies")
    made.write("plans/HEAD", HEAD)
    made.commit("Plan")
    return made


@pytest.fixture
def here(there: Repository, tmp_path: Path) -> Repository:
    return there.clone(tmp_path / "here")


def tip(directory: Path, review: Review = REVIEW) -> Tip:
    found = read_tip(directory, review)
    assert isinstance(found, Tip), found
    return found


def no_tip(directory: Path, review: Review = REVIEW) -> tuple[Missing, str]:
    found = read_tip(directory, review)
    assert isinstance(found, NoTip), found
    return found.missing, found.detail


def test_the_tip_is_the_newest_commit_there(there: Repository, here: Repository) -> None:
    there.write("plans/HEAD", b"newer\n")
    newest = there.commit("Newer")

    found = tip(here.directory)

    assert (found.branch, found.commit, found.head) == ("origin/main", newest, b"newer\n")
    assert found.head_name == "origin/main:plans/HEAD"


def test_what_stands_in_the_working_tree_is_not_what_stands_there(there: Repository, here: Repository) -> None:
    here.write("plans/HEAD", b"mine\n")
    here.commit("Not pushed")
    here.write("policies/internet.yaml", b"mine\n")

    found = tip(here.directory)

    assert found.head == HEAD
    assert found.commit == there.git("rev-parse", "HEAD")
    assert found.policy["policies/internet.yaml"] == (SHIPPED / "internet.yaml").read_bytes()


def test_the_policy_there_has_the_digest_that_a_plan_of_it_has(here: Repository) -> None:
    found = tip(here.directory)

    assert policy_digest(found.policy.items()) == load_policy(SHIPPED).digest
    assert not [name for name in found.policy if "/cases/" in name or not name.endswith(".yaml")]


def test_a_policy_in_a_folder_below_is_named_by_its_last_part(there: Repository, here: Repository) -> None:
    (there.directory / "teams" / "network").mkdir(parents=True)
    there.git("mv", "policies", "teams/network/policies")
    there.commit("Move")

    found = tip(here.directory, Review(remote="origin", branch="main", policy="teams/network/policies"))

    assert policy_digest(found.policy.items()) == load_policy(SHIPPED).digest


def test_any_directory_of_the_repository_will_do(here: Repository) -> None:
    assert tip(here.directory / "policies" / "cases") == tip(here.directory)


def test_a_branch_is_meant_and_not_a_tag_of_its_name(there: Repository, here: Repository) -> None:
    first = there.git("rev-parse", "HEAD")
    there.git("tag", "main", first)
    newest = there.commit("Newer")

    assert tip(here.directory).commit == newest


def test_a_shallow_clone_has_a_tip_too(there: Repository, tmp_path: Path) -> None:
    there.commit("Newer")
    there.git("clone", "--quiet", "--depth=1", f"file://{there.directory}", str(tmp_path / "shallow"))

    assert tip(tmp_path / "shallow").commit == there.git("rev-parse", "HEAD")


def test_outside_a_repository_there_is_no_tip(tmp_path: Path) -> None:
    (tmp_path / "nowhere").mkdir()

    missing, detail = no_tip(tmp_path / "nowhere")

    assert missing is Missing.REPOSITORY
    assert "not a git repository" in detail


def test_without_git_there_is_no_tip(here: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)

    missing, detail = no_tip(here.directory)

    assert missing is Missing.REPOSITORY
    assert detail.startswith("git cannot be started: ")


def test_a_branch_that_cannot_be_fetched_has_no_tip_although_it_was_fetched_before(
    there: Repository, here: Repository
) -> None:
    tip(here.directory)
    shutil.rmtree(there.directory)

    missing, detail = no_tip(here.directory)

    assert missing is Missing.BRANCH
    assert detail.startswith("origin/main could not be fetched: git says: fatal: ")


@pytest.mark.parametrize(
    "review", [Review(remote="upstream", branch="main"), Review(remote="origin", branch="release")]
)
def test_another_remote_or_branch_has_no_tip(here: Repository, review: Review) -> None:
    missing, detail = no_tip(here.directory, review)

    assert missing is Missing.BRANCH
    assert detail.startswith(f"{review.remote}/{review.branch} could not be fetched: git says: ")


def test_a_remote_that_looks_like_an_option_is_none(here: Repository, tmp_path: Path) -> None:
    missing, _ = no_tip(here.directory, Review(remote=f"--upload-pack=touch {tmp_path}/made", branch="main"))

    assert missing is Missing.BRANCH
    assert not (tmp_path / "made").exists()


def test_a_branch_without_head_has_no_tip(there: Repository, here: Repository) -> None:
    there.git("rm", "--quiet", "plans/HEAD")
    there.commit("Without")

    assert no_tip(here.directory) == (
        Missing.HEAD,
        "There is no file origin/main:plans/HEAD, which says which plan is the newest.",
    )


def test_a_head_beyond_the_limit_is_not_read(there: Repository, here: Repository) -> None:
    there.write("plans/HEAD", b" " * (1024 * 1024 + 1))
    there.commit("Large")

    assert no_tip(here.directory) == (Missing.HEAD, "The file origin/main:plans/HEAD is larger than 1048576 bytes.")


def test_a_branch_without_the_policy_has_no_tip(here: Repository) -> None:
    missing, detail = no_tip(here.directory, Review(remote="origin", branch="main", policy="rules"))

    assert missing is Missing.POLICY
    assert '"rules"' in detail


def test_a_policy_with_a_link_in_it_has_no_tip(there: Repository, here: Repository) -> None:
    (there.directory / "policies" / "linked.yaml").symlink_to("/etc/hostname")
    there.commit("Link")

    missing, detail = no_tip(here.directory)

    assert missing is Missing.POLICY
    assert "linked.yaml" in detail


def test_another_fetch_beside_it_changes_nothing(
    there: Repository, here: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What an editor fetches in the background is in FETCH_HEAD a moment later.
    newest = there.git("rev-parse", "HEAD")
    there.git("checkout", "--quiet", "-b", "proposal")
    there.write("plans/HEAD", b"proposed\n")
    there.commit("Proposed")
    beside = "$REAL -C . fetch --quiet origin refs/heads/proposal"
    script = f'#!/bin/sh\nREAL={shutil.which("git")}\n$REAL "$@"\ncode=$?\ncase "$*" in *" fetch "*) '
    git = tmp_path / "bin" / "git"
    git.parent.mkdir()
    git.write_text(f"{script}{beside.replace('-C .', f'-C {here.directory}')};; esac\nexit $code\n")
    git.chmod(0o755)
    monkeypatch.setenv("PATH", f"{git.parent}{os.pathsep}{os.environ['PATH']}")

    assert tip(here.directory).commit == newest


def test_what_a_hook_is_started_with_points_to_no_other_repository(
    here: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Repository.create(tmp_path / "other")
    other.write("plans/HEAD", b"other\n")
    other.write("policies/internet.yaml", b"other\n")
    other.commit("Other")
    clone = other.clone(tmp_path / "clone")
    monkeypatch.setenv("GIT_DIR", str(clone.directory / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(clone.directory))

    assert tip(here.directory).head == HEAD


def test_a_folder_of_plans_that_poses_as_a_repository_is_none(
    there: Repository, here: Repository, tmp_path: Path
) -> None:
    # Git takes any folder with these three for a repository, and what its config says is run.
    posing = "plans/20261123T030000Z-0001"
    there.write(f"{posing}/HEAD", b"ref: refs/heads/main\n")
    there.write(f"{posing}/objects/kept", b"")
    there.write(f"{posing}/refs/kept", b"")
    touch = f"touch {tmp_path}/run; false"
    config = f'[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = .\n\tsshCommand = "{touch}"\n'
    there.write(f"{posing}/config", f'{config}[remote "origin"]\n\turl = ssh://nowhere.invalid/x\n')
    there.commit("Posing")
    here.git("pull", "--quiet")

    missing, _ = no_tip(here.directory / posing)

    assert missing is Missing.REPOSITORY
    assert not (tmp_path / "run").exists()


def test_a_folder_of_the_name_of_a_remote_is_no_remote(here: Repository) -> None:
    here.git("clone", "--quiet", "--bare", ".", "upstream")

    missing, detail = no_tip(here.directory, Review(remote="upstream", branch="main"))

    assert missing is Missing.BRANCH
    assert detail == "upstream/main could not be fetched: git says: error: No such remote 'upstream'."
