"""A plan for a terminal: aligned, coloured, and short enough to be read."""

import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from exposurectl.plan.model import Change, Direction, Plan, Skipped
from exposurectl.render.neutral import neutral
from exposurectl.render.words import counted, effort, headline, move, told

_MARKS = {Direction.RAISE: ("▲", "red"), Direction.JOIN: ("◆", "cyan"), Direction.LOWER: ("▼", "yellow")}
_REASONS = 2
_NAMES = 6
_DETAIL_INDENT = 10


class Sheet:
    """A page of text of one width, coloured or not."""

    def __init__(self, *, width: int, colour: bool) -> None:
        self._out = io.StringIO()
        self._console = Console(
            file=self._out,
            width=width,
            force_terminal=colour,
            color_system="standard" if colour else None,
            no_color=not colour,
            markup=False,
            emoji=False,
            highlight=False,
            legacy_windows=False,
        )

    def line(self, *parts: tuple[str, str] | str, indent: int = 0) -> None:
        """Add a line of parts, each plain or with a style; what is too long goes on below, indented alike."""
        self._console.print(Padding(Text.assemble(*parts), (0, 0, 0, indent)))

    def row(self, label: str, text: Text) -> None:
        """Add a label and a text; what is too long goes on below the text."""
        table = Table.grid()
        table.add_column(no_wrap=True)
        table.add_column()
        table.add_row(label, text)
        self._console.print(table)

    def __str__(self) -> str:
        """Return the page, without blanks at the ends of lines."""
        return "\n".join(line.rstrip() for line in self._out.getvalue().split("\n"))


def plan_text(plan: Plan, *, width: int, colour: bool) -> str:
    """Return the whole plan: changes with their reasons, what is skipped and why, warnings, and the sum."""
    sheet = Sheet(width=width, colour=colour)
    times = f"as of {plan.as_of:%Y-%m-%d %H:%M} UTC · valid until {plan.expires_at:%Y-%m-%d %H:%M} UTC"
    sheet.line((neutral(plan.environment), "bold"), f" · plan {plan.sequence} · {times}")
    for group, changes in groupby(sorted(plan.changes, key=lambda change: change.group), lambda change: change.group):
        sheet.line("")
        sheet.line((neutral(group), "bold"))
        _changes(sheet, list(changes))
    _skipped(sheet, plan.skipped)
    _notes(sheet, plan)
    return str(sheet)


def _changes(sheet: Sheet, changes: Sequence[Change]) -> None:
    widest = max(len(neutral(change.name, 32)) for change in changes)
    for change in changes:
        mark, style = _MARKS[change.direction]
        before, after = move(change)
        sheet.line(
            (f"{mark} {change.direction.value:<6}", style),
            (f"{neutral(change.name, 32):<{widest}}  ", "bold"),
            (f"{neutral(change.instance):<19}  ", "dim"),
            f"{before} → ",
            (after, style),
            indent=2,
        )
        for line in reason_lines(change):
            sheet.line(*line, indent=_DETAIL_INDENT)


def reason_lines(change: Change) -> Iterator[tuple[tuple[str, str] | str, ...]]:
    """Yield a line for each of the first reasons, and one that counts the others."""
    for reason in change.reasons[:_REASONS]:
        yield (neutral(told(reason)), " · ", (neutral(reason.rule), "dim"))
    more = len(change.reasons) - _REASONS
    if more > 0:
        yield ((f"and {counted(more, 'reason')} more", "dim"),)


def _skipped(sheet: Sheet, skipped: Iterable[Skipped]) -> None:
    """Add what is left alone, gathered by reason."""
    gathered = [(why, list(ones)) for why, ones in groupby(sorted(skipped, key=_skipped_order), lambda one: one.why)]
    if gathered:
        sheet.line("")
        sheet.line(("Left alone", "bold"))
    for why, ones in gathered:
        names = [neutral(one.name or one.instance, 32) for one in ones]
        shown = ", ".join(names[:_NAMES]) + (f" and {len(names) - _NAMES} more" if len(names) > _NAMES else "")
        sheet.row(f"{len(names):>4}  ", Text.assemble(neutral(why), (f"  {shown}", "dim")))


def _skipped_order(one: Skipped) -> tuple[str, str, str]:
    return one.why, one.group, one.name or one.instance


def _notes(sheet: Sheet, plan: Plan) -> None:
    """Add warnings, what blocks the plan, and the sum."""
    if plan.warnings:
        sheet.line("")
    for warning in plan.warnings:
        sheet.line(("warning: ", "yellow"), neutral(warning, 400))
    for block in plan.blocked_by:
        sheet.line("")
        sheet.line(("blocked: ", "red bold"), f"{neutral(block.detail, 400)} ({block.reason})")
    sheet.line("")
    sheet.line((headline(plan.summary), "bold"), f" {effort(plan.summary)}")
