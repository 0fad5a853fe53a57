"""
Problems as annotations of a pull request, in the commands of GitHub's runner.

A step has 10 annotations of each kind; what is past that is dropped without a word. So the first says how many there
are, and at most nine more of each kind follow. Only an annotation with a line shows among the changed files.
"""

from collections.abc import Iterator

from exposurectl.diagnostics import Diagnostic, Place, Severity
from exposurectl.render.neutral import neutral
from exposurectl.render.problems import Report, summary

MOST = 9
_LONGEST = 1000


def annotations(report: Report) -> str:
    """Return one command a line: the sum, then errors, then warnings. Nothing where there is no problem."""
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    if not report.problems:
        return
    shown = [
        problem
        for severity in Severity
        for problem in [one for one in report.problems if one.severity is severity][:MOST]
    ]
    yield _total(report, shown)
    for problem in shown:
        text = [*problem.detail.splitlines(), f"hint: {problem.hint}" if problem.hint else ""]
        yield _command(problem.severity, problem.place, f"{problem.summary} [{problem.id}]", filter(None, text))


def _total(report: Report, shown: list[Diagnostic]) -> str:
    """Return the first annotation, at the first problem: how many there are, of which kinds, and how many are shown."""
    hidden = len(report.problems) - len(shown)
    ids = sorted({problem.id for problem in report.problems})
    text = [f"{', '.join(ids)}.", f"{hidden} more are in this step's log." if hidden else ""]
    return _command(shown[0].severity, shown[0].place, f"exposurectl validate: {summary(report)}", filter(None, text))


def _command(severity: Severity, place: Place | None, title: str, text: Iterator[str]) -> str:
    where = place or Place(".")
    properties = {
        "file": where.file if where.file.isprintable() else neutral(where.file),
        "line": str(max(where.line, 1)),
        "col": str(max(where.column, 1)),
        "title": neutral(title, _LONGEST),
    }
    written = ",".join(f"{name}={escape_property(value)}" for name, value in properties.items())
    message = "\n".join(neutral(line, _LONGEST) for line in text)
    return f"::{severity.value} {written}::{escape_data(message)}"


def escape_data(text: str) -> str:
    """Return the message of a command, as actions/toolkit writes it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    """Return a property of a command, likewise: it ends at a comma, and the properties end at a colon."""
    return escape_data(text).replace(":", "%3A").replace(",", "%2C")
