"""`exposurectl validate`: everything that is wrong, in one pass, in every format."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from runner import commands, read_command
from running import run_inside

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "tests/fixtures/sarif/sarif-2.1.0-rtm.5.json"
DEFAULTS = "version: 1\ndefaults: {unreachable: controlled, unmatched: open, unobserved: leave}\n"
BECAUSE = "because: Checked., approved_by: security-team"
OVERRIDE = f"{{id: o, level: small, match: {{instances: [i-1]}}, {BECAUSE}, expires: "


def spoil(here: Path) -> None:
    """Leave something wrong of every kind in the policy, its cases and the config."""
    (here / "policies/broken.yaml").write_text("version: 1\nrules: [\n", encoding="utf-8")
    (here / "policies/more.yaml").write_text(
        f"""version: 1
rules:
  - {{id: internet-anyone, level: opne, because: Said by te\u0430m., match: {{path: {{origin: [internet-gatway]}}}}}}
  - {{id: aws, level: open, because: From the internet., match: {{path: {{origin: ["aws::ec2::internetgateway"]}}}}}}
overrides:
  - {OVERRIDE}2026-02-30}}
""",
        encoding="utf-8",
    )
    (here / "policies/cases/more.yaml").write_text(
        "version: 1\ncases:\n  - {name: a, given: {findings: [{protocol: icmp, ports: 70000-1, path: []}]}}\n",
        encoding="utf-8",
    )


def test_the_shipped_policy_and_config_have_no_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)

    ended = run_inside("validate")

    assert (ended.code, ended.err) == (0, "")
    assert "error: " not in ended.out


def test_everything_that_is_wrong_is_told_at_once(here: Path) -> None:
    spoil(here)

    ended = run_inside("validate", "--config", "demo.yaml")

    assert (ended.code, ended.reason) == (3, "policy-invalid")
    assert [line for line in ended.out.splitlines() if not line.startswith("  ")] == [
        "policies/broken.yaml:3:1: error: Not valid YAML [not-yaml]",
        "policies/cases/more.yaml:3:5: error: Required key missing [missing-key]",
        "policies/cases/more.yaml:3:45: error: Wrong value [wrong-value]",
        "policies/more.yaml:3:10: error: Duplicate id [duplicate-id]",
        "policies/more.yaml:3:34: error: Wrong value [wrong-value]",
        "policies/more.yaml:3:59: warning: Letters of two scripts in one word [mixed-script]",
        "policies/more.yaml:3:88: error: Wrong value [wrong-value]",
        "policies/more.yaml:4:81: warning: Type in another case [type-unknown]",
        "policies/more.yaml:6:110: error: Wrong value [wrong-value]",
        "Errors hide what only the whole policy shows: rules that never decide, overrides that expire.",
        "7 errors, 2 warnings.",
    ]


def test_a_pull_request_is_annotated(here: Path) -> None:
    spoil(here)

    ended = run_inside("validate", "--format", "github")

    assert ended.code == 3
    annotated, told = ended.out.split("\npolicies/", 1)
    found = [read_command(line) for line in annotated.splitlines()]
    assert len(commands(ended.out)) == len(found)
    assert found[0].properties["title"].startswith("exposurectl validate: ")
    assert {command.properties["file"].split("/")[0] for command in found} == {"policies"}
    assert all((here / command.properties["file"]).is_file() for command in found)
    assert told


def test_files_are_named_from_the_top_of_the_checkout(here: Path) -> None:
    spoil(here)

    ended = run_inside("validate", "--format", "github", environ={"GITHUB_WORKSPACE": str(here.parent)})

    first = read_command(ended.out.splitlines()[0])
    assert first.properties["file"].startswith(f"{here.name}/policies/")


def test_the_sarif_is_what_the_published_schema_asks_for_and_names_files_of_the_checkout(here: Path) -> None:
    spoil(here)

    ended = run_inside("validate", here / "policies", "--format", "sarif")

    value = json.loads(ended.out)
    jsonschema.Draft4Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(value)
    results = value["runs"][0]["results"]
    uris = {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in results}
    assert uris == {"policies/broken.yaml", "policies/more.yaml", "policies/cases/more.yaml"}


def test_the_json_holds_every_problem(here: Path) -> None:
    spoil(here)
    text = run_inside("validate").out

    report = json.loads(run_inside("validate", "--format", "json").out)

    assert (report["policy"], report["config"], report["analysed"]) == ("policies", "", False)
    assert [problem["id"] for problem in report["problems"]] == re.findall(r" \[([a-z-]+)\]$", text, flags=re.MULTILINE)
    assert report["errors"] + report["warnings"] == len(report["problems"])


def test_a_report_is_written_and_shown(here: Path) -> None:
    ended = run_inside("validate", "--format", "sarif", "--out", "report.sarif")

    assert ended.out == run_inside("validate").out
    assert "Wrote report.sarif.\n" in ended.err
    assert json.loads((here / "report.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert list(here.rglob("*.new")) == []


@pytest.mark.parametrize("out", ["nowhere/report.json", "policies", ""])
def test_a_report_that_cannot_be_written_is_told(here: Path, out: str) -> None:
    ended = run_inside("validate", "--format", "json", "--out", out)

    assert (ended.code, ended.reason) == (1, "file")
    assert "error: Report cannot be written\n" in ended.err
    assert list(here.rglob("*.new")) == []


def test_an_override_is_judged_by_the_day_that_is_asked_for(here: Path) -> None:
    (here / "policies").joinpath("more.yaml").write_text(
        f"version: 1\noverrides: [{OVERRIDE}2027-03-31}}]\n", encoding="utf-8"
    )

    ids = {
        day: [
            problem["id"]
            for problem in json.loads(run_inside("validate", "--format", "json", "--as-of", day).out)["problems"]
            if problem["file"] == "policies/more.yaml"
        ]
        for day in ("2026-01-01", "2026-12-01", "2027-03-17", "2027-03-31", "2027-04-01")
    }

    assert ids == {
        "2026-01-01": ["override-too-long"],
        "2026-12-01": [],
        "2027-03-17": ["override-expiring"],
        "2027-03-31": ["override-expiring"],
        "2027-04-01": ["override-expired"],
    }


def configured(here: Path, more: str) -> Path:
    """Write the policy of one override and one tag, and a config with more in it; return the policy's folder."""
    folder = here / "small"
    folder.mkdir()
    rule = "{id: a, level: controlled, because: x, match: {tags: {Tier: internal}}}"
    rules = f"rules: [{rule}]\noverrides: [{OVERRIDE}2026-10-01}}]\n"
    folder.joinpath("a.yaml").write_text(f"{DEFAULTS}{rules}", encoding="utf-8")
    config = (here / "demo.yaml").read_text(encoding="utf-8")
    config = re.sub(r"^(overrides|warnings):.*\n( .*\n)*", "", config, flags=re.MULTILINE)
    (here / "demo.yaml").write_text(f"{config}\n{more}", encoding="utf-8")
    return folder


