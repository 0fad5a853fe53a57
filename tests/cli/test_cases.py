"""`exposurectl test`: a policy's own cases."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

from golden import check_golden
from running import run_inside

POLICY = Path(__file__).parents[2] / "policies"


def test_the_shipped_policy_holds(here: Path) -> None:
    assert here.is_dir()

    ended = run_inside("test", POLICY)

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.endswith(" cases held.\n")


def break_a_case(here: Path) -> None:
    (here / "policies/cases/wrong.yaml").write_text(
        "version: 1\n"
        "cases:\n"
        "  - name: SSH open to everyone is small\n"
        "    given:\n"
        "      findings:\n"
        '        - {protocol: tcp, ports: "22", path: [internet-gateway], sources: [0.0.0.0/0]}\n'
        "    expect: {level: small, rules: [peers], raise_only: true}\n",
        encoding="utf-8",
    )


def test_a_case_that_fails_says_expected_got_and_which_rule_decided(here: Path) -> None:
    break_a_case(here)

    ended = run_inside("test")

    assert (ended.code, ended.reason) == (3, "case-failed")
    assert ended.out.startswith(
        "policies/cases/wrong.yaml:3:5: failed: SSH open to everyone is small\n"
        "  expected  small · rules: peers · raise_only: true\n"
        "  got       open · rules: internet-anyone · raise_only: false\n"
        "  decided   internet-anyone  policies/internet.yaml:7:5\n"
    )


def test_rules_that_no_case_exercises_are_named(here: Path) -> None:
    assert here.is_dir()

    out = run_inside("test").out

    assert out.splitlines()[:-1] == [
        "not exercised: bastion-tokyo decides no case",
        "not exercised: old-bastion decides no case",
        "not exercised: vault-isolated decides no case",
        "4 of 7 rules and overrides decide a case (57 %).",
    ]


@pytest.mark.parametrize(("code", "least"), [(0, 0), (0, 57), (3, 58), (3, 100)])
def test_coverage_may_be_asked_for(here: Path, code: int, least: int) -> None:
    assert here.is_dir()

    ended = run_inside("test", "--min-coverage", str(least))

    assert ended.code == code
    assert ended.out.endswith(" cases held.\n")
    if code:
        assert ended.err == (
            f"error: Coverage too low\n  57 % of the rules and overrides decide a case, and --min-coverage asks for "
            f"{least} %.\n  hint: write a case for each of those that are not exercised\nreason: coverage-too-low\n"
        )


@pytest.mark.parametrize("least", ["101", "-1", "many", "1.5", "٣", "0100", ""])
def test_coverage_is_asked_for_in_percent(here: Path, least: str) -> None:
    assert here.is_dir()

    ended = run_inside("test", f"--min-coverage={least}")

    assert (ended.code, ended.reason) == (1, "usage")
    assert "must be a number from 0 to 100, not " in ended.err


def test_a_case_that_fails_comes_before_coverage_that_is_too_low(here: Path) -> None:
    break_a_case(here)

    ended = run_inside("test", "--min-coverage", "100")

    assert (ended.code, ended.err) == (3, "reason: case-failed\n")


def test_a_report_for_ci_is_written_whether_cases_hold_or_not(here: Path) -> None:
    held = run_inside("test", "--junit", "report.xml")
    first = ET.parse(here / "report.xml").getroot()  # noqa: S314 - our own
    break_a_case(here)
    failed = run_inside("test", "--junit", "report.xml")
    second = ET.parse(here / "report.xml").getroot()  # noqa: S314 - our own

    assert (held.code, failed.code) == (0, 3)
    assert (first.attrib["failures"], second.attrib["failures"]) == ("0", "1")
    (case,) = second.findall(".//testcase[failure]")
    assert case.attrib == {
        "classname": "policies.cases.wrong",
        "name": "SSH open to everyone is small",
        "file": "policies/cases/wrong.yaml",
        "line": "3",
    }
    assert [path.name for path in here.glob("*.new")] == []


def test_a_report_that_cannot_be_written_is_an_error(here: Path) -> None:
    assert here.is_dir()

    ended = run_inside("test", "--junit", "nowhere/report.xml")

    assert (ended.code, ended.reason) == (1, "file")
    assert ended.err == (
        "nowhere/report.xml: error: Report cannot be written\n  No such file or directory.\n"
        "  hint: name another file with --junit\nreason: file\n"
    )


def test_cases_are_judged_by_the_prefixes_of_a_config(here: Path, configure: Callable[..., None]) -> None:
    (here / "policies/cases/prefix.yaml").write_text(
        "version: 1\n"
        "cases:\n"
        "  - name: half of a network of eight bits is anywhere\n"
        "    given:\n"
        "      findings:\n"
        '        - {protocol: tcp, ports: "22", path: [internet-gateway], sources: [192.0.0.0/9]}\n'
        "    expect: {level: open}\n",
        encoding="utf-8",
    )
    configure("overrides:\n  expired: warn\n", "overrides: {expired: warn}\ninspector: {anywhere_prefix: 9}\n")

    assert run_inside("test", "--config", "demo.yaml").code == 0
    assert run_inside("test").reason == "case-failed"


def test_a_policy_without_cases_is_an_error(here: Path) -> None:
    for path in (here / "policies/cases").iterdir():
        path.unlink()

    ended = run_inside("test")

    assert (ended.code, ended.out, ended.reason) == (1, "", "policy-invalid")
    check_golden("cli/cases-none.txt", ended.err)
