"""`exposurectl apply`: make the changes of a reviewed plan, exactly."""

import argparse
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from exposurectl.apply.checks import LONGEST_RUN, check_plan
from exposurectl.apply.journal import NAME
from exposurectl.apply.receipt import Approval, Result, begin, verdict
from exposurectl.apply.receipt_file import ReceiptFile
from exposurectl.apply.run import Finished, Run, run_plan
from exposurectl.apply.starting import at_once, in_thread
from exposurectl.cli.ending import end, leave, tell
from exposurectl.cli.groups import Paces, clients
from exposurectl.cli.inputs import read_plan_file
from exposurectl.cli.interrupts import terminable, unhung
from exposurectl.cli.newest import newest_at
from exposurectl.cli.scans import scan_raised
from exposurectl.cli.world import World
from exposurectl.config import load_config
from exposurectl.diagnostics import Exit, Severity
from exposurectl.plan.model import Plan
from exposurectl.render.neutral import neutral
from exposurectl.render.receipt import receipt_text, result_line
from exposurectl.render.text import widest_name
from exposurectl.targets.moving import FutureVulsWriter
from exposurectl.targets.scans import FutureVulsScanner


def run(arguments: argparse.Namespace, world: World) -> Exit:
    """Check the plan, make its changes, and keep the receipt."""
    path = Path(arguments.plan)
    plan = read_plan_file(arguments.plan)
    settings = load_config(Path(arguments.config))
    newest = newest_at(path, plan, settings.review)
    approval = Approval(
        digest=arguments.approve or "",
        lowering=arguments.accept_lowering,
        raising=arguments.accept_raising,
        max_minutes=arguments.max_duration,
        branch=newest.branch if newest else "",
        commit=newest.commit if newest else "",
    )
    check_plan(plan, settings, approval, newest, world.clock.now())
    longest = timedelta(minutes=approval.max_minutes or LONGEST_RUN)
    until = world.clock.monotonic() + longest.total_seconds()
    paces, names = Paces(settings, world.clock), {change.group for change in plan.changes}
    targets = clients(FutureVulsWriter, names, settings, world, allowed=arguments.allow_host, paces=paces)
    parts = Run(
        plan=plan,
        targets=targets,
        clock=world.clock,
        journal=path.with_name(NAME),
        file=lambda: ReceiptFile(Path(arguments.receipt)) if arguments.receipt else ReceiptFile.beside(path),
        told=_progress(plan, world),
        start=at_once if world.one_by_one else in_thread,
        longest=longest,
    )
    receipt = begin(
        plan, actor=_actor(world.environ), run=_run_address(world.environ), approval=approval, now=world.clock.now()
    )
    with terminable(), unhung():
        finished = run_plan(parts, receipt)
        _say(finished, world)
        if isinstance(finished.interrupt, KeyboardInterrupt):
            world.tell("Interrupted: run it again to go on.")
            raise finished.interrupt
        if finished.interrupt:
            code = end(finished.interrupt, world)
            return Exit.PARTIAL if verdict(finished.receipt)[0] is Exit.PARTIAL else code
        if arguments.scan and not finished.receipt.stopped:
            scanners = clients(FutureVulsScanner, names, settings, world, allowed=arguments.allow_host, paces=paces)
            scan_raised(finished.receipt, scanners, world, until=until)
    code, reason = verdict(finished.receipt)
    return leave(code, reason, world) if code else code


def _say(finished: Finished, world: World) -> None:
    """Say how the run ended; a receipt that could not be closed changes nothing about that."""
    if finished.error:
        tell(finished.error.problems, world)
    for path in finished.closed:
        world.tell(f"Closed {neutral(str(path))}: its run was killed.")
    world.mention(receipt_text(finished.receipt, width=world.width, colour=world.colour))
    if finished.unkept:
        tell([replace(problem, severity=Severity.WARNING) for problem in finished.unkept.problems], world)
    else:
        world.tell(f"Wrote {neutral(str(finished.file))}.")


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
