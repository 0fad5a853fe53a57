"""`exposurectl explain`: why one instance has its level, from a plan or straight from evidence."""

import argparse
from pathlib import Path

from exposurectl.cli.inputs import read_plan_file, recorded_inventory
from exposurectl.cli.world import World
from exposurectl.config import load_config
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError
from exposurectl.model import Decided, Inventory, Unobserved
from exposurectl.plan.compare import Line
from exposurectl.plan.model import Change, Plan, Skipped, Unchanged
from exposurectl.policy.decide import decide
from exposurectl.policy.files import load_policy
from exposurectl.policy.sources import AnywherePrefix
from exposurectl.render.explain import Story, explain_text
from exposurectl.render.words import level
from exposurectl.sources.snapshot import read_snapshot

DEFAULT_PLAN = "plan.json"


def run(arguments: argparse.Namespace, world: World) -> Exit:
    """Say why the instance has its level."""
    instance = arguments.instance.strip().lower()
    if arguments.findings or arguments.snapshot:
        story = _from_evidence(arguments, instance, world)
    else:
        story = _from_plan(read_plan_file(arguments.plan or DEFAULT_PLAN), instance)
    world.say(explain_text(story, width=world.width, colour=world.colour))
    return Exit.DONE


def _from_evidence(arguments: argparse.Namespace, instance: str, world: World) -> Story:
    """Decide the instance's evidence by the policy, without any FutureVuls."""
    policy = load_policy(Path(arguments.policy))
    inventory = _inventory(arguments, world)
    evidence = next((one for one in inventory.evidence if one.instance.id == instance), None)
    if evidence is None:
        raise _unknown(instance, f"the evidence, which has {len(inventory.evidence)} instances")
    settings = load_config(Path(arguments.config)) if arguments.config else None
    anywhere = AnywherePrefix(v4=settings.anywhere_v4, v6=settings.anywhere_v6) if settings else AnywherePrefix()
    decision = decide(evidence, policy, today=inventory.as_of.date(), anywhere=anywhere)
    if not isinstance(decision, Decided):
        return Story(instance=instance, level=None, why=decision.why)
    unobserved = evidence.coverage.why if isinstance(evidence.coverage, Unobserved) else ""
    return Story(
        instance=instance,
        level=decision.level,
        why=f"may raise, never lowers: unobserved: {unobserved}" if decision.raise_only else "",
        reasons=decision.reasons,
        without=decision.without,
        notes=decision.warnings,
    )


def _inventory(arguments: argparse.Namespace, world: World) -> Inventory:
    if arguments.snapshot:
        return read_snapshot(Path(arguments.snapshot)).inventory
    return recorded_inventory(arguments.findings, world.clock.now(), world)


def _from_plan(plan: Plan, instance: str) -> Story:
    """Return what the plan says of the instance, and where its servers stand."""
    everything: tuple[Line, ...] = (*plan.changes, *plan.unchanged, *plan.skipped)
    lines = [line for line in everything if line.instance == instance]
    if not lines:
        raise _unknown(instance, f"plan {plan.sequence} of {plan.environment}")
    notes = tuple(_note(line) for line in lines)
    placed = next((line for line in lines if not isinstance(line, Skipped)), None)
    if placed is None:
        why = " / ".join(sorted({line.why for line in lines if isinstance(line, Skipped)}))
        return Story(instance=instance, level=None, why=why, notes=notes)
    return Story(
        instance=instance,
        level=(placed.after if isinstance(placed, Change) else placed.placement).level,
        reasons=placed.reasons,
        without=placed.would_be[0].level if isinstance(placed, Change) and placed.would_be else None,
        notes=notes,
    )


def _note(line: Line) -> str:
    """Return where one server of the instance stands."""
    server = f"{line.name} ({line.group} {line.server})" if line.server else f"{line.name or 'no server'}"
    match line:
        case Change():
            return f"{server}: {line.direction.value} {level(line.before.level)} to {level(line.after.level)}"
        case Unchanged():
            return f"{server}: {level(line.placement.level)} already"
        case Skipped():
            return f"{server}: left alone, {line.why}"


def _unknown(instance: str, where: str) -> ExposurectlError:
    problem = Diagnostic(
        summary="Instance not found",
        detail=f"{instance} is not in {where}.",
        hint="check the id; an instance without a finding is only known from a snapshot",
    )
    return ExposurectlError(problem, reason="instance-unknown")
