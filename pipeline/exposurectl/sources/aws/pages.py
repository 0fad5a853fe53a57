"""Pages of Inspector's listings, decoded from the body of the answer rather than by botocore's generic parser."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

import msgspec

from exposurectl.sources.aws.access import held

FINDINGS_A_PAGE: Final = 100
COVERAGE_A_PAGE: Final = 200
"""The most that Inspector gives; botocore does not check it. Source: Inspector's API reference."""

_PAGE = "exposurectl-page"
_OK = 200
_TRIES = 3


class _Page(msgspec.Struct, frozen=True, rename="camel"):
    """One answer of ListFindings or ListCoverage, its rows still as they came."""

    findings: tuple[msgspec.Raw, ...] | None = None
    covered_resources: tuple[msgspec.Raw, ...] | None = None
    next_token: str | None = None


_page = msgspec.json.Decoder(_Page)


def keep_bodies(client: Any) -> None:
    """
    Make an Inspector client hand over its listings' rows as they came.

    Signing and retrying stay botocore's. Parsing does not: its generic parser takes 70 times as long a finding, holds
    the interpreter lock meanwhile, and drops members that this botocore does not know yet. The event is not a
    documented contract; where botocore stops sending it, `rows` notices.
    """
    for operation in ("ListFindings", "ListCoverage"):
        client.meta.events.register(f"before-parse.inspector2.{operation}", _keep, unique_id=f"{_PAGE}-{operation}")


def _keep(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_others: object) -> None:
    """Decode the rows' boundaries, and leave botocore an empty answer to parse."""
    if response_dict["status_code"] == _OK:
        customized_response_dict[_PAGE] = _page.decode(response_dict["body"])
        response_dict["body"] = b"{}"


def findings(client: Any, criteria: Mapping[str, Any]) -> Iterator[tuple[msgspec.Raw, ...]]:
    """Yield page after page of findings, each finding as JSON text; the end is where no next page is named."""
    for page in _pages(client.list_findings, FINDINGS_A_PAGE, criteria):
        yield _rows(page.findings, "findings")


def coverage(client: Any, criteria: Mapping[str, Any]) -> Iterator[tuple[msgspec.Raw, ...]]:
    """Yield page after page of covered resources, each as JSON text."""
    for page in _pages(client.list_coverage, COVERAGE_A_PAGE, criteria):
        yield _rows(page.covered_resources, "coveredResources")


def _pages(call: Any, size: int, criteria: Mapping[str, Any]) -> Iterator[_Page]:
    token: dict[str, str] = {}
    while True:
        page = _asked(call, maxResults=size, filterCriteria=criteria, **token)
        yield page
        if not page.next_token:
            return
        if page.next_token == token.get("nextToken"):
            raise ValueError("the listing turns in a circle: a page names itself as the next one")
        token = {"nextToken": page.next_token}


def _asked(call: Any, **arguments: Any) -> _Page:
    """Ask for a page. botocore does not notice a body that breaks off, and so does not try again; we do."""
    for _ in range(_TRIES - 1):
        with contextlib.suppress(msgspec.DecodeError):
            return cast("_Page", held(call(**arguments), _PAGE))
    return cast("_Page", held(call(**arguments), _PAGE))


def _rows(rows: tuple[msgspec.Raw, ...] | None, key: str) -> tuple[msgspec.Raw, ...]:
    if rows is None:
        raise ValueError(f"the answer has no {key}")
    return rows
