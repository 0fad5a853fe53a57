"""The demo's fleet: every situation of the policy language and of Inspector's coverage stands in it, once at least."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from exposurectl.demo.fleet import MACHINES, groups
from exposurectl.demo.story import RECORDED
from exposurectl.demo.workshop import furnish
from exposurectl.plan.file import read_plan
from exposurectl.plan.model import Plan
from running import run_inside

if TYPE_CHECKING:
    from exposurectl.plan.compare import Line

_NOBODY = "no server: FutureVuls has none with this instance id"

# Each machine: where its servers are and go, or why they are left alone; and what decides.
EXPECTED = {
    "shop-01": ["open already by internet-anyone"],
    "shop-02": ["controlled to open by internet-anyone"],
    "admin-01": ["controlled already by internet-allow-listed"],
    "admin-02": ["open to controlled by internet-allow-listed"],
    "partner-api": ["controlled to open by internet-anyone"],
    "ipv6-edge": ["open already by internet-anyone"],
    "shared-vpc-01": ["controlled to open by internet-anyone"],
    "wide-range": ["controlled to open by internet-anyone"],
    "behind-alb": ["controlled to open by internet-anyone"],
    "suppressed-01": ["controlled to open by internet-anyone"],
    "orders-db": ["controlled already by peers"],
    "branch-vpn": ["controlled already by peers"],
    "snmp-probe": ["controlled already by peers"],
    "data-center": ["controlled already by peers"],
    "saas-feed": ["controlled already by endpoint-services"],
    "new-appliance": ["controlled to open by defaults.unmatched"],
    "internal-01": ["controlled already by defaults.unreachable"],
    "internal-02": ["controlled already by defaults.unreachable"],
    "internal-03": ["controlled already by defaults.unreachable"],
    "internal-04": ["controlled already by defaults.unreachable"],
    "orders-replica": ["open to controlled by defaults.unreachable"],
    "audit-db": ["controlled already by defaults.unreachable"],
    "bastion-tokyo": ["controlled already by bastion-tokyo"],
    "vault-01": ["small already by vault-isolated"],
    "old-bastion": ["open already by internet-anyone"],
    "closed-lately": ["held until 2026-11-28 03:00 UTC: a path closed less than 7 days ago"],
    "closed-long-ago": ["open to controlled by defaults.unreachable"],
    "excluded-01": ["unobserved: EXCLUDED_BY_TAG"],
    "stopped-exposed": ["small to open by internet-anyone"],
    "stopped-01": ["unobserved: EC2_INSTANCE_STOPPED"],
    "terminated-01": ["unobserved: RESOURCE_TERMINATED"],
    "fresh-01": ["unobserved: LAUNCHED_RECENTLY"],
    "pending-01": ["unobserved: PENDING_INITIAL_SCAN"],
    "scanning-01": ["unobserved: SCAN_IN_PROGRESS"],
    "broken-scan": ["unobserved: INTERNAL_ERROR"],
    "denied-01": ["unobserved: ACCESS_DENIED"],
    "uncovered-01": ["unobserved: NOT_IN_COVERAGE"],
    "leaving-01": ["unobserved: PENDING_DISABLE"],
    "acquired-web": ["unobserved: ACCOUNT_DISABLED"],
    "acquired-db": ["unobserved: ACCOUNT_DISABLED"],
    "lab-01": ["unobserved: NO_NETWORK_COVERAGE"],
    "twice-01": ["controlled to open by internet-anyone", "controlled to open by internet-anyone"],
    "shared-01": ["open already by internet-anyone", "open already by internet-anyone"],
    "paired-01": ["controlled already by defaults.unreachable"],
    "nameless-01": ["no instance id: FutureVuls does not know which instance it is", _NOBODY],
    "forgotten-01": ["unobserved: NOT_IN_EVIDENCE"],
    "unregistered-01": [_NOBODY],
    "legacy-erp": ['unmanaged: no family lists its role "legacy"'],
    "newcomer-01": ["default role to controlled by defaults.unreachable"],
    "newcomer-02": ["default role to open by internet-anyone"],
    "etl-01": ["controlled already by peers"],
    "etl-02": ["controlled already by defaults.unreachable"],
    "notebook-01": ["controlled to open by internet-anyone"],
}

# The rows of the language's worked examples, and the machine that shows each.
WORKED_EXAMPLES = {
    "tcp 22 from an internet gateway, sources 0.0.0.0/0": ("shop-02", "to open by internet-anyone"),
    "the same, sources 203.0.113.7/32": ("admin-01", "controlled already by internet-allow-listed"),
    "the same, no security-group evidence": ("shared-vpc-01", "to open by internet-anyone"),
    "tcp 0-65535; most of it from a /32, 443 from 0.0.0.0/0": ("wide-range", "to open by internet-anyone"),
    "tcp 80 by a load balancer that admits 0.0.0.0/0": ("behind-alb", "to open by internet-anyone"),
    "a port that no rule describes": ("new-appliance", "to open by defaults.unmatched"),
    "tcp 22 by VPC peering": ("etl-01", "controlled already by peers"),
    "observed, no finding": ("internal-01", "controlled already by defaults.unreachable"),
    "excluded from Inspector by tag, no finding": ("excluded-01", "unobserved: EXCLUDED_BY_TAG"),
    "stopped, old finding tcp 22 from anywhere, today in small": (
        "stopped-exposed",
        "small to open by internet-anyone",
    ),
    "an override that holds": ("bastion-tokyo", "controlled already by bastion-tokyo"),
    "an override that has expired": ("old-bastion", "open already by internet-anyone"),
}

# Of `facts/inspector.md` §5; the first three say nothing against what the network scan found.
COVERAGE_REASONS = {
    "SUCCESSFUL", "UNMANAGED_EC2_INSTANCE", "NO_INVENTORY",
    "EC2_INSTANCE_STOPPED", "RESOURCE_TERMINATED", "EXCLUDED_BY_TAG", "PENDING_INITIAL_SCAN", "SCAN_IN_PROGRESS",
    "PENDING_DISABLE", "INTERNAL_ERROR", "ACCESS_DENIED",
}  # fmt: skip


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    directory = tmp_path_factory.mktemp("fleet")
    furnish(directory, "http://127.0.0.1:1", RECORDED)
    with contextlib.chdir(directory):
        ended = run_inside("plan", "--snapshot", "fleet", "--config", "demo.yaml", "--out", "plan.json")
        assert ended.code == 0, ended.err
        return read_plan("plan.json", Path("plan.json").read_bytes())


@pytest.fixture(scope="module")
def told(plan: Plan) -> dict[str, list[str]]:
    """Return what the plan says of each machine, by name."""
    lines: dict[str, list[str]] = {}
    for change in plan.changes:
        before = change.before.level or "default role"
        lines.setdefault(change.name, []).append(f"{before} to {change.after.level} by {change.reasons[0].rule}")
    for row in plan.unchanged:
        lines.setdefault(row.name, []).append(f"{row.placement.level} already by {row.reasons[0].rule}")
    for one in plan.skipped:
        lines.setdefault(one.name, []).append(one.why)
    return lines


def test_every_machine_ends_where_its_story_says(told: dict[str, list[str]]) -> None:
    assert told == EXPECTED


def test_the_table_above_is_the_whole_fleet() -> None:
    assert list(EXPECTED) == [machine.name for machine in MACHINES]


def test_the_fleet_is_large_enough_and_spread() -> None:
    assert len({machine.instance for machine in MACHINES}) == len(MACHINES) >= 40
    assert {"web-platform", "data-platform"} == {group.name for group in groups()}
    assert len({machine.account for machine in MACHINES}) == 4
    assert len({machine.region for machine in MACHINES}) == 2


@pytest.mark.parametrize("example", WORKED_EXAMPLES)
def test_every_worked_example_of_the_language_stands_in_it(told: dict[str, list[str]], example: str) -> None:
    name, outcome = WORKED_EXAMPLES[example]

    assert [line for line in told[name] if line.endswith(outcome)] == told[name]


def test_every_reason_of_inspectors_coverage_stands_in_it() -> None:
    assert COVERAGE_REASONS | {""} == {machine.reason for machine in MACHINES}


def test_every_server_is_in_the_plan_once(plan: Plan) -> None:
    lines: list[Line] = [*plan.changes, *plan.unchanged, *(one for one in plan.skipped if one.server)]

    assert sorted((line.group, line.server) for line in lines) == sorted(
        (group.name, server.id) for group in groups() for server in group.servers
    )


def test_the_plan_warns_of_the_expired_override_and_of_shared_instances(plan: Plan) -> None:
    warnings = [warning.partition(": ")[2] for warning in plan.warnings]

    assert warnings == [
        'Override "old-bastion" held until 2026-11-20; renew it with a new date and approval, or delete it.',
        *(warning.partition(": ")[2] for warning in plan.warnings if "is 2 servers" in warning),
    ]
    assert [warning.partition(": ")[2].split(" ")[0] for warning in plan.warnings if "is 2 servers" in warning] == [
        "shared-01",
        "twice-01",
    ]


def test_the_fleet_is_the_same_every_time() -> None:
    assert msgspec.to_builtins(groups()) == msgspec.to_builtins(groups())
