"""What stands in a JSON text comes out whole, whatever the text's form, its blocks, and how much may be held."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from exposurectl.sources.jsoncursor import LARGEST_VALUE, Cursor, TextError
from exposurectl.sources.jsontext import DEEPEST_LIST, Document, Piece, pieces

TEXTS = st.text(st.sampled_from('aé漢😀"\\/[]{}:,\n\x00 '), max_size=6)
LEAVES = st.none() | st.booleans() | st.integers(-1000, 10**30) | st.floats(allow_nan=False, allow_infinity=False)
VALUES: st.SearchStrategy[Any] = st.recursive(
    LEAVES | TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=8
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=3)
FINDINGS = st.lists(OBJECTS, max_size=12)
PAGES = st.builds(
    lambda before, findings, after: before | {"findings": findings} | after, OBJECTS, FINDINGS, OBJECTS
).filter(lambda page: isinstance(page["findings"], list))
LISTS = st.lists(OBJECTS | PAGES | st.lists(OBJECTS, max_size=3), max_size=5)
SPELLED: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {"indent": 1}, {"separators": (",", ":")}, {"ensure_ascii": False}, {"indent": "\t", "ensure_ascii": False}]
)


@st.composite
def written(draw: st.DrawFn, values: st.SearchStrategy[list[Any]]) -> tuple[list[Any], bytes]:
    """Return values and a text of them, in a row."""
    several = draw(values)
    between = draw(st.sampled_from(["\n", " ", "\r\n", "\n\n\t"]))
    return several, between.join(json.dumps(value, **draw(SPELLED)) for value in several).encode()


def blocks(text: bytes, size: int) -> Iterator[bytes]:
    return (text[start : start + size] for start in range(0, len(text), size))


def taken(text: bytes, *, block: int = 65_536, largest: int = LARGEST_VALUE) -> list[Piece]:
    return list(pieces(Cursor(blocks(text, block), largest=largest)))


def flat(value: Any, lists: int = 0) -> Iterator[Any]:
    """Return the members of a list, and those of lists in it as deep as they are taken apart."""
    if isinstance(value, list) and lists < DEEPEST_LIST:
        for member in value:
            yield from flat(member, lists + 1)
    else:
        yield value


def meant(found: list[Piece]) -> list[tuple[str, Any]]:
    """Return the findings that pieces bring and what their objects say besides, in order."""
    said: list[tuple[str, Any]] = []
    for piece in found:
        value = json.loads(piece.text)
        if isinstance(piece, Document) and isinstance(value, dict) and isinstance(value.get("findings"), list):
            said += [("finding", finding) for finding in value["findings"]]
            said.append(("page", value | {"findings": []}))
        else:
            said.append(("document" if isinstance(piece, Document) else "finding", value))
    return said


@given(written(st.lists(VALUES, max_size=5)), st.integers(1, 40))
def test_every_value_comes_out_as_it_stands(given_text: tuple[list[Any], bytes], block: int) -> None:
    values, text = given_text

    came = [json.loads(piece.text) for piece in taken(text, block=block)]

    assert came == [member for value in values for member in flat(value)]


@given(written(st.lists(PAGES | LISTS, max_size=4)), st.integers(1, 40), st.integers(1, 200))
def test_how_little_may_be_held_changes_nothing(given_text: tuple[list[Any], bytes], block: int, largest: int) -> None:
    _, text = given_text
    try:
        held = taken(text, block=block, largest=largest)
    except TextError as error:
        assume(error.summary == "Invalid JSON")  # some member is larger than that
        raise

    assert meant(held) == meant(taken(text))
    assert all(len(piece.text) <= largest + len("{}") for piece in held)


def test_little_enough_is_held_to_take_pages_apart() -> None:
    text = json.dumps({"findings": [{"a": 1}] * 5, "nextToken": "more"}).encode()

    kinds = [type(piece).__name__ for piece in taken(text, largest=60)]

    assert kinds == ["Record"] * 5 + ["Document"]


@given(st.lists(TEXTS, max_size=5), st.integers(1, 9), st.integers(12, 60))
def test_an_error_has_its_line_and_column_however_far_in(texts: list[str], block: int, largest: int) -> None:
    before = "".join(f"{json.dumps(text, ensure_ascii=False)},\n" for text in texts) + '"é",'
    assume(all(len(json.dumps(text, ensure_ascii=False).encode()) <= largest for text in texts))
    text = f"[{before} oops]"

    with pytest.raises(TextError, match="expecting value") as raised:
        taken(text.encode(), block=block, largest=largest)

    assert (raised.value.line, raised.value.column) == (len(texts) + 1, 6 if texts else 7)


@given(st.binary(max_size=80) | VALUES.map(lambda value: json.dumps(value).encode()), st.data())
def test_only_json_is_taken(text: bytes, data: st.DataObject) -> None:
    """Whatever bytes: what comes out is JSON for msgspec, and if all of it came, so is the whole text."""
    cut = text[: data.draw(st.integers(0, len(text)))]
    try:
        found = taken(cut, block=data.draw(st.integers(1, 9)))
    except TextError:
        with pytest.raises((msgspec.DecodeError, RecursionError)):
            msgspec.json.decode(cut, type=msgspec.Raw)
        return

    for piece in found:
        msgspec.json.decode(piece.text, type=msgspec.Raw)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b'"' + b"x" * 50 + b'"', (1, 1)),
        (b'\n {"a": ["' + b"x" * 50 + b'"]}', (2, 8)),
        (b'[{"findings": [\n1, "' + b"x" * 50 + b'"]}]', (2, 4)),
        (b"[[[[" + b"1," * 50 + b"1]]]]", (1, 4)),
        (b'{"' + b"k" * 50 + b'": 1}', (1, 2)),
        (b'{"a":1,' + b",".join(b'"b%d":1' % n for n in range(9)) + b"}", (1, 1)),
    ],
)
def test_a_value_that_is_too_large_is_refused_where_it_begins(text: bytes, place: tuple[int, int]) -> None:
    with pytest.raises(TextError, match="more than 32 bytes") as raised:
        taken(text, block=7, largest=32)

    assert ((raised.value.line, raised.value.column), raised.value.summary) == (place, "Too large")
