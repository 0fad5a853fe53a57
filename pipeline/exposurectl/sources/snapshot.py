"""Reading a snapshot: the inventory and the groups, after every byte has been checked against the manifest."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from exposurectl.diagnostics import Diagnostic, ExposurectlError, Place
from exposurectl.model import Finding, Gap, Group, Ingress, Instance, Inventory, Role, Server
from exposurectl.sources.circumstances import Surroundings
from exposurectl.sources.collection import Collection, RecordedFindings, listed
from exposurectl.sources.evidence import evidence_of
from exposurectl.sources.findings import describe, instance_id, shown
from exposurectl.sources.rows import CoverageEntry, Covered, IngressRow, InstanceRow, RoleRow, ServerRow
from exposurectl.sources.sealed import (
    COVERAGE,
    FINDINGS,
    INGRESS,
    INSTANCES,
    REASON,
    ROLES,
    SERVERS,
    Manifest,
    read_lines,
    read_manifest,
)

_Row = TypeVar("_Row")
_DAMAGED = "Damaged row"


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What was collected at one time: evidence from AWS, and the groups of FutureVuls."""

    inventory: Inventory
    """Its digest is over the evidence alone, so that other servers and roles leave it as it is."""
    groups: tuple[Group, ...]
    """Sorted by name."""
    digest: str
    """`sha256:` and hex over the whole snapshot."""
    as_of: datetime


def read_snapshot(directory: Path) -> Snapshot:
    """
    Read a snapshot, or raise with everything that is wrong with it.

    Nothing of it is believed unless the directory holds exactly the files of its manifest, byte for byte.
    """
    manifest = read_manifest(directory)
    reading = _Reading(directory, manifest)
    recorded = reading.findings()
    covered = reading.covered()
    instances = reading.instances()
    # Where the findings are damaged, what is said of each one's sources would seem to be about nothing.
    ingress = reading.ingress(None if reading.problems else {finding.arn for finding in recorded.findings})
    groups = reading.groups()
    if reading.problems:
        raise ExposurectlError(*listed(reading.problems), reason=REASON)
    findings = tuple(_with_ingress(finding, ingress) for finding in recorded.findings)
    return Snapshot(
        inventory=_inventory(manifest, msgspec.structs.replace(recorded, findings=findings), covered, instances),
        groups=groups,
        digest=manifest.digest,
        as_of=manifest.as_of,
    )


def read_groups(directory: Path) -> tuple[Group, ...]:
    """Return the groups of a snapshot alone, sorted by name. Raises where their files are not as they were written."""
    reading = _Reading(directory, read_manifest(directory))
    groups = reading.groups()
    if reading.problems:
        raise ExposurectlError(*listed(reading.problems), reason=REASON)
    return groups


def _inventory(
    manifest: Manifest,
    recorded: RecordedFindings,
    covered: Iterable[tuple[str, Covered]],
    instances: tuple[InstanceRow, ...],
) -> Inventory:
    around = Surroundings(
        as_of=manifest.as_of,
        statuses=manifest.statuses,
        partitions=manifest.partitions,
        covered=covered,
        instances=instances,
        findings=recorded.findings,
    )
    known = tuple(row.as_instance() for row in instances)
    return Inventory(
        as_of=manifest.as_of,
        evidence=evidence_of(recorded.findings, _known_or_found(known, recorded.instances), around.coverage_of),
        digest=manifest.evidence_digest,
        gaps=tuple(
            Gap(account=partition.account, region=partition.region, why=partition.why)
            for partition in manifest.partitions
            if not partition.complete
        ),
        passed_over=recorded.passed_over,
    )


def _known_or_found(known: tuple[Instance, ...], found: tuple[Instance, ...]) -> Iterator[Instance]:
    """Return the instances of the inventory, and those that only findings describe."""
    yield from known
    ids = {instance.id for instance in known}
    yield from (instance for instance in found if instance.id not in ids)


def _with_ingress(finding: Finding, ingress: dict[str, list[Ingress]]) -> Finding:
    if not (entries := ingress.get(finding.arn)):
        return finding
    in_order = tuple(sorted(entries, key=lambda entry: entry.ports))
    return msgspec.structs.replace(finding, ingress=in_order)


