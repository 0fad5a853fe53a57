"""Findings from files that people already have, in whatever form AWS or a shell left them."""

from collections.abc import Callable, Sequence
from typing import BinaryIO, Final

import msgspec

from exposurectl.diagnostics import Diagnostic, Place
from exposurectl.sources.collection import Collection, RecordedFindings
from exposurectl.sources.forms import Findings, Form, OtherEvent, Page, Recognised, Refused, recognise
from exposurectl.sources.jsoncursor import Cursor, TextError
from exposurectl.sources.jsontext import Document, Piece, Record, pieces
from exposurectl.sources.streams import StreamError, read_text

__all__ = ["RecordedFindings", "read_findings"]

_LISTING: Final = "Write the findings with `aws inspector2 list-findings > findings.json` and name that file."
_HINTS = {
    Form.COVERAGE: f"{_LISTING} Coverage is read by `exposurectl collect`.",
    Form.COVERAGE_STATISTICS: f"{_LISTING} Coverage is read by `exposurectl collect`.",
    Form.RESOURCE: "Name a file with whole findings, not with their resources.",
}


def read_findings(
    files: Sequence[tuple[str, BinaryIO]], keep: Callable[[bytes], None] | None = None
) -> RecordedFindings:
    """
    Read findings out of files, each given by what to call it in messages and by a binary stream.

    A file may hold answers of ListFindings (one page, several in a row, or merged), a findings report, a bare list,
    one finding a line, EventBridge events, or lists of any of these; plain or gzipped; UTF-8, or UTF-16 with a mark.
    What came twice counts once. Every problem of every file is raised at once. `keep` takes the canonical JSON text of
    each network finding, which a snapshot is made of.
    """
    collection = Collection(keep)
    readers = [_Reader(name, collection) for name, _ in files]
    for reader, (_, stream) in zip(readers, files, strict=True):
        reader.read(stream)
    if any(reader.continued for reader in readers) and not any(reader.last_pages for reader in readers):
        collection.refuse(_last_page_missing(next(reader.name for reader in readers if reader.continued)))
    return collection.finish()


def _last_page_missing(name: str) -> Diagnostic:
    return Diagnostic(
        summary="Last page missing",
        detail="Every page names a next one (nextToken), so the list of findings is not complete.",
        hint="Run `aws inspector2 list-findings` without --max-items and --no-paginate, or add the missing pages.",
        place=Place(name),
    )


class _Reader:
    """One file being read: how many findings it had so far, and whether its pages go on."""

    def __init__(self, name: str, collection: Collection) -> None:
        self.name = name
        self.continued = 0
        self.last_pages = 0
        self._collection = collection
        self._place = Place(name)
        self._records = 0

    def read(self, stream: BinaryIO) -> None:
        """Take everything in the file, up to the first place that cannot be read."""
        empty = True
        try:
            text = Cursor(read_text(stream))
            empty = not text.peek()
            for piece in pieces(text):
                self._take(piece)
        except StreamError as error:
            self._refuse("Unreadable file", str(error))
        except TextError as error:
            place = Place(self.name, error.line, error.column)
            self._collection.refuse(Diagnostic(summary=error.summary, detail=str(error), place=place))
        except OSError as error:
            self._refuse("Unreadable file", f"Reading it failed: {error.strerror or error}.")
        else:
            if empty:
                self._refuse("Empty file", "There is nothing in the file, not even an empty list.", _LISTING)

    def _take(self, piece: Piece) -> None:
        match piece:
            case Record(text):
                self._record(text)
            case Document(text):
                self._recognised(recognise(text))

    def _recognised(self, document: Recognised) -> None:
        match document:
            case Findings(records):
                self._records_of(records)
            case Page(records, more):
                self._count_page(more=more)
                self._records_of(records)
            case OtherEvent(kind):
                self._collection.pass_over(kind, place=self._place)
            case Refused(form, detail):
                self._refuse(
                    "Not findings", f"This is {form.value}{detail and f': {detail}'}.", _HINTS.get(form, _LISTING)
                )

    def _records_of(self, records: tuple[msgspec.Raw, ...]) -> None:
        for record in records:
            self._record(record)

    def _record(self, text: bytes | msgspec.Raw) -> None:
        called = f"Finding {self._records} (counting from 0)"
        self._collection.take(text, place=self._place, called=called)
        self._records += 1

    def _count_page(self, *, more: bool) -> None:
        if more:
            self.continued += 1
        else:
            self.last_pages += 1

    def _refuse(self, summary: str, detail: str, hint: str = "") -> None:
        self._collection.refuse(Diagnostic(summary=summary, detail=detail, hint=hint, place=self._place))
