"""A whole list of the API, or an error: never a part of it."""

from collections.abc import Callable

import msgspec

from exposurectl.diagnostics import Diagnostic, ExposurectlError
from exposurectl.targets.line import Line
from exposurectl.targets.pages import Page, page_from, read_pass
from exposurectl.targets.replies import Kind, NotFound, Trouble, error_message
from exposurectl.targets.rows import Row
from exposurectl.targets.wire import LIST_LIMIT

_PASSES = 3


class List(msgspec.Struct, frozen=True, kw_only=True):
    """Where a list is: its path, the key of its rows, and how many rows to ask for at once."""

    path: str
    key: str
    limit: int


SERVERS = List(path="/v1/servers", key="servers", limit=1_000)
ROLES = List(path="/v1/roles", key="roles", limit=100)  # the API's validator allows 1,000, its prose 100


def read_list(line: Line, which: List, read: Callable[[object, str], Row]) -> tuple[Row, ...]:
    """Return all rows, sorted by id, reading the list again where its own count says that some are missing."""
    counts = []
    for _ in range(_PASSES):
        one = read_pass(lambda number: _page(line, which, number, read), which.limit)
        if one.is_complete:
            return one.rows
        counts.append(f"{len(one.rows)} of {'unknown' if one.expected is None else one.expected}")
    detail = f"Group `{line.group}`, GET {which.path}: read {_PASSES} times, it gave {', '.join(counts)} {which.key}."
    hint = "Somebody may be changing the group just now: run again in a few minutes."
    raise ExposurectlError(
        Diagnostic(summary="The list from FutureVuls is not complete", detail=detail, hint=hint),
        reason="listing-incomplete",
    )


def _page(line: Line, which: List, number: int, read: Callable[[object, str], Row]) -> Page[Row]:
    request = f"GET {which.path}?page={number}&limit={which.limit}"
    # Only these two: how they combine with offset is documented nowhere, and a filter may be ignored.
    answer = line.read(which.path, limit=LIST_LIMIT, query={"page": number, "limit": which.limit})
    if isinstance(answer, NotFound):
        raise line.complaint(Trouble(kind=Kind.REJECTED, why="answered 404"), request)
    if isinstance(answer, Trouble):
        raise line.complaint(answer, request)
    message = error_message(answer.value, but_for=which.key)
    if message is not None:
        why = f"answered with an error: {line.wire.shown(message)}"
        raise line.complaint(Trouble(kind=Kind.ODD, why=why), request)
    if number == 1 and answer.value == {}:
        # A list that is empty still has its paging; an object with nothing in it has been seen instead of an error.
        raise line.complaint(Trouble(kind=Kind.ODD, why="answered with an empty object"), request)
    try:
        return page_from(answer.value, which.key, read)
    except ExposurectlError as error:
        raise line.named(error, request) from error
