"""`exposurectl audit`: prove offline that plans and receipts are whole, and that plans follow from their evidence."""

import argparse
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from exposurectl import __version__
from exposurectl.audit.entry import Entry
from exposurectl.audit.ledger import Ledger
from exposurectl.audit.replay import NoEvidence, replay
from exposurectl.audit.report import Replayed, verdict
from exposurectl.cli.ending import leave
from exposurectl.cli.history import history_of
from exposurectl.cli.recorded import Recorded
from exposurectl.cli.world import World
from exposurectl.diagnostics import Exit, ExposurectlError
from exposurectl.plan.file import read_plan
from exposurectl.plan.model import Plan
from exposurectl.render.audit import audit_json, audit_text


def run(arguments: argparse.Namespace, world: World) -> Exit:
    """Read every folder of the plans, and say what holds and what does not."""
    recorded = Recorded(Path(arguments.plans))
    ledger = Ledger()
    receipts: dict[str, str] = {}
    for folder in recorded.folders():
        ledger.take(folder)
        receipts |= {_digest(file.content): folder.file(file.name) for file in folder.receipts}
    head = recorded.head
    replayed = None
    if arguments.replay:
        entries = [entry for chain in ledger.chains(head).values() for entry in chain]
        replayed = tuple(_replayed(entries, recorded, receipts, arguments))
    report = ledger.report(
        arguments.plans,
        head,
        history_of(recorded.directory),
        passed_over=recorded.passed_over,
        replayed=replayed,
    )
    if arguments.format == "json":
        world.say(audit_json(report))
    else:
        world.say(audit_text(report, width=world.width, colour=world.colour))
    code, reason = verdict(report)
    return leave(code, reason, world) if code else code


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _replayed(
    entries: list[Entry], recorded: Recorded, receipts: Mapping[str, str], arguments: argparse.Namespace
) -> Iterator[Replayed]:
    """Make every plan that can be read again, in the order of the chain."""
    from exposurectl.cli.archive import Archive
    from exposurectl.sources.commits import repository_top

    archive = Archive(
        Path(arguments.replay),
        repository_top(recorded.directory),
        policy=arguments.policy,
        configs=arguments.configs,
    )
    previous: Plan | None = None
    for entry in entries:
        plan = _plan(entry, recorded)
        if plan is None:
            continue
        receipt = receipts.get(plan.inputs.snapshot)
        found = _of_other_version(plan) or archive.find(plan, recorded.file(receipt) if receipt else None)
        yield replay(entry, plan, previous, found)
        previous = plan


def _plan(entry: Entry, recorded: Recorded) -> Plan | None:
    """Return an entry's plan; None where it is not what was written, which is a break already."""
    if not entry.digest:
        return None
    try:
        return read_plan(entry.place, recorded.file(entry.place).content)
    except ExposurectlError:
        return None


def _of_other_version(plan: Plan) -> NoEvidence | None:
    """Return why a plan is not made again by this version although everything may be here."""
    if plan.tool_version == __version__:
        return None
    why = f"exposurectl {plan.tool_version} made it, and this is {__version__}: install that one to replay it."
    return NoEvidence(why=why)
