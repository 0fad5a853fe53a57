"""
Scans the IAM of docs/aws with Checkov, closed: what was not scanned fails as well. `make scan`.

Checkov by itself ends well where it could parse nothing, and where it found no file at all.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

NO_REASON = {"", "No comment provided"}
AWS = Path(__file__).parents[2] / "docs" / "aws"
FRAMEWORKS = {"cloudformation": "cloudformation/*.yaml", "terraform": "terraform/*/main.tf"}


def scanned() -> list[dict[str, Any]]:
    """Return Checkov's report of each framework, read on this machine alone."""
    checkov = Path(sys.executable).with_name("checkov")
    options = ["--skip-download", "--soft-fail", "--output", "json", "--framework", *FRAMEWORKS]
    ran = subprocess.run([checkov, "--directory", AWS, *options], capture_output=True, text=True, check=False)
    try:
        found = json.loads(ran.stdout)
    except json.JSONDecodeError:
        sys.exit(f"Checkov ended with {ran.returncode} and no report.\n{ran.stderr}")
    return found if isinstance(found, list) else [found]


def problems(report: dict[str, Any]) -> list[str]:
    """Return what is wrong in one report: a failed check, a file not parsed or not seen, a skip without a reason."""
    results = report["results"]
    checks = results["passed_checks"] + results["failed_checks"] + results["skipped_checks"]
    wanted = {f"/{path.relative_to(AWS)}" for path in AWS.glob(FRAMEWORKS[report["check_type"]])}
    return [
        *(f"{check['file_path']}: {check['check_id']}: {check['check_name']}" for check in results["failed_checks"]),
        *(f"{path}: not parsed" for path in results["parsing_errors"]),
        *(f"{path}: not scanned" for path in sorted(wanted - {check["file_path"] for check in checks})),
        *(
            f"{check['file_path']}: {check['check_id']}: skipped without a reason"
            for check in results["skipped_checks"]
            if check["check_result"]["suppress_comment"].strip() in NO_REASON
        ),
    ]


def main() -> None:
    """Scan, say what was found, and end with 1 where that is not clean."""
    reports = {report["check_type"]: report for report in scanned() if "check_type" in report}
    found = [f"{framework}: not scanned" for framework in FRAMEWORKS if framework not in reports]
    for framework, report in sorted(reports.items()):
        found += problems(report)
        summary = report["summary"]
        sys.stdout.write(f"{framework}: {summary['passed']} passed, {summary['skipped']} skipped\n")
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
