"""What a schema cannot see of a config: the address, names that stand twice, families that do not exist."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from exposurectl.config.durations import duration
from exposurectl.diagnostics import Diagnostic, Place
from exposurectl.documents import Document
from exposurectl.model import Exposure

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_HTTPS = 443
_ADDRESS = re.compile(r"[A-Za-z]+://(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(:[0-9]+)?(/[^\\@?#\s]*)?")
# Names only, and none in Punycode: an address in digits and a look-alike in another script read as nobody's host.
_HOST = re.compile(r"(?!.*xn--)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")
_LONGEST_VALIDITY = timedelta(hours=72)


def problems_of(document: Document) -> Iterator[Diagnostic]:
    """Yield every problem of a config whose shape is right."""
    yield from _url_problems(document)
    valid_for = document.data.get("limits", {}).get("plan_valid_for")
    if valid_for and not timedelta(0) < duration(valid_for) <= _LONGEST_VALIDITY:
        place = document.place("limits", "plan_valid_for")
        yield _wrong(place, f"A plan may be valid for 1s to 72h, not {valid_for}: evidence grows old.")
    groups = document.data["futurevuls"]["groups"]
    yield from _repeated(document, ("futurevuls", "groups"), [group["name"] for group in groups], "Group")
    for index, group in enumerate(groups):
        yield from _group_problems(document, index, group)


def _url_problems(document: Document) -> Iterator[Diagnostic]:
    """Yield what is wrong with the address: a token goes to it, so it is https, and a host and nothing else."""
    written = document.data["futurevuls"]["url"]
    place = document.place("futurevuls", "url")
    try:
        parts = urlsplit(written)
        port = parts.port
    except ValueError:
        yield _wrong(place, "This is not an address.")
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


def _group_problems(document: Document, index: int, group: dict[str, Any]) -> Iterator[Diagnostic]:
    """Yield the names that stand twice within one group, and a default family that is none."""
    here = ("futurevuls", "groups", index)
    names = [family["name"] for family in group["families"]]
    yield from _repeated(document, (*here, "families"), names, "Family")
    uses = Counter(family[level.value] for family in group["families"] for level in Exposure)
    for at, family in enumerate(group["families"]):
        for level in Exposure:
            if uses[family[level.value]] > 1:
                place = document.place(*here, "families", at, level.value)
                yield _wrong(place, f'The role "{family[level.value]}" stands for more than one level or family.')
    joins = group.get("default_role_joins")
    if joins and joins not in names:
        place = document.place(*here, "default_role_joins")
        yield _wrong(place, f'The group has no family "{joins}". Its families are: {", ".join(names)}.')
    servers = [str(pairing["server"]) for pairing in group.get("servers", ())]
    yield from _repeated(document, (*here, "servers"), servers, "Server")


def _repeated(document: Document, path: tuple[str | int, ...], names: list[str], what: str) -> Iterator[Diagnostic]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield _wrong(document.place(*path, index), f'{what} "{name}" stands here a second time.')


def _wrong(place: Place, detail: str) -> Diagnostic:
    return Diagnostic(summary="Wrong value", place=place, detail=detail)
