"""Whether a plan is the newest where plans are reviewed: asked of git, just before it is applied."""

from pathlib import Path

from exposurectl.apply.checks import Newest
from exposurectl.config import Review
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError, Place
from exposurectl.plan.head import read_head
from exposurectl.plan.model import Plan
from exposurectl.policy.compile import policy_digest
from exposurectl.sources.review import NoTip, Tip, read_tip


def newest_at(plan_file: Path, plan: Plan, review: Review | None) -> Newest | None:
    """
    Return what stands at the tip of the branch where plans are reviewed; None where the config names none.

    Raises ExposurectlError where that is not to be known: a plan is then not applied.
    """
    if review is None:
        return None
    match read_tip(plan_file.parent, review):
        case NoTip(missing=missing, detail=detail):
            problem = Diagnostic(
                summary="Newest plan not known",
                place=Place(str(plan_file)),
                detail=f"{detail} Only the newest plan on {review.remote}/{review.branch} is ever applied.",
                hint="apply it in a clone that may fetch; `review` in the config names the branch",
            )
            raise ExposurectlError(problem, reason=f"review-{missing.value}", exit_code=Exit.REFUSED)
        case Tip() as tip:
            entry = read_head(tip.head_name, tip.head).get(plan.environment)
            return Newest(
                branch=tip.branch,
                commit=tip.commit,
                digest=entry.digest if entry else None,
                policy=policy_digest(tip.policy.items()),
            )
