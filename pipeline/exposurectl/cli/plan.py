"""`exposurectl plan`: decide levels from evidence and compare them with FutureVuls."""

import argparse
import contextlib
import os
from pathlib import Path

from exposurectl.cli.ending import leave
from exposurectl.cli.groups import live_groups, recorded_groups
from exposurectl.cli.inputs import moment, read_plan_file, recorded_inventory
from exposurectl.cli.world import World
from exposurectl.config import Settings, load_config
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError, Place
from exposurectl.model import Group
from exposurectl.plan.build import build_plan
from exposurectl.plan.file import write_plan
from exposurectl.plan.model import Plan
from exposurectl.plan.request import Request
from exposurectl.policy.files import load_policy
from exposurectl.render.neutral import neutral
from exposurectl.render.text import plan_text
from exposurectl.sources.git import commit_of
from exposurectl.sources.snapshot import Snapshot, read_snapshot


def run(arguments: argparse.Namespace, world: World) -> Exit:
    """Make a plan, show it, and write it where `--out` says."""
    settings = load_config(Path(arguments.config))
    policy = load_policy(Path(arguments.policy))
    previous = read_plan_file(arguments.previous) if arguments.previous else None
    recorded = _recorded(arguments, settings, world)
    as_of = moment(arguments, recorded, world)
    plan = build_plan(
        Request(
            inventory=recorded.inventory if recorded else recorded_inventory(arguments.findings, as_of, world),
            groups=_groups(arguments, settings, recorded, world),
            policy=policy,
            settings=settings,
            as_of=as_of,
            previous=previous,
            git_commit=commit_of(Path(arguments.policy)),
        )
    )
    world.say(plan_text(plan, width=world.width, colour=world.colour))
    if arguments.out is not None:
        _write(Path(arguments.out), plan)
        world.tell(f"Wrote {neutral(arguments.out)} ({plan.digest}).")
    return _verdict(plan, arguments, world)


def _recorded(arguments: argparse.Namespace, settings: Settings, world: World) -> Snapshot | None:
    """Return the snapshot that was named, or one that is collected now; None where findings are named instead."""
    if arguments.snapshot:
        return read_snapshot(Path(arguments.snapshot))
    if arguments.findings:
        return None
    from exposurectl.cli.collect import access_of, check_regions, collected

    check_regions(settings)
    groups = _groups(arguments, settings, None, world)
    with collected(settings, groups, access_of(settings, world), world) as directory:
        return read_snapshot(directory)


def _groups(
    arguments: argparse.Namespace, settings: Settings, recorded: Snapshot | None, world: World
) -> tuple[Group, ...]:
    if arguments.servers:
        return recorded_groups(arguments.servers, settings)
    return recorded.groups if recorded else live_groups(settings, world)


def _write(path: Path, plan: Plan) -> None:
    """Write the plan so that a reader finds the old file or the new one, whole."""
    new = path.parent / f"{path.name}.{os.getpid()}.new"
    try:
        new.write_bytes(write_plan(plan))
        new.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            new.unlink()
        problem = Diagnostic(
            summary="Plan cannot be written",
            place=Place(str(path)),
            detail=f"{error.strerror}.",
            hint="name another file with --out",
        )
        raise ExposurectlError(problem, reason="file") from error


def _verdict(plan: Plan, arguments: argparse.Namespace, world: World) -> Exit:
    """Return the exit code: a blocked plan comes before one with changes."""
    if plan.blocked_by:
        return leave(Exit.BLOCKED, plan.blocked_by[0].reason, world)
    if arguments.detailed_exitcode and plan.changes:
        return leave(Exit.CHANGES, "changes", world)
    return Exit.DONE
