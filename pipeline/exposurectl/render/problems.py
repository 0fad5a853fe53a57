"""What is wrong with a policy, its cases and its config: for a terminal, and for programs."""

import json
from collections.abc import Callable
from datetime import date

import msgspec

from exposurectl.diagnostics import Diagnostic, LeftOut, Place, Severity
from exposurectl.render.neutral import neutral
from exposurectl.render.text import Sheet
from exposurectl.render.words import counted

FORMAT_VERSION = 1
_LONGEST = 1000
_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow"}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one `validate` found."""

    problems: tuple[Diagnostic, ...]
    """By place."""
    left_out: tuple[LeftOut, ...]
    as_of: date
    policy: str
    config: str
    """Empty where no config was checked."""
    analysed: bool
    """Whether the policy could be judged as a whole; errors in its files stand in the way of that."""

    @property
    def errors(self) -> int:
        """Return how many errors there are."""
        return sum(problem.severity is Severity.ERROR for problem in self.problems)

    @property
    def warnings(self) -> int:
        """Return how many warnings there are, those that are left out aside."""
        return len(self.problems) - self.errors

    def renamed(self, name: Callable[[str], str]) -> "Report":
        """Return the report with other names for its files; a problem without a place is the policy's."""
        replace = msgspec.structs.replace
        problems = []
        for problem in self.problems:
            place = problem.place or Place(self.policy)
            problems.append(replace(problem, place=replace(place, file=name(place.file))))
        return replace(self, problems=tuple(problems), policy=name(self.policy))


def problems_text(report: Report, *, width: int, colour: bool) -> str:
    """Return every problem with its place and its id, what is left out, and the sum."""
    sheet = Sheet(width=width, colour=colour)
    for problem in report.problems:
        _problem(sheet, problem)
    for one in report.left_out:
        sheet.line((f"{counted(one.count, 'warning')} left out: ", "dim"), f"{one.id}, {neutral(one.because)}")
    if not report.analysed:
        sheet.line("Errors hide what only the whole policy shows: rules that never decide, overrides that expire.")
    sheet.line((f"{summary(report)}.", "red bold" if report.errors else "green bold"))
    return str(sheet)


def _problem(sheet: Sheet, problem: Diagnostic) -> None:
    place = f"{neutral(str(problem.place), _LONGEST)}: " if problem.place else ""
    severity = (f"{problem.severity.value}: ", _STYLES[problem.severity])
    sheet.whole((place, "bold"), severity, neutral(problem.summary, _LONGEST), (f" [{problem.id}]", "dim"))
    for line in problem.detail.splitlines():
        sheet.line(neutral(line, _LONGEST), indent=2)
    if problem.hint:
        sheet.line(("hint: ", "cyan"), neutral(problem.hint, _LONGEST), indent=2)


def summary(report: Report) -> str:
    """Return how many problems there are, in a sentence without its end."""
    counts = f"{counted(report.errors, 'error')}, {counted(report.warnings, 'warning')}"
    if not report.problems:
        where = f"{report.policy} and {report.config}" if report.config else report.policy
        counts = f"No problems in {neutral(where)}, as of {report.as_of}"
    left_out = sum(one.count for one in report.left_out)
    return f"{counts}, {counted(left_out, 'warning')} left out" if left_out else counts


def problems_json(report: Report) -> str:
    """Return the report as JSON; `docs/problems.md` describes its shape, which only ever grows."""
    value = {
        "format_version": FORMAT_VERSION,
        "as_of": report.as_of.isoformat(),
        "policy": report.policy,
        "config": report.config,
        "analysed": report.analysed,
        "errors": report.errors,
        "warnings": report.warnings,
        "left_out": [msgspec.structs.asdict(one) for one in report.left_out],
        "problems": [_row(problem) for problem in report.problems],
    }
    return as_json(value)


def as_json(value: object) -> str:
    """Return JSON in ASCII that is no command to GitHub's runner, which finds `##[` anywhere in a line."""
    return json.dumps(value, indent=2).replace("##[", "\\u0023\\u0023[") + "\n"


def _row(problem: Diagnostic) -> dict[str, str | int]:
    place = problem.place or Place("")
    return {
        "id": problem.id,
        "severity": problem.severity.value,
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "summary": problem.summary,
        "detail": problem.detail,
        "hint": problem.hint,
    }
