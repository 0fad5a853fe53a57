"""SARIF: what OASIS asks of it, and what GitHub asks besides."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given

from exposurectl.diagnostics import Diagnostic, Place, ProblemId
from exposurectl.render.problems import Report
from exposurectl.render.reference import reference
from exposurectl.render.sarif import FINGERPRINT, sarif
from runner import commands

from .reporting import DEAD, LEVEL, NOWHERE, REPORTS, report

SCHEMA = Path(__file__).parents[1] / "fixtures" / "sarif" / "sarif-2.1.0-rtm.5.json"


@pytest.fixture(scope="module")
def published() -> Any:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft4Validator.check_schema(schema)
    return jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())


def results(of: Report) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(sarif(of))["runs"][0]["results"]
    return found


def prints(*problems: Diagnostic) -> list[str]:
    return [result["partialFingerprints"][FINGERPRINT] for result in results(report(*problems))]


def at(problem: Diagnostic, place: Place) -> Diagnostic:
    return msgspec.structs.replace(problem, place=place)


def test_a_result_stands_where_the_problem_does() -> None:
    (result,) = results(report(DEAD))

    assert (result["ruleId"], result["level"]) == ("rule-never-decides", "warning")
    assert result["message"]["text"].startswith('Rule never decides. Wherever "ssh" matches, "everything" gives')
    assert result["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "policies/internet.yaml"},
                "region": {"startLine": 20, "startColumn": 5},
            }
        }
    ]


def test_a_report_without_problems_says_that_there_are_none(published: Any) -> None:
    assert results(report()) == []
    published.validate(json.loads(sarif(report())))


def test_a_file_as_a_whole_is_its_first_line() -> None:
    (result,) = results(report(NOWHERE))

    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1, "startColumn": 1}


def test_a_name_that_no_address_may_have_is_escaped() -> None:
    (result,) = results(report(at(LEVEL, Place("policies/a b#ü?.yaml", 1, 1))))

    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "policies/a%20b%23%C3%BC%3F.yaml"


def test_brackets_and_parentheses_make_no_link() -> None:
    (result,) = results(report(msgspec.structs.replace(LEVEL, detail="[x](http://x.invalid)", hint="")))

    assert result["message"]["text"] == "Wrong value. [x] (http://x.invalid)"


def test_every_problem_has_a_rule_with_help() -> None:
    driver = json.loads(sarif(report(LEVEL)))["runs"][0]["tool"]["driver"]

    assert [rule["id"] for rule in driver["rules"]] == list(reference())
    assert {rule["id"]: rule["defaultConfiguration"]["level"] for rule in driver["rules"]}["tag-lowers"] == "warning"
    rule = driver["rules"][results(report(LEVEL))[0]["ruleIndex"]]
    assert rule["id"] == "wrong-value"
    assert rule["shortDescription"]["text"].startswith("A value is not what its key takes: ")
    assert "**Why it matters.** " in rule["help"]["markdown"]
    assert "Why it matters. " in rule["help"]["text"]
    assert "`" not in rule["help"]["text"]


def test_a_problem_that_moves_or_whose_day_comes_nearer_stays_the_same() -> None:
    soon = Diagnostic(
        id=ProblemId.OVERRIDE_EXPIRING,
        summary="Override expires soon",
        place=Place("o.yaml", 3, 1),
        detail='The last valid day of override "a" is 2027-04-10, 9 days from 2027-04-01.',
    )
    later = msgspec.structs.replace(
        soon, place=Place("o.yaml", 9, 1), detail=soon.detail.replace("9 days from 2027-04-01", "1 day from 2027-04-09")
    )

    assert prints(soon) == prints(later)


def test_problems_that_differ_are_told_apart() -> None:
    others = [
        LEVEL,
        LEVEL,
        at(LEVEL, Place("policies/other.yaml", 8, 12)),
        msgspec.structs.replace(LEVEL, detail=LEVEL.detail.replace("opne", "oepn")),
        DEAD,
    ]

    assert len(set(prints(*others))) == len(others)
    assert prints(*others) == prints(*others)


@given(of=REPORTS)
def test_every_report_is_what_the_published_schema_asks_for(published: Any, of: Report) -> None:
    named = of.renamed(lambda file: file or "x")
    shown = sarif(named)

    published.validate(json.loads(shown))
    assert commands(shown) == []
    assert shown.isascii()
    for result in json.loads(shown)["runs"][0]["results"]:
        (location,) = result["locations"]
        assert location["physicalLocation"]["region"]["startLine"] >= 1
