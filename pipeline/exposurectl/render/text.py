"""A plan for a terminal: aligned, coloured, and short enough to be read."""

import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from exposurectl.plan.model import Change, Direction, Plan, Skipped
from exposurectl.render.neutral import neutral
from exposurectl.render.words import counted, effort, gathered, headline, move, told

_MARKS = {Direction.RAISE: ("▲", "red"), Direction.JOIN: ("◆", "cyan"), Direction.LOWER: ("▼", "yellow")}
_REASONS = 2
_NAMES = 6
_DETAIL_INDENT = 10
_NAME = 32
_SENTENCE = 400
_HEIGHT = 25
"""Nothing here depends on it; a console that has none asks the process's own terminal."""


class Sheet:
    """A page of text of one width, coloured or not."""

    def __init__(self, *, width: int, colour: bool) -> None:
        self._plain_width = 0 if colour else width
        self._out = io.StringIO()
        self._console = Console(
            file=self._out,
            width=width,
            height=_HEIGHT,
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
        text = Text.assemble(*parts)
        if indent + cell_len(text.plain) <= self._plain_width:  # nearly every line: a plan may have 50,000
            self._out.write(f"{' ' * indent}{text.plain}\n")
        else:
            self._console.print(Padding(text, (0, 0, 0, indent)))

    def whole(self, *parts: tuple[str, str] | str) -> None:
        """Add a line of parts that is never broken, so that a place in it can be followed."""
        self._console.print(Text.assemble(*parts), soft_wrap=True)

    def row(self, label: tuple[str, str] | str, *parts: tuple[str, str] | str, indent: int = 0) -> None:
        """Add a label and a text of parts; what is too long goes on below the text."""
        table = Table.grid()
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        table.add_row(Text.assemble(label), Text.assemble(*parts))
        self._console.print(Padding(table, (0, 0, 0, indent)))

    def __str__(self) -> str:
        """Return the page, without blanks at the ends of lines."""
        return "\n".join(line.rstrip() for line in self._out.getvalue().split("\n"))


def plan_text(plan: Plan, *, width: int, colour: bool) -> str:
    """Return the whole plan: changes with their reasons, what is skipped and why, warnings, and the sum."""
    sheet = Sheet(width=width, colour=colour)
    times = f"as of {plan.as_of:%Y-%m-%d %H:%M} UTC · valid until {plan.expires_at:%Y-%m-%d %H:%M} UTC"
    sheet.line((neutral(plan.environment), "bold"), f" · plan {plan.sequence} · {times}")
    widest = widest_name(plan.changes)
    for group, changes in groupby(sorted(plan.changes, key=lambda change: change.group), lambda change: change.group):
        sheet.line("")
        sheet.line((neutral(group), "bold"))
        for change in changes:
            _change(sheet, change, widest)
    _skipped(sheet, plan.skipped)
    _notes(sheet, plan)
    return str(sheet)


def widest_name(changes: Sequence[Change]) -> int:
    """Return how many columns the names of changes take at most."""
    return max((cell_len(neutral(change.name, _NAME)) for change in changes), default=0)


def padded_name(name: str, columns: int) -> str:
    """Return a server's name with blanks behind it. A Japanese letter takes two columns."""
    shown = neutral(name, _NAME)
    return shown + " " * (columns - cell_len(shown))


def _change(sheet: Sheet, change: Change, widest: int) -> None:
    mark, style = _MARKS[change.direction]
    before, after = move(change)
    sheet.line(
        (f"{mark} {change.direction.value:<6}", style),
        (f"{padded_name(change.name, widest)}  ", "bold"),
        (f"{neutral(change.instance):<19}  ", "dim"),
        f"{before} → ",
        (after, style),
        indent=2,
    )
    for line in _reason_lines(change):
        sheet.line(*line, indent=_DETAIL_INDENT)


def _reason_lines(change: Change) -> Iterator[tuple[tuple[str, str] | str, ...]]:
    """Yield a line for each of the first reasons, and one that counts the others."""
    for reason in change.reasons[:_REASONS]:
        yield (neutral(told(reason)), (f" [{neutral(reason.rule)}]", "dim"))
    more = len(change.reasons) - _REASONS
    if more > 0:
        yield ((f"and {counted(more, 'reason')} more", "dim"),)


def _skipped(sheet: Sheet, skipped: Iterable[Skipped]) -> None:
    """Add what is left alone, gathered by reason."""
    by_reason = gathered(skipped)
    if by_reason:
        sheet.line("")
        sheet.line(("Left alone", "bold"))
    for why, ones in by_reason:
        names = [neutral(one.name or one.instance, _NAME) for one in ones]
        shown = ", ".join(names[:_NAMES]) + (f" and {len(names) - _NAMES} more" if len(names) > _NAMES else "")
        sheet.row(f"{len(names):>4}  ", neutral(why), (f" · {shown}", "dim"))


def _notes(sheet: Sheet, plan: Plan) -> None:
    """Add warnings, what blocks the plan, and the sum."""
    if plan.warnings:
        sheet.line("")
    for warning in plan.warnings:
        sheet.row(("warning: ", "yellow"), neutral(warning, _SENTENCE))
    if plan.blocked_by:
        sheet.line("")
    for block in plan.blocked_by:
        word, style = ("acknowledge: ", "yellow bold") if block.acknowledge else ("blocked: ", "red bold")
        sheet.row((word, style), f"{neutral(block.detail, _SENTENCE)} ({neutral(block.reason)})")
    sheet.line("")
    sheet.line((headline(plan.summary), "bold"))
    sheet.line(effort(plan))
