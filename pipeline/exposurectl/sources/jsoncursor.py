"""A place in a JSON text that goes forward: no more of the text is held than one value of it, which is limited."""

import json
import re
from collections.abc import Iterator
from typing import Final

import msgspec

LARGEST_VALUE: Final = 2 << 20
"""Bytes of one value that is held whole. A finding may have 1 MiB; beyond that a file is not what it should be."""

_LONGEST_TOKEN: Final = len(r"\ud800\udc00")
"""What stands this near to the end of what was read so far may only look wrong because the rest is not there."""

_syntax = msgspec.json.Decoder(msgspec.Raw)
_scanner = json.JSONDecoder(parse_int=len, parse_float=len)
"""Only finds where values end, so numbers need not be read, however long they are."""
_BLANKS = ("", " ", "\t", "\r", "\n")
_BLANK = re.compile(r"[ \t\r\n]*")
_CONTINUATION = bytes(range(0x80, 0xC0))
"""The bytes of UTF-8 that do not begin a character."""


class TextError(Exception):
    """The text cannot be read beyond this line and column, both counted from 1."""

    def __init__(self, message: str, line: int, column: int, *, summary: str = "Invalid JSON") -> None:
        """Keep the message, one full sentence, its heading and the place."""
        super().__init__(message)
        self.line = line
        self.column = column
        self.summary = summary


class Cursor:
    """
    A place in a text that is given in blocks of bytes, at first before all of it.

    The text is held as Latin-1, one character a byte: the signs of JSON are the same, and any bytes come out as they
    came in. Whether they are UTF-8 is for the reader of a value to say.
    """

    def __init__(self, blocks: Iterator[bytes], *, largest: int = LARGEST_VALUE) -> None:
        """Begin before the first block; `largest` is how many bytes a value may have that is taken."""
        self.largest = largest
        self._blocks = blocks
        self._ended = False
        self._text = ""
        self._at = 0
        self._line, self._column = 1, 0
        """Where the text that is held begins: its line, and how many characters of that line were before it."""
        self._dropped = 0
        """How many bytes were before the text that is held."""
        self._tried = 0
        """Up to which byte of all it is known that no line is one value: or each value would look for it again."""

    def peek(self) -> str:
        """Pass over white space, and return the character after it without taking it; nothing at the end."""
        while (sign := self._text[self._at : self._at + 1]) in _BLANKS:
            blank = _BLANK.match(self._text, self._at)
            self._at = blank.end() if blank else self._at
            if self._at == len(self._text) and not self._read(1):
                return ""
        return sign

    def line(self) -> bytes | None:
        """Take the rest of the line if it is one value within the limit; None, and nothing is taken, if it is not."""
        if self._dropped + self._at < self._tried:
            return None
        while (end := self._text.find("\n", self._at)) < 0 and not self._ended and self._held <= self.largest:
            self._read(self._held + 1)
        if end < 0 and self._ended:
            end = len(self._text)
        self._tried = self._dropped + (end if end >= 0 else len(self._text))
        if not 0 <= end - self._at <= self.largest:
            return None
        line = self._text[self._at : end].encode("latin-1").rstrip(b" \t\r")
        try:
            _syntax.decode(line)
        except (msgspec.DecodeError, RecursionError):
            return None
        self._at = end
        return line

    def value(self) -> bytes | None:
        """Take the value that stands here; None, and nothing is taken, if it is larger than the limit."""
        end = self._end()
        if end is None:
            return None
        value = self._text[self._at : end].encode("latin-1")
        self._check(value)
        self._at = end
        return value

    def members(self, close: str) -> Iterator[None]:
        """Take a bracket, and stop before each member, which is for the caller to take, until the bracket closes."""
        self._at += 1
        if self.peek() != close:
            yield
            while self.peek() == ",":
                self._at += 1
                yield
        self.expect(close, "',' delimiter")

    def expect(self, sign: str, called: str) -> None:
        """Take a sign, or raise if another one stands here; `called` is what should have stood here."""
        if self.peek() != sign:
            raise self.error(f"expecting {called}")
        self._at += 1

    def error(self, message: str, at: int = 0) -> TextError:
        """Return the error that the text is no JSON so many bytes after this place."""
        return TextError(f"This is not JSON: {message[:1].lower()}{message[1:]}.", *self._place(self._at + at))

    def too_large(self) -> TextError:
        """Return the error that the value which stands here is beyond the limit."""
        what = f"A value of more than {self.largest:,} bytes begins here, and no finding is as large."
        return TextError(what, *self._place(self._at), summary="Too large")

    @property
    def _held(self) -> int:
        return len(self._text) - self._at

    def _end(self) -> int | None:
        """Return where the value that begins here ends, having read all of it, or None where it is too large."""
        while True:
            try:
                _, end = _scanner.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._ended or not self._may_go_on(error):
                    raise self.error(error.msg, error.pos - self._at) from error
            except RecursionError as error:
                raise self.error("nested too deeply") from error
            else:
                if end <= len(self._text) - _LONGEST_TOKEN or self._ended:  # or a number may go on
                    return end if end - self._at <= self.largest else None
            if self._held > self.largest + _LONGEST_TOKEN:
                return None
            self._read(self._held + 1)

    def _may_go_on(self, error: json.JSONDecodeError) -> bool:
        """Tell whether a value may be broken only because the rest of it was not read yet."""
        return error.msg.startswith("Unterminated string") or error.pos > len(self._text) - _LONGEST_TOKEN

    def _check(self, value: bytes) -> None:
        """Refuse what is JSON for Python only, such as NaN and half a surrogate pair."""
        try:
            _syntax.decode(value)
        except RecursionError as error:
            raise self.error("nested too deeply") from error
        except msgspec.DecodeError as error:
            message, _, at = str(error).removeprefix("JSON is malformed: ").partition(" (byte ")
            if not at:
                message = "a string holds half a surrogate pair"
            raise self.error(message, int(at.rstrip(")") or 0)) from error

    def _read(self, size: int) -> bool:
        """Read so many bytes more, or what is left; return whether anything was. What was taken is let go."""
        self._line, self._column = self._before(self._at)
        self._dropped += self._at
        parts = [self._text[self._at :]]
        while size > 0 and not self._ended:
            block = next(self._blocks, None)
            self._ended = block is None
            parts.append((block or b"").decode("latin-1"))
            size -= len(parts[-1])
        self._text = "".join(parts)
        self._at = 0
        return len(self._text) > len(parts[0])

    def _before(self, at: int) -> tuple[int, int]:
        """Return the line of a character of the text that is held, and how many characters of it stand before."""
        start = self._text.rfind("\n", 0, at) + 1
        characters = self._text[start:at].encode("latin-1").translate(None, _CONTINUATION)
        above = self._text.count("\n", 0, at)
        return self._line + above, len(characters) + (0 if above else self._column)

    def _place(self, at: int) -> tuple[int, int]:
        line, before = self._before(at)
        return line, before + 1
