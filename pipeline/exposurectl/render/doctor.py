"""The checks of `doctor`, for a terminal."""

from collections.abc import Sequence

from exposurectl.checks import Check, State
from exposurectl.render.neutral import neutral
from exposurectl.render.text import Sheet
from exposurectl.render.words import counted

_STYLES = {State.GOOD: "green", State.WARNING: "yellow", State.BAD: "red"}
_LONG = 400


def check_text(check: Check, *, width: int, colour: bool) -> str:
    """Return one answer, with its advice where there is any."""
    sheet = Sheet(width=width, colour=colour)
    sheet.line((f"{check.state.value:<8} ", _STYLES[check.state]), (neutral(check.subject), "bold"))
    sheet.line(neutral(check.detail, _LONG), indent=9)
    if check.advice:
        sheet.line(("do: ", "cyan"), neutral(check.advice, _LONG), indent=9)
    return str(sheet)


def sum_text(checks: Sequence[Check], *, width: int, colour: bool) -> str:
    """Return how many checks there were, and how many of them want somebody's attention."""
    sheet = Sheet(width=width, colour=colour)
    bad, doubtful = (sum(check.state is state for check in checks) for state in (State.BAD, State.WARNING))
    sheet.line("")
    sheet.line((f"{counted(len(checks), 'check')}, {bad} bad, {doubtful} to look at.", "bold"))
    return str(sheet)
