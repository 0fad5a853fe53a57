"""What a schema cannot see of a config: the address, names that stand twice, families and warnings that are none."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from exposurectl.config.durations import duration
from exposurectl.diagnostics import WARNINGS, Diagnostic, Place, ProblemId
from exposurectl.documents import Document, Path, did_you_mean
from exposurectl.model import Exposure

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_HTTPS = 443
_ADDRESS = re.compile(r"[A-Za-z]+://(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(:[0-9]+)?(/[^\\@?#\s]*)?")
# Names only, and none in Punycode: an address in digits and a look-alike in another script read as nobody's host.
_HOST = re.compile(r"(?!.*xn--)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")
_LONGEST_VALIDITY = timedelta(hours=72)


def problems_of(document: Document) -> Iterator[Diagnostic]:
    """Yield every problem of what can be relied on in a config."""
    if document.sound("futurevuls", "url"):
        yield from _url_problems(document)
    if document.sound("limits", "plan_valid_for"):
        yield from _validity_problems(document)
    yield from _repeated(document, ("futurevuls", "groups"), "name", "Group")
    for group in document.entries("futurevuls", "groups"):
        yield from _group_problems(document, group)
    for entry in document.entries("warnings"):
        if document.sound(*entry, "id"):
            yield from _warning_problems(document, (*entry, "id"))


def _url_problems(document: Document) -> Iterator[Diagnostic]:
    """Yield what is wrong with the address: a token goes to it, so it is https, and a host and nothing else."""
    written = document.at("futurevuls", "url")
    place = document.place("futurevuls", "url")
    try:
        parts = urlsplit(written)
        port = parts.port
    except ValueError:
        yield _wrong(place, "This is not an address.")
        return
    if "://" not in written:
        yield _wrong(place, "The address must begin with https://: a token is sent to it.")
        return
    local = parts.hostname in LOOPBACK
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        yield _wrong(place, "The address must begin with https://: a token is sent to it.")
    if not _ADDRESS.fullmatch(written) or not (local or _HOST.fullmatch(parts.hostname or "")):
        yield _wrong(place, "The address must be a plain host name, without a user, a query or a fragment.")
    if parts.path not in {"", "/"}:
        yield _wrong(place, f'The address must not have a path: exposurectl adds "/v1/…" to it, not to {parts.path}.')
    if port not in {None, _HTTPS} and not local:
        yield _wrong(place, f"The address must not name port {port}.")


def _validity_problems(document: Document) -> Iterator[Diagnostic]:
    valid_for = document.at("limits", "plan_valid_for")
    if not timedelta(0) < duration(valid_for) <= _LONGEST_VALIDITY:
        place = document.place("limits", "plan_valid_for")
        yield _wrong(place, f"A plan may be valid for 1s to 72h, not {valid_for}: evidence grows old.")


def _group_problems(document: Document, group: Path) -> Iterator[Diagnostic]:
    """Yield the names that stand twice within one group, and a default family that is none."""
    families = document.entries(*group, "families")
    yield from _repeated(document, (*group, "families"), "name", "Family")
    yield from _role_problems(document, families)
    names = [str(document.at(*family, "name")) for family in families]
    joins = document.at(*group, "default_role_joins")
    known = families and all(document.sound(*family, "name") for family in families)
    if known and isinstance(joins, str) and joins not in names:
        place = document.place(*group, "default_role_joins")
        yield _wrong(place, f'The group has no family "{joins}". Its families are: {", ".join(names)}.')
    yield from _repeated(document, (*group, "servers"), "server", "Server")


def _role_problems(document: Document, families: Iterable[Path]) -> Iterator[Diagnostic]:
    """Yield a problem for each role that stands for more than one level or family."""
    roles = [(*family, level.value) for family in families for level in Exposure]
    uses = Counter(document.at(*role) for role in roles if document.sound(*role))
    for role in roles:
        if uses[document.at(*role)] > 1:
            yield _wrong(
                document.place(*role), f'The role "{document.at(*role)}" stands for more than one level or family.'
            )


def _warning_problems(document: Document, path: Path) -> Iterator[Diagnostic]:
    """Yield what is wrong with the id of a warning to leave out."""
    written, place = document.at(*path), document.place(*path)
    if written in WARNINGS:
        return
    known = sorted(WARNINGS)
    if written in set(ProblemId):
        yield Diagnostic(
            id=ProblemId.NOT_A_WARNING,
            summary="Not a warning",
            place=place,
            detail=f'"{written}" is an error, and errors cannot be turned off.',
            hint="delete this entry, and correct what the error is about",
        )
        return
    yield Diagnostic(
        id=ProblemId.UNKNOWN_WARNING,
        summary="Unknown warning",
        place=place,
        detail=f'There is no warning "{written}", so this turns nothing off.',
        hint=did_you_mean(written, known) or f"the warnings are: {', '.join(known)}",
    )


def _repeated(document: Document, path: Path, key: str, what: str) -> Iterator[Diagnostic]:
    """Yield a problem for each entry of a list whose name an earlier one has."""
    taken: set[str] = set()
    for entry in document.entries(*path):
        if not document.sound(*entry, key):
            continue
        name = str(document.at(*entry, key))
        if name in taken:
            yield _wrong(document.place(*entry), f'{what} "{name}" stands here a second time.')
        taken.add(name)


def _wrong(place: Place, detail: str) -> Diagnostic:
    return Diagnostic(id=ProblemId.WRONG_VALUE, summary="Wrong value", place=place, detail=detail)
