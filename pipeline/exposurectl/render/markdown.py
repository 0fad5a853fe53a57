"""A plan for a pull request or a job summary."""

import functools

import jinja2
import msgspec

from exposurectl.plan.model import Direction, Plan
from exposurectl.render.page import page
from exposurectl.render.words import counted, effort, gathered, headline, level, told

SUMMARY_BYTES = 900 * 1024
"""GitHub drops a job summary that is longer than 1 MiB, whole."""


_ALL = 50_000
_FEWEST_ROW_BYTES = 100


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a plan a page shows. Counts are shown at any size, and so are lowerings as long as they can be."""

    raises: int = 50
    """Raises and joins with their reasons."""
    lowers: int = _ALL
    """Lowerings with their reasons."""
    names: int = _ALL
    """Further lowerings by name alone."""
    reasons: int = 1
    """Reasons of one change."""
    whys: int = 50
    """Reasons of skipping."""
    skipped: int = 20
    """Names for each of them."""
    warnings: int = 100


# From everything to what fits at any number and any length of names.
_DETAILS = (
    Detail(raises=_ALL, reasons=5, whys=_ALL, skipped=_ALL, warnings=_ALL),
    Detail(raises=_ALL, skipped=200),
    Detail(raises=1_000, skipped=50),
    Detail(),
    Detail(lowers=500),
    Detail(lowers=50, names=1_000),
)


def plan_markdown(plan: Plan, limit: int = SUMMARY_BYTES) -> str:
    """Return the plan as GitHub Markdown of at most `limit` bytes, with less detail where it must be."""
    last = len(_DETAILS) - 1
    for detail in _DETAILS[:last]:
        if _fewest_bytes(plan, detail) <= limit and len((page := _page(plan, detail)).encode()) <= limit:
            return page
    return _page(plan, _DETAILS[last])


def _fewest_bytes(plan: Plan, detail: Detail) -> int:
    """Return what a page takes at least, so that one that is far too long need not be made first."""
    lowers = plan.summary.lower
    return _FEWEST_ROW_BYTES * (min(lowers, detail.lowers) + min(len(plan.changes) - lowers, detail.raises))


def _page(plan: Plan, detail: Detail) -> str:
    return _template().render(
        plan=plan,
        lowers=[change for change in plan.changes if change.direction is Direction.LOWER],
        others=[change for change in plan.changes if change.direction is not Direction.LOWER],
        skipped=gathered(plan.skipped),
        detail=detail,
    )


@functools.cache
def _template() -> jinja2.Template:
    words = {"headline": headline, "effort": effort, "counted": counted}
    return page("plan.md", filters={"told": told, "level": level}, words=words)
