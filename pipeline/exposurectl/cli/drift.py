"""`exposurectl drift`: the last plan against FutureVuls and fresh evidence. It reads, and writes nothing."""

import argparse
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from exposurectl.apply.receipt import Outcome, Receipt, read_receipt
from exposurectl.cli.belonging import check_belongs
from exposurectl.cli.ending import leave
from exposurectl.cli.inputs import read_file, read_plan_file
from exposurectl.cli.recorded import plans_of, receipts_in
from exposurectl.cli.request import request_of
from exposurectl.cli.world import World
from exposurectl.config import Settings, load_config
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError, Place
from exposurectl.plan.build import build_plan
from exposurectl.plan.cause import Key
from exposurectl.plan.drift import UNREAD, Drift, Made, drift_of
from exposurectl.plan.head import NAME, read_head
from exposurectl.plan.model import Plan

_MADE = {
    Outcome.APPLIED: Made.YES,
    Outcome.NOOP: Made.YES,
    Outcome.CONFLICT: Made.NO,
    Outcome.GONE: Made.GONE,
    Outcome.FAILED: Made.NO,
    Outcome.UNKNOWN: Made.UNKNOWN,
    Outcome.NOT_ATTEMPTED: Made.NO,
}


def run(arguments: argparse.Namespace, world: World) -> Exit:
    """Show every server that has drifted, each with its cause."""
    settings = load_config(Path(arguments.config))
    path, last = (arguments.plan, read_plan_file(arguments.plan)) if arguments.plan else _newest(settings)
    groups = {group.name for group in last.target.groups}
    check_belongs(path, settings, environment=last.environment, url=last.target.url, groups=groups)
    receipts = _receipts(arguments, Path(path), last)
    request = request_of(arguments, settings, last, world)
    if arguments.snapshot and not arguments.servers:
        _check_recorded_since(arguments.snapshot, request.inventory.as_of, receipts)
    drift = drift_of(last, build_plan(request), request.groups, _made(receipts), len(receipts))
    world.say(_shown(drift, arguments.format, world))
    if drift.lines:
        return leave(Exit.CHANGES, "drift", world)
    return Exit.DONE if drift.is_certain else leave(Exit.BLOCKED, UNREAD, world)


def _check_recorded_since(snapshot: str, as_of: datetime, receipts: Sequence[Receipt]) -> None:
    """Check that the snapshot's servers are those after the apply: before it, all of them stood elsewhere."""
    applied = max((receipt.started_at for receipt in receipts), default=as_of)
    if as_of < applied:
        problem = Diagnostic(
            summary="Snapshot older than the apply",
            place=Place(snapshot),
            detail=f"It was recorded at {as_of:%Y-%m-%d %H:%M:%S} UTC, and the plan was applied from "
            f"{applied:%Y-%m-%d %H:%M:%S} on: its servers are where they were before.",
            hint="leave --snapshot out to collect now, or name the servers of now with --servers",
        )
        raise ExposurectlError(problem, reason="snapshot-old")


def _newest(settings: Settings) -> tuple[str, Plan]:
    """Return the newest recorded plan of the config's environment, and its file."""
    plans = plans_of(settings)
    head = plans / NAME
    entries = read_head(str(head), read_file(str(head))) if head.exists() else {}
    if settings.environment not in entries:
        problem = Diagnostic(
            summary="No plan to compare with",
            place=Place(str(head)),
            detail=f'No plan of "{settings.environment}" is recorded here.',
            hint="name the plan that was applied last: exposurectl drift PLAN",
        )
        raise ExposurectlError(problem, reason="no-plan")
    newest = entries[settings.environment]
    path = str(plans / newest.plan)
    plan = read_plan_file(path)
    if plan.digest != newest.digest:
        problem = Diagnostic(
            summary="Plan is not the recorded one",
            place=Place(path),
            detail=f"Its digest is {plan.digest}, and {head} says {newest.digest}.",
            hint="take the plan and HEAD from the same commit",
        )
        raise ExposurectlError(problem, reason="digest-mismatch", exit_code=Exit.REFUSED)
    return path, plan


def _receipts(arguments: argparse.Namespace, path: Path, plan: Plan) -> list[Receipt]:
    """Return the receipts that are named, which must be the plan's; else those beside the plan that are."""
    if arguments.receipt is None:
        beside = map(str, receipts_in(path.parent))
        return [receipt for receipt in map(_read, beside) if receipt.plan == plan.digest]
    receipts = {name: _read(name) for name in arguments.receipt}
    problems = [
        Diagnostic(
            summary="Receipt of another plan",
            place=Place(name),
            detail=f"It is of {receipt.plan}, and the plan is {plan.digest}.",
            hint="name the plan's own receipts with --receipt",
        )
        for name, receipt in receipts.items()
        if receipt.plan != plan.digest
    ]
    if problems:
        raise ExposurectlError(*problems, reason="receipt-other", exit_code=Exit.REFUSED)
    return list(receipts.values())


def _read(name: str) -> Receipt:
    return read_receipt(name, read_file(name))


def _made(receipts: Sequence[Receipt]) -> dict[Key, Made]:
    """Return what became of each change: one that any run made is made, else what the last run that tried says."""
    made: dict[Key, Made] = {}
    for receipt in sorted(receipts, key=lambda receipt: receipt.started_at):
        for result in receipt.results:
            key = result.group, result.server
            tried = receipt.ended_at is None or result.outcome is not Outcome.NOT_ATTEMPTED
            if key not in made or (tried and made[key] is not Made.YES):
                # A run that goes on or was killed has not told yet what it did.
                made[key] = _MADE[result.outcome] if receipt.ended_at else Made.UNKNOWN
    return made


def _shown(drift: Drift, form: str, world: World) -> str:
    match form:
        case "markdown":
            from exposurectl.render.drift import drift_markdown

            return drift_markdown(drift)
        case "json":
            from exposurectl.render.drift import drift_json

            return drift_json(drift)
        case _:
            from exposurectl.render.drift import drift_text

            return drift_text(drift, width=world.width, colour=world.colour)