class _Reading:
    """The files of one snapshot being read, and all that is wrong with them."""

    def __init__(self, directory: Path, manifest: Manifest) -> None:
        self._directory = directory
        self._manifest = manifest
        self.problems: list[Diagnostic] = []

    def findings(self) -> RecordedFindings:
        """Return the findings; none where the file is damaged."""
        try:
            return self._collected()
        except ExposurectlError as error:
            self.problems.extend(error.problems)
            return Collection().finish()

    def _collected(self) -> RecordedFindings:
        collection = Collection()
        for place, line in self._lines(FINDINGS):
            collection.take(line, place=place, called="Finding")
        return collection.finish()

    def rows(self, name: str, row_type: type[_Row]) -> tuple[tuple[Place, _Row], ...]:
        """Return the rows of a file with their places; none where the file is damaged."""
        decoder = msgspec.json.Decoder(row_type)
        problems: list[Diagnostic] = []
        rows: list[tuple[Place, _Row]] = []
        try:
            for place, line in self._lines(name):
                try:
                    rows.append((place, decoder.decode(line)))
                except msgspec.DecodeError as error:
                    problems.append(_problem(place, describe(error)))
                except (UnicodeDecodeError, RecursionError):
                    problems.append(_problem(place, "$: not UTF-8, or nested too deeply"))
        except ExposurectlError as error:
            rows, problems = [], list(error.problems)
        self.problems.extend(problems)
        return tuple(rows)

    def covered(self) -> tuple[tuple[str, Covered], ...]:
        """Return the rows of ListCoverage, each with its region."""
        rows: list[tuple[str, Covered]] = []
        for place, entry in self.rows(COVERAGE, CoverageEntry):
            try:
                rows.append((entry.region, msgspec.json.decode(entry.covered, type=Covered)))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                why = describe(error, "covered") if isinstance(error, msgspec.DecodeError) else "covered: not UTF-8"
                self.problems.append(_problem(place, why))
        return tuple(rows)

    def instances(self) -> tuple[InstanceRow, ...]:
        """Return EC2's inventory."""
        rows = self.rows(INSTANCES, InstanceRow)
        self._refuse_twins((place, instance_id(row.id)) for place, row in rows)
        return tuple(row for _, row in rows)

    def ingress(self, arns: AbstractSet[str] | None) -> dict[str, list[Ingress]]:
        """Return the security-group evidence by finding, each of which must be known unless none is."""
        rows = self.rows(INGRESS, IngressRow)
        self._refuse_twins((place, f"{row.finding} {row.ports}") for place, row in rows)
        ingress: dict[str, list[Ingress]] = defaultdict(list)
        for place, row in rows:
            known = arns is None or row.finding in arns
            problems = [*row.problems(), *([] if known else ["finding: not among the findings"])]
            if problems:
                self.problems.append(_problem(place, "; ".join(problems)))
            else:
                ingress[row.finding].append(row.as_ingress())
        return ingress

    def groups(self) -> tuple[Group, ...]:
        """Return the groups of FutureVuls, by name, with their servers and roles by id."""
        servers, roles = self.rows(SERVERS, ServerRow), self.rows(ROLES, RoleRow)
        self._refuse_twins((place, f"server {row.id} of {row.group}") for place, row in servers)
        self._refuse_twins((place, f"role {row.id} of {row.group}") for place, row in roles)
        names = sorted({row.group for _, row in servers} | {row.group for _, row in roles})
        return tuple(
            Group(
                name=name,
                servers=tuple(sorted((row.as_server() for _, row in servers if row.group == name), key=_by_id)),
                roles=tuple(sorted((row.as_role() for _, row in roles if row.group == name), key=_by_id)),
            )
            for name in names
        )

    def _refuse_twins(self, named: Iterable[tuple[Place, str]]) -> None:
        seen: set[str] = set()
        for place, name in named:
            if name in seen:
                self.problems.append(_problem(place, f"{shown(name)} stands on an earlier line too"))
            seen.add(name)

    def _lines(self, name: str) -> Iterator[tuple[Place, bytes]]:
        return read_lines(self._directory, name, self._manifest.files[name])


def _problem(place: Place, why: str) -> Diagnostic:
    return Diagnostic(summary=_DAMAGED, detail=f"{why}.", place=place)


def _by_id(one: Server | Role) -> int:
    return one.id
