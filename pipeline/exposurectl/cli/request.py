"""What a plan is asked of, by a command's arguments: evidence, servers, policy and time."""

import argparse
from pathlib import Path

from exposurectl.cli.groups import live_groups, recorded_groups
from exposurectl.cli.inputs import moment, recorded_inventory
from exposurectl.cli.world import World
from exposurectl.config import Settings
from exposurectl.model import Group
from exposurectl.plan.model import Plan
from exposurectl.plan.request import Request
from exposurectl.policy.files import load_policy
from exposurectl.sources.git import commit_of
from exposurectl.sources.snapshot import Snapshot, read_snapshot


def request_of(arguments: argparse.Namespace, settings: Settings, previous: Plan | None, world: World) -> Request:
    """Return everything that a plan follows from; evidence that no argument names is collected now."""
    policy = load_policy(Path(arguments.policy))
    recorded = _recorded(arguments, settings, world)
    as_of = moment(arguments, recorded, world)
    return Request(
        inventory=recorded.inventory if recorded else recorded_inventory(arguments.findings, as_of, world),
        groups=groups_of(arguments, settings, recorded, world),
        policy=policy,
        settings=settings,
        as_of=as_of,
        previous=previous,
        git_commit=commit_of(Path(arguments.policy)),
    )


def _recorded(arguments: argparse.Namespace, settings: Settings, world: World) -> Snapshot | None:
    """Return the snapshot that was named, or one that is collected now; None where findings are named instead."""
    if arguments.snapshot:
        return read_snapshot(Path(arguments.snapshot))
    if arguments.findings:
        return None
    from exposurectl.cli.collect import access_of, check_regions, collected

    check_regions(settings)
    groups = groups_of(arguments, settings, None, world)
    with collected(settings, groups, access_of(settings, world), world) as directory:
        return read_snapshot(directory)


def groups_of(
    arguments: argparse.Namespace, settings: Settings, recorded: Snapshot | None, world: World
) -> tuple[Group, ...]:
    """Return servers and roles from the files that are named, else the snapshot's, else as FutureVuls has them now."""
    if arguments.servers:
        return recorded_groups(arguments.servers, settings)
    return recorded.groups if recorded else live_groups(settings, world, arguments.allow_host)
