"""Findings, instances and coverage put together: the evidence on each instance."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from exposurectl.diagnostics import Diagnostic, ExposurectlError
from exposurectl.model import Coverage, Evidence, Finding, Instance, Inventory, Unobserved
from exposurectl.sources.collection import RecordedFindings

_NOT_READ = Unobserved("COVERAGE_NOT_READ", "Findings alone do not say what Inspector observed.")


def evidence_of(
    findings: Iterable[Finding], instances: Iterable[Instance], coverage_of: Callable[[Instance], Coverage]
) -> tuple[Evidence, ...]:
    """
    Return the evidence on every instance that is known or found, sorted by instance id.

    An instance id names one instance in all of AWS, so one that appears in two accounts or regions is an error.
    """
    found: dict[str, list[Finding]] = defaultdict(list)
    described: dict[str, list[Instance]] = defaultdict(list)
    for finding in findings:
        found[finding.instance].append(finding)
    for instance in instances:
        described[instance.id].append(instance)
    for identity, its_findings in found.items():
        if identity not in described:
            described[identity] = [_as_found(finding) for finding in its_findings]
    if problems := tuple(_misplaced(found, described)):
        raise ExposurectlError(*problems)
    return tuple(_evidence(max(described[key], key=_order), found[key], coverage_of) for key in sorted(described))


def unvouched(recorded: RecordedFindings, as_of: datetime) -> Inventory:
    """Return what findings alone can say: all their instances, none of them observed, since no coverage was read."""
    return Inventory(
        as_of=as_of,
        evidence=evidence_of(recorded.findings, recorded.instances, lambda _: _NOT_READ),
        digest=recorded.digest,
        passed_over=recorded.passed_over,
    )


def _evidence(instance: Instance, findings: Iterable[Finding], coverage_of: Callable[[Instance], Coverage]) -> Evidence:
    in_order = tuple(sorted(findings, key=lambda finding: finding.arn))
    return Evidence(instance=instance, findings=in_order, coverage=coverage_of(instance))


def _as_found(finding: Finding) -> Instance:
    return Instance(id=finding.instance, account=finding.account, region=finding.region)


def _order(instance: Instance) -> tuple[str, str, str, str, tuple[tuple[str, str], ...]]:
    return instance.account, instance.region, instance.vpc, instance.subnet, instance.tags


def _misplaced(found: dict[str, list[Finding]], described: dict[str, list[Instance]]) -> Iterator[Diagnostic]:
    for key in sorted(described):
        known = {(instance.account, instance.region) for instance in described[key]}
        known |= {(finding.account, finding.region) for finding in found[key]}
        if len(known) > 1:
            places = " and ".join(f"account {account} in {region}" for account, region in sorted(known))
            yield Diagnostic(
                summary="Instance in two places",
                detail=f"Instance {key} appears in {places}. An instance id stands for one instance only.",
                hint="Find out which findings were edited or mixed up, and leave them out.",
            )
