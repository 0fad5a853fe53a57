"""Bytes of an outside file, unpacked and turned into UTF-8, within limits."""

import codecs
import zlib
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO, Final

LARGEST_PACKED: Final = 64 << 20
LARGEST: Final = 2 << 30
LARGEST_RATIO: Final = 200
RATIO_COUNTS_AFTER: Final = 10 << 20
MOST_MEMBERS: Final = 100_000
"""How many gzip files may stand in a row in one; each costs time, however small it is."""

_READ = 64 << 10
_UNPACK = 1 << 20
_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31
"""zlib's way of asking for a gzip header and checksum."""


class StreamError(Exception):
    """A file that cannot be unpacked or is beyond the limits. The message is one full sentence."""


def read_text(stream: BinaryIO) -> Iterator[bytes]:
    """
    Return a file's text as UTF-8 in blocks, without its byte-order mark.

    Gzip is recognised by its first bytes, and UTF-16 (which PowerShell writes when it redirects) by its mark.
    Only `read` is asked of the stream, so a pipe will do.
    """
    return _as_utf8(_within_limit(_unpacked(_blocks(stream))))


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    while block := stream.read(_READ):
        yield block


def _unpacked(blocks: Iterator[bytes]) -> Iterator[bytes]:
    start, blocks = _start(blocks, len(_GZIP))
    return _members(blocks) if start == _GZIP else blocks


def _start(blocks: Iterator[bytes], length: int) -> tuple[bytes, Iterator[bytes]]:
    """Return the first bytes, fewer at the end of the file, and all the blocks including them."""
    start = b""
    while len(start) < length and (block := next(blocks, b"")):
        start += block
    return start[:length], chain([start], blocks)


def _members(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack gzip files that stand in a row; zeros after one are padding."""
    member = zlib.decompressobj(_GZIP_WINDOW)
    members, packed, unpacked = 1, 0, 0
    for block in blocks:
        packed += len(block)
        _check_packed(packed, members)
        pending = block
        while pending:
            if member.eof:
                pending = pending.lstrip(b"\0")
                if not pending:
                    break
                member = zlib.decompressobj(_GZIP_WINDOW)
                members += 1
                _check_packed(packed, members)
            text = _decompress(member, pending)
            pending = member.unused_data if member.eof else member.unconsumed_tail
            unpacked += len(text)
            _check_ratio(packed - len(pending), unpacked)
            yield text
    if not member.eof:
        raise StreamError("The gzip data ends before its end: the file is truncated.")


def _decompress(member: "zlib._Decompress", pending: bytes) -> bytes:
    try:
        return member.decompress(pending, _UNPACK)
    except zlib.error as error:
        raise StreamError(f"The gzip data is damaged: {error}.") from error


def _check_packed(packed: int, members: int) -> None:
    if packed > LARGEST_PACKED:
        raise StreamError("The file is larger than 64 MiB compressed.")
    if members > MOST_MEMBERS:
        raise StreamError("More than 100,000 gzip files stand in a row in the file.")


def _check_ratio(packed: int, unpacked: int) -> None:
    if unpacked > RATIO_COUNTS_AFTER and unpacked > packed * LARGEST_RATIO:
        raise StreamError("The gzip data expands to more than 200 times its size: it looks like a decompression bomb.")


def _within_limit(blocks: Iterator[bytes]) -> Iterator[bytes]:
    size = 0
    for block in blocks:
        size += len(block)
        if size > LARGEST:
            raise StreamError("The file is larger than 2 GiB.")
        yield block


def _as_utf8(blocks: Iterator[bytes]) -> Iterator[bytes]:
    start, blocks = _start(blocks, len(codecs.BOM_UTF8))
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _from_utf16(blocks)
    return _without_mark(blocks) if start == codecs.BOM_UTF8 else blocks


def _without_mark(blocks: Iterator[bytes]) -> Iterator[bytes]:
    yield next(blocks).removeprefix(codecs.BOM_UTF8)
    yield from blocks


def _from_utf16(blocks: Iterator[bytes]) -> Iterator[bytes]:
    try:
        for text in codecs.iterdecode(blocks, "utf-16"):
            yield text.encode()
    except UnicodeError as error:
        raise StreamError("The file begins like UTF-16 and is not.") from error
