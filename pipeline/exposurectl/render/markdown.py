"""A plan for a pull request or a job summary."""

import functools
from importlib import resources

import jinja2
import msgspec

from exposurectl.plan.model import Direction, Plan, Skipped
from exposurectl.render.neutral import cell, code
from exposurectl.render.words import counted, effort, headline, level, told

SUMMARY_BYTES = 900 * 1024
"""GitHub drops a job summary that is longer than 1 MiB, whole."""


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a plan a page shows. Lowerings and counts are shown at any size."""

    raises: int
    reasons: int
    skipped: int


# From everything to what must never be missing.
_DETAILS = (
    Detail(raises=50_000, reasons=5, skipped=50_000),
    Detail(raises=50_000, reasons=1, skipped=200),
    Detail(raises=1_000, reasons=1, skipped=50),
    Detail(raises=50, reasons=1, skipped=20),
)


def plan_markdown(plan: Plan, limit: int = SUMMARY_BYTES) -> str:
    """Return the plan as GitHub Markdown of at most `limit` bytes, with less detail where it must be."""
    pages = (_page(plan, detail) for detail in _DETAILS)
    return next((page for page in pages if len(page.encode()) <= limit), _page(plan, _DETAILS[-1]))


def _page(plan: Plan, detail: Detail) -> str:
    return _template().render(
        plan=plan,
        lowers=[change for change in plan.changes if change.direction is Direction.LOWER],
        others=[change for change in plan.changes if change.direction is not Direction.LOWER],
        skipped=_gathered(plan.skipped),
        detail=detail,
    )


def _gathered(skipped: tuple[Skipped, ...]) -> dict[str, list[Skipped]]:
    gathered: dict[str, list[Skipped]] = {}
    for one in sorted(skipped, key=lambda one: one.why):
        gathered.setdefault(one.why, []).append(one)
    return gathered


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - Markdown: every value goes through `code`, which HTML escaping would break
        keep_trailing_newline=True,
    )
    environment.filters |= {"code": code, "cell": cell, "told": told, "level": level}
    environment.globals |= {"headline": headline, "effort": effort, "counted": counted}
    text = resources.files("exposurectl.render").joinpath("templates/plan.md").read_text(encoding="utf-8")
    return environment.from_string(text)
