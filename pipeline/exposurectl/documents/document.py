"""A document: plain data that knows where it stands, and where it is not what it should be."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from exposurectl.diagnostics import Place

Path: TypeAlias = tuple[str | int, ...]


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One parsed file: plain data, and where each value and each key stands."""

    name: str
    data: Any
    values: Mapping[Path, Place]
    keys: Mapping[Path, Place]
    broken: frozenset[Path] = frozenset()
    """The paths at which the shape is wrong; the rest can be relied on."""

    def place(self, *path: str | int) -> Place:
        """Return where the value at that path stands, or the nearest value around it."""
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, Place(self.name))

    def key_place(self, *path: str | int) -> Place:
        """Return where the key at that path stands."""
        return self.keys.get(path, self.place(*path))

    def sound(self, *path: str | int) -> bool:
        """Tell whether a value stands at that path that can be relied on, with all that is in it."""
        return path in self.values and not any(
            path == one[: len(path)] or one == path[: len(one)] for one in self.broken
        )

    def at(self, *path: str | int) -> Any:
        """Return the value at that path as far as there is one: None where it is missing or not what it should be."""
        value = self.data
        for depth in range(len(path)):
            if path[:depth] in self.broken or not isinstance(value, dict | list):
                return None
            value = _entry(value, path[depth])
        return None if path in self.broken else value

    def entries(self, *path: str | int) -> tuple[Path, ...]:
        """Return the path of each entry of the list at that path; none where it is no list."""
        listed = self.at(*path)
        return tuple((*path, index) for index in range(len(listed))) if isinstance(listed, list) else ()


def _entry(value: dict[str, Any] | list[Any], key: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(str(key))
    return value[key] if isinstance(key, int) and key < len(value) else None
