"""The outcome of policy cases, for a terminal."""

from collections.abc import Sequence

import msgspec

from exposurectl.render.neutral import neutral
from exposurectl.render.text import Sheet
from exposurectl.render.words import counted


class CaseReport(msgspec.Struct, frozen=True, kw_only=True):
    """One case that does not hold: what was expected, what came out, and where the deciding rules stand."""

    place: str
    name: str
    expected: str
    got: str
    deciding: tuple[str, ...]


def cases_text(
    total: int, failed: Sequence[CaseReport], unexercised: Sequence[str], *, width: int, colour: bool
) -> str:
    """Return each failed case, what no case exercises, and the sum."""
    sheet = Sheet(width=width, colour=colour)
    for case in failed:
        sheet.line((f"{neutral(case.place)}: ", "bold"), ("failed: ", "red"), neutral(case.name))
        sheet.line(("expected  ", "dim"), neutral(case.expected), indent=2)
        sheet.line(("got       ", "dim"), neutral(case.got), indent=2)
        for rule in case.deciding:
            sheet.line(("decided   ", "dim"), neutral(rule), indent=2)
    for rule in unexercised:
        sheet.line(("not exercised: ", "yellow"), f"{neutral(rule)} decides no case")
    held = f"{total - len(failed)} of {counted(total, 'case')} held"
    sheet.line((f"{held}.", "red bold" if failed else "green bold"))
    return str(sheet)
