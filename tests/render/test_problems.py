"""What is wrong with a policy, for people and for programs."""

import json

from hypothesis import given

from exposurectl.diagnostics import Diagnostic, LeftOut, Place
from exposurectl.render.problems import Report, problems_json, problems_text
from runner import commands

from .reporting import DEAD, LEVEL, NOWHERE, REPORTS, report

LEFT_OUT = (
    LeftOut(id="only-unmatched-decides", because="Whatever is new is open.", count=1),
    LeftOut(id="tag-lowers", because="Only we may tag.", count=2),
)


def test_every_problem_is_told_with_its_place_and_its_id() -> None:
    assert problems_text(report(NOWHERE, LEVEL, DEAD), width=100, colour=False) == (
        "policies: error: No defaults [no-defaults]\n"
        "  `defaults` must stand exactly once in the whole policy.\n"
        "policies/internet.yaml:8:12: error: Wrong value [wrong-value]\n"
        '  `level` must be small, controlled or open, not "opne".\n'
        '  hint: did you mean "open"?\n'
        "policies/internet.yaml:20:5: warning: Rule never decides [rule-never-decides]\n"
        '  Wherever "ssh" matches, "everything" gives at least its level, open.\n'
        "  For example: tcp/22.\n"
        "2 errors, 1 warning.\n"
    )


def test_what_is_left_out_is_counted_with_its_reason() -> None:
    assert problems_text(report(left_out=LEFT_OUT, config="a.yaml"), width=100, colour=False) == (
        "1 warning left out: only-unmatched-decides, Whatever is new is open.\n"
        "2 warnings left out: tag-lowers, Only we may tag.\n"
        "No problems in policies and a.yaml, as of 2026-11-23, 3 warnings left out.\n"
    )


def test_that_the_whole_policy_could_not_be_judged_is_told() -> None:
    assert problems_text(report(LEVEL, analysed=False), width=120, colour=False).endswith(
        "Errors hide what only the whole policy shows: rules that never decide, overrides that expire.\n"
        "1 error, 0 warnings.\n"
    )


def test_no_problems_are_told_too() -> None:
    assert problems_text(report(), width=100, colour=False) == "No problems in policies, as of 2026-11-23.\n"


def test_errors_are_red_and_warnings_yellow() -> None:
    text = problems_text(report(LEVEL, DEAD), width=100, colour=True)

    assert "\x1b[31merror: " in text
    assert "\x1b[33mwarning: " in text


def test_a_problem_without_a_place_begins_with_its_severity() -> None:
    text = problems_text(report(Diagnostic(summary="x", id="wrong-value")), width=100, colour=False)

    assert text.startswith("error: x [wrong-value]\n")


def test_the_json_has_the_shape_that_is_documented() -> None:
    assert json.loads(problems_json(report(NOWHERE, DEAD, left_out=LEFT_OUT, config="c.yaml"))) == {
        "format_version": 1,
        "as_of": "2026-11-23",
        "policy": "policies",
        "config": "c.yaml",
        "analysed": True,
        "errors": 1,
        "warnings": 1,
        "left_out": [
            {"id": "only-unmatched-decides", "because": "Whatever is new is open.", "count": 1},
            {"id": "tag-lowers", "because": "Only we may tag.", "count": 2},
        ],
        "problems": [
            {
                "id": "no-defaults",
                "severity": "error",
                "file": "policies",
                "line": 0,
                "column": 0,
                "summary": "No defaults",
                "detail": "`defaults` must stand exactly once in the whole policy.",
                "hint": "",
            },
            {
                "id": "rule-never-decides",
                "severity": "warning",
                "file": "policies/internet.yaml",
                "line": 20,
                "column": 5,
                "summary": "Rule never decides",
                "detail": DEAD.detail,
                "hint": "",
            },
        ],
    }


def test_files_can_be_called_otherwise_and_what_has_no_place_is_of_the_policy() -> None:
    renamed = report(LEVEL, Diagnostic(summary="x")).renamed(lambda file: f"top/{file}")

    assert [problem.place for problem in renamed.problems] == [
        Place("top/policies/internet.yaml", 8, 12),
        Place("top/policies"),
    ]
    assert renamed.policy == "top/policies"


@given(REPORTS)
def test_no_text_is_a_command_to_the_runner_and_no_character_is_hidden(of: Report) -> None:
    shown = problems_text(of, width=100, colour=False)

    assert commands(shown) == []
    assert shown.replace("\n", "").isprintable()


@given(REPORTS)
def test_no_json_is_a_command_and_all_of_it_can_be_read_back(of: Report) -> None:
    shown = problems_json(of)

    assert commands(shown) == []
    assert [row["detail"] for row in json.loads(shown)["problems"]] == [one.detail for one in of.problems]
