"""What the tools say: cfn-lint of the templates here, Checkov of everything in `make scan`."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from iam.documents import AWS, MODULES, ROLES, TEMPLATES
from iam.scan import problems

FILES = sorted([*AWS.rglob("*.yaml"), *AWS.rglob("*.tf")])


@pytest.mark.parametrize("role", ROLES)
def test_cfn_lint_finds_nothing_in_a_template_in_any_partition(role: str) -> None:
    cfn_lint = Path(sys.executable).with_name("cfn-lint")
    regions = ["us-east-1", "cn-north-1", "us-gov-west-1"]

    ran = subprocess.run(
        [cfn_lint, "--regions", *regions, "--", TEMPLATES / f"{role}.yaml"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_there_is_a_template_and_a_module_of_each_role_and_nothing_else() -> None:
    modules = {f"terraform/{role}/{name}.tf" for role in ROLES for name in ("main", "outputs", "variables", "versions")}

    found = {path.relative_to(AWS).as_posix() for path in FILES}

    assert found == modules | {f"cloudformation/{role}.yaml" for role in ROLES}
    assert MODULES.is_dir()


def silenced(path: Path) -> list[str]:
    """Return the lines of a file that keep a tool quiet, each from the name of the check on."""
    return re.findall(r"(?:checkov:skip=|ignore_checks: \[)(.*)", path.read_text(encoding="utf-8"))


def test_every_check_that_is_kept_quiet_has_its_reason_beside_it() -> None:
    found = {line for path in FILES for line in silenced(path)}

    assert {line[:11] for line in found} == {"CKV_AWS_358", "W1031] # th"}
    assert [line for line in found if not re.search(r"^(CKV\w+: |W\d+\] # )\S.{20,}", line)] == []


CLEAN = {"file_path": "/terraform/read-role/main.tf", "check_id": "CKV_AWS_1", "check_name": "No stars"}


def report(**results: object) -> dict[str, object]:
    seen = [{**CLEAN, "file_path": f"/terraform/{role}/main.tf"} for role in ROLES]
    empty: dict[str, object] = {"passed_checks": seen, "failed_checks": [], "skipped_checks": [], "parsing_errors": []}
    return {"check_type": "terraform", "results": empty | results}


def test_a_clean_scan_has_no_problems() -> None:
    assert problems(report()) == []


def test_a_failed_check_is_a_problem() -> None:
    assert problems(report(failed_checks=[CLEAN])) == ["/terraform/read-role/main.tf: CKV_AWS_1: No stars"]


def test_a_file_that_no_check_saw_is_a_problem() -> None:
    assert problems(report(passed_checks=[CLEAN])) == ["/terraform/pipeline-role/main.tf: not scanned"]


def test_a_file_that_does_not_parse_is_a_problem() -> None:
    assert problems(report(parsing_errors=["main.tf"])) == ["main.tf: not parsed"]


def test_a_skip_without_a_reason_is_a_problem() -> None:
    skipped = {**CLEAN, "check_result": {"suppress_comment": "No comment provided"}}

    assert problems(report(skipped_checks=[skipped])) == [
        "/terraform/read-role/main.tf: CKV_AWS_1: skipped without a reason"
    ]
