"""Annotations of a pull request: T15 of the threat table, and what GitHub shows of them."""

from collections import Counter

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exposurectl.diagnostics import Diagnostic, Place, Severity
from exposurectl.render.annotations import annotations, escape_data, escape_property
from exposurectl.render.problems import Report
from runner import Command, commands, read_command

from .reporting import DEAD, LEVEL, NOWHERE, REPORTS, report


def numbered(problem: Diagnostic, count: int) -> list[Diagnostic]:
    """Return a problem at the lines 1, 2 and so on."""
    return [msgspec.structs.replace(problem, place=Place("a.yaml", line, 1)) for line in range(1, count + 1)]


def read(of: Report) -> list[Command]:
    return [read_command(line) for line in annotations(of).splitlines()]


def test_the_sum_comes_first_then_errors_then_warnings() -> None:
    assert annotations(report(NOWHERE, DEAD, LEVEL)) == (
        "::error file=policies,line=1,col=1,title=exposurectl validate%3A 2 errors%2C 1 warning::"
        "no-defaults, rule-never-decides, wrong-value.\n"
        "::error file=policies,line=1,col=1,title=No defaults [no-defaults]::"
        "`defaults` must stand exactly once in the whole policy.\n"
        "::error file=policies/internet.yaml,line=8,col=12,title=Wrong value [wrong-value]::"
        '`level` must be small, controlled or open, not "opne".%0Ahint: did you mean "open"?\n'
        "::warning file=policies/internet.yaml,line=20,col=5,title=Rule never decides [rule-never-decides]::"
        'Wherever "ssh" matches, "everything" gives at least its level, open.%0AFor example: tcp/22.\n'
    )


def test_where_there_is_no_problem_there_is_no_annotation() -> None:
    assert annotations(report()) == ""


def test_the_sum_of_warnings_is_a_warning() -> None:
    assert [command.name for command in read(report(DEAD))] == ["warning", "warning"]


@pytest.mark.parametrize(("errors", "warnings"), [(9, 9), (10, 0), (0, 10), (200, 300)])
def test_a_step_has_no_more_of_a_kind_than_github_shows(errors: int, warnings: int) -> None:
    found = read(report(*numbered(DEAD, warnings), *numbered(LEVEL, errors)))

    counts = Counter(command.name for command in found)
    assert max(counts.values()) <= 10
    assert len(found) == 1 + min(errors, 9) + min(warnings, 9)
    hidden = errors + warnings - len(found) + 1
    assert found[0].data.endswith(f"\n{hidden} more are in this step's log." if hidden else ".")


@given(REPORTS)
def test_every_line_is_one_command_of_ours_with_a_line(of: Report) -> None:
    shown = annotations(of)

    found = read(of)
    assert len(commands(shown)) == len(found) == shown.count("\n")
    assert {command.name for command in found} <= {severity.value for severity in Severity}
    assert all(set(command.properties) == {"file", "line", "col", "title"} for command in found)
    assert all(int(command.properties["line"]) >= 1 for command in found)


@settings(max_examples=10_000)
@given(st.text(alphabet="%0235ACD:,\r\n= \u202eé", max_size=16))
@example("%25")
@example("%0A")
@example("%253A")
def test_the_runner_reads_what_was_meant(text: str) -> None:
    line = f"::error title={escape_property(text)}::{escape_data(text)}"

    assert read_command(line) == Command("error", {"title": text}, text)
    assert "\n" not in line
    assert "\r" not in line
