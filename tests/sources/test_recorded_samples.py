"""What happens to every sample of real and published output."""

from pathlib import Path

import pytest

from exposurectl.diagnostics import Diagnostic, ExposurectlError, Place
from exposurectl.sources.recorded import read_findings

LISTING = "Write the findings with `aws inspector2 list-findings > findings.json` and name that file."
COVERAGE = f"{LISTING} Coverage is read by `exposurectl collect`."

READ = {
    "03-aws-doc-eventbridge-igw-ssh-2024.json": "i-12345678901234567 tcp/22 igw-261bab4d",
    "04-aws-doc-eventbridge-igw-ssh-2026-multicloud.json": "i-12345678901234567 tcp/22 igw-261bab4d",
    "06-real-console-igw-http80-poc-2023.json": "i-0bdb2ba48454bc1c8 tcp/80 igw-000763884c381554b",
    "07-real-console-igw-https443-poc-2023.json": "i-0dfd521b616f2aea5 tcp/443 igw-000763884c381554b",
}
PASSED_OVER = {
    "14-aws-doc-eventbridge-coverage-event.json": "event 'Inspector2 Coverage'",
    "15-aws-doc-eventbridge-initial-scan-event.json": "event 'Inspector2 Scan'",
}
NOT_FINDINGS = {
    "11-real-listcoverage-network-is-account-level.json": (
        "This is the answer of `aws inspector2 list-coverage`.",
        COVERAGE,
    ),
    "12-awscli-listcoverage-example.json": ("This is the answer of `aws inspector2 list-coverage`.", COVERAGE),
    "13-awscli-listcoveragestatistics-example.json": (
        "This is the answer of `aws inspector2 list-coverage-statistics`.",
        COVERAGE,
    ),
    "18-classic-asff-peered-vpc-https443-PARTIAL.json": (
        "This is the finding format of Security Hub and of Inspector Classic (ASFF).",
        LISTING,
    ),
    "19-classic-asff-internet-ssh22-PARTIAL.json": (
        "This is the finding format of Security Hub and of Inspector Classic (ASFF).",
        LISTING,
    ),
    "20-aws-doc-asff-networkpath-object-PARTIAL.json": (
        "This is the finding format of Security Hub and of Inspector Classic (ASFF).",
        LISTING,
    ),
    "22-real-ec2-package-finding-resource-block.json": (
        "This is one resource block out of a finding.",
        "Name a file with whole findings, not with their resources.",
    ),
}
DAMAGED = {
    "02-seed-article-igw-ssh-repaired.json": ["Finding 0 (counting from 0): resources: missing."],
    "10-real-run-environment-vs-findings-2023.json": [
        f"Finding {index} (counting from 0): type: missing." for index in range(7)
    ],
}
NOT_JSON = {
    "01-seed-article-igw-ssh-AS-FOUND.txt": (
        40,
        "This is not JSON: expecting property name enclosed in double quotes.",
    ),
    "SOURCES.md": (1, "This is not JSON: expecting value."),
}


def problems_of(path: Path) -> tuple[Diagnostic, ...]:
    with pytest.raises(ExposurectlError) as caught, path.open("rb") as file:
        read_findings([(path.name, file)])
    return caught.value.problems


def test_every_sample_has_its_test(samples: Path) -> None:
    assert {path.name for path in samples.iterdir()} == {*READ, *PASSED_OVER, *NOT_FINDINGS, *DAMAGED, *NOT_JSON}


@pytest.mark.parametrize(("name", "said"), READ.items())
def test_a_finding_is_read(samples: Path, name: str, said: str) -> None:
    with (samples / name).open("rb") as file:
        recorded = read_findings([(name, file)])

    assert [
        f"{finding.instance} {finding.protocol.value}/{finding.ports} {finding.path[0].id}"
        for finding in recorded.findings
    ] == [said]
    assert recorded.passed_over == ()


@pytest.mark.parametrize(("name", "kind"), PASSED_OVER.items())
def test_another_event_is_counted(samples: Path, name: str, kind: str) -> None:
    with (samples / name).open("rb") as file:
        recorded = read_findings([(name, file)])

    assert (recorded.findings, recorded.passed_over) == ((), ((kind, 1),))


@pytest.mark.parametrize(("name", "said"), NOT_FINDINGS.items())
def test_another_answer_is_refused_by_name(samples: Path, name: str, said: tuple[str, str]) -> None:
    detail, hint = said

    assert problems_of(samples / name) == (
        Diagnostic(summary="Not findings", detail=detail, hint=hint, place=Place(name)),
    )


@pytest.mark.parametrize(("name", "details"), DAMAGED.items())
def test_an_incomplete_finding_is_refused(samples: Path, name: str, details: list[str]) -> None:
    assert problems_of(samples / name) == tuple(
        Diagnostic(summary="Damaged finding", detail=detail, place=Place(name)) for detail in details
    )


@pytest.mark.parametrize(("name", "said"), NOT_JSON.items())
def test_what_is_no_json_is_refused_with_its_place(samples: Path, name: str, said: tuple[int, str]) -> None:
    line, detail = said

    assert problems_of(samples / name) == (
        Diagnostic(summary="Invalid JSON", detail=detail, place=Place(name, line, 1)),
    )
