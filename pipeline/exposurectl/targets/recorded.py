"""A group from files: what `GET /v1/servers` and `GET /v1/roles` returned at some time."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn

import msgspec

from exposurectl.diagnostics import Diagnostic, ExposurectlError, Place
from exposurectl.model import Group, Role, Server
from exposurectl.targets.pages import MOST_PAGES, Page, page_from
from exposurectl.targets.replies import MOST_VALUES, error_message, is_crammed
from exposurectl.targets.rows import Row, role_from_row, server_from_row

_HINT = "Save what `GET /v1/servers` and `GET /v1/roles` return, page after page, without changing it."
_JSON_SPACE = " \t\r\n"
_MOST_MIB = 32
_MOST_DOCUMENTS = 2 * MOST_PAGES


class _Promise(msgspec.Struct, frozen=True):
    """What a document's paging says the whole list holds; of a document with two lists, it may mean either."""

    place: Place
    where: str
    keys: tuple[str, ...]
    count: int


def read_recorded(files: Sequence[tuple[str, bytes]], group: str) -> Group:
    """
    Merge recorded pages into the group they show; `files` are names and contents.

    A file is one or several JSON documents in a row, each a page of servers, a page of roles, or both in one object.
    All problems of all files are raised together. Pages that promise more rows than the files hold are an error: a
    partly read list never becomes a plan.
    """
    recording = _Recording()
    for name, content in files:
        recording.add_file(Place(name), content)
    recording.refuse_problems()
    return Group(name=group, servers=_by_id(recording.servers), roles=_by_id(recording.roles))


class _Recording:
    """What the files hold so far, and what was wrong with them."""

    def __init__(self) -> None:
        self.servers: dict[int, Server] = {}
        self.roles: dict[int, Role] = {}
        self._promises: list[_Promise] = []
        self._problems: list[Diagnostic] = []

    def add_file(self, place: Place, content: bytes) -> None:
        number = 0
        try:
            for number, document in enumerate(_documents(content), start=1):
                if number > _MOST_DOCUMENTS:
                    _refuse(f"the file holds more than {_MOST_DOCUMENTS} documents")
                self._add_document(place, f"document {number}", document)
            if number == 0:
                _refuse("the file is empty")
        except ExposurectlError as error:
            self._note(error, place, f"document {number + 1}")

    def refuse_problems(self) -> None:
        """Raise what was found; whether the lists are whole is only asked of files that could be read."""
        if self._problems:
            raise ExposurectlError(*self._problems, reason="response")
        short = [self._shortfall(promise) for promise in self._promises if self._holds(promise) < promise.count]
        if short:
            raise ExposurectlError(*short, reason="listing-incomplete")
        if not self.roles:
            detail = "None of the files holds a role, so no level could be recognised."
            raise ExposurectlError(
                Diagnostic(summary="The recording holds no roles", detail=detail, hint=_HINT), reason="response"
            )

    def _add_document(self, place: Place, where: str, document: object) -> None:
        keys = tuple(key for key in ("servers", "roles") if isinstance(document, dict) and key in document)
        if not keys and not _is_empty_page(document):
            self._note(_stray(document), place, where)
        if "servers" in keys:
            self._add_list(place, where, keys, self.servers, lambda: page_from(document, "servers", server_from_row))
        if "roles" in keys:
            self._add_list(place, where, keys, self.roles, lambda: page_from(document, "roles", role_from_row))

    def _add_list(
        self, place: Place, where: str, keys: tuple[str, ...], rows: dict[int, Row], read: Callable[[], Page[Row]]
    ) -> None:
        try:
            page = read()
        except ExposurectlError as error:
            self._note(error, place, where)
            return
        rows.update({row.id: row for row in page.rows})
        promise = _Promise(place, where, keys, page.total_count or 0)
        if promise not in self._promises:
            self._promises.append(promise)

    def _note(self, error: ExposurectlError, place: Place, where: str) -> None:
        for problem in error.problems:
            detail = f"In {where}: {problem.detail}"
            located = msgspec.structs.replace(problem, place=place, detail=detail, hint=_HINT)
            if located not in self._problems:
                self._problems.append(located)

    def _holds(self, promise: _Promise) -> int:
        counts = {"servers": len(self.servers), "roles": len(self.roles)}
        return max(counts[key] for key in promise.keys)

    def _shortfall(self, promise: _Promise) -> Diagnostic:
        lists = " or ".join(promise.keys)
        detail = f"In {promise.where}: there are {promise.count} {lists}, but the files hold {self._holds(promise)}."
        return Diagnostic(summary="The recorded list is not complete", detail=detail, hint=_HINT, place=promise.place)


def _documents(content: bytes) -> Iterator[object]:
    """Split a file into its JSON documents, which white space separates or nothing at all."""
    if len(content) > _MOST_MIB * 1024 * 1024:
        _refuse(f"the file is larger than {_MOST_MIB} MiB")
    if is_crammed(content):
        _refuse(f"the file holds more than {MOST_VALUES} values")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        _refuse("the file is not UTF-8")
    decoder = json.JSONDecoder(parse_constant=_refuse_constant)
    start = 0
    while start < len(text):
        if text[start] in _JSON_SPACE:
            start += 1
            continue
        try:
            document, start = decoder.raw_decode(text, start)
        except json.JSONDecodeError as error:
            _refuse(f"line {error.lineno}, column {error.colno} is not JSON: {error.msg}")
        except (RecursionError, ValueError):
            _refuse("it is nested too deeply, or holds a number that is none")
        yield document


def _is_empty_page(document: object) -> bool:
    """Tell whether this is the page of an empty list, whose key the API leaves out."""
    if not isinstance(document, dict) or not isinstance(document.get("paging"), dict):
        return False
    return bool(document["paging"].get("totalCount") == 0)


def _stray(document: object) -> ExposurectlError:
    said = ", but an error reply" if error_message(document) is not None else ""
    detail = f"it is neither a page of `servers` nor a page of `roles`{said}."
    return ExposurectlError(Diagnostic(summary="A recorded document is no page", detail=detail))


def _by_id(rows: dict[int, Row]) -> tuple[Row, ...]:
    return tuple(rows[key] for key in sorted(rows))


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError


def _refuse(what: str) -> NoReturn:
    raise ExposurectlError(Diagnostic(summary="A recorded file cannot be read", detail=f"{what}."))
