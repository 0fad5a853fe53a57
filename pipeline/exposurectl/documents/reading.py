"""YAML that people write, read into data that knows its file, line and column."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import yaml

from exposurectl.diagnostics import Diagnostic, Place, ProblemId
from exposurectl.documents.document import Document, Path
from exposurectl.documents.scalars import Scalar, core
from exposurectl.documents.syntax import syntax_problem
from exposurectl.documents.text import decode, invisible, quoted, shows

MAX_DEPTH = 32
MAX_NODES = 100_000
MOST_PROBLEMS = 100

_SUMMARIES = {
    ProblemId.SECOND_DOCUMENT: "Second document in one file",
    ProblemId.DUPLICATE_KEY: "Duplicate key",
    ProblemId.KEY_NOT_TEXT: "Key is not text",
    ProblemId.MERGE_KEY: "Merge key",
    ProblemId.YAML_TAG: "Tag",
    ProblemId.ANCHOR_OR_ALIAS: "Anchor or alias",
    ProblemId.INVISIBLE_CHARACTER: "Invisible character",
    ProblemId.NUMBER_TOO_LARGE: "Number too large",
    ProblemId.NESTED_TOO_DEEPLY: "Nested too deeply",
    ProblemId.TOO_MANY_VALUES: "Too many values",
    ProblemId.TOO_MANY_PROBLEMS: "Too many problems",
}

_NESTING: dict[type, int] = {
    yaml.MappingStartEvent: 1,
    yaml.SequenceStartEvent: 1,
    yaml.MappingEndEvent: -1,
    yaml.SequenceEndEvent: -1,
}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(name: str, content: bytes) -> tuple[Document | None, list[Diagnostic]]:
    """
    Parse one YAML document and collect everything that is wrong with its form.

    Anchors, aliases, tags, merge keys, duplicate keys, a second document, invisible characters and sizes beyond the
    limits are problems. The document is None where there is nothing to go on with.
    """
    text = decode(name, content)
    if isinstance(text, Diagnostic):
        return None, [text]
    problems = list(itertools.islice(invisible(name, text), MOST_PROBLEMS))
    reader = _Reader(name, problems)
    try:
        data = reader.document(yaml.parse(text, Loader=_LOADER))
    except yaml.YAMLError as error:
        problems.append(syntax_problem(name, text, error))
        return None, problems
    except _GiveUpError:
        return None, problems
    return Document(name=name, data=data, values=reader.values, keys=reader.keys), problems


class _GiveUpError(Exception):
    """The document is past a limit; the problem is on the list already."""


class _Reader:
    """Builds plain data from YAML events, noting places and problems on the way."""

    def __init__(self, name: str, problems: list[Diagnostic]) -> None:
        self.name = name
        self.unseen = tuple(problems)
        """Characters that do not show, which the text itself has."""
        self.problems = problems
        self.values: dict[Path, Place] = {}
        self.keys: dict[Path, Place] = {}

    def document(self, events: Iterator[Any]) -> Any:
        """Return the data of the one document; None where the file has none."""
        data = None
        documents = 0
        events = self._within_limits(events)
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._problem(
                        ProblemId.SECOND_DOCUMENT,
                        event,
                        "Only the first would be read.",
                        "give each document a file of its own, and delete the `---`",
                    )
                    break
                data = self._value(next(events), events, ())
        return data

    def _value(self, event: Any, events: Iterator[Any], path: Path) -> Any:
        """Return the value that begins with this event."""
        self.values[path] = self._place(event)
        if isinstance(event, yaml.AliasEvent):
            self._refuse_reference(event)
            return None
        self._refuse_properties(event)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(events, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, path)
        return self._scalar(event)

    def _mapping(self, events: Iterator[Any], path: Path) -> dict[str, Any]:
        data: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._key(event, events)
            here = (*path, key)
            first = self.keys.get(here)
            if first is not None:
                detail = f"{quoted(key)} stands here a second time; the first is in line {first.line}."
                self._problem(ProblemId.DUPLICATE_KEY, event, detail, "keep one of the two")
                self._skip(events)
                continue
            self.keys[here] = self._place(event)
            data[key] = self._value(next(events), events, here)
        return data

    def _key(self, event: Any, events: Iterator[Any]) -> str:
        """Return a mapping's key as it is written; a key that is not plain text is a problem."""
        if not isinstance(event, yaml.ScalarEvent):
            self._problem(
                ProblemId.KEY_NOT_TEXT, event, "A key must be a word.", "quote a value that begins with { or ["
            )
            if not isinstance(event, yaml.AliasEvent):
                self._skip_rest(events)
            return f"(key at {self._place(event)})"
        if event.value == "<<" and event.implicit[0]:
            detail = "Merge keys are not part of this language."
            self._problem(ProblemId.MERGE_KEY, event, detail, "write the keys out")
        self._refuse_properties(event)
        return str(event.value)

    def _sequence(self, events: Iterator[Any], path: Path) -> list[Any]:
        data: list[Any] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            data.append(self._value(event, events, (*path, len(data))))
        return data

    def _scalar(self, event: Any) -> Scalar:
        if not event.implicit[0]:
            self._refuse_invisible(event)
            return str(event.value)
        value = core(event.value)
        if isinstance(value, float) and math.isinf(value):
            detail = "A number has 18 digits at most."
            self._problem(ProblemId.NUMBER_TOO_LARGE, event, detail, "quote it if it is text")
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
            depth += _NESTING.get(type(next(events)), 0)

    def _within_limits(self, events: Iterator[Any]) -> Iterator[Any]:
        """Yield the events, also those that are passed over, until there are too many or they nest too deeply."""
        depth = nodes = 0
        for event in events:
            depth += _NESTING.get(type(event), 0)
            nodes += isinstance(event, yaml.NodeEvent)
            if depth > MAX_DEPTH:
                self._give_up(ProblemId.NESTED_TOO_DEEPLY, event, f"The limit is {MAX_DEPTH} levels.")
            if nodes > MAX_NODES:
                detail = f"The limit is {MAX_NODES} keys and values in one file."
                self._give_up(ProblemId.TOO_MANY_VALUES, event, detail)
            if len(self.problems) >= MOST_PROBLEMS:
                self._give_up(ProblemId.TOO_MANY_PROBLEMS, event, "The rest of the file was not read.")
            yield event

    def _give_up(self, kind: ProblemId, event: Any, detail: str) -> None:
        self._problem(kind, event, detail)
        raise _GiveUpError

    def _refuse_properties(self, event: Any) -> None:
        """Note an anchor and a tag, of a key or of a value."""
        if event.anchor is not None:
            self._refuse_reference(event)
        if event.tag is not None:
            self._problem(ProblemId.YAML_TAG, event, "Tags are not part of this language.", "delete the tag")

    def _refuse_invisible(self, event: Any) -> None:
        """Note a character that does not show and that an escape put into a text."""
        hidden = next((one for one in event.value if one not in "\r\n" and not shows(one)), None)
        lines = range(event.start_mark.line + 1, event.end_mark.line + 2)
        if hidden is None or any(one.place and one.place.line in lines for one in self.unseen):
            return
        detail = f"U+{ord(hidden):04X} does not show where this text is read later, such as in a plan."
        self._problem(ProblemId.INVISIBLE_CHARACTER, event, detail, "delete the escape")

    def _refuse_reference(self, event: Any) -> None:
        detail = "Anchors and aliases are not part of this language."
        self._problem(
            ProblemId.ANCHOR_OR_ALIAS, event, detail, "write the value out; quote one that begins with * or &"
        )

    def _problem(self, kind: ProblemId, event: Any, detail: str, hint: str = "") -> None:
        place = self._place(event)
        self.problems.append(Diagnostic(id=kind, summary=_SUMMARIES[kind], place=place, detail=detail, hint=hint))

    def _place(self, event: Any) -> Place:
        mark = event.start_mark
        return Place(self.name, mark.line + 1, mark.column + 1)
