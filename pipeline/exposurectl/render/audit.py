"""The audit's answer for a terminal, and for machines."""

import json
from collections.abc import Iterator

import msgspec

from exposurectl.audit.breaks import Break
from exposurectl.audit.history import Brought, Commit, History
from exposurectl.audit.report import Environment, Lowering, Replay, Report, Unreceipted
from exposurectl.render.neutral import neutral
from exposurectl.render.text import Sheet
from exposurectl.render.words import counted

_LABEL = 12
_SENTENCE = 600
_SHORT = 12
"""Characters of a commit that are shown."""
_MOST = 20
"""Rows of one kind that are shown; the JSON has them all."""


def audit_text(report: Report, *, width: int, colour: bool) -> str:
    """Return what holds and what does not, environment by environment, and the sum."""
    sheet = Sheet(width=width, colour=colour)
    for environment in report.environments:
        _environment(sheet, environment)
    _replay(sheet, report)
    _git(sheet, report)
    for name in report.passed_over:
        sheet.line(("passed over: ", "yellow"), f"{neutral(name)} holds neither a plan nor a receipt")
    for one in report.breaks:
        _break(sheet, one)
    if report.breaks:
        sheet.line("")
    _sum(sheet, report)
    return str(sheet)


def audit_json(report: Report) -> str:
    """Return the report with its sums as JSON: sorted keys, ASCII, one trailing newline."""
    breaks = report.all_breaks
    sums = {
        "intact": not breaks,
        "first_break": breaks[0] if breaks else None,
        "plans": sum(one.plans for one in report.environments),
        "receipts": sum(one.receipts for one in report.environments),
        "unsigned_commits": len(report.history.unsigned) if isinstance(report.history, History) else None,
        "expired_yet_applied": len(report.expired),
        "replays": {one.value: len(report.replays(one)) for one in Replay} if report.replayed is not None else None,
    }
    plain = msgspec.to_builtins({"format_version": 1, "summary": sums, **msgspec.structs.asdict(report)})
    return json.dumps(plain, sort_keys=True, indent=2, ensure_ascii=True) + "\n"


def _environment(sheet: Sheet, one: Environment) -> None:
    numbers = f" · plans {one.first} to {one.last}" if one.plans > 1 else f" · plan {one.first}" if one.plans else ""
    sums = f"{counted(one.plans, 'plan')}, {counted(one.receipts, 'receipt')}"
    sheet.line((neutral(one.name) or "(no environment)", "bold"), f"{numbers} · {sums}")
    if one.breaks:
        _row(sheet, "chain", "broken", "red bold")
        _break(sheet, one.breaks[0])
        if len(one.breaks) > 1:
            _row(sheet, "", f"and {counted(len(one.breaks) - 1, 'break')} after it, which may follow from it")
    else:
        _row(sheet, "chain", "intact", "green")
    if one.first > 1:
        _row(sheet, "begins", f"with plan {one.first}: nothing here tells of those before it", "yellow")
    ends = ", ".join(f"{count} {outcome}" for outcome, count in one.outcomes.items() if count)
    _row(sheet, "changes", ends or "none applied")
    _rows(sheet, "no receipt", (_unreceipted(plan) for plan in one.without_receipt), len(one.without_receipt))
    _rows(sheet, "lowered", (_lowering(lowering) for lowering in one.lowerings), len(one.lowerings))
    late = (
        f"{neutral(run.receipt)} began {run.started_at:%Y-%m-%d %H:%M} UTC; "
        f"the plan was valid until {run.expires_at:%Y-%m-%d %H:%M} UTC"
        for run in one.expired
    )
    _rows(sheet, "expired", late, len(one.expired), style="red")
    sheet.line("")


def _row(sheet: Sheet, label: str, text: str, style: str = "") -> None:
    sheet.row((f"  {label:<{_LABEL}}", "dim"), (text, style))


