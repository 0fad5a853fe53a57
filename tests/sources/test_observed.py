"""Whether Inspector vouches for an instance: every reason by name, and what no missing evidence can do."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exposurectl.model import Observed, Unobserved
from exposurectl.sources.observed import (
    FINDINGS_QUOTA,
    SETTLED_AFTER,
    Circumstances,
    CoverageRow,
    InstanceState,
    Partition,
    judge,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PARTITION = Partition(account="111122223333", region="us-east-1", complete=True, ec2_status="ENABLED")
RUNNING = InstanceState(state="running", launched_at=NOON - timedelta(days=2))


def row(scan_type: str, status: str = "ACTIVE", reason: str = "SUCCESSFUL") -> CoverageRow:
    return CoverageRow(scan_type=scan_type, status=status, reason=reason)


GOOD = Circumstances(
    as_of=NOON,
    statuses=frozenset({"ACTIVE", "SUPPRESSED"}),
    partition=PARTITION,
    findings=0,
    account_rows=(row("NETWORK"),),
    instance_rows=(row("PACKAGE"),),
    instance=RUNNING,
)


def but(**changes: Any) -> Circumstances:
    return msgspec.structs.replace(GOOD, **changes)


def partition(**changes: Any) -> Circumstances:
    return but(partition=msgspec.structs.replace(PARTITION, **changes))


def state(**changes: Any) -> Circumstances:
    return but(instance=msgspec.structs.replace(RUNNING, **changes))


def covered(reason: str) -> Circumstances:
    return but(instance_rows=(row("PACKAGE", "INACTIVE", reason),))


def account(*rows: CoverageRow) -> Circumstances:
    return but(account_rows=rows)


SAID = "Inspector's coverage says INACTIVE for the PACKAGE scan."
OFF = "Inspector does not scan EC2 instances in this account and region."
REASONS: list[tuple[str, Circumstances, str]] = [
    ("NOT_READ", but(partition=None), "This account and region were not read."),
    ("NOT_READ", partition(complete=False, why="AccessDenied on page 7"), "AccessDenied on page 7"),
    ("NOT_READ", but(statuses=frozenset({"SUPPRESSED"})), "Active findings were not read."),
    ("ACCOUNT_DISABLED", partition(ec2_status="DISABLED"), OFF),
    ("ACCOUNT_SUSPENDED", partition(ec2_status="SUSPENDED"), OFF),
    ("ACCOUNT_ENABLING", partition(ec2_status="ENABLING"), OFF),
    ("ACCOUNT_UNKNOWN", partition(ec2_status=""), OFF),
    (
        "SUPPRESSED_NOT_READ",
        but(statuses=frozenset({"ACTIVE"})),
        "Suppressed findings were not read, and their paths are open.",
    ),
    ("FINDINGS_QUOTA", but(findings=10_000), "The account has 10,000 network findings, which is the quota."),
    ("FINDINGS_QUOTA", but(findings=10_400), "The account has 10,400 network findings, which is the quota."),
    ("NOT_IN_INVENTORY", but(instance=None), "EC2's inventory does not have the instance."),
    ("NOT_IN_INVENTORY", state(state=""), "EC2 says that the instance is in no known state."),
    (
        "EXCLUDED_BY_TAG",
        state(tags=(("inspectorEC2exclusion", ""),)),
        "The instance carries the tag InspectorEc2Exclusion.",
    ),
    ("EC2_INSTANCE_STOPPED", state(state="stopped"), "EC2 says that the instance is stopped."),
    ("EC2_INSTANCE_STOPPED", state(state="stopping"), "EC2 says that the instance is stopping."),
    ("RESOURCE_TERMINATED", state(state="terminated"), "EC2 says that the instance is terminated."),
    ("RESOURCE_TERMINATED", state(state="shutting-down"), "EC2 says that the instance is shutting-down."),
    ("LAUNCHED_RECENTLY", state(state="pending"), "EC2 says that the instance is pending."),
    ("LAUNCHED_RECENTLY", state(launched_at=None), "The launch time is not known."),
    (
        "LAUNCHED_RECENTLY",
        state(launched_at=NOON - SETTLED_AFTER + timedelta(seconds=1)),
        "The instance was launched less than 12 hours before.",
    ),
    ("NOT_IN_COVERAGE", but(instance_rows=()), "Inspector's coverage does not list the instance."),
    ("NO_NETWORK_COVERAGE", account(), "Inspector's coverage does not list network scans of the account."),
    (
        "NO_NETWORK_COVERAGE",
        account(row("PACKAGE")),
        "Inspector's coverage does not list network scans of the account.",
    ),
    (
        "NO_NETWORK_COVERAGE",
        account(row("NETWORK", "INACTIVE")),
        "Inspector's coverage says INACTIVE for the NETWORK scan.",
    ),
    ("NO_NETWORK_COVERAGE", account(row("NETWORK", "", "")), "Inspector's coverage says nothing for the NETWORK scan."),
    (
        "SCAN_IN_PROGRESS",
        account(row("NETWORK", "ACTIVE", "SCAN_IN_PROGRESS")),
        "Inspector's coverage says ACTIVE for the NETWORK scan.",
    ),
    (
        "NOT_IN_COVERAGE",
        but(instance_rows=(row("PACKAGE", "", ""),)),
        "Inspector's coverage says nothing for the PACKAGE scan.",
    ),
    *(
        (reason, covered(reason), SAID)
        for reason in (
            "EC2_INSTANCE_STOPPED",
            "RESOURCE_TERMINATED",
            "EXCLUDED_BY_TAG",
            "PENDING_INITIAL_SCAN",
            "SCAN_IN_PROGRESS",
            "PENDING_DISABLE",
            "INTERNAL_ERROR",
            "ACCESS_DENIED",
            "A_REASON_OF_TOMORROW",
        )
    ),
    ("EC2_INSTANCE_STOPPED", covered("RESOURCE_STOPPED"), SAID),
]


def test_an_instance_for_which_all_holds_is_observed() -> None:
    assert judge(GOOD) == Observed()


@pytest.mark.parametrize(("why", "seen", "detail"), REASONS, ids=[f"{why} {detail}" for why, _, detail in REASONS])
def test_every_reason_makes_an_instance_unobserved(why: str, seen: Circumstances, detail: str) -> None:
    assert judge(seen) == Unobserved(why, detail)


@pytest.mark.parametrize(
    "reason",
    [
        "UNMANAGED_EC2_INSTANCE",
        "NO_INVENTORY",
        "STALE_INVENTORY",
        "UNSUPPORTED_OS",
        "AGENTLESS_INSTANCE_STORAGE_LIMIT_EXCEEDED",
        "AGENTLESS_INSTANCE_COLLECTION_TIME_LIMIT_EXCEEDED",
        "DEEP_INSPECTION_COLLECTION_TIME_LIMIT_EXCEEDED",
        "DEEP_INSPECTION_DAILY_SSM_INVENTORY_LIMIT_EXCEEDED",
        "DEEP_INSPECTION_NO_INVENTORY",
        "DEEP_INSPECTION_PACKAGE_COLLECTION_LIMIT_EXCEEDED",
        "RESOURCE_UNMANAGED",
        "STORAGE_LIMIT_EXCEEDED",
        "EXTRACTION_COLLECTION_TIME_LIMIT_EXCEEDED",
        "INVALID_ARTIFACT",
    ],
)
def test_a_reason_about_packages_leaves_an_instance_observed(reason: str) -> None:
    assert judge(covered(reason)) == Observed()


def test_a_network_row_of_the_instance_decides_over_the_account() -> None:
    good, bad = row("NETWORK"), row("NETWORK", "INACTIVE", "INTERNAL_ERROR")
    said = "Inspector's coverage says INACTIVE for the NETWORK scan."

    assert judge(but(account_rows=(bad,), instance_rows=(good,))) == Observed()
    assert judge(but(account_rows=(), instance_rows=(good,))) == Observed()
    assert judge(but(account_rows=(good,), instance_rows=(bad,))) == Unobserved("INTERNAL_ERROR", said)


def test_an_inactive_network_row_is_believed_even_for_a_reason_about_packages() -> None:
    seen = account(row("NETWORK", "INACTIVE", "UNSUPPORTED_OS"))

    assert judge(seen) == Unobserved("UNSUPPORTED_OS", "Inspector's coverage says INACTIVE for the NETWORK scan.")


def test_one_finding_below_the_quota_is_observed() -> None:
    assert judge(but(findings=FINDINGS_QUOTA - 1)) == Observed()


def test_an_instance_launched_exactly_twelve_hours_before_is_observed() -> None:
    assert judge(state(launched_at=NOON - SETTLED_AFTER)) == Observed()


def test_the_first_reason_in_the_fixed_order_is_given() -> None:
    seen = msgspec.structs.replace(covered("INTERNAL_ERROR"), partition=None, instance=None, findings=20_000)

    assert judge(seen) == Unobserved("NOT_READ", "This account and region were not read.")


ROWS = st.builds(
    CoverageRow,
    scan_type=st.sampled_from(["NETWORK", "PACKAGE"]),
    status=st.sampled_from(["ACTIVE", "INACTIVE", ""]),
    reason=st.sampled_from(["SUCCESSFUL", "UNSUPPORTED_OS", "INTERNAL_ERROR", ""]),
)
SEEN = st.builds(
    Circumstances,
    as_of=st.just(NOON),
    statuses=st.frozensets(st.sampled_from(["ACTIVE", "SUPPRESSED", "CLOSED"])),
    partition=st.none()
    | st.builds(
        Partition,
        account=st.just("1"),
        region=st.just("r"),
        complete=st.booleans(),
        ec2_status=st.sampled_from(["ENABLED", "DISABLED", ""]),
    ),
    findings=st.sampled_from([0, 9_999, 10_000]),
    account_rows=st.lists(ROWS, max_size=2).map(tuple),
    instance_rows=st.lists(ROWS, max_size=2).map(tuple),
    instance=st.none()
    | st.builds(
        InstanceState,
        state=st.sampled_from(["running", "stopped", ""]),
        launched_at=st.sampled_from([None, NOON, NOON - timedelta(days=1)]),
    ),
)


def without(seen: Circumstances) -> list[Circumstances]:
    """Return the circumstances with one kind of evidence taken away, each in turn."""
    fewer: list[dict[str, Any]] = [
        {"partition": None},
        {"account_rows": ()},
        {"instance_rows": ()},
        {"instance": None},
        *({"statuses": seen.statuses - {status}} for status in seen.statuses),
    ]
    if seen.partition:
        fewer.append({"partition": msgspec.structs.replace(seen.partition, ec2_status="")})
        fewer.append({"partition": msgspec.structs.replace(seen.partition, complete=False)})
    if seen.instance:
        fewer.append({"instance": msgspec.structs.replace(seen.instance, launched_at=None)})
        fewer.append({"instance": msgspec.structs.replace(seen.instance, state="")})
    return [msgspec.structs.replace(seen, **change) for change in fewer]


@given(SEEN)
def test_taking_evidence_away_never_makes_an_instance_observed(seen: Circumstances) -> None:
    if judge(seen) != Observed():
        assert all(judge(fewer) != Observed() for fewer in without(seen))


@given(SEEN)
def test_the_order_of_coverage_rows_does_not_matter(seen: Circumstances) -> None:
    turned = msgspec.structs.replace(seen, account_rows=seen.account_rows[::-1], instance_rows=seen.instance_rows[::-1])

    assert judge(seen) == judge(turned)


@pytest.mark.parametrize("fewer", without(GOOD))
def test_every_kind_of_evidence_is_needed(fewer: Circumstances) -> None:
    assert isinstance(judge(fewer), Unobserved)
