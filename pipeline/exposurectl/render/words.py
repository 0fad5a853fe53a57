"""The sentences that every view of a plan shares."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from exposurectl.model import Exposure, Reason
from exposurectl.plan.model import Change, Plan, Skipped, Summary

LEVEL_UNKNOWN = "default role"
_SHOWN_SOURCES = 3


def counted(count: int, noun: str) -> str:
    """Return `1 change`, `2 changes`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def headline(summary: Summary) -> str:
    """Return the plan in one sentence, in the order in which apply works."""
    parts = [f"{summary.raised} to raise"]
    if summary.join:
        parts.append(f"{summary.join} to join")
    parts += [f"{summary.lower} to lower", f"{summary.unchanged} unchanged", f"{summary.skipped} skipped"]
    return f"Plan: {', '.join(parts)}."


def effort(plan: Plan) -> str:
    """Return what applying the plan takes."""
    if not plan.applyable:
        return "It cannot be applied."
    if not plan.changes:
        return "No changes: every server is where it belongs."
    requests, minutes = counted(plan.summary.requests, "request"), counted(plan.summary.minutes, "minute")
    takes = f"Applying it takes {requests}, about {minutes} at the configured pace."
    flags = sorted({block.acknowledge for block in plan.blocked_by})
    return f"{takes} It is applied only with {' '.join(flags)}." if flags else takes


def gathered(skipped: Iterable[Skipped]) -> list[tuple[str, list[Skipped]]]:
    """Return what is left alone by reason, each sorted by group and name."""
    ordered = sorted(skipped, key=lambda one: (one.why, one.group, one.name or one.instance))
    return [(why, list(ones)) for why, ones in groupby(ordered, lambda one: one.why)]


def level(value: Exposure | None) -> str:
    """Return the level's word, or what stands for one that nobody knows."""
    return value.value if value else LEVEL_UNKNOWN


def move(change: Change) -> tuple[str, str]:
    """Return the levels before and after."""
    return level(change.before.level), level(change.after.level)


def told(reason: Reason) -> str:
    """Return what was found: points, who may send, and where the path begins."""
    if not reason.points:
        return reason.because.removesuffix(".")
    return f"{reason.points} from {sources(reason.sources)}{_begins(reason.path)}"


def sources(networks: Sequence[str] | None) -> str:
    """Return who may send, or that nobody knows and it counts as anywhere."""
    if networks is None:
        return "anywhere (no evidence of sources)"
    if not networks:
        return "anywhere (groups admit nobody, yet it is reachable)"
    more = f" and {len(networks) - _SHOWN_SOURCES} more" if len(networks) > _SHOWN_SOURCES else ""
    return ", ".join(networks[:_SHOWN_SOURCES]) + more


def _begins(path: Sequence[str]) -> str:
    return f" by {path[0]}" if path else " by a path without steps"
