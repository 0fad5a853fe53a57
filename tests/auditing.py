"""A year in small for the audit: three plans that the program recorded in git, two of them applied."""

import shutil
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from exposurectl.apply.receipt import Approval, Outcome, Receipt, begin, ended, planned, write_receipt
from exposurectl.demo.fleet import groups
from exposurectl.demo.story import RECORDED
from exposurectl.demo.workshop import furnish
from exposurectl.model import Group
from exposurectl.plan.file import read_plan
from exposurectl.plan.model import Direction, Plan
from exposurectl.sources.recording import with_groups
from repository import Repository
from running import Ended, run_inside

PLANS = ("20261123T030000Z-0001", "20261123T040000Z-0002", "20261123T050000Z-0003")
"""The folders, by the times that the plans are judged by."""
SNAPSHOTS = ("first", "second", "third")
APPLIED = timedelta(minutes=10)
"""How long after a plan its apply begins."""


def write_story(directory: Path) -> Repository:
    """
    Record three plans in a repository: plan 1 is applied, plan 2 without leaving a receipt, plan 3 waits.

    The policy changes before plan 2. Each plan is committed, and so is the receipt; the snapshots stay beside the
    repository.
    """
    repository = Repository.create(directory / "repository")
    top = repository.directory
    furnish(top, "http://127.0.0.1:1", RECORDED)
    (top / "config").mkdir()
    (top / "demo.yaml").rename(top / "config" / "demo.yaml")
    shutil.move(top / "fleet", directory / "snapshots" / SNAPSHOTS[0])
    repository.commit("Policy and config")
    fleet = groups()
    for number, folder in enumerate(PLANS):
        ended = record(directory, number)
        assert ended.code in {0, 3}, ended.err
        repository.commit(f"Plan {number + 1}")
        if number == 0:
            write_receipt_beside(top / "plans" / folder)
            repository.commit("Receipt 1", GIT_AUTHOR_NAME="Robot", GIT_COMMITTER_NAME="Robot")
            raise_admins(top / "policies" / "internet.yaml")
            repository.commit("Policy changed")
        fleet = tuple(moved(fleet, plan_in(top / "plans" / folder)))
        if number + 1 < len(PLANS):
            with_groups(directory / "snapshots" / SNAPSHOTS[0], fleet, directory / "snapshots" / SNAPSHOTS[number + 1])
    return repository


def record(directory: Path, number: int, *more: str) -> Ended:
    """Record one plan of the story."""
    top = directory / "repository"
    return run_inside(
        *("plan", "--snapshot", directory / "snapshots" / SNAPSHOTS[number], "--config", top / "config" / "demo.yaml"),
        *("--policy", top / "policies", "--record", top / "plans"),
        *("--as-of", (RECORDED + timedelta(hours=number)).isoformat(), *more),
    )


def raise_admins(policy: Path) -> None:
    """Change the policy so that the next plan has other changes."""
    text = policy.read_text(encoding="utf-8")
    assert "level: controlled" in text
    policy.write_text(text.replace("level: controlled", "level: open"), encoding="utf-8")


def plan_in(folder: Path) -> Plan:
    return read_plan("plan.json", (folder / "plan.json").read_bytes())


def write_receipt_beside(folder: Path, name: str = "receipt.json", **how: object) -> Receipt:
    """Write the receipt of an apply of the plan in a folder that went through, unless `how` says otherwise."""
    receipt = receipt_of(plan_in(folder), **how)  # type: ignore[arg-type]
    (folder / name).write_bytes(write_receipt(receipt))
    return receipt


def receipt_of(
    plan: Plan,
    *,
    actor: str = "octocat",
    outcomes: Mapping[int, Outcome] | None = None,
    now: datetime | None = None,
    approval: Approval | None = None,
) -> Receipt:
    """Return the receipt of a run in which every change was applied, but for those of `outcomes`, by number from 0."""
    now = now or plan.as_of + APPLIED
    lowering = sum(change.direction is Direction.LOWER for change in plan.changes)
    receipt = begin(
        plan, actor=actor, run="", now=now, approval=approval or Approval(digest=plan.digest, lowering=lowering)
    )
    results = [
        msgspec.structs.replace(planned(change), outcome=(outcomes or {}).get(number, Outcome.APPLIED))
        for number, change in enumerate(plan.changes)
    ]
    return ended(receipt, results, stopped="", now=now + timedelta(minutes=1))


def moved(before: tuple[Group, ...], plan: Plan) -> Iterator[Group]:
    """Yield the groups as they are when a plan is applied."""
    roles = {(change.group, change.server): change.after.role for change in plan.changes}
    for group in before:
        servers = tuple(
            msgspec.structs.replace(server, role=roles.get((group.name, server.id), server.role))
            for server in group.servers
        )
        yield msgspec.structs.replace(group, servers=servers)
