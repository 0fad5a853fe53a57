"""P25: every level in a plan names its rule and its evidence, and the two are enough to come to the level again."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from exposurectl.model import Exposure, Finding, Reason
from exposurectl.plan.file import read_plan
from exposurectl.plan.model import Change, Plan, Unchanged
from exposurectl.policy.files import load_policy
from exposurectl.policy.model import Policy
from exposurectl.sources.snapshot import read_snapshot
from running import run_inside


@pytest.fixture
def plan(here: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.chdir(here)
    ended = run_inside("plan", "--snapshot", "fleet", "--config", "demo.yaml", "--out", "plan.json")
    assert ended.code == 0, ended.err
    return read_plan("plan.json", (here / "plan.json").read_bytes())


@pytest.fixture
def policy(here: Path) -> Policy:
    return load_policy(here / "policies")


@pytest.fixture
def findings(here: Path) -> Mapping[str, Finding]:
    inventory = read_snapshot(here / "fleet").inventory
    return {finding.arn: finding for one in inventory.evidence for finding in one.findings}


def levels(policy: Policy) -> dict[str, Exposure | None]:
    """Return what each rule, override and default assigns, by the name that a reason calls it by."""
    rules: dict[str, Exposure | None] = {rule.id: rule.level for rule in policy.rules}
    overrides = {override.id: override.level for override in policy.overrides}
    return {**rules, **overrides} | {
        f"defaults.{name}": getattr(policy.defaults, name) for name in ("unreachable", "unmatched", "unobserved")
    }


def rows(plan: Plan) -> list[tuple[Change | Unchanged, Exposure | None]]:
    return [
        *((change, change.after.level) for change in plan.changes),
        *((row, row.placement.level) for row in plan.unchanged),
    ]


def test_every_level_is_what_each_of_its_reasons_assigns(plan: Plan, policy: Policy) -> None:
    assigned = levels(policy)

    assert len(rows(plan)) == plan.summary.raised + plan.summary.join + plan.summary.lower + plan.summary.unchanged
    for row, level in rows(plan):
        assert row.reasons, row.name
        assert {level} == {assigned[reason.rule] for reason in row.reasons}, row.name


def test_every_reason_stands_where_it_says(plan: Plan, here: Path) -> None:
    for row, _ in rows(plan):
        for reason in row.reasons:
            file, line, _column = reason.at.split(":")
            text = (here / file).read_text(encoding="utf-8").splitlines()
            assert reason.rule.removeprefix("defaults.") in " ".join(text[int(line) - 1 : int(line) + 5]), reason


def is_shown_by(reason: Reason, finding: Finding, instance: str) -> bool:
    """Tell whether a finding is the evidence of a reason: of that instance, open, at those ports, along that path."""
    protocol, _, ports = reason.points.partition("/")
    begin, _, end = ports.partition("-")
    return (
        finding.instance == instance
        and finding.counts
        and finding.protocol.value == protocol
        and finding.ports.begin <= int(begin) <= int(end or begin) <= finding.ports.end
        and tuple(component.id for component in finding.path) == reason.path
    )


def test_every_reachable_point_has_the_finding_that_shows_it(plan: Plan, findings: Mapping[str, Finding]) -> None:
    pointed = [(row, reason) for row, _ in rows(plan) for reason in row.reasons if reason.points]

    assert len(pointed) > 10
    for row, reason in pointed:
        assert is_shown_by(reason, findings[reason.finding], row.instance), (row.name, reason)
