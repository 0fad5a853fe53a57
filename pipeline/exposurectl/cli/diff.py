"""`exposurectl diff`: what another policy would change, for any input and for the fleet at hand."""

import argparse
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from exposurectl.cli.anywhere import anywhere_prefix
from exposurectl.cli.ending import leave
from exposurectl.cli.inputs import moment, recorded_inventory
from exposurectl.cli.revisions import commit_named, policy_at
from exposurectl.cli.world import World
from exposurectl.diagnostics import Exit, ExposurectlError
from exposurectl.model import Instance, Inventory
from exposurectl.policy.analysis.difference import Difference, differences
from exposurectl.policy.effect import Direction, Outcome, Shift, direction, effect
from exposurectl.policy.files import load_policy
from exposurectl.policy.model import Policy
from exposurectl.policy.sources import AnywherePrefix
from exposurectl.policy.ssvc import BOD_26_04, DEPLOYER, TABLES, Move, deadlines_that_move, priorities_that_move
from exposurectl.render.diff import (
    Consequence,
    Fleet,
    MovedRow,
    Named,
    Region,
    Report,
    Shifted,
    Side,
    Standing,
    diff_json,
)
from exposurectl.sources.snapshot import read_snapshot


def run(arguments: argparse.Namespace, world: World) -> Exit:
    """Show where two policies differ, and with evidence which instances would change."""
    (old, old_side), (new, new_side) = (_policy(name, arguments.policy) for name in (arguments.old, arguments.new))
    anywhere = anywhere_prefix(arguments.config)
    as_of, inventory = _evidence(arguments, world)
    regions = _regions(old, new, as_of, anywhere)
    if isinstance(regions, ExposurectlError) and not inventory:
        raise regions
    report = Report(
        old=old_side,
        new=new_side,
        as_of=as_of.date(),
        regions=None if isinstance(regions, ExposurectlError) else regions,
        fleet=_fleet(old, new, inventory, as_of, anywhere) if inventory else None,
    )
    world.say(_shown(report, arguments.format, world))
    if isinstance(regions, ExposurectlError):
        raise regions
    if arguments.detailed_exitcode and report.differs:
        return leave(Exit.CHANGES, "differences", world)
    return Exit.DONE


def _policy(name: str, folder: str) -> tuple[Policy, Side]:
    """Return a policy: of a directory where the name is one's, else of the revision that it names."""
    if Path(name).is_dir():
        policy = load_policy(Path(name))
        return policy, Side(name=name, digest=policy.digest)
    commit = commit_named(Path(folder), name)
    policy = policy_at(Path(folder), commit, name)
    return policy, Side(name=f"{name}:{folder}", commit=commit, digest=policy.digest)


def _evidence(arguments: argparse.Namespace, world: World) -> tuple[datetime, Inventory | None]:
    """Return the time to judge by, and the evidence where any was given."""
    recorded = read_snapshot(Path(arguments.snapshot)) if arguments.snapshot else None
    as_of = moment(arguments, recorded, world)
    if arguments.findings:
        return as_of, recorded_inventory(arguments.findings, as_of, world)
    return as_of, recorded.inventory if recorded else None


def _regions(
    old: Policy, new: Policy, as_of: datetime, anywhere: AnywherePrefix
) -> tuple[Region, ...] | ExposurectlError:
    """Return every region of inputs that the policies judge differently, or why that cannot be said."""
    try:
        return tuple(map(_region, differences(old, new, anywhere, as_of.date())))
    except ExposurectlError as error:
        return error


def _fleet(old: Policy, new: Policy, inventory: Inventory, as_of: datetime, anywhere: AnywherePrefix) -> Fleet:
    shifts = effect(old, new, inventory.evidence, today=as_of.date(), anywhere=anywhere)
    return Fleet(
        decided=len(inventory.evidence),
        gaps=len(inventory.gaps),
        shifts=tuple(map(_shifted, shifts)),
        consequences=tuple(_consequences(shifts)),
        tables=TABLES,
    )


def _region(difference: Difference) -> Region:
    before = Outcome(level=difference.before, rules=difference.rules_before)
    after = Outcome(level=difference.after, rules=difference.rules_after)
    return Region(
        direction=direction(before, after).value,
        before=_standing(before),
        after=_standing(after),
        where=dict(difference.words),
        witness=difference.witness,
    )


def _shifted(shift: Shift) -> Shifted:
    return Shifted(
        direction=shift.direction.value,
        before=_standing(shift.before),
        after=_standing(shift.after),
        instances=tuple(map(_named, shift.instances)),
    )


def _standing(outcome: Outcome) -> Standing:
    return Standing(level=outcome.level, raise_only=outcome.raise_only, rules=outcome.rules)


def _named(instance: Instance) -> Named:
    return Named(id=instance.id, name=instance.tag("Name") or "")


def _consequences(shifts: Iterable[Shift]) -> Iterator[Consequence]:
    """Yield what follows in SSVC, once for each two levels; where a level is not known, nobody can tell."""
    moving = (shift for shift in shifts if shift.direction in {Direction.LOWER, Direction.RAISE})
    for before, after in dict.fromkeys((shift.before.level, shift.after.level) for shift in moving):
        if before and after and before is not after:
            yield Consequence(
                before=before,
                after=after,
                deployer=tuple(map(_row, priorities_that_move(before, after))),
                deployer_rows=len(DEPLOYER),
                bod_26_04=tuple(map(_row, deadlines_that_move(before, after))),
                bod_26_04_rows=len(BOD_26_04),
            )


def _row(move: Move) -> MovedRow:
    return MovedRow(given=dict(move.given), before=move.before.value, after=move.after.value)


def _shown(report: Report, form: str, world: World) -> str:
    match form:
        case "markdown":
            from exposurectl.render.diff_markdown import diff_markdown

            return diff_markdown(report)
        case "json":
            return diff_json(report)
        case _:
            from exposurectl.render.diff_text import diff_text

            return diff_text(report, width=world.width, colour=world.colour)
