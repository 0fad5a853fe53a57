"""`exposurectl diff`: what another policy would change, between directories and between git revisions."""

import contextlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exposurectl.sources.snapshot import read_snapshot
from golden import check_golden
from running import run_inside

INTERNET = "policies/internet.yaml"
SAME_MEANING = """\
version: 1
rules:
  - id: listed-only
    level: controlled
    because: Another name, another order, one rule in two.
    match: {path: {origin: [internet-gateway]}, sources: restricted, ports: ["0-1023"]}
  - id: listed-only-above
    level: controlled
    because: The other half.
    match: {path: {origin: [internet-gateway]}, sources: restricted, ports: ["1024-65535"]}
  - id: anyone
    level: open
    because: Anyone on the internet can reach this port.
    match: {path: {origin: [internet-gateway]}, sources: anywhere}
"""


def edit(path: str | Path, old: str, new: str) -> None:
    text = Path(path).read_text(encoding="utf-8")
    assert old in text
    Path(path).write_text(text.replace(old, new, 1), encoding="utf-8")


def git(*arguments: str) -> str:
    identity = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.invalid", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *identity, *arguments], check=True, capture_output=True, text=True, timeout=30)
    return done.stdout.strip()


def commit(subject: str) -> str:
    git("add", "--all")
    git("commit", "--quiet", "-m", subject)
    return git("rev-parse", "HEAD")


def report_of(*argv: str | Path) -> dict[str, Any]:
    ended = run_inside("diff", *argv, "--format", "json")
    assert (ended.code, ended.err) == (0, "")
    report: dict[str, Any] = json.loads(ended.out)
    return report


def moves(report: dict[str, Any]) -> list[tuple[str, str, str, list[str]]]:
    return [
        (
            shift["direction"],
            shift["before"]["level"],
            shift["after"]["level"],
            [one["name"] for one in shift["instances"]],
        )
        for shift in report["fleet"]["shifts"]
    ]


@pytest.fixture
def new(here: Path) -> Path:
    """Copy the policy, to be edited and compared."""
    shutil.copytree(here / "policies", here / "new")
    return here / "new"


@pytest.fixture
def repository(here: Path) -> str:
    """Make a repository of everything, with one commit; return that commit."""
    assert here.is_dir()
    git("init", "--quiet", "--initial-branch=main")
    return commit("One")


def test_the_same_policy_makes_no_difference(new: Path) -> None:
    assert new.is_dir()

    ended = run_inside("diff", "policies", "new", "--detailed-exitcode")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.endswith("\nNo difference for any input.\n")


def test_other_words_for_the_same_meaning_make_no_difference(new: Path) -> None:
    (new / "internet.yaml").write_text(SAME_MEANING, encoding="utf-8")

    report = report_of("policies", "new", "--snapshot", "fleet", "--detailed-exitcode")

    assert report["old"]["digest"] != report["new"]["digest"]
    assert (report["differs"], report["regions"], report["fleet"]["shifts"]) == (False, [], [])


def test_without_evidence_every_region_that_differs_is_shown(new: Path) -> None:
    edit(new / "internet.yaml", "level: controlled", "level: open")

    ended = run_inside("diff", "policies", "new")

    assert (ended.code, ended.err) == (0, "")
    assert "▲ raise controlled → open\n" in ended.out
    assert "sources    restricted\n" in ended.out
    assert ended.out.endswith("\n1 region of inputs judged differently.\n")


def test_with_a_snapshot_the_instances_that_change_are_shown_with_what_follows(new: Path) -> None:
    edit(new / "internet.yaml", "level: controlled", "level: open")

    report = report_of("policies", "new", "--snapshot", "fleet")

    assert moves(report) == [("raise", "controlled", "open", ["admin-01", "admin-02"])]
    (shift,) = report["fleet"]["shifts"]
    assert (shift["before"]["rules"], shift["after"]["rules"]) == (["internet-allow-listed"], ["internet-allow-listed"])
    (follows,) = report["fleet"]["consequences"]
    assert (len(follows["deployer"]), follows["deployer_rows"]) == (8, 24)
    assert (len(follows["bod_26_04"]), follows["bod_26_04_rows"]) == (6, 8)
    assert report["fleet"]["decided"] == len(read_snapshot(Path("fleet")).inventory.evidence)
    assert report["as_of"] == "2026-11-23"


