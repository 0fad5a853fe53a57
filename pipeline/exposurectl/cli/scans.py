"""Asking FutureVuls to scan what an apply raised, so that its SSVC priorities follow at once and not within the day."""

from collections.abc import Mapping

from exposurectl.apply.receipt import Outcome, Receipt, Result
from exposurectl.cli.world import World
from exposurectl.plan.model import Direction
from exposurectl.render.neutral import neutral
from exposurectl.render.words import counted
from exposurectl.targets.scans import Asked, FutureVulsScanner, NotAsked


def scan_raised(receipt: Receipt, scanners: Mapping[str, FutureVulsScanner], world: World, *, until: float) -> None:
    """
    Ask for a scan of every server that was raised or joined; what goes wrong is a warning and changes nothing.

    Nothing is asked any more from the monotonic second `until` on.
    """
    raised = [result for result in receipt.results if _was_raised(result)]
    asked = 0
    closed: set[str] = set()
    for number, result in enumerate(raised):
        if world.clock.monotonic() >= until:
            left = counted(len(raised) - number, "server")
            world.tell(f"warning: no scan of {left}: the run's time is over, and FutureVuls scans by itself")
            break
        if result.group in closed:
            continue
        match scanners[result.group].scan(result.server):
            case Asked():
                asked += 1
            case NotAsked(why=why, stops=stops):
                world.tell(f"warning: no scan of {neutral(result.name)}: {neutral(why)}")
                if stops:
                    closed.add(result.group)
    world.tell(f"Asked FutureVuls to scan {counted(asked, 'server')}.")


def _was_raised(result: Result) -> bool:
    return result.outcome is Outcome.APPLIED and result.direction in {Direction.RAISE, Direction.JOIN}
