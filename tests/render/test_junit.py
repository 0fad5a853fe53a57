"""Policy cases as JUnit XML."""

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from exposurectl.render.cases import CaseReport
from exposurectl.render.junit import CaseOutcome, junit_xml
from golden import check_golden
from runner import commands

FAILED = CaseReport(
    place="policies/cases/b.yaml:9:5",
    name="a <second> & case",
    expected="open · rules: a",
    got="small · rules: b",
    deciding=("b  policies/b.yaml:3:5",),
)


def outcome(file: str, line: int, name: str, failure: CaseReport | None = None) -> CaseOutcome:
    return CaseOutcome(file=file, line=line, name=name, failure=failure)


def test_a_report_has_a_suite_for_each_file() -> None:
    cases = [
        outcome("policies/cases/b.yaml", 3, "first"),
        outcome("policies/cases/b.yaml", 9, "a <second> & case", FAILED),
        outcome("policies/cases/a.yaml", 3, 'it\'s "third"'),
    ]

    check_golden("junit/cases.xml", junit_xml(cases))


def test_a_report_without_cases_is_a_report() -> None:
    root = ET.fromstring(junit_xml([]))  # noqa: S314 - our own

    assert (root.tag, root.attrib["tests"], root.attrib["failures"], len(root)) == ("testsuites", "0", "0", 0)


@given(st.text(min_size=1), st.text(), st.text(min_size=1))
def test_no_text_breaks_the_report(name: str, got: str, file: str) -> None:
    report = CaseReport(place=file, name=name, expected="open", got=got, deciding=(got,))

    text = junit_xml([outcome(file, 3, name), outcome(file, 9, name, report)])

    root = ET.fromstring(text)  # noqa: S314 - our own
    assert [case.attrib["line"] for case in root.iter("testcase")] == ["3", "9"]
    assert [len(case) for case in root.iter("testcase")] == [0, 1]
    assert text.count("\n") == 12
    text.encode("utf-8")


def test_what_xml_cannot_hold_is_written_out() -> None:
    text = junit_xml([outcome("a.yaml", 3, "nul \0 escape \x1b[31m not \uffff half \ud800 line\nbreak")])

    assert 'name="nul \\u{0} escape \\u{1b}[31m not \\u{ffff} half \\u{d800} line\\u{a}break"' in text


def test_no_part_of_a_report_is_a_command_to_githubs_runner() -> None:
    report = CaseReport(place="a", name="::error::x", expected="::set-env a::", got="##[x]", deciding=("::stop::",))

    text = junit_xml([outcome("a.yaml", 3, "::warning::x", report)])

    assert commands(text) == []
