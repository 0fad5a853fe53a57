"""What holds for the policy that ships, and need not hold for every other."""

from pathlib import Path
from typing import Any

from hypothesis import given
from msgspec.structs import replace

from exposurectl.model import Decided, Evidence
from exposurectl.policy.case_files import read_cases
from exposurectl.policy.cases import run_case, unexercised
from exposurectl.policy.decide import decide
from exposurectl.policy.files import load_case_documents, load_policy

from .strategies import ANYWHERE, TODAY, evidence, tags

FOLDER = Path(__file__).parents[2] / "policies"
POLICY = load_policy(FOLDER)


@given(evidence(), tags)
def test_no_tag_changes_a_decision(given: Evidence, other: Any) -> None:
    tagged = replace(given, instance=replace(given.instance, tags=other))

    before, after = (decide(one, POLICY, today=TODAY, anywhere=ANYWHERE) for one in (given, tagged))

    assert before == after


@given(evidence())
def test_losing_the_evidence_of_who_may_send_never_lowers(given: Evidence) -> None:
    findings = tuple(replace(finding, ingress=()) for finding in given.findings)

    before = decide(given, POLICY, today=TODAY, anywhere=ANYWHERE)
    after = decide(replace(given, findings=findings), POLICY, today=TODAY, anywhere=ANYWHERE)

    assert isinstance(before, Decided) is isinstance(after, Decided)
    assert not (isinstance(before, Decided) and isinstance(after, Decided)) or before.level <= after.level


def test_every_case_holds_and_every_rule_is_exercised() -> None:
    tested = [run_case(case, POLICY, ANYWHERE) for case in read_cases(load_case_documents(FOLDER))]

    assert [one.case.name for one in tested if not one.holds] == []
    assert unexercised(POLICY, tested) == ()
