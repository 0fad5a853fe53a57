"""JSON documents in a text: one a line, or several in a row with any white space between."""

import json
import re
from collections.abc import Iterator

import msgspec

_syntax = msgspec.json.Decoder(msgspec.Raw)
_rows = json.JSONDecoder(parse_int=len, parse_float=len)
"""Only finds where documents end, so numbers need not be read, however long they are."""
_BLANK = re.compile(r"[ \t\r\n]*")


class TextError(Exception):
    """The text is not JSON at this line and column, both counted from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        """Keep the message, one full sentence, and the place."""
        super().__init__(message)
        self.line = line
        self.column = column


def documents(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """
    Return each JSON document of a text, without the white space around it.

    As long as each line is a document, no more than a line is held; from the first line that only begins one, the
    rest of the text is.
    """
    lines = _lines(blocks)
    for number, line in enumerate(lines, 1):
        document = line.strip()
        if not document:
            continue
        try:
            _syntax.decode(document)
        except (msgspec.DecodeError, RecursionError) as error:
            rest = b"\n".join([line, *lines]) if _may_go_on(error) else line
            yield from _in_a_row(rest, number)
        else:
            yield document


def _lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    parts: list[bytes] = []
    for block in blocks:
        *ended, begun = block.split(b"\n")
        for line in ended:
            parts.append(line)
            yield b"".join(parts)
            parts = []
        parts.append(begun)
    yield b"".join(parts)


def _may_go_on(error: Exception) -> bool:
    """Tell whether a line is broken only by its end: it begins a document, or a second one stands after the first."""
    return "truncated" in str(error) or "trailing" in str(error)


def _in_a_row(text: bytes, line: int) -> Iterator[bytes]:
    """Return documents that stand in a row, or raise at the first place that is no JSON."""
    try:
        _syntax.decode(text)
    except (msgspec.DecodeError, RecursionError):
        yield from _split(text, line)
    else:
        yield text.strip()


def _split(text: bytes, line: int) -> Iterator[bytes]:
    try:
        characters = text.decode()
    except UnicodeDecodeError as error:
        before = text[: error.start].decode()
        raise _error_at(before, len(before), line, "not UTF-8") from error
    end = _blank_until(characters, 0)
    while end < len(characters):
        begin, end = end, _end(characters, end, line)
        document = characters[begin:end].encode()
        _check(document, characters, begin, line)
        yield document
        end = _blank_until(characters, end)


def _blank_until(characters: str, start: int) -> int:
    """Return where the next document begins, or the end of the text."""
    blank = _BLANK.match(characters, start)
    return blank.end() if blank else start


def _end(characters: str, begin: int, line: int) -> int:
    """Return where the document that begins here ends."""
    try:
        _, end = _rows.raw_decode(characters, begin)
    except json.JSONDecodeError as error:
        raise _error_at(characters, error.pos, line, error.msg) from error
    except RecursionError as error:
        raise _error_at(characters, begin, line, "nested too deeply") from error
    return end


def _check(document: bytes, characters: str, begin: int, line: int) -> None:
    """Refuse what is JSON for Python only, such as NaN and half a surrogate pair."""
    try:
        _syntax.decode(document)
    except RecursionError as error:
        raise _error_at(characters, begin, line, "nested too deeply") from error
    except msgspec.DecodeError as error:
        message, _, at = str(error).removeprefix("JSON is malformed: ").partition(" (byte ")
        if not at:
            message = "a string holds half a surrogate pair"
        offset = len(document[: int(at.rstrip(")") or 0)].decode(errors="replace"))
        raise _error_at(characters, begin + offset, line, message) from error


def _error_at(characters: str, index: int, line: int, message: str) -> TextError:
    """Return the error for the character at that index of a text that begins on that line of its file."""
    above = characters.count("\n", 0, index)
    column = index - characters.rfind("\n", 0, index)
    return TextError(f"This is not JSON: {message[:1].lower()}{message[1:]}.", line + above, column)
