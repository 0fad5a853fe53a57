from datetime import UTC, datetime

import pytest

from exposurectl.diagnostics import Diagnostic, ExposurectlError
from exposurectl.model import (
    Coverage,
    Evidence,
    Finding,
    FindingStatus,
    Instance,
    Inventory,
    Observed,
    PortRange,
    Protocol,
    Unobserved,
)
from exposurectl.sources.collection import RecordedFindings
from exposurectl.sources.evidence import evidence_of, unvouched


def finding(arn: str, instance: str = "i-1", account: str = "111122223333", region: str = "us-east-1") -> Finding:
    return Finding(
        arn=arn,
        account=account,
        region=region,
        instance=instance,
        status=FindingStatus.ACTIVE,
        protocol=Protocol.TCP,
        ports=PortRange(22, 22),
        path=(),
    )


def instance(
    name: str = "i-1", account: str = "111122223333", region: str = "us-east-1", vpc: str = "vpc-1"
) -> Instance:
    return Instance(id=name, account=account, region=region, vpc=vpc)


def observed(_: Instance) -> Coverage:
    return Observed()


def test_findings_are_gathered_by_instance_and_sorted() -> None:
    evidence = evidence_of([finding("b"), finding("c", "i-0"), finding("a")], [instance(), instance("i-0")], observed)

    assert evidence == (
        Evidence(instance=instance("i-0"), findings=(finding("c", "i-0"),), coverage=Observed()),
        Evidence(instance=instance(), findings=(finding("a"), finding("b")), coverage=Observed()),
    )


def test_an_instance_without_findings_is_evidence_too() -> None:
    assert evidence_of([], [instance()], observed) == (Evidence(instance=instance(), findings=(), coverage=Observed()),)


def test_an_instance_that_only_a_finding_knows_is_evidence_too() -> None:
    assert evidence_of([finding("a")], [], observed) == (
        Evidence(instance=instance(vpc=""), findings=(finding("a"),), coverage=Observed()),
    )


def test_each_instance_is_judged_on_its_own() -> None:
    def judge(one: Instance) -> Coverage:
        return Unobserved("NOT_READ") if one.id == "i-0" else Observed()

    evidence = evidence_of([], [instance("i-1"), instance("i-0")], judge)

    assert [one.coverage for one in evidence] == [Unobserved("NOT_READ"), Observed()]


def test_an_instance_in_two_places_is_an_error_that_names_both() -> None:
    findings = [finding("a"), finding("b", account="444455556666"), finding("c", "i-2", region="eu-west-1")]

    with pytest.raises(ExposurectlError) as caught:
        evidence_of(findings, [instance("i-2")], observed)

    hint = "Find out which findings were edited or mixed up, and leave them out."
    assert caught.value.problems == (
        Diagnostic(
            summary="Instance in two places",
            detail=(
                "Instance i-1 appears in account 111122223333 in us-east-1 and account 444455556666 in us-east-1. "
                "An instance id stands for one instance only."
            ),
            hint=hint,
        ),
        Diagnostic(
            summary="Instance in two places",
            detail=(
                "Instance i-2 appears in account 111122223333 in eu-west-1 and account 111122223333 in us-east-1. "
                "An instance id stands for one instance only."
            ),
            hint=hint,
        ),
    )


def test_findings_alone_vouch_for_nothing() -> None:
    recorded = RecordedFindings(
        findings=(finding("a"),), instances=(instance(),), passed_over=(("X", 2),), digest="sha256:0", records=3
    )
    as_of = datetime(2026, 11, 23, 3, tzinfo=UTC)

    assert unvouched(recorded, as_of) == Inventory(
        as_of=as_of,
        evidence=(
            Evidence(
                instance=instance(),
                findings=(finding("a"),),
                coverage=Unobserved("COVERAGE_NOT_READ", "Findings alone do not say what Inspector observed."),
            ),
        ),
        digest="sha256:0",
        passed_over=(("X", 2),),
    )
