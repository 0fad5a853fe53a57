"""Inputs that are nearly right: seeds with bytes, pieces or values of theirs changed, the same for the same number."""

import gzip
import json
import random
import re
import zlib
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from exposurectl.documents import read_yaml
from fuzz.oddities import TOKENS, VALUES, Raw

LARGEST = 256 * 1024
"""An input does not grow beyond this: what size alone does is measured in `worst.py`."""
_MOST_CHANGES = 4
_ANOTHER = 0.1

_AFTER = re.compile(rb"[:,\[\n]")
_BEFORE = re.compile(rb"[\n,}\]]")

Change: TypeAlias = Callable[[bytes], bytes]


class Mutator:
    """Makes inputs out of seeds; what turns out to be interesting becomes a seed too."""

    def __init__(self, seeds: Sequence[bytes], number: int, *, choosing: int = 0) -> None:
        """`choosing` is how many bytes an input begins with that only choose what the rest is for."""
        self._seeds = list(seeds)
        self._choosing = choosing
        self._random = random.Random(number)  # noqa: S311 - the same inputs every time are what is wanted
        self._bytes: tuple[Change, ...] = (
            *(self._flipped, self._with_piece, self._with_value, self._cut_out, self._repeated, self._cut_off),
            *(self._spliced, self._lines_swapped),
        )
        self._whole: tuple[Change, ...] = (self._restructured, self._line_restructured)

    def next(self) -> bytes:
        """Return an input with a few changes. Half of all keep the form of their document."""
        seed = self._random.choice(self._seeds)
        choice, content = seed[: self._choosing], seed[self._choosing :]
        if self._random.random() < _ANOTHER:
            choice = self._random.randbytes(self._choosing)
        return choice + self._rest(content)

    def _rest(self, content: bytes) -> bytes:
        inner = _unzipped(content)
        if inner and self._random.random() < 0.5:
            return gzip.compress(self._changed(inner)[:LARGEST], mtime=0)
        return self._changed(content)[:LARGEST]

    def keep(self, content: bytes) -> None:
        """Make the input a seed: something answered it as nothing before."""
        self._seeds.append(content)

    def _changed(self, content: bytes) -> bytes:
        kinds = self._bytes if self._random.random() < 0.5 else self._whole
        for _ in range(self._random.randint(1, _MOST_CHANGES)):
            content = self._random.choice(kinds)(content)
        return content

    def _span(self, content: bytes, longest: int = 24) -> tuple[int, int]:
        begin = self._random.randint(0, len(content))
        return begin, min(len(content), begin + self._random.randint(0, longest))

    def _flipped(self, content: bytes) -> bytes:
        if not content:
            return bytes([self._random.randrange(256)])
        at = self._random.randrange(len(content))
        return b"".join((content[:at], bytes([content[at] ^ 1 << self._random.randrange(8)]), content[at + 1 :]))

    def _with_piece(self, content: bytes) -> bytes:
        begin, end = self._span(content, 12)
        return b"".join((content[:begin], self._random.choice(TOKENS), content[end:]))

    def _with_value(self, content: bytes) -> bytes:
        """Replace whatever follows a colon, a comma or a bracket."""
        found = _AFTER.search(content, self._random.randint(0, len(content))) or _AFTER.search(content)
        if not found:
            return content
        begin = found.end()
        end = next((ended.start() for ended in [_BEFORE.search(content, begin)] if ended), len(content))
        return b"".join((content[:begin], b" ", self._random.choice(TOKENS), content[end:]))

    def _cut_out(self, content: bytes) -> bytes:
        begin, end = self._span(content, 200)
        return content[:begin] + content[end:]

    def _repeated(self, content: bytes) -> bytes:
        begin, end = self._span(content, 200)
        return content[:end] + content[begin:end] * self._random.choice((1, 1, 2, 50)) + content[end:]

    def _cut_off(self, content: bytes) -> bytes:
        return content[: self._random.randint(0, len(content))]

    def _spliced(self, content: bytes) -> bytes:
        other = self._random.choice(self._seeds)[self._choosing :]
        return content[: self._random.randint(0, len(content))] + other[self._random.randint(0, len(other)) :]

    def _lines_swapped(self, content: bytes) -> bytes:
        lines = content.split(b"\n")
        one, other = self._random.randrange(len(lines)), self._random.randrange(len(lines))
        lines[one], lines[other] = lines[other], lines[one]
        return b"\n".join(lines)

    def _restructured(self, content: bytes) -> bytes:
        """Change one value of the document, whatever it was written in; it comes out as JSON."""
        read = _data(content)
        return self._with_piece(content) if read is None else self._written(read)

    def _line_restructured(self, content: bytes) -> bytes:
        """Change one value of one line that is a document of its own."""
        lines = content.split(b"\n")
        at = self._random.randrange(len(lines))
        read = _json(lines[at])
        if read is None:
            return self._restructured(content)
        lines[at] = self._written(read)
        return b"\n".join(lines)

    def _written(self, data: Any) -> bytes:
        """Return the data with a change, as JSON with the pieces in it that are none."""
        data = self._altered(data)
        raw: list[bytes] = []

        def stand_in(value: Any) -> Any:
            if isinstance(value, Raw):
                raw.append(value.text)
                return f"\x00{len(raw) - 1}\x00"
            if isinstance(value, dict):
                return {key: stand_in(inner) for key, inner in value.items()}
            return [stand_in(inner) for inner in value] if isinstance(value, list) else value

        text = json.dumps(stand_in(data), ensure_ascii=self._random.random() < 0.5).encode("utf-8", "surrogatepass")
        for number, piece in enumerate(raw):
            text = text.replace(f'"\\u0000{number}\\u0000"'.encode(), piece)
        return text

    def _altered(self, data: Any) -> Any:
        """Return the data with one value replaced, removed, doubled, wrapped or moved; the data itself is used up."""
        places = list(_places(data))
        if not places:
            return self._random.choice(VALUES)
        box, key = self._random.choice(places)
        match self._random.randrange(8):
            case 0:
                del box[key]
            case 1 if isinstance(box, list):
                box.insert(key, box[key])
            case 2:
                box[key] = [box[key]]
            case 3:
                other, there = self._random.choice(places)
                if _depth(other[there]) < 20:
                    box[key] = json.loads(json.dumps(other[there], default=str))
            case 4 if isinstance(box, dict):
                box[str(self._random.choice([value for value in VALUES if isinstance(value, str)]))] = box.pop(key)
            case _:
                box[key] = self._random.choice(VALUES)
        return data


def _unzipped(content: bytes) -> bytes:
    """Return what was packed; nothing where it is not, or is damaged."""
    try:
        return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else b""
    except (OSError, EOFError, zlib.error):
        return b""


def _data(content: bytes) -> Any:
    """Return what a document of JSON or YAML says; None where it is none."""
    read = _json(content)
    if read is not None or content[:1] in b"{[":
        return read
    document, _ = read_yaml("seed", content)
    return document.data if document else None


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _places(data: Any) -> list[tuple[Any, Any]]:
    """Return every place that holds a value, as what it is in and under which key."""
    found: list[tuple[Any, Any]] = []
    waiting = [data]
    while waiting:
        box = waiting.pop()
        keys = list(box) if isinstance(box, dict) else range(len(box)) if isinstance(box, list) else ()
        found.extend((box, key) for key in keys)
        waiting.extend(box[key] for key in keys)
    return found


def _depth(data: Any) -> int:
    deepest, waiting = 0, [(data, 0)]
    while waiting:
        box, depth = waiting.pop()
        deepest = max(deepest, depth)
        inner = box.values() if isinstance(box, dict) else box if isinstance(box, list) else ()
        waiting.extend((one, depth + 1) for one in inner)
    return deepest
