"""Bytes that people wrote, as text in which a reviewer sees every character."""

import unicodedata
from collections.abc import Iterator
from pathlib import Path

from exposurectl.diagnostics import Diagnostic, Place, ProblemId

MAX_BYTES = 1024 * 1024
_LONGEST_QUOTE = 60

_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cn", "Zl", "Zp"})
# Letters, symbols and marks that show nothing all the same: fillers, the blank Braille pattern, the grapheme joiner
# and the variation selectors.
_BLANK = frozenset("\u3164\u115f\u1160\u2800\uffa0\u034f\u180b\u180c\u180d\u180f") | frozenset(
    map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)


def read_content(path: Path) -> bytes:
    """Return the bytes of a file, or so many of them that `decode` refuses them as too large."""
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def decode(name: str, content: bytes) -> str | Diagnostic:
    """Return the text without its byte order mark, or why it is none."""
    if len(content) > MAX_BYTES:
        detail = f"The limit is {MAX_BYTES} bytes."
        return Diagnostic(id=ProblemId.FILE_TOO_LARGE, summary="File too large", place=Place(name), detail=detail)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode().split("\n")
        place = Place(name, len(before), len(before[-1]) + 1)
        detail = "The file must be UTF-8."
        return Diagnostic(id=ProblemId.NOT_TEXT, summary="Not UTF-8 text", place=place, detail=detail)


def invisible(name: str, text: str) -> Iterator[Diagnostic]:
    """
    Yield a problem for each character that a reviewer cannot see: they can make text read as what it is not.

    A carriage return is one too, unless it ends its line: YAML begins a new line there, and many viewers do not.
    """
    for number, line in enumerate(text.split("\n"), start=1):
        if line.isascii() and line.isprintable():
            continue
        for column, character in enumerate(line.removesuffix("\r"), start=1):
            if shows(character):
                continue
            yield Diagnostic(
                id=ProblemId.INVISIBLE_CHARACTER,
                summary="Invisible character",
                place=Place(name, number, column),
                detail=f"U+{ord(character):04X} does not show, so a reviewer cannot see what this line says.",
                hint="delete the character",
            )


def quoted(text: str) -> str:
    """Return what a message quotes of a text: the beginning of it, in quotation marks."""
    return f'"{text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "…"}"'


def shows(character: str) -> bool:
    """Tell whether a character of a line can be seen, or is a tab."""
    if character == "\t":
        return True
    return unicodedata.category(character) not in _CATEGORIES and character not in _BLANK
