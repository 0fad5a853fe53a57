"""`exposurectl plan`: decide levels from evidence and compare them with FutureVuls."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from exposurectl.cli.ending import leave
from exposurectl.cli.inputs import read_plan_file
from exposurectl.cli.request import request_of
from exposurectl.cli.whole_file import write_whole
from exposurectl.cli.world import World
from exposurectl.config import Settings, load_config
from exposurectl.diagnostics import Exit
from exposurectl.plan.build import build_plan
from exposurectl.plan.file import write_plan
from exposurectl.plan.model import Plan
from exposurectl.render.neutral import neutral
from exposurectl.render.text import plan_text

if TYPE_CHECKING:
    from exposurectl.cli.record import Chain


def run(arguments: argparse.Namespace, world: World) -> Exit:
    """Make a plan, show it, and write it where `--record` and `--out` say."""
    settings = load_config(Path(arguments.config))
    chain = _chain(arguments, settings)
    previous = chain.newest if chain else read_plan_file(arguments.previous) if arguments.previous else None
    plan = _made(arguments, settings, previous, world)
    world.say(plan_text(plan, width=world.width, colour=world.colour))
    if chain:
        folder = chain.record(plan)
        world.tell(f"Recorded plan {plan.sequence} in {neutral(str(folder))} ({plan.digest}).")
    if arguments.out is not None:
        write_whole(Path(arguments.out), write_plan(plan), what="Plan", hint="name another file with --out")
        world.tell(f"Wrote {neutral(arguments.out)} ({plan.digest}).")
    return _verdict(plan, arguments, world)


def _chain(arguments: argparse.Namespace, settings: Settings) -> "Chain | None":
    """Return the recorded plans that the new one follows; None where it is not to be recorded."""
    if not arguments.record:
        return None
    from exposurectl.cli.record import Chain

    return Chain(Path(arguments.record), settings.environment)


def _made(arguments: argparse.Namespace, settings: Settings, previous: Plan | None, world: World) -> Plan:
    """Return the plan that evidence asks for, or the way back of an apply."""
    if arguments.revert:
        from exposurectl.cli.revert import reverting

        return reverting(arguments, settings, previous, world)
    return build_plan(request_of(arguments, settings, previous, world))


def _verdict(plan: Plan, arguments: argparse.Namespace, world: World) -> Exit:
    """Return the exit code: a blocked plan comes before one with changes."""
    if plan.blocked_by:
        return leave(Exit.BLOCKED, plan.blocked_by[0].reason, world)
    if arguments.detailed_exitcode and plan.changes:
        return leave(Exit.CHANGES, "changes", world)
    return Exit.DONE
