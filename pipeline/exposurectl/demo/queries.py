"""The query of a list, as the emulator reads it."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs

import msgspec

MOST_ROWS = 1_000

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_LOWEST = {"page": 1, "limit": 1, "offset": 0, "filterRoleID": 1}
_OF_TASKS = {"filterServerID": 1, "filterPkgID": 1, "filterCpeID": 1}
_WORDS = {
    "filterStatus": frozenset(
        "new investigating ongoing defer not_affected risk_accepted workaround patch_applied".split()  # noqa: SIM905 - one line
    ),
    "filterPriority": frozenset({"none", "high", "medium", "low"}),
    "filterIgnore": frozenset({"true", "false"}),
}
_USERS = ("filterMainUserIDs", "filterSubUserIDs")
_OPEN = frozenset({"new", "investigating", "ongoing"})


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What a list is asked for. All but the first four concern tasks only."""

    page: int = 1
    limit: int = 20
    offset: int = 0
    role: int | None = None
    server: int | None = None
    cve: str | None = None
    statuses: frozenset[str] = _OPEN
    priorities: frozenset[str] = frozenset()
    """Empty for all of them."""
    of_nobody: bool = False
    """A user, a package or a CPE is asked for, which no emulated task has."""

    @property
    def window(self) -> slice:
        """Return which rows of the whole list are asked for."""
        start = (self.page - 1) * self.limit + self.offset
        return slice(start, start + self.limit)


def is_whole(text: str) -> bool:
    """Tell whether a text is an integer of a size that an id may have."""
    return bool(_WHOLE.fullmatch(text))


def read_listing(kind: str, text: str) -> Listing | str:
    """Read the query of a list of that kind, or say what is wrong. Parameters that nobody knows are ignored."""
    query = parse_qs(text, keep_blank_values=True)
    wrong = next(_wrong(kind, query), None)
    if wrong:
        return f"invalid value of {wrong}"
    numbers = {
        name: int(query[name][-1]) for name in (_LOWEST | _OF_TASKS) if name in query and is_whole(query[name][-1])
    }
    return Listing(
        page=numbers.get("page", 1),
        limit=numbers.get("limit", 20),
        offset=numbers.get("offset", 0),
        role=numbers.get("filterRoleID"),
        server=numbers.get("filterServerID"),
        cve=query["filterCveID"][-1] if "filterCveID" in query else None,
        statuses=frozenset(query.get("filterStatus", _OPEN)),
        priorities=frozenset(query.get("filterPriority", ())),
        of_nobody=any(name in query for name in (*_USERS, "filterPkgID", "filterCpeID")),
    )


def _wrong(kind: str, query: dict[str, list[str]]) -> Iterator[str]:
    """Yield the parameters whose values the documentation rules out."""
    lowest = _LOWEST | (_OF_TASKS if kind == "tasks" else {})
    for name, least in lowest.items():
        value = query.get(name, [str(least)])[-1]
        if not is_whole(value) or int(value) < least or (name == "limit" and int(value) > MOST_ROWS):
            yield name
    if kind == "tasks":
        yield from (name for name, known in _WORDS.items() if not known.issuperset(query.get(name, ())))
        yield from (name for name in _USERS if not all(map(is_whole, query.get(name, ()))))
