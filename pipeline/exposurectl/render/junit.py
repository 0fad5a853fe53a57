"""The outcome of policy cases as JUnit XML, for what GitHub, GitLab and Jenkins make of test reports."""

import html
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import PurePath

import msgspec

from exposurectl.render.cases import CaseReport, failure_lines
from exposurectl.render.neutral import neutral

_LONGEST = 1000


class CaseOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """One case that was run: where it stands, and what is wrong where it does not hold."""

    file: str
    line: int
    name: str
    failure: CaseReport | None = None


def junit_xml(cases: Sequence[CaseOutcome]) -> str:
    """
    Return a report with a suite for each file, by name, and its cases in their order; it is one without cases too.

    Characters that XML cannot hold are written out as everywhere else that text from outside is shown.
    """
    suites = [(file, list(own)) for file, own in groupby(sorted(cases, key=lambda one: one.file), lambda one: one.file)]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        _tag("testsuites", name="exposurectl test", **_counts(cases)),
        *(line for file, own in suites for line in _suite(file, own)),
        "</testsuites>",
    ]
    return "".join(f"{line}\n" for line in lines)


def _suite(file: str, cases: Sequence[CaseOutcome]) -> Iterator[str]:
    yield f"  {_tag('testsuite', name=file, **_counts(cases))}"
    for case in cases:
        yield from _case(case)
    yield "  </testsuite>"


def _case(case: CaseOutcome) -> Iterator[str]:
    classname = ".".join(PurePath(case.file).with_suffix("").parts)
    tag = _tag("testcase", classname=classname, name=case.name, file=case.file, line=str(case.line))
    if case.failure is None:
        yield f"    {tag[:-1]}/>"
        return
    message = f"expected {case.failure.expected}, got {case.failure.got}"
    body = "\n".join(html.escape(line, quote=False) for line in failure_lines(case.failure))
    yield f"    {tag}"
    yield f"      {_tag('failure', message=message, type='case-failed')}{body}</failure>"
    yield "    </testcase>"


def _counts(cases: Sequence[CaseOutcome]) -> dict[str, str]:
    failures = sum(case.failure is not None for case in cases)
    return {"tests": str(len(cases)), "failures": str(failures), "errors": "0", "skipped": "0"}


def _tag(tag: str, /, **attributes: str) -> str:
    written = "".join(f' {key}="{html.escape(neutral(value, _LONGEST))}"' for key, value in attributes.items())
    return f"<{tag}{written}>"
