"""`exposurectl explain`: why one instance has its level, from a plan or straight from evidence."""

import argparse
from pathlib import Path

from exposurectl.cli.anywhere import anywhere_prefix
from exposurectl.cli.arguments import UsageError
from exposurectl.cli.inputs import read_plan_file, recorded_inventory
from exposurectl.cli.telling import Question, short_story, whole_story
from exposurectl.cli.world import World
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError
from exposurectl.documents.writing import written_entry
from exposurectl.model import Inventory
from exposurectl.plan.compare import Line
from exposurectl.plan.model import Change, Plan, Skipped, Unchanged
from exposurectl.policy.as_case import as_case
from exposurectl.policy.files import load_policy
from exposurectl.render.explain import Story, explain_text
from exposurectl.render.story import story_json, story_text
from exposurectl.render.words import level
from exposurectl.sources.snapshot import read_snapshot

DEFAULT_PLAN = "plan.json"
_IN_A_CASE_FILE = 2
"""How far the entries of `cases:` are indented."""


def run(arguments: argparse.Namespace, world: World) -> Exit:
    """Say why the instance has its level."""
    instance = arguments.instance.strip().lower()
    if arguments.findings or arguments.snapshot:
        world.say(_from_evidence(_question(arguments, instance, world), arguments, world))
        return Exit.DONE
    _refuse_without_evidence(arguments)
    story = _from_plan(read_plan_file(arguments.plan or DEFAULT_PLAN), instance)
    world.say(explain_text(story, width=world.width, colour=world.colour))
    return Exit.DONE


def _refuse_without_evidence(arguments: argparse.Namespace) -> None:
    """Raise UsageError for what a plan, which holds reasons and no evidence, cannot tell; and where there is none."""
    asked = {"--full": arguments.full, "--as-case": arguments.as_case, "--format json": arguments.format == "json"}
    for option, given in asked.items():
        if given:
            raise UsageError(f"{option} needs evidence: add --snapshot DIR or --findings FILE")
    if arguments.plan is None and not Path(DEFAULT_PLAN).exists():
        raise UsageError(f"there is no {DEFAULT_PLAN} here: add --plan PLAN, --snapshot DIR or --findings FILE")


def _from_evidence(question: Question, arguments: argparse.Namespace, world: World) -> str:
    """Return the instance's case, or its story, short or whole."""
    if arguments.as_case:
        case = as_case(question.evidence, question.answer(), question.policy, today=question.today)
        return written_entry(case, _IN_A_CASE_FILE)
    if arguments.format == "json":
        return story_json(whole_story(question))
    if arguments.full:
        return story_text(whole_story(question), width=world.width, colour=world.colour)
    return explain_text(short_story(question), width=world.width, colour=world.colour)


def _question(arguments: argparse.Namespace, instance: str, world: World) -> Question:
    """Return the instance's evidence and the policy that decides it, without any FutureVuls."""
    policy = load_policy(Path(arguments.policy))
    inventory = _inventory(arguments, world)
    evidence = next((one for one in inventory.evidence if one.instance.id == instance), None)
    if evidence is None:
        raise _unknown(instance, f"the evidence, which has {len(inventory.evidence)} instances")
    anywhere = anywhere_prefix(arguments.config)
    return Question(evidence=evidence, policy=policy, today=inventory.as_of.date(), anywhere=anywhere)


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
