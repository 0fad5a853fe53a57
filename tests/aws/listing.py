"""Listings in pages: what a caller may see of a world, filtered, and tokens that are good for one listing only."""

import base64
import bisect
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from aws.bodies import account_row, finding_body, instance_row, resource_body
from aws.filters import CoverageRow, Entry, FindingRow, wanted
from aws.replies import RefusedError
from aws.world import Partition, World


class Rows(NamedTuple):
    """All rows of a world by account and region, in the order in which they are listed."""

    findings: Mapping[tuple[str, str], "FindingRows"]
    coverage: Mapping[tuple[str, str], Sequence[CoverageRow]]


def rows_of(world: World) -> Rows:
    """Return a world's rows. Findings come in the order of their ARNs, which is that of no instance."""
    findings: dict[tuple[str, str], FindingRows] = {}
    coverage: dict[tuple[str, str], Sequence[CoverageRow]] = {}
    for partition in world.partitions:
        place = partition.account, partition.region
        findings[place] = FindingRows(_findings(partition))
        coverage[place] = _coverage(partition)
    return Rows(findings, coverage)


class FindingRows:
    """The findings of an account and region, by ARN, and by instance for filters that few instances pass."""

    def __init__(self, rows: Sequence[FindingRow]) -> None:
        self._rows = rows
        self._by_instance = sorted(rows, key=_instance)

    def candidates(self, entries: Sequence[Entry]) -> Sequence[FindingRow]:
        """Return all rows that a filter on `resourceId` may let through, in the order of their ARNs."""
        equals, prefixes = wanted(entries)
        if not equals and not prefixes:
            return self._rows
        found: dict[str, FindingRow] = {}
        for beginning in (*equals, *prefixes):
            begin = bisect.bisect_left(self._by_instance, beginning, key=_instance)
            end = bisect.bisect_left(self._by_instance, beginning + _AFTER_ALL, key=_instance)
            found |= {row.finding.arn: row for row in self._by_instance[begin:end]}
        return [found[arn] for arn in sorted(found)]


_AFTER_ALL: Final = chr(0x10FFFF)


def _instance(row: FindingRow) -> str:
    return row.finding.instance


def _findings(partition: Partition) -> list[FindingRow]:
    instances = {instance.id: instance for instance in partition.instances}
    resources: dict[tuple[str, str], msgspec.Raw] = {}
    rows = []
    for finding in sorted(partition.findings, key=lambda finding: finding.arn):
        instance = instances.get(finding.instance)
        on = finding.instance, finding.resource_type
        if on not in resources:
            resources[on] = resource_body(*on, partition, instance)
        rows.append(FindingRow(partition, finding, instance, finding_body(finding, partition.account, resources[on])))
    return rows


def _coverage(partition: Partition) -> list[CoverageRow]:
    rows = []
    if partition.network is not None:
        body = account_row(partition, partition.network)
        rows.append(_coverage_row(partition, body, partition.network))
    rows.extend(
        _coverage_row(partition, instance_row(partition, instance, instance.coverage), instance.coverage)
        for instance in partition.instances
        if instance.coverage is not None
    )
    return rows


def _coverage_row(partition: Partition, body: dict[str, Any], scan: Any) -> CoverageRow:
    return CoverageRow(
        partition=partition,
        resource=body["resourceId"],
        resource_type=body["resourceType"],
        scan_type=body["scanType"],
        scan=scan,
        tags=body.get("resourceMetadata", {}).get("ec2", {}).get("tags", {}),
        scanned_at=body.get("lastScannedAt"),
        body=msgspec.json.encode(body),
    )


class Listing(NamedTuple):
    """One listing from its first page to its last: who asks where for what, page size included."""

    digest: str

    @classmethod
    def of(cls, operation: str, caller: str, region: str, arguments: Mapping[str, Any]) -> "Listing":
        asked = {key: value for key, value in arguments.items() if key != "nextToken"}
        text = json.dumps([operation, caller, region, asked], sort_keys=True)
        return cls(hashlib.sha256(text.encode()).hexdigest())

    def token(self, offset: int) -> str:
        """Return what a client sends to get the rows from this one on."""
        return base64.urlsafe_b64encode(f"{offset}:{self.digest}".encode()).decode()

    def offset(self, token: str | None) -> int:
        """Return where a token's page begins, or refuse a token that is not of this listing."""
        if token is None:
            return 0
        try:
            offset, _, digest = base64.urlsafe_b64decode(token).decode().partition(":")
            if digest == self.digest:
                return int(offset)
        except ValueError:
            pass
        raise RefusedError(400, "ValidationException", "The provided nextToken is invalid.", reason="OTHER")


class Pages:
    """The rows that listings have, worked out once for all pages of each."""

    def __init__(self) -> None:
        self._rows: dict[Listing, Sequence[bytes]] = {}

    def page(self, listing: Listing, find: Callable[[], Sequence[bytes]], *, key: str, offset: int, size: int) -> bytes:
        """Return one page as JSON: the rows under their key, and a token where there are more."""
        if listing not in self._rows:
            self._rows[listing] = find()
        rows = self._rows[listing]
        more = f',"nextToken":"{listing.token(offset + size)}"' if offset + size < len(rows) else ""
        return b'{"%b":[%b]%b}' % (key.encode(), b",".join(rows[offset : offset + size]), more.encode())
