"""
Renders the schemas of the documents that people write as Markdown: docs/reference/*.md.

`python tests/house/reference.py` writes them anew. Every word about a key stands in its schema.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from exposurectl.documents.scalars import core
from exposurectl.schemas import WRITTEN_BY_PEOPLE
from exposurectl.schemas.published import schema_text

FOLDER = Path(__file__).parents[2] / "docs" / "reference"
_HEADER = "# yaml-language-server: $schema=.../"
_LONGEST_EXAMPLE = 80
# What YAML reads as itself without quotes, in a list and in a mapping too, where it is no number and no word of YAML's.
_UNQUOTED = re.compile(r"[A-Za-z0-9]([A-Za-z0-9 ;./_-]|:(?! |$))*")


def rendered(name: str) -> str:
    """Return the reference of one document."""
    described = schema(name)
    lines = [
        f"# {described['title']}",
        "",
        *_sentences(described["description"]),
        "",
        f"`exposurectl schema {name}` prints the schema that this page is made from, `{described['$id']}`.",
        f"Editors complete and explain a document by the schema that its first line names: `{_HEADER}{name}.json`.",
        "",
        *_Reference(described).keys(described, ""),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def schema(name: str) -> dict[str, Any]:
    """Return the schema of a document."""
    loaded: dict[str, Any] = json.loads(schema_text(name))
    return loaded


class _Reference:
    """Says each key of a schema once: where it stands a second time, it refers to the first."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema
        self.said: dict[str, str] = {}

    def keys(self, mapping: dict[str, Any], above: str) -> Iterator[str]:
        """Yield what there is to say of each key of a mapping, and after it of the keys below it."""
        for key, given in mapping["properties"].items():
            value, path = self.resolved(given), f"{above}{key}"
            yield from (f"## `{path}`", "")
            content = json.dumps([key, value])
            if content in self.said:
                first = self.said[content]
                yield from (f"The same as [`{first}`](#{anchor(first)}).", "")
                continue
            self.said[content] = path
            required = key in mapping.get("required", ())
            yield from self._entry(key, value, required=required)
            for inner, step in self._mappings(value):
                yield from self.keys(inner, f"{path}{step}.")

    def _entry(self, key: str, value: dict[str, Any], *, required: bool) -> Iterator[str]:
        yield from _sentences(value["description"])
        for inner, step in self._mappings(value):
            if step:
                each = "Each entry is" if self.resolved(value["items"])["type"] == "object" else "A mapping in it is"
                yield from _sentences(f"{each} {inner['description'][0].lower()}{inner['description'][1:]}")
        yield ""
        yield f"- Takes: {value['x-expected']}."
        yield "- Required." if required else "- Optional."
        if "default" in value:
            yield f"- Default: `{inline(value['default'])}`"
        for example in value["examples"]:
            yield from _example(key, example)
        yield ""

    def _mappings(self, value: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
        """Yield the mappings that a value is or holds, each with what a path adds for them."""
        if "properties" in value:
            yield value, ""
        if "then" in value:
            yield from self._mappings(self.resolved(value["then"]))
        if "items" in value:
            yield from ((inner, "[]") for inner, _step in self._mappings(self.resolved(value["items"])))

    def resolved(self, value: dict[str, Any]) -> dict[str, Any]:
        """Return a part of the schema together with what it refers to."""
        if "$ref" not in value:
            return value
        referred = self.schema["$defs"][value["$ref"].removeprefix("#/$defs/")]
        return {**referred, **{key: inner for key, inner in value.items() if key != "$ref"}}


def anchor(heading: str) -> str:
    """Return what GitHub calls a heading in links."""
    return re.sub(r"[^a-z0-9_-]", "", heading.lower())


def _example(key: str, example: Any) -> Iterator[str]:
    """Yield an example, in one line where it fits."""
    line = f"{key}: {inline(example)}"
    if not isinstance(example, list | dict) or len(line) <= _LONGEST_EXAMPLE:
        yield f"- Example: `{line}`"
        return
    yield from ("- Example:", "", "  ```yaml")
    yield from (f"  {one}" for one in block({key: example}))
    yield "  ```"


def block(value: Any) -> Iterator[str]:
    """Yield a mapping or a list as lines of YAML."""
    if isinstance(value, dict):
        for key, inner in value.items():
            short = f"{key}: {inline(inner)}"
            if len(short) <= _LONGEST_EXAMPLE or not isinstance(inner, list | dict):
                yield short
            else:
                yield f"{key}:"
                yield from (f"  {line}" for line in block(inner))
        return
    for inner in value:
        first, *rest = list(block(inner)) if isinstance(inner, dict) else [inline(inner)]
        yield f"- {first}"
        yield from (f"  {line}" for line in rest)


def inline(value: Any) -> str:
    """Return a value as YAML in one line."""
    match value:
        case list():
            return f"[{', '.join(map(inline, value))}]"
        case dict():
            return f"{{{', '.join(f'{key}: {inline(inner)}' for key, inner in value.items())}}}"
        case str() if _UNQUOTED.fullmatch(value) and core(value) == value:
            return value
        case _:
            return json.dumps(value, ensure_ascii=False)


def _sentences(text: str) -> list[str]:
    """Return a text with each sentence on its line."""
    return text.replace(". ", ".\n").split("\n")


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for document in WRITTEN_BY_PEOPLE:
        (FOLDER / f"{document}.md").write_text(rendered(document), encoding="utf-8")
