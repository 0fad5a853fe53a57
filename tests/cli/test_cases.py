"""`exposurectl test`: a policy's own cases."""

from pathlib import Path

from golden import check_golden
from running import run_inside

POLICY = Path(__file__).parents[2] / "policies"


def test_the_shipped_policy_holds(here: Path) -> None:
    assert here.is_dir()

    ended = run_inside("test", POLICY)

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.endswith(" cases held.\n")


def test_a_case_that_fails_says_expected_got_and_which_rule_decided(here: Path) -> None:
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
    ]


def test_a_policy_without_cases_is_an_error(here: Path) -> None:
    for path in (here / "policies/cases").iterdir():
        path.unlink()

    ended = run_inside("test")

    assert (ended.code, ended.out, ended.reason) == (1, "", "policy-invalid")
    check_golden("cli/cases-none.txt", ended.err)
