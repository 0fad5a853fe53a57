"""One page of an API list, and whether a list has been read to its end."""

from collections.abc import Callable
from typing import Generic, NoReturn

import msgspec

from exposurectl.diagnostics import Diagnostic, ExposurectlError
from exposurectl.targets.rows import Row, read_rows

MOST_PAGES = 1_000

_HINT = "The API may have changed: compare the reply with what this version of exposurectl reads, and report it."


class Page(msgspec.Struct, Generic[Row], frozen=True, kw_only=True):
    """What one list request returned. The two counts are None where the reply does not say."""

    rows: tuple[Row, ...]
    total_count: int | None = None
    total_page: int | None = None

    def is_last(self, number: int, limit: int) -> bool:
        """Tell whether no page follows. `totalPage` may be 0 for an empty list, hence not `==`."""
        if self.total_page is None:
            return len(self.rows) < limit
        return self.total_page <= number


class Pass(msgspec.Struct, Generic[Row], frozen=True, kw_only=True):
    """One reading of a whole list, page after page."""

    rows: tuple[Row, ...]
    """Distinct by id and sorted by it; of two rows with one id the later counts."""
    expected: int | None
    ended: bool
    """A last page was seen, rather than one that brings nothing new or a thousandth one."""

    @property
    def is_complete(self) -> bool:
        """Tell whether this is the whole list, by the API's own count where it gives one."""
        return self.ended if self.expected is None else len(self.rows) == self.expected


def page_from(document: object, key: str, read: Callable[[object, str], Row]) -> Page[Row]:
    """
    Read a page whose rows stand under the key, such as `servers`.

    Both the key and `paging` may be missing: the API leaves out empty lists. An object that has members, but neither
    of these, is not a page.
    """
    if not isinstance(document, dict):
        _refuse(f"is not an object with `{key}`")
    if document and key not in document and "paging" not in document:
        _refuse(f"has neither `{key}` nor `paging`")
    rows = document.get(key)
    if rows is not None and not isinstance(rows, list):
        _refuse(f"has a `{key}` that is not a list")
    paging = document.get("paging")
    if paging is not None and not isinstance(paging, dict):
        _refuse("has a `paging` that is not an object")
    return Page(
        rows=read_rows(rows or [], read, key),
        total_count=_count(paging or {}, "totalCount"),
        total_page=_count(paging or {}, "totalPage"),
    )


def read_pass(fetch: Callable[[int], Page[Row]], limit: int) -> Pass[Row]:
    """
    Read the list once, from the first page to the last.

    Rows may shift between pages, as the API promises no order, so the caller compares the count and reads again.
    """
    rows: dict[int, Row] = {}
    expected = pages = None
    ended = False
    for number in range(1, MOST_PAGES + 1):
        page = fetch(number)
        known = len(rows)
        rows.update({row.id: row for row in page.rows})
        # What an earlier page counted still holds where a later one, such as `{}`, says nothing.
        expected = expected if page.total_count is None else page.total_count
        pages = pages if page.total_page is None else page.total_page
        ended = page.is_last(number, limit) if pages is None else pages <= number
        if ended or len(rows) == known:
            break
    return Pass(rows=tuple(rows[key] for key in sorted(rows)), expected=expected, ended=ended)


def _count(paging: dict[str, object], key: str) -> int | None:
    value = paging.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        _refuse(f"has a `paging.{key}` that is not an integer")
    return value


def _refuse(what: str) -> NoReturn:
    problem = Diagnostic(summary="A FutureVuls list cannot be read", detail=f"The reply {what}.", hint=_HINT)
    raise ExposurectlError(problem, reason="response")
