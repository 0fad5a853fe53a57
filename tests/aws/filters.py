"""The filters of ListFindings and ListCoverage, applied as AWS documents them; what is not documented is refused."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from aws.replies import RefusedError
from aws.world import Finding, Instance, Partition, Scan


class FindingRow(msgspec.Struct, frozen=True, gc=False):
    partition: Partition
    finding: Finding
    instance: Instance | None
    body: bytes
    """As the API answers it."""


class CoverageRow(msgspec.Struct, frozen=True):
    partition: Partition
    resource: str
    resource_type: str
    scan_type: str
    scan: Scan
    tags: Mapping[str, str]
    scanned_at: float | None
    body: bytes


Entry = dict[str, Any]
Narrow = Callable[[Sequence[Any]], Sequence[Any]]
"""Returns those of the rows that a filter lets through, in their order."""

Build = Callable[[Sequence[Entry]], Narrow]


def narrowing(criteria: Mapping[str, Sequence[Entry]], builds: Mapping[str, Build]) -> Narrow:
    """Return all filters as one: entries of one key are OR-ed, keys are AND-ed."""
    unknown = sorted(criteria.keys() - builds.keys())
    if unknown:
        message = f"The test server does not apply these filters: {', '.join(unknown)}"
        raise RefusedError(400, "ValidationException", message, reason="OTHER")
    filters = [builds[key](entries) for key, entries in criteria.items()]

    def narrow(rows: Sequence[Any]) -> Sequence[Any]:
        for one in filters:
            rows = one(rows)
        return rows

    return narrow


def _text(held: Callable[[Any], str]) -> Build:
    """Return a filter on a text. NOT_EQUALS entries all have to hold, of the others one."""

    def build(entries: Sequence[Entry]) -> Narrow:
        equals, prefixes = wanted(entries)
        refused = frozenset(entry["value"] for entry in entries if entry["comparison"] == "NOT_EQUALS")

        def narrow(rows: Sequence[Any]) -> Sequence[Any]:
            if prefixes:
                rows = [row for row in rows if held(row) in equals or held(row).startswith(prefixes)]
            elif equals:
                rows = [row for row in rows if held(row) in equals]
            return [row for row in rows if held(row) not in refused] if refused else rows

        return narrow

    return build


def wanted(entries: Sequence[Entry]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the values that entries name whole, and those that they name the beginning of."""
    equals = frozenset(entry["value"] for entry in entries if entry["comparison"] == "EQUALS")
    return equals, tuple(entry["value"] for entry in entries if entry["comparison"] == "PREFIX")


def _step(held: Callable[[Any], str]) -> Build:
    """Return a filter on the steps of a path, of which one has to match."""

    def build(entries: Sequence[Entry]) -> Narrow:
        narrow = _text(held)(entries)
        return lambda rows: [row for row in rows if narrow(row.finding.path or ())]

    return build


def _moment(held: Callable[[Any], float | None]) -> Build:
    """Return a filter on times; both bounds are inclusive, and a bound that is not given does not bind."""

    def build(entries: Sequence[Entry]) -> Narrow:
        ranges = [
            (entry.get("startInclusive", float("-inf")), entry.get("endInclusive", float("inf"))) for entry in entries
        ]

        def lies_within(moment: float | None) -> bool:
            return moment is not None and any(start <= moment <= end for start, end in ranges)

        return lambda rows: [row for row in rows if lies_within(held(row))]

    return build


def _tags(held: Callable[[Any], Mapping[str, str]]) -> Build:
    """Return a filter on tags; an entry without a value asks for the key alone."""

    def build(entries: Sequence[Entry]) -> Narrow:
        def has_one(tags: Mapping[str, str]) -> bool:
            return any(
                entry["key"] in tags and entry.get("value", tags[entry["key"]]) == tags[entry["key"]]
                for entry in entries
            )

        return lambda rows: [row for row in rows if has_one(held(row))]

    return build


def _instance(held: Callable[[Instance], str]) -> Callable[[FindingRow], str]:
    return lambda row: held(row.instance) if row.instance else ""


FINDINGS: Final[Mapping[str, Build]] = {
    "awsAccountId": _text(lambda row: row.partition.account),
    "componentId": _step(lambda step: step.id),
    "componentType": _step(lambda step: step.type),
    "ec2InstanceSubnetId": _text(_instance(lambda instance: instance.subnet)),
    "ec2InstanceVpcId": _text(_instance(lambda instance: instance.vpc)),
    "findingArn": _text(lambda row: row.finding.arn),
    "findingStatus": _text(lambda row: row.finding.status),
    "findingType": _text(lambda row: row.finding.type),
    "lastObservedAt": _moment(lambda row: row.finding.updated_at.timestamp()),
    "networkProtocol": _text(lambda row: row.finding.protocol),
    "resourceId": _text(lambda row: row.finding.instance),
    "resourceTags": _tags(lambda row: row.instance.tags if row.instance else {}),
    "resourceType": _text(lambda row: row.finding.resource_type),
    "severity": _text(lambda row: row.finding.severity),
    "updatedAt": _moment(lambda row: row.finding.updated_at.timestamp()),
}
"""`portRange` is left out: whether it means overlap or containment is not documented."""

COVERAGE: Final[Mapping[str, Build]] = {
    "accountId": _text(lambda row: row.partition.account),
    "ec2InstanceTags": _tags(lambda row: row.tags),
    "lastScannedAt": _moment(lambda row: row.scanned_at),
    "resourceId": _text(lambda row: row.resource),
    "resourceType": _text(lambda row: row.resource_type),
    "scanStatusCode": _text(lambda row: row.scan.status),
    "scanStatusReason": _text(lambda row: row.scan.reason),
    "scanType": _text(lambda row: row.scan_type),
}


def asked_accounts(criteria: Mapping[str, Sequence[Entry]], key: str) -> tuple[str, ...]:
    """Return the accounts that a filter names, if it does nothing but name them."""
    entries = criteria.get(key, ())
    if any(entry.get("comparison") != "EQUALS" for entry in entries):
        return ()
    return tuple(sorted({entry["value"] for entry in entries}))
