"""What another policy would change, for a terminal."""

from collections.abc import Iterable

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
    cut,
    given,
    headline,
    moved,
    uncertain,
    unread,
)
from exposurectl.render.neutral import neutral
from exposurectl.render.text import Sheet
from exposurectl.render.words import counted

_MARKS = {"lower": ("▼", "yellow"), "set": ("◆", "cyan"), "raise": ("▲", "red"), "leave": ("·", "dim")}
_DIGEST = len("sha256:") + 12
_COMMIT = 12
_NAMES = 6
_NAME = 64
_RULES = 5
_LONG = 400
_LABEL = 11


def diff_text(report: Report, *, width: int, colour: bool) -> str:
    """Return the instances that change and what follows, the inputs that are judged differently, and the sum."""
    sheet = Sheet(width=width, colour=colour)
    _side(sheet, "old", report.old)
    _side(sheet, "new", report.new)
    sheet.line((f"overrides as of {report.as_of}", "dim"))
    if report.fleet:
        _fleet(sheet, report.fleet)
    if report.regions:
        sheet.line("")
        sheet.line(("Inputs that are judged differently", "bold"), ", whether any instance has them or not")
    for region in report.regions or ():
        _region(sheet, region)
    sheet.line("")
    sheet.line((headline(report), "bold"))
    return str(sheet)


def _side(sheet: Sheet, label: str, side: Side) -> None:
    commit = f" · commit {neutral(side.commit[:_COMMIT])}" if side.commit else ""
    sheet.line((f"{label}  ", "dim"), (neutral(side.name), "bold"), f"{commit} · policy {side.digest[:_DIGEST]}")


def _fleet(sheet: Sheet, fleet: Fleet) -> None:
    if fleet.shifts:
        sheet.line("")
        sheet.line(("Instances", "bold"))
    for shift in fleet.shifts:
        _shift(sheet, shift)
    if fleet.consequences or uncertain(fleet):
        sheet.line("")
        sheet.line(("What follows in SSVC", "bold"), f", by {fleet.tables}")
    for consequence in fleet.consequences:
        _consequence(sheet, consequence)
    if uncertain(fleet):
        sheet.line(uncertain(fleet), indent=2)
    if fleet.gaps:
        sheet.line("")
        sheet.line(("warning: ", "yellow"), unread(fleet))


def _shift(sheet: Sheet, shift: Shifted) -> None:
    _head(sheet, shift.direction, shift.before, shift.after, f" · {counted(len(shift.instances), 'instance')}")
    shown, more = cut([_name(one) for one in shift.instances], _NAMES)
    _detail(sheet, "instances", ", ".join(shown) + (f" and {more} more" if more else ""))
    _rules(sheet, shift.before, shift.after)


def _name(instance: Named) -> str:
    name = neutral(instance.name, _NAME)
    return f"{name} ({neutral(instance.id)})" if name else neutral(instance.id)


def _region(sheet: Sheet, region: Region) -> None:
    _head(sheet, region.direction, region.before, region.after)
    for label, value in region.where.items():
        _detail(sheet, neutral(label), neutral(value, _LONG))
    _rules(sheet, region.before, region.after)
    _detail(sheet, "such as", neutral(region.witness, _LONG))


def _head(sheet: Sheet, direction: str, before: Standing, after: Standing, more: str = "") -> None:
    mark, style = _MARKS[direction]
    sheet.line((f"{mark} {direction:<6}", style), f"{before.words} → ", (after.words, style), more, indent=2)


def _rules(sheet: Sheet, before: Standing, after: Standing) -> None:
    _detail(sheet, "by", f"{_listed(before.rules)} → {_listed(after.rules)}")


def _listed(rules: Iterable[str]) -> str:
    shown, more = cut([neutral(rule) for rule in rules], _RULES)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _detail(sheet: Sheet, label: str, value: str) -> None:
    sheet.row((f"{label:<{_LABEL}}", "dim"), value, indent=10)


def _consequence(sheet: Sheet, consequence: Consequence) -> None:
    sheet.line(f"{consequence.before} → {consequence.after}: ", moved(consequence), indent=2)
    _moved_rows(sheet, "deployer", consequence.deployer)
    _moved_rows(sheet, "BOD 26-04", consequence.bod_26_04)


def _moved_rows(sheet: Sheet, table: str, rows: Iterable[MovedRow]) -> None:
    for row in rows:
        sheet.row((f"{table:<{_LABEL}}", "dim"), f"{row.before} → {row.after}: {given(row)}", indent=4)
