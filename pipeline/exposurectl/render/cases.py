"""The outcome of policy cases, for a terminal."""

from collections.abc import Iterator, Sequence

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


class CoverageReport(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the rules and overrides decide a case, and which do not."""

    exercised: int
    total: int
    percent: int
    unexercised: tuple[str, ...]


def cases_text(total: int, failed: Sequence[CaseReport], coverage: CoverageReport, *, width: int, colour: bool) -> str:
    """Return each failed case, what no case exercises, and the sum."""
    sheet = Sheet(width=width, colour=colour)
    for case in failed:
        sheet.line((f"{neutral(case.place)}: ", "bold"), ("failed: ", "red"), neutral(case.name))
        for label, value in _details(case):
            sheet.line((label, "dim"), value, indent=2)
    for rule in coverage.unexercised:
        sheet.line(("not exercised: ", "yellow"), f"{neutral(rule)} decides no case")
    sheet.line(f"{coverage_sentence(coverage)}.")
    held = f"{total - len(failed)} of {counted(total, 'case')} held"
    sheet.line((f"{held}.", "red bold" if failed else "green bold"))
    return str(sheet)


def coverage_sentence(coverage: CoverageReport) -> str:
    """Return how many rules and overrides decide a case, and the share."""
    return f"{coverage.exercised} of {coverage.total} rules and overrides decide a case ({coverage.percent} %)"


def failure_lines(case: CaseReport) -> Iterator[str]:
    """Yield a failed case line by line, its place first."""
    yield f"{neutral(case.place)}: {neutral(case.name)}"
    for label, value in _details(case):
        yield f"  {label}{value}"


def _details(case: CaseReport) -> Iterator[tuple[str, str]]:
    """Yield what was expected, what came out and what decided, each with its label."""
    yield "expected  ", neutral(case.expected)
    yield "got       ", neutral(case.got)
    for rule in case.deciding:
        yield "decided   ", neutral(rule)