def test_what_the_config_turns_off_is_counted(here: Path) -> None:
    because = "because: Only the platform team may tag."
    folder = configured(here, f"overrides: {{expired: warn}}\nwarnings: [{{id: tag-lowers, {because}}}]\n")

    ended = run_inside("validate", folder, "--config", "demo.yaml")

    assert ended.code == 0
    assert "[tag-lowers]" not in ended.out
    assert "warning: Override expired [override-expired]\n" in ended.out
    assert "1 warning left out: tag-lowers, Only the platform team may tag.\n" in ended.out
    assert ended.out.endswith(" 1 warning left out.\n")


def test_the_config_says_how_long_an_override_may_hold(here: Path) -> None:
    folder = configured(here, "overrides: {max_days: 30, expiring_days: 3}\n")

    def said(day: str) -> str:
        return run_inside("validate", folder, "--config", "demo.yaml", "--as-of", day).out

    assert "[override-too-long]" in said("2026-08-31")
    assert "[override-" not in said("2026-09-01")
    assert "[override-expiring]" in said("2026-09-28")


def test_a_config_that_is_wrong_is_told_and_the_usual_limits_hold(here: Path) -> None:
    folder = configured(here, "warnings: [{id: tag-lower, because: x}, {id: wrong-value, because: x}]\n")

    ended = run_inside("validate", folder, "--config", "demo.yaml")

    assert ended.code == 3
    assert "error: Unknown warning [unknown-warning]\n" in ended.out
    assert '  hint: did you mean "tag-lowers"?\n' in ended.out
    assert "error: Not a warning [not-a-warning]\n" in ended.out
    assert "[tag-lowers]" in ended.out


def test_the_usual_config_is_checked_where_there_is_one(here: Path) -> None:
    assert json.loads(run_inside("validate", "--format", "json").out)["config"] == ""
    (here / "config").mkdir()
    (here / "config/production.yaml").write_text("version: 2\n", encoding="utf-8")

    report = json.loads(run_inside("validate", "--format", "json").out)

    assert report["config"] == "config/production.yaml"
    assert [problem["id"] for problem in report["problems"] if problem["file"] == "config/production.yaml"] == [
        "missing-key",
        "wrong-value",
    ]


