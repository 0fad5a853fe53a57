"""What another policy would change, for a pull request or a job summary."""

import functools

import jinja2
import msgspec

from exposurectl.render.diff import Region, Report, Shifted, given, headline, moved, uncertain, unread
from exposurectl.render.markdown import SUMMARY_BYTES
from exposurectl.render.neutral import LONGEST
from exposurectl.render.page import page
from exposurectl.render.words import counted

_ALL = 50_000
_NAME = 64


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a report a page shows. Counts are shown at any size."""

    shifts: int = _ALL
    names: int = 50
    """Instances of one row."""
    regions: int = _ALL
    rules: int = 20
    """Rules of one row, before and after."""
    words: int = 400
    """Characters of one value that says where."""


# From everything to what fits at any number and any length of names.
_DETAILS = (
    Detail(names=_ALL, rules=_ALL),
    Detail(),
    Detail(shifts=500, names=20, regions=500, rules=5),
    Detail(shifts=50, names=10, regions=50, rules=3, words=200),
    Detail(shifts=20, names=10, regions=20, rules=3, words=200),
)


def diff_markdown(report: Report, limit: int = SUMMARY_BYTES) -> str:
    """Return the report as GitHub Markdown of at most `limit` bytes, with less detail where it must be."""
    last = len(_DETAILS) - 1
    for detail in _DETAILS[:last]:
        if _fewest_bytes(report, detail) <= limit and len((page := _page(report, detail)).encode()) <= limit:
            return page
    return _page(report, _DETAILS[last])


def _fewest_bytes(report: Report, detail: Detail) -> int:
    """Return what a page takes at least, so that one that is far too long need not be made first."""
    shifts = report.fleet.shifts[: detail.shifts] if report.fleet else ()
    shown: list[Shifted | Region] = [*shifts, *(report.regions or ())[: detail.regions]]
    rules = (one.rules[: detail.rules] for row in shown for one in (row.before, row.after))
    names = (one.name or one.id for row in shifts for one in row.instances[: detail.names])
    return sum(min(len(rule), LONGEST) for some in rules for rule in some) + sum(
        min(len(name), _NAME) for name in names
    )


def _page(report: Report, detail: Detail) -> str:
    return _template().render(report=report, fleet=report.fleet, detail=detail, longest_name=_NAME)


@functools.cache
def _template() -> jinja2.Template:
    words = {"headline": headline, "counted": counted, "moved": moved, "unread": unread, "uncertain": uncertain}
    return page("diff.md", filters={"given": given}, words=words)