def _rows(sheet: Sheet, label: str, texts: Iterator[str], total: int, style: str = "") -> None:
    """Add the first of several rows, and how many more there are; none is said too."""
    if not total:
        _row(sheet, label, "none")
    for number, text in zip(range(min(total, _MOST)), texts, strict=False):
        _row(sheet, "" if number else label, text, style)
    if total > _MOST:
        _row(sheet, "", f"and {total - _MOST} more, which --format json lists")


def _break(sheet: Sheet, one: Break) -> None:
    place = (f"{neutral(one.place)}: ", "bold")
    sheet.row(("  broken at   ", "red"), place, f"{neutral(one.detail, _SENTENCE)} ({one.kind.value})")


def _unreceipted(plan: Unreceipted) -> str:
    tells = "the next plan is not here to tell more"
    if plan.made is not None:
        tells = f"the next plan found {plan.made} of them made"
    return f"plan {plan.sequence}: {counted(plan.changes, 'change')}; {tells}"


def _lowering(one: Lowering) -> str:
    accepted = "no count accepted" if one.accepted is None else f"{one.accepted} accepted"
    approved = ", digest approved" if one.approved else ""
    actor = f" by {neutral(one.actor)}" if one.actor else ""
    brought = _brought(one.brought) if one.brought else "reviewer unknown"
    unsure = f" and perhaps {one.unsure} more" if one.unsure else ""
    return f"plan {one.sequence}: {one.made}{unsure} of {one.planned}{actor}, {accepted}{approved}; {brought}"


def _brought(one: Brought) -> str:
    if one.merge:
        return f"merged by {neutral(one.merged_by)} in {one.merge[:_SHORT]}, written by {neutral(one.author)}"
    written = f"written by {neutral(one.author)}, without a merge"
    return f"committed by {neutral(one.committer)} in {one.commit[:_SHORT]}, {written}"


def _replay(sheet: Sheet, report: Report) -> None:
    if report.replayed is None:
        return
    identical, differing, impossible = (report.replays(outcome) for outcome in Replay)
    sheet.line(("Replay", "bold"), f" · {counted(len(report.replayed), 'plan')} made again")
    _row(sheet, "identical", str(len(identical)))
    for label, some, style in (("differs", differing, "red"), ("impossible", impossible, "yellow")):
        told = (f"{neutral(one.plan)}: {neutral(one.detail, _SENTENCE)}" for one in some)
        _rows(sheet, label, told, len(some), style)
    sheet.line("")


def _git(sheet: Sheet, report: Report) -> None:
    if not isinstance(report.history, History):
        sheet.line(("Git", "bold"), f" · no history: {neutral(report.history.why, _SENTENCE)}")
        _row(sheet, "", "who reviewed a plan, and whether commits are signed, is not known")
        sheet.line("")
        return
    history = report.history
    total = counted(len(history.commits), "commit")
    sheet.line(("Git", "bold"), f" · {total} touched {neutral(report.directory)}")
    for label, commits, style in (
        ("unsigned", history.unsigned, "yellow"),
        ("bad", history.refuted, "red"),
        ("unchecked", history.unchecked, ""),
    ):
        _rows(sheet, label, map(_commit, commits), len(commits), style)
    sheet.line("")


def _commit(one: Commit) -> str:
    why = "" if one.signature in {"unsigned", "unchecked"} else f" ({one.signature})"
    return f"{one.id[:_SHORT]} {one.at:%Y-%m-%d %H:%M} {neutral(one.committer)}{why}"


def _sum(sheet: Sheet, report: Report) -> None:
    plans, receipts = (sum(getattr(one, name) for one in report.environments) for name in ("plans", "receipts"))
    sums = f"{counted(plans, 'plan')}, {counted(receipts, 'receipt')}"
    style = "red bold" if report.all_breaks else "green bold"
    chain = "chain broken" if report.all_breaks else "chain intact" if plans else "no plan is recorded here"
    late = f"{len(report.expired)} expired yet applied"
    differing = len(report.replays(Replay.DIFFERS))
    replayed = f", {differing} not what {'its' if differing == 1 else 'their'} evidence gives" if differing else ""
    sheet.line((f"{sums}: {chain}, {late}{replayed}.", style))
