"""`exposurectl init`: a policy repository in one command."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import exposurectl
from exposurectl.config import load_config
from exposurectl.documents import read_yaml
from exposurectl.model import Exposure
from exposurectl.policy.files import load_policy
from exposurectl.schemas.published import schema_text
from running import Ended, run_inside, surroundings

ROOT = Path(__file__).parents[2]
ZIZMOR = Path(sys.executable).parent / "zizmor"
WORKFLOWS = ("apply", "check", "drift", "plan")
FILES = {
    ".exposurectl/schemas/cases.json",
    ".exposurectl/schemas/config.json",
    ".exposurectl/schemas/policy.json",
    ".gitattributes",
    ".github/CODEOWNERS",
    ".github/workflows/apply.yml",
    ".github/workflows/check.yml",
    ".github/workflows/drift.yml",
    ".github/workflows/plan.yml",
    ".gitignore",
    "README.md",
    "config/production.yaml",
    "plans/README.md",
    "policies/README.md",
    "policies/cases/defaults.yaml",
    "policies/cases/internet.yaml",
    "policies/cases/private-networks.yaml",
    "policies/defaults.yaml",
    "policies/internet.yaml",
    "policies/overrides.yaml",
    "policies/private-networks.yaml",
    "requirements.txt",
}


def contents(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(directory).parts
    }


def init(directory: Path, **environ: str) -> Ended:
    ended = run_inside("init", directory, environ=environ)
    assert (ended.code, ended.err) == (0, "")
    return ended


def git(directory: Path, *arguments: str) -> None:
    options = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(
        ["git", *options, "-C", str(directory), *arguments],
        env=surroundings(directory, GIT_CONFIG_GLOBAL="/dev/null"),
        check=True,
        capture_output=True,
    )


def test_everything_is_written_and_named(tmp_path: Path) -> None:
    ended = init(tmp_path / "new" / "policy")

    assert set(contents(tmp_path / "new" / "policy")) == FILES
    assert set(re.findall(r"^  wrote  (.*)$", ended.out, flags=re.MULTILINE)) == FILES
    assert ended.out.startswith(f"A policy repository in {tmp_path}/new/policy: 22 files written, 0 kept.\n\n")
    assert ended.out.endswith(
        "\nFound out: neither an AWS region nor a repository on GitHub.\n"
        "Yours to fill in: the groups and roles in config/production.yaml, the team in .github/CODEOWNERS.\n"
        "README.md says what else there is to do.\n"
        "\nNext:\n"
        f"  cd {tmp_path}/new/policy\n"
        "  exposurectl validate\n"
        "  exposurectl test\n"
        "  exposurectl doctor\n"
    )


@pytest.mark.usefixtures("here")
def test_here_is_where_it_writes_unless_told_otherwise() -> None:
    ended = run_inside("init")

    assert ended.code == 0
    assert "  cd " not in ended.out
    assert Path("config/production.yaml").is_file()


def test_what_is_written_holds_together(tmp_path: Path) -> None:
    init(tmp_path)

    settings = load_config(tmp_path / "config" / "production.yaml")
    policy = load_policy(tmp_path / "policies")
    config = tmp_path / "config" / "production.yaml"
    validated = run_inside("validate", tmp_path / "policies", "--config", config)
    tested = run_inside("test", tmp_path / "policies")

    assert settings.review is not None
    assert (settings.review.remote, settings.review.branch) == ("origin", "main")
    assert settings.regions == ()
    assert policy.defaults.unreachable is Exposure.CONTROLLED
    assert (validated.code, validated.err) == (0, "")
    assert "\nNo problems in " in validated.out
    assert (tested.code, tested.err) == (0, "")


def test_the_policy_is_the_shipped_one(tmp_path: Path) -> None:
    init(tmp_path)

    def below_the_first_line(path: Path) -> str:
        text = path.read_text(encoding="utf-8")
        return text.partition("\n")[2] if path.suffix == ".yaml" else text

    shipped = {path.relative_to(ROOT): path for path in (ROOT / "policies").rglob("*") if path.is_file()}
    assert {name: below_the_first_line(path) for name, path in shipped.items()} == {
        name: below_the_first_line(tmp_path / name) for name in shipped
    }


def test_what_init_writes_and_this_repository_has_are_the_same(tmp_path: Path) -> None:
    init(tmp_path)
    ours, theirs = ((folder / "plans/README.md").read_text(encoding="utf-8") for folder in (ROOT, tmp_path))

    assert ours.replace("; see [the audit guide](../docs/audit.md)", "") == theirs
    for name in ("policy", "cases", "config"):
        assert (tmp_path / f".exposurectl/schemas/{name}.json").read_text(encoding="utf-8") == schema_text(name)


def test_a_second_time_nothing_is_written_and_everything_kept(tmp_path: Path) -> None:
    init(tmp_path)
    before = contents(tmp_path)

    again = init(tmp_path)

    assert contents(tmp_path) == before
    assert again.out.startswith(f"Nothing to write in {tmp_path}: all is there already.\n\n  kept   .exposurectl/")
    assert "  kept   policies  (holds a policy already)\n" in again.out
    assert again.out.endswith("\n\nNext:\n" + again.out.rpartition("Next:\n")[2])


def test_what_exists_is_kept_byte_for_byte_and_named(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "production.yaml").write_bytes(b"mine\r\n")
    (tmp_path / "README.md").symlink_to("nowhere")
    (tmp_path / ".gitignore").mkdir()

    ended = init(tmp_path)

    assert (tmp_path / "config" / "production.yaml").read_bytes() == b"mine\r\n"
    assert (tmp_path / "README.md").is_symlink()
    assert set(re.findall(r"^  kept   (\S+)  \(exists\)$", ended.out, flags=re.MULTILINE)) == {
        "config/production.yaml",
        "README.md",
        ".gitignore",
    }
    assert ": 19 files written, 3 kept.\n" in ended.out
    assert "README.md says what else" not in ended.out


def test_a_policy_that_is_there_is_never_added_to(tmp_path: Path) -> None:
    (tmp_path / "policies" / "ours").mkdir(parents=True)
    (tmp_path / "policies" / "ours" / "all.yaml").write_text("version: 1\n", encoding="utf-8")

    ended = init(tmp_path)

    assert {name for name in contents(tmp_path) if name.startswith("policies/")} == {"policies/ours/all.yaml"}
    assert "  kept   policies  (holds a policy already)\n" in ended.out


@pytest.mark.parametrize("place", ["CODEOWNERS", "docs/CODEOWNERS"])
def test_owners_that_github_reads_elsewhere_are_not_switched_off(tmp_path: Path, place: str) -> None:
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text("* @us\n", encoding="utf-8")

    ended = init(tmp_path)

    assert not (tmp_path / ".github" / "CODEOWNERS").exists()
    assert f"  kept   .github/CODEOWNERS  ({place} names the owners already)\n" in ended.out


def test_a_file_in_the_way_of_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "plans").write_text("", encoding="utf-8")

    ended = run_inside("init", tmp_path)

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        f"{tmp_path}/plans: error: File cannot be written\n"
        "  File exists. What had been written before it is whole.\n"
        "  hint: make way for it, and run init again: it writes what is missing\n"
        "reason: file\n"
    )


@pytest.mark.parametrize(
    ("environ", "config", "expected"),
    [
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-1"}, "", "region eu-west-1 (AWS_REGION)"),
        ({"AWS_DEFAULT_REGION": "us-gov-west-1"}, "", "region us-gov-west-1 (AWS_DEFAULT_REGION)"),
        ({}, "[default]\nregion = ap-northeast-3\n", "region ap-northeast-3 (HOME/.aws/config)"),
        (
            {"AWS_PROFILE": "work"},
            "[default]\nregion=us-east-1\n[profile work]\nregion=sa-east-1\n",
            "region sa-east-1",
        ),
        ({"AWS_PROFILE": "other"}, "[default]\nregion=us-east-1\n", ""),
        ({"AWS_REGION": "}, evil: {"}, "", ""),
        ({}, "[default]\nregion = us-east-1]\n", ""),
        ({}, "no section\n", ""),
        ({}, "[default]\nregion=%(nothing)s\n", ""),
        ({}, "\udcff", ""),
    ],
)
def test_the_region_is_the_one_that_the_aws_cli_would_take(
    tmp_path: Path, environ: dict[str, str], config: str, expected: str
) -> None:
    home = tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "config").write_bytes(config.encode(errors="surrogateescape"))

    ended = init(tmp_path / "new", HOME=str(home), **environ)

    regions = load_config(tmp_path / "new" / "config" / "production.yaml").regions
    assert regions == tuple(re.findall("region (\\S+)", expected))
    assert expected.replace("HOME", str(home)) in ended.out
    assert ("neither an AWS region" in ended.out) == (not expected)


def test_the_config_of_the_aws_cli_may_lie_elsewhere(tmp_path: Path) -> None:
    config = tmp_path / "elsewhere"
    config.write_text("[default]\nregion = eu-south-2\n", encoding="utf-8")

    ended = init(tmp_path / "new", AWS_CONFIG_FILE=str(config))

    assert f"Found out: region eu-south-2 ({config}).\n" in ended.out


def test_the_repository_and_its_branch_are_those_of_git(tmp_path: Path) -> None:
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    git(tmp_path, "init", "--quiet", "--initial-branch=trunk", str(origin))
    git(origin, "commit", "--quiet", "--allow-empty", "--message=begin")
    git(tmp_path, "clone", "--quiet", str(origin), str(clone))
    git(clone, "remote", "set-url", "origin", "git@github.com:acme/exposure.git")

    ended = init(clone)

    assert "Found out: repository acme/exposure (git remote origin); branch trunk (git).\n" in ended.out
    review = load_config(clone / "config" / "production.yaml").review
    assert review is not None
    assert (review.remote, review.branch) == ("origin", "trunk")
    assert "/policies/          @acme/security-team\n" in (clone / ".github/CODEOWNERS").read_text(encoding="utf-8")
    written = {name: text.decode() for name, text in contents(clone).items()}
    assert [name for name in written if "example-org" in written[name]] == []
    assert [name for name, text in written.items() if re.search(r"\bmain\b", text) and "schemas" not in name] == []
    assert all("branches: [trunk]" in written[f".github/workflows/{name}.yml"] for name in ("apply", "check"))


def test_a_folder_inside_somebody_elses_repository_learns_nothing_of_it(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", "https://github.com/acme/other.git")
    (tmp_path / "inner").mkdir()

    ended = init(tmp_path / "inner")

    assert "Found out: neither an AWS region nor a repository on GitHub.\n" in ended.out


def test_the_workflows_pass_the_auditor(tmp_path: Path) -> None:
    init(tmp_path)
    options = ("--quiet", "--offline", "--strict-collection", "--persona=auditor", "--min-severity=medium")

    done = subprocess.run(
        [ZIZMOR, *options, str(tmp_path)], env=surroundings(tmp_path), capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout + done.stderr) == (0, "No findings to report. Good job!\n")


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_uses_the_actions_that_this_repository_has_pinned(tmp_path: Path, name: str) -> None:
    init(tmp_path)
    ours = "".join(path.read_text(encoding="utf-8") for path in (ROOT / ".github/workflows").glob("*.yml"))
    theirs = (tmp_path / f".github/workflows/{name}.yml").read_text(encoding="utf-8")

    used = re.findall(r"uses: (.*)", theirs)

    assert used
    assert [action for action in used if f"uses: {action}\n" not in ours] == []


@pytest.mark.parametrize("name", ["apply", "drift", "plan"])
def test_a_workflow_does_what_this_repositorys_own_does(tmp_path: Path, name: str) -> None:
    init(tmp_path)
    path = f".github/workflows/{name}.yml"
    ours, theirs = ((folder / path).read_text(encoding="utf-8") for folder in (ROOT, tmp_path))

    assert without_installing(ours) == without_installing(theirs)


def without_installing(workflow: str) -> list[str]:
    """Return the lines of a workflow but those that tell where exposurectl comes from."""
    own = re.sub(r" +- name: Install .*\n +run: \|\n(?: {10}.*\n)+", "", workflow)
    own = own.replace(".github/CONTRIBUTING.md says how", "README.md says how")
    return [
        line
        for line in own.splitlines()
        if line.strip() not in {"- pipeline/**", "- requirements/**", "- requirements.txt"}
    ]


def test_the_workflows_install_this_version(tmp_path: Path) -> None:
    init(tmp_path)

    required = (tmp_path / "requirements.txt").read_text(encoding="utf-8").splitlines()

    assert [line for line in required if not line.startswith("#")] == [f"exposurectl=={exposurectl.__version__}"]
    assert f"exposurectl=={exposurectl.__version__}" in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_the_config_shows_every_key_there_is(tmp_path: Path) -> None:
    init(tmp_path)
    text = (tmp_path / "config" / "production.yaml").read_text(encoding="utf-8")

    assert {key for key in keys_of(json.loads(schema_text("config"))) if not re.search(rf"\b{key}:", text)} == set()


def keys_of(part: object) -> set[str]:
    if isinstance(part, list):
        return {key for one in part for key in keys_of(one)}
    if not isinstance(part, dict):
        return set()
    below = (keys_of(one) for key, one in part.items() if key not in {"examples", "default"})
    return set(part.get("properties", {})).union(*below)


def test_every_file_that_the_readme_links_exists(tmp_path: Path) -> None:
    init(tmp_path)
    readme = (tmp_path / "README.md").read_text(encoding="utf-8")

    links = re.findall(r"\]\(([^)#:]+)\)", readme)

    assert links
    assert [link for link in links if not (tmp_path / link).exists()] == []


def test_what_is_commented_out_in_the_config_may_be_switched_on(tmp_path: Path) -> None:
    init(tmp_path, AWS_REGION="eu-west-1")
    path = tmp_path / "config" / "production.yaml"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)

    # A comment that is a key or an entry of a list, at any depth; prose has neither.
    path.write_text("".join(re.sub(r"^( *)# ((?: *- \{)|\w+:)", r"\1\2", line) for line in lines), encoding="utf-8")

    settings = load_config(path)
    document, problems = read_yaml(path.name, path.read_bytes())
    assert (document is not None, problems) == (True, [])
    assert settings.accepted_gaps[0].account == "111122223333"
    assert settings.groups[0].servers == {812: "i-0123456789abcdef0"}
    assert settings.groups[0].default_role_joins == "web"
    assert settings.evidence_role == "exposurectl-read"
    assert settings.quieted[0].id == "only-unmatched-decides"
