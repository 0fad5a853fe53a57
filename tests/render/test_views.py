"""The terminal's views of an explanation, of policy cases and of a receipt."""

from datetime import UTC, datetime

import msgspec

from exposurectl.apply.receipt import Outcome, Receipt, begin, ended
from exposurectl.model import Exposure, Reason
from exposurectl.plan.model import Plan
from exposurectl.render.cases import CaseReport, CoverageReport, cases_text
from exposurectl.render.explain import Lowering, Story, explain_text
from exposurectl.render.receipt import receipt_text, result_line
from golden import check_golden
from runner import commands

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
STORY = Story(
    instance="i-0123456789abcdef0",
    level=Exposure.OPEN,
    why="may raise, never lowers: unobserved: EC2_INSTANCE_STOPPED",
    reasons=(
        Reason(
            rule="internet-anyone",
            because="Anyone on the internet can reach this port.",
            at="policies/internet.yaml:7:5",
            points="tcp/22",
            path=("igw-1", "acl-1", "sg-1", "eni-1", "i-0123456789abcdef0"),
            sources=("::/0", "0.0.0.0/0"),
            finding="arn:aws:inspector2:ap-northeast-1:111122223333:finding/0123456789abcdef0123456789abcdef",
        ),
        Reason(rule="bastion", because="Closed at the host.", at="policies/o.yaml:3:5", override=True),
        Reason(rule="defaults.unmatched", because="No rule describes it.", points="udp/53", at="policies/d.yaml:3:3"),
    ),
    without=Exposure.CONTROLLED,
    notes=("web-01 (web 1): raise controlled to open", "web-01 (data 7): open already"),
)


def receipt(plan: Plan, *outcomes: Outcome, stopped: str = "") -> Receipt:
    first = begin(msgspec.structs.replace(plan, changes=plan.changes[: len(outcomes)]), actor="a", run="", now=NOW)
    results = [
        msgspec.structs.replace(result, outcome=outcome)
        for result, outcome in zip(first.results, outcomes, strict=True)
    ]
    return ended(first, results, stopped=stopped, now=NOW)


def test_an_explanation() -> None:
    check_golden("text/explain.txt", explain_text(STORY, width=100, colour=False))


def test_an_explanation_in_colour_on_a_narrow_terminal() -> None:
    check_golden("text/explain-coloured.txt", explain_text(STORY, width=60, colour=True))


def test_what_would_lower_it_is_told_below_the_reasons() -> None:
    story = Story(
        instance="i-1",
        level=Exposure.OPEN,
        lowering=(
            Lowering(level=Exposure.CONTROLLED, change="if tcp/22 admitted only 203.0.113.0/24"),
            Lowering(level=Exposure.SMALL, change="if the path igw-\u202e1 were closed"),
        ),
    )

    assert explain_text(story, width=100, colour=False) == (
        "i-1 is open\n\n"
        "What would lower it:\n"
        "  controlled  if tcp/22 admitted only 203.0.113.0/24\n"
        "  small       if the path igw-\\u{202e}1 were closed\n"
    )


def test_an_instance_that_is_left_alone() -> None:
    story = Story(instance="i-1", level=None, why="unobserved: EXCLUDED_BY_TAG", notes=("web-01 (web 1): left alone",))

    assert explain_text(story, width=100, colour=False) == (
        "i-1 is left alone: unobserved: EXCLUDED_BY_TAG\n\nweb-01 (web 1): left alone\n"
    )


def test_a_hostile_explanation_does_nothing() -> None:
    evil = "\x1b[31m\r\n::error::x ##[error]x \u202e" + "x" * 90 + " ::error::y"
    story = Story(
        instance=evil,
        level=Exposure.OPEN,
        why=evil,
        reasons=(Reason(rule=evil, because=evil, at=evil, points=evil, path=(evil,), sources=(evil,), finding=evil),),
        notes=(evil,),
    )

    for width in range(60, 141):
        text = explain_text(story, width=width, colour=False)

        assert all(character.isprintable() or character == "\n" for character in text)
        assert commands(text) == []


def test_cases_that_fail_and_rules_that_no_case_exercises() -> None:
    failed = CaseReport(
        place="policies/cases/internet.yaml:4:5",
        name="SSH open to everyone is open",
        expected="open · rules: internet-anyone",
        got="controlled · rules: internet-allow-listed",
        deciding=("internet-allow-listed  policies/internet.yaml:14:5",),
    )

    coverage = CoverageReport(exercised=4, total=6, percent=66, unexercised=("bastion", "peers"))

    check_golden("text/cases.txt", cases_text(15, [failed], coverage, width=100, colour=False))


def test_cases_that_hold() -> None:
    coverage = CoverageReport(exercised=1, total=1, percent=100, unexercised=())

    assert cases_text(1, [], coverage, width=100, colour=False) == (
        "1 of 1 rules and overrides decide a case (100 %).\n1 of 1 case held.\n"
    )


def test_no_cases() -> None:
    coverage = CoverageReport(exercised=0, total=1, percent=0, unexercised=("peers",))

    assert cases_text(0, [], coverage, width=100, colour=False) == (
        "not exercised: peers decides no case\n0 of 1 rules and overrides decide a case (0 %).\n0 of 0 cases held.\n"
    )


def test_a_receipt_says_every_outcome_that_occurred(plan: Plan) -> None:
    whole = receipt(plan, Outcome.APPLIED, Outcome.NOOP, Outcome.NOOP)
    stopped = receipt(plan, Outcome.APPLIED, Outcome.FAILED, Outcome.NOT_ATTEMPTED, stopped="auth")

    assert receipt_text(whole, width=100, colour=False) == "Apply: 1 applied, 2 noop of 3 changes.\n"
    assert receipt_text(stopped, width=100, colour=False) == (
        "Apply: 1 applied, 1 failed, 1 not-attempted of 3 changes.\nstopped: auth; run it again to go on\n"
    )


def test_a_receipt_of_nothing(plan: Plan) -> None:
    assert receipt_text(receipt(plan), width=100, colour=False) == "Apply: nothing to do of 0 changes.\n"


def test_the_lines_of_a_run_are_aligned(plan: Plan) -> None:
    result = receipt(plan, Outcome.APPLIED).results[0]
    conflict = msgspec.structs.replace(result, name="本番", outcome=Outcome.CONFLICT, detail="moved to role 3 " * 5)
    lines = [result_line(n, 10, one, widest=11, width=60, colour=False) for n, one in ((1, result), (10, conflict))]

    assert lines == [
        " 1/10 applied  notebook-01  controlled → open\n",
        (
            "10/10 conflict 本番         controlled → open · moved to\n"
            "      role 3 moved to role 3 moved to role 3 moved to role 3\n"
            "      moved to role 3\n"
        ),
    ]
