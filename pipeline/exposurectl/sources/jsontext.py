"""Findings' JSON taken apart into pieces that may be held, however large the text is."""

import json
from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias

from exposurectl.sources.jsoncursor import Cursor

DEEPEST_LIST: Final = 3
_RECORDS: Final = "findings"


class Document(NamedTuple):
    """A value that stands by itself or in lists, whole. A list only where lists stand too deep in each other."""

    text: bytes


class Record(NamedTuple):
    """One of the findings of an object that is too large to be held, which follows without them."""

    text: bytes


Piece: TypeAlias = Document | Record


def pieces(text: Cursor) -> Iterator[Piece]:
    """
    Return what stands in a text of JSON documents: one a line, or several in a row with any white space between.

    Lists are taken apart into their members, lists in lists too. Raises TextError where the text is no JSON, or holds
    a value that is too large and cannot be taken apart.
    """
    while begin := text.peek():
        whole = text.line() or text.value() if begin == "{" else None
        if whole is None:
            yield from _of_value(text, lists=0)
        else:
            yield Document(whole)


def _of_value(text: Cursor, *, lists: int) -> Iterator[Piece]:
    begin = text.peek()
    if begin == "[" and lists < DEEPEST_LIST:
        for _ in text.members("]"):
            yield from _of_value(text, lists=lists + 1)
    elif (value := text.value()) is not None:
        yield Document(value)
    elif begin == "{":
        yield from _of_page(text)
    else:
        raise text.too_large()


def _of_page(text: Cursor) -> Iterator[Piece]:
    """Return the findings of an object one by one, and then the object as if it had none."""
    too_large = text.too_large()
    rest: list[bytes] = []
    size = 0
    for _ in text.members("}"):
        key = _key(text)
        text.expect(":", "':' delimiter")
        if text.peek() == "[" and json.loads(key.decode("latin-1")) == _RECORDS:
            yield from (Record(_held(text)) for _ in text.members("]"))
            value = b"[]"
        else:
            value = _held(text)
        rest.append(b"%b:%b" % (key, value))
        size += len(rest[-1])
        if size > text.largest:
            raise too_large
    yield Document(b"{%b}" % b",".join(rest))


def _key(text: Cursor) -> bytes:
    if text.peek() != '"':
        raise text.error("expecting property name enclosed in double quotes")
    return _held(text)


def _held(text: Cursor) -> bytes:
    text.peek()
    value = text.value()
    if value is None:
        raise text.too_large()
    return value