def test_a_change_lowers_where_it_is_turned_around(new: Path) -> None:
    edit(new / "internet.yaml", "level: controlled", "level: open")

    assert moves(report_of("new", "policies", "--snapshot", "fleet")) == [
        ("lower", "open", "controlled", ["admin-01", "admin-02"])
    ]


def test_findings_alone_vouch_for_nothing_and_lower_nothing(new: Path) -> None:
    edit(new / "internet.yaml", "level: open", "level: controlled")

    shifts = moves(report_of("policies", "new", "--findings", "fleet/findings.ndjson"))

    assert {direction for direction, *_ in shifts} == {"leave"}


def test_unobserved_instances_that_are_no_longer_left_alone_are_set(new: Path) -> None:
    edit(new / "defaults.yaml", "unobserved: leave", "unobserved: controlled")

    ended = run_inside("diff", "policies", "new", "--snapshot", "fleet")

    assert "◆ set   left alone → controlled · 13 instances\n" in ended.out
    assert "Where the old policy leaves an instance at another level, what follows depends on that level." in ended.out


def test_the_exit_code_says_whether_there_are_differences(new: Path) -> None:
    edit(new / "internet.yaml", "level: controlled", "level: open")

    asked, not_asked = (
        run_inside("diff", "policies", "new", "--detailed-exitcode"),
        run_inside("diff", "policies", "new"),
    )

    assert (asked.code, asked.reason) == (2, "differences")
    assert (not_asked.code, not_asked.err) == (0, "")
    assert asked.out == not_asked.out


def test_a_page_for_a_pull_request_says_what_the_text_says(new: Path) -> None:
    edit(new / "internet.yaml", "level: open", "level: controlled")

    page = run_inside("diff", "policies", "new", "--snapshot", "fleet", "--format", "markdown").out
    text = run_inside("diff", "policies", "new", "--snapshot", "fleet").out

    assert page.startswith("## Policy difference: `policies` \u2192 `new`\n")
    assert "would or could be shown as **less** exposed." in page
    assert page.splitlines()[2].strip("*") == " ".join(text.split("\n\n")[-1].split())


def test_the_day_decides_which_overrides_hold(new: Path) -> None:
    edit(new / "demo.yaml", "level: small", "level: controlled")
    changed = report_of("policies", "new", "--snapshot", "fleet")

    after = report_of("policies", "new", "--snapshot", "fleet", "--as-of", "2028-01-01")

    assert changed["differs"]
    assert not after["differs"]
    assert after["as_of"] == "2028-01-01"


def test_the_config_says_what_counts_as_anywhere(new: Path, configure: Callable[..., None]) -> None:
    edit(new / "internet.yaml", "level: controlled", "level: open")
    asked = ("policies", "new", "--snapshot", "fleet", "--config", "demo.yaml")
    usual = report_of(*asked)
    configure("version: 1\n", "version: 1\ninspector: {anywhere_prefix: 32}\n")

    nothing_is_restricted = report_of(*asked)

    assert [len(shift["instances"]) for shift in usual["fleet"]["shifts"]] == [2]
    assert nothing_is_restricted["fleet"]["shifts"] == []


def test_policies_that_are_too_intricate_to_compare_are_never_said_to_be_the_same(new: Path) -> None:
    globs = ", ".join(f'"*{letter}*{letter}*"' for letter in "abcdefghij")
    (new / "intricate.yaml").write_text(
        "version: 1\nrules:\n  - id: intricate\n    level: controlled\n    because: Too much.\n"
        f"    match: {{tags: {{Name: [{globs}]}}}}\n",
        encoding="utf-8",
    )
    edit(new / "internet.yaml", "level: controlled", "level: open")

    alone = run_inside("diff", "policies", "new")
    with_evidence = run_inside("diff", "policies", "new", "--snapshot", "fleet")

    assert (alone.code, alone.out, alone.reason) == (1, "", "policy-too-intricate")
    assert (with_evidence.code, with_evidence.reason) == (1, "policy-too-intricate")
    assert "admin-01" in with_evidence.out
    assert "No difference" not in with_evidence.out
    assert with_evidence.err == alone.err


