"""Words whose letters come from more than one script: a Cyrillic letter may read as a Latin one."""

import re
import unicodedata
from collections.abc import Iterator

from exposurectl.diagnostics import Diagnostic, Place, ProblemId, Severity
from exposurectl.documents.document import Document
from exposurectl.documents.text import decode, quoted

_WORD = re.compile(r"[^\W\d_]+")
# East Asian text has no blanks between words and mixes its own scripts with Latin letters in every sentence; signs such
# as the micro sign are of no script. Unicode's UTS 39 calls such text highly restrictive, and safe.
_NEUTRAL = frozenset(
    {
        *("BOPOMOFO", "CJK", "FEMININE", "FULLWIDTH", "HALFWIDTH", "HANGUL", "HENTAIGANA", "HIRAGANA", "IDEOGRAPHIC"),
        *("KATAKANA", "KATAKANA-HIRAGANA", "MASCULINE", "MICRO", "MODIFIER"),
    }
)


def mixed_scripts(document: Document, content: bytes) -> Iterator[Diagnostic]:
    """Yield a warning for each word of a file, or of a text that its escapes make, whose letters mix scripts."""
    text = decode(document.name, content)
    if isinstance(text, Diagnostic) or (text.isascii() and "\\" not in text):
        return
    seen: set[str] = set()
    for number, line in enumerate(text.split("\n"), start=1):
        for word, offset in _mixed(line):
            seen.add(word)
            yield _warning(Place(document.name, number, offset + 1), word)
    for path in document.values:
        value = document.at(*path)
        if isinstance(value, str):
            yield from (_warning(document.place(*path), word) for word, _ in _mixed(value) if word not in seen)


def _mixed(text: str) -> Iterator[tuple[str, int]]:
    """Yield each word that mixes scripts, and where it gives itself away: the first letter of another script."""
    if text.isascii():
        return
    for found in _WORD.finditer(text):
        word = found[0]
        scripts = [_script(letter) for letter in word]
        usual = next((script for script in scripts if script), "")
        other = next((index for index, script in enumerate(scripts) if script not in {"", usual}), None)
        if other is not None:
            yield word, found.start() + other


def _script(letter: str) -> str:
    """Return the letter's script as its name begins with it; empty where it goes with any."""
    script = unicodedata.name(letter, "").split(" ")[0]
    return "" if script in _NEUTRAL else script


def _warning(place: Place, word: str) -> Diagnostic:
    (usual, first), (other, odd) = _first_two(word)
    return Diagnostic(
        id=ProblemId.MIXED_SCRIPT,
        severity=Severity.WARNING,
        summary="Letters of two scripts in one word",
        place=place,
        detail=f"In {quoted(word)}, {_named(odd)} is {other.title()} and {_named(first)} is {usual.title()}: "
        "a reviewer may read another word.",
        hint="write the word in one script",
    )


def _first_two(word: str) -> list[tuple[str, str]]:
    """Return the first two scripts of a word, each with its first letter."""
    first: dict[str, str] = {}
    for letter in word:
        first.setdefault(_script(letter), letter)
    first.pop("", None)
    return list(first.items())[:2]


def _named(letter: str) -> str:
    return f'"{letter}" (U+{ord(letter):04X})'
