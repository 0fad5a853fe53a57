"""`exposurectl test`: a policy's own tests."""

import argparse
from pathlib import Path

from exposurectl.cli.ending import leave
from exposurectl.cli.world import World
from exposurectl.diagnostics import Exit
from exposurectl.model import Decided, Exposure
from exposurectl.policy.case_files import read_cases
from exposurectl.policy.cases import Tested, run_case, unexercised
from exposurectl.policy.files import load_case_documents, load_policy
from exposurectl.policy.sources import AnywherePrefix
from exposurectl.render.cases import CaseReport, cases_text


def run(arguments: argparse.Namespace, world: World) -> Exit:
    """Run every case, and say which failed and which rules no case exercises."""
    directory = Path(arguments.policy)
    policy = load_policy(directory)
    cases = read_cases(load_case_documents(directory))
    tested = [run_case(case, policy, AnywherePrefix()) for case in cases]
    failed = [_report(one) for one in tested if not one.holds]
    idle = unexercised(policy, tested)
    world.say(cases_text(len(tested), failed, idle, width=world.width, colour=world.colour))
    return leave(Exit.BLOCKED, "case-failed", world) if failed else Exit.DONE


def _report(tested: Tested) -> CaseReport:
    expected = tested.case.expected
    reasons = tested.decision.reasons if isinstance(tested.decision, Decided) else ()
    return CaseReport(
        place=str(tested.case.place),
        name=tested.case.name,
        expected=_outcome(expected.level, expected.rules, expected.raise_only),
        got=_outcome(tested.level, tested.rules, tested.raise_only),
        deciding=tuple(f"{reason.rule}  {reason.at}" for reason in reasons),
    )


def _outcome(level: Exposure | None, rules: frozenset[str] | None, raise_only: bool | None) -> str:  # noqa: FBT001 - it is a value here, not a switch
    """Return an outcome in a case's own words, as far as it is given."""
    parts = [level.value if level else "leave"]
    if rules is not None:
        parts.append(f"rules: {', '.join(sorted(rules)) or 'none'}")
    if raise_only is not None:
        parts.append(f"raise_only: {str(raise_only).lower()}")
    return " · ".join(parts)
