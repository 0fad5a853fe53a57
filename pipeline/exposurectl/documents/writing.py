"""
Plain data as YAML that `read_yaml` reads back as the same data, whatever text stands in it.

One thing it does not read: a character that does not show, which becomes U+FFFD here.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from exposurectl.documents.scalars import core
from exposurectl.documents.text import shows

Data: TypeAlias = "str | int | bool | Sequence[Data] | Mapping[str, Data]"

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
# Words that YAML 1.1 takes for true and false: other readers than ours still do.
_OLD_BOOLEANS = frozenset({"y", "n", "yes", "no", "on", "off"})
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_WIDEST = 120


def written_entry(entry: Mapping[str, Data], indent: int) -> str:
    """
    Return a mapping as an entry of a list that is indented so far, a key a line.

    A value that would make its line long stands below its key, entry by entry; everything else is in flow form.
    """
    blanks = " " * indent
    return "".join(f"{blanks}{line}\n" for line in _keys_by_line(entry))


def _lines(key: str, value: Data) -> Iterator[str]:
    """Yield a key with its value: in one line where it is short, or has no parts to set below."""
    line = f"{flow(key)}: {flow(value)}"
    if len(line) <= _WIDEST or not value or isinstance(value, str | int):
        yield line
    elif isinstance(value, Mapping):
        yield f"{flow(key)}:"
        for name, inner in value.items():
            yield from (f"  {below}" for below in _lines(name, inner))
    else:
        yield f"{flow(key)}:"
        yield from (f"  {line}" for inner in value for line in _entry(inner))


def _entry(value: Data) -> Iterator[str]:
    """Yield an entry of a list: a mapping that would make its line long, a key a line."""
    if not isinstance(value, Mapping) or len(flow(value)) <= _WIDEST:
        yield f"- {flow(value)}"
        return
    yield from _keys_by_line(value)


def _keys_by_line(entry: Mapping[str, Data]) -> Iterator[str]:
    lines = (line for key, value in entry.items() for line in _lines(key, value))
    yield from (f"{'  ' if number else '- '}{line}" for number, line in enumerate(lines))


def flow(value: Data) -> str:
    """Return data in YAML's flow form, in one line. Text is quoted unless it is a word that cannot be misread."""
    if isinstance(value, str):
        return value if _is_plain(value) else _quoted(value)
    if isinstance(value, int):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(key)}: {flow(inner)}" for key, inner in value.items()) + "}"
    return "[" + ", ".join(map(flow, value)) + "]"


def _is_plain(text: str) -> bool:
    return bool(_WORD.fullmatch(text)) and text.lower() not in _OLD_BOOLEANS and core(text) == text


def _quoted(text: str) -> str:
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    """Return the character as it may stand in double quotes."""
    if character in _ESCAPES:
        return _ESCAPES[character]
    half = "\ud800" <= character <= "\udfff"  # half of a surrogate pair, which is no character
    return character if shows(character) and not half else "\N{REPLACEMENT CHARACTER}"
