"""What brought a change about, judged against the previous plan."""

from collections.abc import Mapping
from datetime import date
from typing import TypeAlias

import msgspec

from exposurectl.model import Exposure, Reason
from exposurectl.plan.model import Cause, Change, Plan, Unchanged
from exposurectl.policy.model import Policy

Row: TypeAlias = Change | Unchanged
Key: TypeAlias = tuple[str, int]
"""A group's name and a server's id."""

GOES_BACK = "No evidence was read: this plan only goes back."
"""How the first warning of a revert begins. Nothing else tells a revert that moves no server from any other plan."""

_LEFT_BY_REVERT = ("back already:", "families changed:", "joined:", "moved since:", "not moved by")
"""How a revert begins to say why it leaves alone a server that it knows."""


class History(msgspec.Struct, frozen=True, kw_only=True):
    """The previous plan by server, and what has changed in the policy since."""

    rows: Mapping[Key, Row] | None
    """None where there is no previous plan."""
    left: Mapping[Key, str]
    """Why the previous plan left servers alone."""
    expired: frozenset[str]
    """The ids of the overrides that hold no longer."""
    same_policy: bool
    went_back: bool
    """The previous plan was a revert: no policy decided its levels."""


def history(previous: Plan | None, policy: Policy, today: date) -> History:
    """Return what the causes of this plan's changes are judged by."""
    rows: dict[Key, Row] = {}
    if previous:
        rows |= {(row.group, row.server): row for row in previous.unchanged}
        rows |= {(row.group, row.server): row for row in previous.changes}
    return History(
        rows=rows if previous else None,
        left={(one.group, one.server): one.why for one in previous.skipped if one.server} if previous else {},
        expired=frozenset(override.id for override in policy.overrides if not override.is_live(today)),
        same_policy=previous is not None and previous.inputs.policy == policy.digest,
        went_back=previous is not None and any(one.startswith(GOES_BACK) for one in previous.warnings[:1]),
    )


def cause_of(standing: Unchanged, level: Exposure, then: History) -> Cause:
    """
    Return the one cause of moving a server from where it stands to a level.

    A change that the previous plan proposed already, and that nobody made, keeps its cause.
    """
    if then.rows is None:
        return Cause.FIRST_PLAN
    row = then.rows.get((standing.group, standing.server))
    if row is None and _left_by_revert(standing, then):
        return Cause.REVERTED
    if row is None:
        return _after(then.left.get((standing.group, standing.server), ""))
    if _level(row) is level:
        waiting = isinstance(row, Change) and row.before == standing.placement
        return row.cause if isinstance(row, Change) and waiting else Cause.EDITED_REMOTELY
    return _decided_otherwise(row, standing, then)


def _left_by_revert(now: Unchanged, then: History) -> bool:
    """Tell whether a revert of the same policy knew the server and gave it no level."""
    why = then.left.get((now.group, now.server))
    return then.went_back and then.same_policy and why is not None and why.startswith(_LEFT_BY_REVERT)


def _after(why: str) -> Cause:
    """Return why a server without a level last time has one now: no longer unobserved, no longer held, or new here."""
    if why.startswith("unobserved:"):
        return Cause.COVERAGE_CHANGED
    return Cause.FINDINGS_CHANGED if why.startswith("held") else Cause.NEW_SERVER


def _decided_otherwise(row: Row, now: Unchanged, then: History) -> Cause:
    """Return why the level that was decided differs from last time's."""
    if isinstance(row, Change) and row.cause is Cause.REVERTED:
        return Cause.REVERTED
    before, after = _overrides(row.reasons), _overrides(now.reasons)
    if before & then.expired:
        return Cause.OVERRIDE_EXPIRED
    if (before or after) and not then.same_policy:
        return Cause.OVERRIDE_CHANGED
    if _only_went_back(row, now, then):
        return Cause.REVERTED
    return _by_evidence(row, now, then)


def _by_evidence(row: Row, now: Unchanged, then: History) -> Cause:
    """Return whether the evidence or the policy decided otherwise."""
    if row.observed != now.observed:
        return Cause.COVERAGE_CHANGED
    if row.evidence != now.evidence and (then.same_policy or _findings(row.reasons) != _findings(now.reasons)):
        return Cause.FINDINGS_CHANGED
    return Cause.POLICY_CHANGED


def _only_went_back(row: Row, now: Unchanged, then: History) -> bool:
    """Tell whether a revert is all that lies between the last decision and this one."""
    # A revert without a previous plan knows no evidence: that there is some now is no change of it.
    same_evidence = row.evidence in {"", now.evidence}
    return then.went_back and then.same_policy and same_evidence


def _level(row: Row) -> Exposure | None:
    return row.after.level if isinstance(row, Change) else row.placement.level


def _overrides(reasons: tuple[Reason, ...]) -> set[str]:
    return {reason.rule for reason in reasons if reason.override}


def _findings(reasons: tuple[Reason, ...]) -> set[str]:
    return {reason.finding for reason in reasons}
