"""`exposurectl test`: a policy's own tests."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from exposurectl.cli.anywhere import anywhere_prefix
from exposurectl.cli.ending import leave
from exposurectl.cli.whole_file import write_whole
from exposurectl.cli.world import World
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError
from exposurectl.model import Decided, Exposure
from exposurectl.policy.case_files import read_cases
from exposurectl.policy.cases import RuleCoverage, Tested, rule_coverage, run_case
from exposurectl.policy.files import load_case_documents, load_policy
from exposurectl.render.cases import CaseReport, CoverageReport, cases_text
from exposurectl.render.junit import CaseOutcome, junit_xml


def run(arguments: argparse.Namespace, world: World) -> Exit:
    """Run every case, and say which failed and which rules no case exercises."""
    directory = Path(arguments.policy)
    policy = load_policy(directory)
    cases = read_cases(load_case_documents(directory))
    anywhere = anywhere_prefix(arguments.config)
    tested = [run_case(case, policy, anywhere) for case in cases]
    coverage = rule_coverage(policy, tested)
    outcomes = [_outcome(one) for one in tested]
    failed = [one.failure for one in outcomes if one.failure]
    world.say(cases_text(len(tested), failed, _covered(coverage), width=world.width, colour=world.colour))
    if arguments.junit is not None:
        hint = "name another file with --junit"
        write_whole(Path(arguments.junit), junit_xml(outcomes).encode(), what="Report", hint=hint)
    return _verdict(failed, coverage, arguments.min_coverage, world)


def _verdict(failed: Sequence[CaseReport], coverage: RuleCoverage, least: int | None, world: World) -> Exit:
    """Return the exit code: a failing case comes before a coverage that is too low."""
    if failed:
        return leave(Exit.BLOCKED, "case-failed", world)
    if least is not None and coverage.percent < least:
        raise _too_low(coverage, least)
    return Exit.DONE


def _too_low(coverage: RuleCoverage, least: int) -> ExposurectlError:
    asked = f"--min-coverage asks for {least} %"
    problem = Diagnostic(
        summary="Coverage too low",
        detail=f"{coverage.percent} % of the rules and overrides decide a case, and {asked}.",
        hint="write a case for each of those that are not exercised",
    )
    return ExposurectlError(problem, reason="coverage-too-low", exit_code=Exit.BLOCKED)


def _covered(coverage: RuleCoverage) -> CoverageReport:
    return CoverageReport(
        exercised=coverage.exercised,
        total=coverage.total,
        percent=coverage.percent,
        unexercised=coverage.unexercised,
    )


def _outcome(tested: Tested) -> CaseOutcome:
    case = tested.case
    failure = None if tested.holds else _report(tested)
    return CaseOutcome(file=case.place.file, line=case.place.line, name=case.name, failure=failure)


def _report(tested: Tested) -> CaseReport:
    expected = tested.case.expected
    reasons = tested.decision.reasons if isinstance(tested.decision, Decided) else ()
    return CaseReport(
        place=str(tested.case.place),
        name=tested.case.name,
        expected=_said(expected.level, expected.rules, expected.raise_only),
        got=_said(tested.level, tested.rules, tested.raise_only),
        deciding=tuple(f"{reason.rule}  {reason.at}" for reason in reasons),
    )


def _said(level: Exposure | None, rules: frozenset[str] | None, raise_only: bool | None) -> str:  # noqa: FBT001 - it is a value here, not a switch
    """Return an outcome in a case's own words, as far as it is given."""
    parts = [level.value if level else "leave"]
    if rules is not None:
        parts.append(f"rules: {', '.join(sorted(rules)) or 'none'}")
    if raise_only is not None:
        parts.append(f"raise_only: {str(raise_only).lower()}")
    return " · ".join(parts)
