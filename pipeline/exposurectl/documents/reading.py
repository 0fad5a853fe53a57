"""YAML that people write, read into data that knows its file, line and column."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import msgspec
import yaml

from exposurectl.diagnostics import Diagnostic, Place

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
MAX_NODES = 100_000

Path: TypeAlias = tuple[str | int, ...]

# The scalars of YAML 1.2's core schema. PyYAML follows 1.1, where `no` is false, `12:30` is 750 and `017` is 15.
_NULL = re.compile(r"|~|null|Null|NULL")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_OCTAL = re.compile(r"0o[0-7]{1,18}")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]{1,15}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,2})?")

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One parsed file: plain data, and where each value and each key stands."""

    name: str
    data: Any
    values: Mapping[Path, Place]
    keys: Mapping[Path, Place]

    def place(self, *path: str | int) -> Place:
        """Return where the value at that path stands, or the nearest value around it."""
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, Place(self.name))

    def key_place(self, *path: str | int) -> Place:
        """Return where the key at that path stands."""
        return self.keys.get(path, self.place(*path))


def read_yaml(name: str, content: bytes) -> tuple[Document | None, list[Diagnostic]]:
    """
    Parse one YAML document and collect everything that is wrong with its form.

    Anchors, aliases, tags, merge keys, duplicate keys, a second document, invisible characters and sizes beyond the
    limits are problems. The document is None where there is nothing to go on with.
    """
    if len(content) > MAX_BYTES:
        detail = f"The limit is {MAX_BYTES} bytes."
        return None, [Diagnostic(summary="File too large", place=Place(name), detail=detail)]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        place = Place(name, line, column)
        return None, [Diagnostic(summary="Not UTF-8 text", place=place, detail="The file must be UTF-8.")]
    problems = list(_invisible(name, text))
    reader = _Reader(name, problems)
    try:
        data = reader.document(yaml.parse(text, Loader=_LOADER))
    except yaml.YAMLError as error:
        problems.append(_syntax(name, error))
        return None, problems
    except _GiveUpError:
        return None, problems
    return Document(name=name, data=data, values=reader.values, keys=reader.keys), problems


def _invisible(name: str, text: str) -> Iterator[Diagnostic]:
    """Yield a problem for each character that a reviewer cannot see: they can make text read as what it is not."""
    if text.isascii() and text.isprintable():
        return
    for number, line in enumerate(text.split("\n"), start=1):
        for column, character in enumerate(line, start=1):
            if character in "\t\r" or unicodedata.category(character) not in {"Cc", "Cf", "Co", "Cn", "Zl", "Zp"}:
                continue
            yield Diagnostic(
                summary="Invisible character",
                place=Place(name, number, column),
                detail=f"U+{ord(character):04X} does not show, so a reviewer cannot see what this line says.",
                hint="delete the character",
            )


def _syntax(name: str, error: yaml.YAMLError) -> Diagnostic:
    """Turn PyYAML's error into a problem with its place."""
    mark = getattr(error, "problem_mark", None)
    place = Place(name, mark.line + 1, mark.column + 1) if mark else Place(name)
    problem = getattr(error, "problem", None) or "a character that YAML does not allow"
    return Diagnostic(summary="Not valid YAML", place=place, detail=f"The parser says: {problem}.")


class _GiveUpError(Exception):
    """The document is past a limit; the problem is on the list already."""


class _Reader:
    """Builds plain data from YAML events, noting places and problems on the way."""

    def __init__(self, name: str, problems: list[Diagnostic]) -> None:
        self.name = name
        self.problems = problems
        self.values: dict[Path, Place] = {}
        self.keys: dict[Path, Place] = {}

    def document(self, events: Iterator[Any]) -> Any:
        """Return the data of the one document; None where the file has none."""
        data = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._problem(
                        "Second document in one file",
                        event,
                        "Only the first would be read.",
                        "give each document a file of its own, and delete the `---`",
                    )
                    break
                data = self._value(next(events), events, ())
        return data

    def _value(self, event: Any, events: Iterator[Any], path: Path) -> Any:
        """Return the value that begins with this event."""
        self._check_limits(event, path)
        self.values[path] = self._place(event)
        if isinstance(event, yaml.AliasEvent):
            self._refuse_reference(event, f"*{event.anchor}")
            return None
        if event.anchor is not None:
            self._refuse_reference(event, f"&{event.anchor}")
        if event.tag is not None:
            self._problem("Tag", event, f"Tags such as {event.tag} are not part of this language.", "delete the tag")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(events, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, path)
        return self._scalar(event)

    def _mapping(self, events: Iterator[Any], path: Path) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event, events)
            here = (*path, key)
            first = self.keys.get(here)
            if first is not None:
                detail = f'"{key}" stands here a second time; the first is in line {first.line}.'
                self._problem("Duplicate key", event, detail, "keep one of the two")
                self._skip(events)
                continue
            self.keys[here] = self._place(event)
            data[key] = self._value(next(events), events, here)
        return data

    def _key(self, event: Any, events: Iterator[Any]) -> str:
        """Return a mapping's key as it is written; a key that is not plain text is a problem."""
        if not isinstance(event, yaml.ScalarEvent):
            self._problem("Key is not text", event, "A key must be a word.")
            if not isinstance(event, yaml.AliasEvent):
                self._skip_rest(events)
            return f"(key in line {event.start_mark.line + 1})"
        if event.value == "<<" and event.implicit[0]:
            self._problem("Merge key", event, "Merge keys are not part of this language.", "write the keys out")
        if event.anchor is not None:
            self._refuse_reference(event, f"&{event.anchor}")
        return str(event.value)

    def _sequence(self, events: Iterator[Any], path: Path) -> list[Any]:
        data: list[Any] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            data.append(self._value(event, events, (*path, len(data))))
        return data

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        if not event.implicit[0]:
            return text
        value = _core(text)
        if isinstance(value, float) and value in {float("inf"), float("-inf")}:
            self._problem("Number too large", event, f"{text} does not fit a number.")
        return value

    def _skip(self, events: Iterator[Any]) -> None:
        """Pass over one whole value."""
        if isinstance(next(events), yaml.CollectionStartEvent):
            self._skip_rest(events)

    @staticmethod
    def _skip_rest(events: Iterator[Any]) -> None:
        """Pass over the rest of a collection that has begun."""
        depth = 1
        while depth:
            event = next(events)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)

    def _check_limits(self, event: Any, path: Path) -> None:
        if len(path) > MAX_DEPTH:
            self._problem("Nested too deeply", event, f"The limit is {MAX_DEPTH} levels.")
            raise _GiveUpError
        if len(self.values) >= MAX_NODES:
            self._problem("Too many values", event, f"The limit is {MAX_NODES} values in one file.")
            raise _GiveUpError

    def _refuse_reference(self, event: Any, written: str) -> None:
        detail = f"{written}: anchors and aliases are not part of this language."
        self._problem("Anchor or alias", event, detail, "write the value out where it is needed")

    def _problem(self, summary: str, event: Any, detail: str, hint: str = "") -> None:
        self.problems.append(Diagnostic(summary=summary, place=self._place(event), detail=detail, hint=hint))

    def _place(self, event: Any) -> Place:
        mark = event.start_mark
        return Place(self.name, mark.line + 1, mark.column + 1)


def _core(text: str) -> Any:
    """Return the value of a plain scalar by YAML 1.2's core schema."""
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text) or _FALSE.fullmatch(text):
        return text[0] in "tT"
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text) or _HEXADECIMAL.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
