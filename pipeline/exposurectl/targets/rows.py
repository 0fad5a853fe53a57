"""One row of an API list, read into the server or role that it describes."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from exposurectl.diagnostics import Diagnostic, ExposurectlError
from exposurectl.model import Role, Server

Row = TypeVar("Row", Server, Role)

_HINT = "The API may have changed: compare the reply with what this version of exposurectl reads, and report it."


def server_from_row(row: object, where: str) -> Server:
    """
    Read a server from a list or detail reply.

    Only `id`, the role and the instance key must be there, the latter two in either casing: required fields have
    disappeared within v1 before, and FutureVuls itself mixes `Id` and `ID`.
    """
    cells = _Cells(row, where)
    server = Server(
        id=cells.integer("id"),
        uuid=cells.optional_text("serverUuid"),
        name=cells.optional_text("serverName"),
        role=cells.integer("serverroleId", "serverroleID"),
        instance=cells.text("platformInstanceId", "platformInstanceID").strip().lower(),
        default_user=cells.optional_integer("defaultUserId", "defaultUserID"),
    )
    cells.refuse_problems()
    return server


def role_from_row(row: object, where: str) -> Role:
    """Read a role from a list or detail reply. Only `id` and `name` must be there."""
    cells = _Cells(row, where)
    role = Role(id=cells.integer("id"), name=cells.text("name"), is_default=cells.optional_flag("isDefault"))
    cells.refuse_problems()
    return role


def read_rows(rows: Sequence[object], read: Callable[[object, str], Row], where: str) -> tuple[Row, ...]:
    """Read all rows of a list, such as `servers`; the problems of all of them are raised together."""
    found: list[Row] = []
    problems: list[Diagnostic] = []
    for index, row in enumerate(rows):
        try:
            found.append(read(row, f"{where}[{index}]"))
        except ExposurectlError as error:
            problems.extend(error.problems)
    if problems:
        raise ExposurectlError(*problems, reason="response")
    return tuple(found)


class _Cells:
    """The members of one row, and what was wrong with those read so far."""

    def __init__(self, row: object, where: str) -> None:
        self._where = where
        self._problems: list[Diagnostic] = []
        self._members: dict[str, object] = row if isinstance(row, dict) else {}
        if not isinstance(row, dict):
            self._refuse(f"is {_kind(row)}, not an object")
            self.refuse_problems()

    def integer(self, *keys: str) -> int:
        key, value = self._required(keys)
        # JSON's true is Python's True, which is an int.
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if key:
            self._refuse(f"has {_kind(value)} as `{key}`, not an integer")
        return 0

    def text(self, *keys: str) -> str:
        key, value = self._required(keys)
        if isinstance(value, str):
            return value
        if key:
            self._refuse(f"has {_kind(value)} as `{key}`, not a string")
        return ""

    def optional_integer(self, *keys: str) -> int | None:
        return self.integer(*keys) if self._has_value(keys) else None

    def optional_text(self, *keys: str) -> str:
        return self.text(*keys) if self._has_value(keys) else ""

    def optional_flag(self, key: str) -> bool:
        value = self._members.get(key)
        if isinstance(value, bool):
            return value
        if value is not None:
            self._refuse(f"has {_kind(value)} as `{key}`, not true or false")
        return False

    def refuse_problems(self) -> None:
        if self._problems:
            raise ExposurectlError(*self._problems, reason="response")

    def _has_value(self, keys: tuple[str, ...]) -> bool:
        return any(self._members.get(key) is not None for key in keys)

    def _required(self, keys: tuple[str, ...]) -> tuple[str, object]:
        for key in keys:
            if key in self._members:
                return key, self._members[key]
        self._refuse("has no `" + "` or `".join(keys) + "`")
        return "", None

    def _refuse(self, what: str) -> None:
        problem = Diagnostic(summary="A FutureVuls row cannot be read", detail=f"`{self._where}` {what}.", hint=_HINT)
        self._problems.append(problem)


def _kind(value: object) -> str:
    """Name the JSON type of a value, never the value: what somebody else sent stays out of messages."""
    if value is None:
        return "null"
    names = {bool: "a boolean", int: "an integer", float: "a decimal number", str: "a string", list: "a list"}
    return names.get(type(value), "an object")