def test_two_revisions_are_compared(repository: str) -> None:
    edit(INTERNET, "level: controlled", "level: open")
    second = commit("Two")

    report = report_of("main~1", "HEAD", "--snapshot", "fleet")

    assert (report["old"]["name"], report["old"]["commit"]) == ("main~1:policies", repository)
    assert (report["new"]["name"], report["new"]["commit"]) == ("HEAD:policies", second)
    assert moves(report) == [("raise", "controlled", "open", ["admin-01", "admin-02"])]


def test_a_revision_is_compared_with_what_is_here_now_whether_committed_or_not(repository: str) -> None:
    same = report_of("main", "policies")
    edit(INTERNET, "level: controlled", "level: open")

    changed = report_of("main", "policies")

    assert same["old"]["digest"] == same["new"]["digest"]
    assert changed["old"]["commit"] == repository
    assert changed["new"]["commit"] is None
    assert (same["differs"], changed["differs"]) == (False, True)


def test_a_folder_that_is_gone_is_found_in_its_revision_from_any_directory(repository: str, here: Path) -> None:
    git("mv", "policies", "rules")
    commit("Move")

    with contextlib.chdir(here / "fleet"):
        report = report_of("main~1", "../rules", "--policy", "../policies")

    assert report["old"]["commit"] == repository
    assert report["old"]["name"] == "main~1:../policies"
    assert not report["differs"]


def test_a_directory_is_meant_where_a_branch_has_the_same_name(repository: str) -> None:
    assert repository
    git("branch", "policies")

    assert report_of("policies", "main")["old"]["commit"] is None


def test_two_revisions_need_no_policy_in_the_working_tree_and_leave_it_as_it_is(repository: str) -> None:
    assert repository
    shutil.rmtree("policies")
    before = git("status", "--porcelain")

    assert not report_of("HEAD", "main")["differs"]
    assert git("status", "--porcelain") == before


@pytest.mark.parametrize(
    ("golden", "reason", "argv"),
    [
        ("diff-revision-unknown", "revision", ("nope", "main")),
        ("diff-folder-unknown", "revision", ("main", "main", "--policy", "nope")),
        ("diff-policy-broken-then", "policy-invalid", ("broken", "policies")),
        ("diff-policy-duplicates-then", "policy-invalid", ("duplicates", "policies")),
    ],
)
def test_what_a_revision_lacks_or_gets_wrong_is_told_by_its_name(
    repository: str, golden: str, reason: str, argv: tuple[str, ...]
) -> None:
    assert repository
    own = Path("policies/own.yaml")
    rule = "  - {id: own, level: LEVEL, because: It is ours., match: {}}\n"
    for level, times, tag in (("contrlled", 1, "broken"), ("small", 2, "duplicates")):
        own.write_text(f"version: 1\nrules:\n{rule.replace('LEVEL', level) * times}", encoding="utf-8")
        commit(tag)
        git("tag", tag)
    git("reset", "--quiet", "--hard", repository)

    ended = run_inside("diff", *argv)

    assert (ended.code, ended.out, ended.reason) == (1, "", reason)
    check_golden(f"cli/{golden}.txt", ended.err)


@pytest.mark.parametrize("name", ["-n1", "main:policies"])
def test_a_revision_that_git_would_take_for_something_else_is_refused(repository: str, name: str) -> None:
    assert repository

    ended = run_inside("diff", "--", name, "main")

    assert (ended.code, ended.reason) == (1, "revision")
    assert f"  '{name}' is no name of a revision.\n" in ended.err


def test_hostile_names_of_a_policy_change_no_page_and_command_no_runner(new: Path) -> None:
    edit(new / "internet.yaml", "level: controlled", "level: open")
    shutil.move(new, "##[error]|`<b>@octocat")

    page = run_inside("diff", "policies", "##[error]|`<b>@octocat", "--format", "markdown").out
    data = run_inside("diff", "policies", "##[error]|`<b>@octocat", "--format", "json").out

    assert "`` \\u{23}\\u{23}[error]|`<b>@octocat ``" in page
    assert "##[" not in page + data
    assert json.loads(data)["new"]["name"] == "##[error]|`<b>@octocat"
