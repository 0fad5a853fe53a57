"""Whether Inspector vouches for an instance, so that a port without a finding is not reachable."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import msgspec

from exposurectl.model import Coverage, Observed, Unobserved

SETTLED_AFTER: Final = timedelta(hours=12)
"""Inspector's network scan runs every 12 hours. Source: Inspector user guide, "Scanning EC2 instances"."""

FINDINGS_QUOTA: Final = 10_000
"""Network findings an account may have, not raisable; at the quota, silence proves nothing. Source: same, "Quotas"."""

EXCLUSION_TAG: Final = "inspectorec2exclusion"
"""Compared in lower case, as Inspector does."""

PACKAGE_ONLY: Final = frozenset(
    {
        "EXTRACTION_COLLECTION_TIME_LIMIT_EXCEEDED",
        "INVALID_ARTIFACT",
        "NO_INVENTORY",
        "RESOURCE_UNMANAGED",
        "STALE_INVENTORY",
        "STORAGE_LIMIT_EXCEEDED",
        "UNMANAGED_EC2_INSTANCE",
        "UNSUPPORTED_OS",
    }
)
"""Reasons about the inventory of packages, with the two families below. The network scan needs no agent and goes on."""

PACKAGE_ONLY_FAMILIES: Final = ("AGENTLESS_", "DEEP_INSPECTION_")

_SAME_AS = {"RESOURCE_STOPPED": "EC2_INSTANCE_STOPPED"}
_FINE = "SUCCESSFUL"
_NETWORK = "NETWORK"
_STATES = {
    "stopping": "EC2_INSTANCE_STOPPED",
    "stopped": "EC2_INSTANCE_STOPPED",
    "shutting-down": "RESOURCE_TERMINATED",
    "terminated": "RESOURCE_TERMINATED",
    "pending": "LAUNCHED_RECENTLY",
}


class Partition(msgspec.Struct, frozen=True, kw_only=True):
    """One account in one region: whether all of it was read, and whether Inspector is on."""

    account: str
    region: str
    complete: bool
    why: str = ""
    """Why it is not complete."""
    ec2_status: str = ""
    """`resourceState.ec2.status` of BatchGetAccountStatus, such as `ENABLED`."""


class CoverageRow(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """What ListCoverage says of one resource and one kind of scan, as far as it matters here."""

    scan_type: str
    status: str
    reason: str


class InstanceState(msgspec.Struct, frozen=True, kw_only=True):
    """An instance as EC2's own inventory has it, as far as it matters here."""

    state: str
    launched_at: datetime | None
    tags: tuple[tuple[str, str], ...] = ()


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """All that bears on whether one instance is observed. What was not read is None or empty."""

    as_of: datetime
    statuses: frozenset[str]
    """The finding statuses that were asked for."""
    partition: Partition | None
    findings: int
    """Network findings in the account and region, in any status."""
    account_rows: tuple[CoverageRow, ...]
    """Coverage of the account as a whole: network scanning has one row an account, not one an instance."""
    instance_rows: tuple[CoverageRow, ...]
    instance: InstanceState | None


def judge(seen: Circumstances) -> Coverage:
    """
    Return Observed only if everything that silence depends on holds, or the first reason in a fixed order.

    Knowing less never turns Unobserved into Observed, a whole kind of evidence at a time.
    Source: Inspector user guide and API reference; what each reason means for network scans is our reading of them.
    """
    return next(_doubts(seen), Observed())


def _doubts(seen: Circumstances) -> Iterator[Unobserved]:
    yield from _partition_doubts(seen.partition)
    yield from _listing_doubts(seen)
    yield from _instance_doubts(seen.instance, seen.as_of)
    yield from _coverage_doubts(seen)


def _partition_doubts(partition: Partition | None) -> Iterator[Unobserved]:
    if partition is None:
        yield Unobserved("NOT_READ", "This account and region were not read.")
        return
    if not partition.complete:
        yield Unobserved("NOT_READ", partition.why)
    if partition.ec2_status != "ENABLED":
        status = partition.ec2_status or "UNKNOWN"
        yield Unobserved(f"ACCOUNT_{status}", "Inspector does not scan EC2 instances in this account and region.")


def _listing_doubts(seen: Circumstances) -> Iterator[Unobserved]:
    if "ACTIVE" not in seen.statuses:
        yield Unobserved("NOT_READ", "Active findings were not read.")
    if "SUPPRESSED" not in seen.statuses:
        yield Unobserved("SUPPRESSED_NOT_READ", "Suppressed findings were not read, and their paths are open.")
    if seen.findings >= FINDINGS_QUOTA:
        yield Unobserved("FINDINGS_QUOTA", f"The account has {seen.findings:,} network findings, which is the quota.")


def _instance_doubts(instance: InstanceState | None, as_of: datetime) -> Iterator[Unobserved]:
    if instance is None:
        yield Unobserved("NOT_IN_INVENTORY", "EC2's inventory does not have the instance.")
        return
    if any(key.lower() == EXCLUSION_TAG for key, _ in instance.tags):
        yield Unobserved("EXCLUDED_BY_TAG", "The instance carries the tag InspectorEc2Exclusion.")
    if instance.state != "running":
        why = _STATES.get(instance.state, "NOT_IN_INVENTORY")
        yield Unobserved(why, f"EC2 says that the instance is {instance.state or 'in no known state'}.")
    if instance.launched_at is None:
        yield Unobserved("LAUNCHED_RECENTLY", "The launch time is not known.")
    elif as_of - instance.launched_at < SETTLED_AFTER:
        yield Unobserved("LAUNCHED_RECENTLY", "The instance was launched less than 12 hours before.")


def _coverage_doubts(seen: Circumstances) -> Iterator[Unobserved]:
    if not seen.instance_rows:
        yield Unobserved("NOT_IN_COVERAGE", "Inspector's coverage does not list the instance.")
    own = [row for row in seen.instance_rows if row.scan_type == _NETWORK]
    network = own or [row for row in seen.account_rows if row.scan_type == _NETWORK]
    if not network:
        yield Unobserved("NO_NETWORK_COVERAGE", "Inspector's coverage does not list network scans of the account.")
    for row in sorted(network):
        yield from _network_doubt(row)
    for row in sorted(seen.instance_rows):
        if not _fine(row.reason):
            yield _unobserved(row)


def _network_doubt(row: CoverageRow) -> Iterator[Unobserved]:
    if row.status != "ACTIVE" or not _fine(row.reason):
        yield _unobserved(row)


def _fine(reason: str) -> bool:
    return reason == _FINE or reason in PACKAGE_ONLY or reason.startswith(PACKAGE_ONLY_FAMILIES)


def _unobserved(row: CoverageRow) -> Unobserved:
    detail = f"Inspector's coverage says {row.status or 'nothing'} for the {row.scan_type} scan."
    if not row.reason:
        return Unobserved("NO_NETWORK_COVERAGE" if row.scan_type == _NETWORK else "NOT_IN_COVERAGE", detail)
    if row.reason == _FINE:
        return Unobserved("NO_NETWORK_COVERAGE", detail)
    return Unobserved(_SAME_AS.get(row.reason, row.reason), detail)
