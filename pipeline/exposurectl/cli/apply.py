"""`exposurectl apply`: make the changes of a reviewed plan, exactly."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from exposurectl.apply.checks import check_plan
from exposurectl.apply.receipt import Receipt, ReceiptFile, Result, begin, verdict
from exposurectl.apply.run import Run, run_plan
from exposurectl.cli.ending import leave, tell, terminable
from exposurectl.cli.groups import writers
from exposurectl.cli.inputs import read_plan_file
from exposurectl.cli.world import World
from exposurectl.config import load_config
from exposurectl.diagnostics import Exit
from exposurectl.plan.model import Plan
from exposurectl.render.neutral import neutral
from exposurectl.render.receipt import receipt_text, result_line
from exposurectl.render.text import widest_name


def run(arguments: argparse.Namespace, world: World) -> Exit:
    """Check the plan, make its changes, and keep the receipt."""
    plan = read_plan_file(arguments.plan)
    settings = load_config(Path(arguments.config))
    check_plan(plan, settings, world.clock.now())
    file = ReceiptFile(Path(arguments.receipt)) if arguments.receipt else ReceiptFile.beside(Path(arguments.plan))
    receipt = begin(plan, actor=_actor(world.environ), run=_run_address(world.environ), now=world.clock.now())
    targets = writers({change.group for change in plan.changes}, settings, world)
    parts = Run(plan=plan, targets=targets, clock=world.clock, file=file, told=_progress(plan, world))
    try:
        with terminable():
            finished = run_plan(parts, receipt)
    except KeyboardInterrupt:
        if file.path.exists():
            world.tell(f"Interrupted. {_shown(file)} says what was done; run it again to go on.")
        raise
    if finished.error:
        tell(finished.error.problems, world)
    return _say(finished.receipt, file, world)


def _say(receipt: Receipt, file: ReceiptFile, world: World) -> Exit:
    world.mention(receipt_text(receipt, width=world.width, colour=world.colour))
    world.tell(f"Wrote {_shown(file)}.")
    code, reason = verdict(receipt)
    return leave(code, reason, world) if code else code


def _shown(file: ReceiptFile) -> str:
    return neutral(str(file.path))


def _progress(plan: Plan, world: World) -> Callable[[int, Result], None]:
    """Return what says each change's outcome as it is known."""
    total, widest = len(plan.changes), widest_name(plan.changes)

    def told(number: int, result: Result) -> None:
        world.mention(result_line(number, total, result, widest=widest, width=world.width, colour=world.colour))

    return told


def _actor(environ: Mapping[str, str]) -> str:
    """Return who runs this: GitHub's actor in a workflow, else the user of this machine."""
    return environ.get("GITHUB_ACTOR") or environ.get("USER") or environ.get("LOGNAME") or ""


def _run_address(environ: Mapping[str, str]) -> str:
    """Return the address of the workflow run; empty outside of one."""
    parts = [environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID")]
    return "{}/{}/actions/runs/{}".format(*parts) if all(parts) else ""