def test_anywhere_is_what_the_config_says(here: Path) -> None:
    folder = configured(here, "")
    within = "rules: [{id: a, level: open, because: x, match: {sources: {within: [8.0.0.0/9]}}}, "
    rest = "{id: b, level: open, because: x, match: {sources: restricted}}]\n"
    (folder / "a.yaml").write_text(f"{DEFAULTS}{within}{rest}", encoding="utf-8")
    short = run_inside("validate", folder, "--config", "demo.yaml").out
    with (here / "demo.yaml").open("a", encoding="utf-8") as config:
        config.write("inspector: {anywhere_prefix: 9}\n")
    long = run_inside("validate", folder, "--config", "demo.yaml").out

    assert "[rule-never-decides]" in short
    assert "[rule-never-decides]" not in long


def test_a_policy_without_cases_is_no_problem(here: Path) -> None:
    for path in (here / "policies/cases").iterdir():
        path.unlink()
    (here / "policies/cases").rmdir()

    assert run_inside("validate", "--as-of", "2026-01-01").reason in {"", "policy-invalid"}
    assert "cases" not in run_inside("validate").out


def test_a_folder_that_is_not_there_is_an_error_of_usage(here: Path) -> None:
    assert here.is_dir()

    ended = run_inside("validate", "nope")

    assert (ended.code, ended.reason, ended.out) == (1, "policy-invalid", "")
    assert ended.err.startswith("nope: error: No policy files\n  There is no such directory.\n")


def test_a_file_of_a_policy_is_not_taken_for_the_policy(here: Path) -> None:
    assert here.is_dir()

    ended = run_inside("validate", "policies/defaults.yaml")

    assert (ended.code, ended.reason, ended.out) == (1, "policy-invalid", "")
    assert "\n  This is a file, and a policy is a directory.\n" in ended.err


def test_a_case_that_expects_a_rule_that_there_is_not_is_told(here: Path) -> None:
    given = '{findings: [{protocol: tcp, ports: "22", path: [internet-gateway], sources: [0.0.0.0/0]}]}'
    (here / "policies/cases/more.yaml").write_text(
        f"version: 1\ncases:\n  - {{name: a, given: {given}, expect: {{level: open, rules: [internet-anyon]}}}}\n",
        encoding="utf-8",
    )

    ended = run_inside("validate", "--config", "demo.yaml")

    assert (ended.code, ended.reason) == (3, "policy-invalid")
    assert ended.out.startswith(
        "policies/cases/more.yaml:3:144: error: Unknown rule [unknown-rule]\n"
        '  The policy has no rule or override "internet-anyon", so that the case never holds.\n'
        '  hint: did you mean "internet-anyone"?\n'
    )


def test_a_config_that_is_named_and_not_there_is_an_error_of_usage(here: Path) -> None:
    assert here.is_dir()

    ended = run_inside("validate", "--config", "nope.yaml")

    assert (ended.code, ended.reason, ended.out) == (1, "config-invalid", "")


def test_a_day_that_is_none_is_an_error_of_usage(here: Path) -> None:
    assert here.is_dir()

    assert run_inside("validate", "--as-of", "soon").reason == "usage"


@pytest.mark.parametrize("key", ["id", "because", "approved_by"])
@pytest.mark.parametrize("character", ["\u202e", "\u2066", "\u200b", "\u00ad", "\ufe0f", "\u3164", "\U000e0041"])
def test_text_that_misleads_a_reviewer_is_an_error_with_code_point_and_column(
    here: Path, key: str, character: str
) -> None:
    entry = {"id": "o", "level": "small", "because": "x", "approved_by": "y", "expires": "2027-03-31", "match": "{}"}
    line = "  - {" + ", ".join(f"{own}: {value}{character * (own == key)}" for own, value in entry.items()) + "}"
    (here / "policies/more.yaml").write_text(f"version: 1\noverrides:\n{line}\n", encoding="utf-8")

    ended = run_inside("validate")

    assert (ended.code, ended.reason) == (3, "policy-invalid")
    place = f"policies/more.yaml:3:{line.index(character) + 1}"
    assert f"{place}: error: Invisible character [invisible-character]\n  U+{ord(character):04X} does " in ended.out
    assert character not in ended.out


def test_names_that_would_be_commands_are_not(here: Path) -> None:
    evil = "\n::error::x ##[error]x \u202e"
    folder = here / "::error file=x::y"
    folder.mkdir()
    (folder / "##[error]a.yaml").write_text(json.dumps({evil: [evil], "version": evil}), encoding="utf-8")
    (folder / "b\n::error::x.yaml").write_text("version: 1\n", encoding="utf-8")

    for name in ("text", "json", "sarif"):
        assert commands(run_inside("validate", folder, "--format", name).out) == []
    annotated = run_inside("validate", folder, "--format", "github").out
    ours = [line for line in annotated.splitlines() if line.startswith("::error file=")]
    assert len(commands(annotated)) == len(ours)
    assert all(set(read_command(line).properties) == {"file", "line", "col", "title"} for line in ours)
