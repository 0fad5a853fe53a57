"""Writing a snapshot: the same world gives the same bytes, whatever order it was read in."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from exposurectl.diagnostics import Diagnostic, ExposurectlError, Place
from exposurectl.model import Group
from exposurectl.sources.observed import Partition
from exposurectl.sources.rows import CoverageEntry, IngressRow, InstanceRow, RoleRow, ServerRow
from exposurectl.sources.sealed import (
    COVERAGE,
    EVIDENCE,
    FINDINGS,
    INGRESS,
    INSTANCES,
    MANIFEST,
    REASON,
    ROLES,
    SERVERS,
    Manifest,
    Seal,
    read_lines,
    read_manifest,
    seal_manifest,
)
from exposurectl.sources.spool import Spool


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that goes into a snapshot."""

    tool_version: str
    as_of: datetime
    statuses: tuple[str, ...]
    """The finding statuses that were asked for."""
    partitions: tuple[Partition, ...]
    findings: Spool | tuple[bytes, ...]
    """Each finding as the API returned it, as JSON text; a spool where there may be more than memory holds."""
    coverage: tuple[CoverageEntry, ...]
    instances: tuple[InstanceRow, ...]
    ingress: tuple[IngressRow, ...]
    groups: tuple[Group, ...]


def write_snapshot(directory: Path, contents: Contents) -> str:
    """
    Write a snapshot into a directory that is new or empty, and return its digest.

    The manifest comes last, so that what a crash leaves behind is refused by readers.
    """
    _claim(directory)
    files = {
        FINDINGS: _write_findings(directory / FINDINGS, contents.findings),
        COVERAGE: _write(directory / COVERAGE, contents.coverage),
        INSTANCES: _write(directory / INSTANCES, map(_in_utc, contents.instances)),
        INGRESS: _write(directory / INGRESS, map(_in_order, contents.ingress)),
        **_write_groups(directory, contents.groups),
    }
    manifest = Manifest(
        tool_version=contents.tool_version,
        as_of=contents.as_of.astimezone(UTC),
        statuses=tuple(sorted(set(contents.statuses))),
        partitions=tuple(sorted(contents.partitions, key=_partition_order)),
        files=files,
    )
    return _seal(directory, manifest)


def with_groups(directory: Path, groups: Sequence[Group], target: Path) -> str:
    """Copy a snapshot with other servers and roles, such as those read just now, and return the copy's digest."""
    manifest = read_manifest(directory)
    _claim(target)
    for name in EVIDENCE:
        with (target / name).open("wb") as file:
            file.writelines(line for _, line in read_lines(directory, name, manifest.files[name]))
    files = {**manifest.files, **_write_groups(target, groups)}
    return _seal(target, msgspec.structs.replace(manifest, files=files))


def _claim(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        taken = any(directory.iterdir())
    except OSError as error:
        raise _refusal(directory, f"Making the directory failed: {error.strerror}.") from error
    if taken:
        raise _refusal(directory, "The directory is not empty, and a snapshot is never written over anything.")


def _refusal(directory: Path, detail: str) -> ExposurectlError:
    hint = "Name a directory that does not exist yet."
    place = Place(directory.as_posix())
    problem = Diagnostic(summary="Cannot write the snapshot", detail=detail, hint=hint, place=place)
    return ExposurectlError(problem, reason=REASON)


def _write_groups(directory: Path, groups: Sequence[Group]) -> dict[str, Seal]:
    servers = [
        ServerRow(group=group.name, **msgspec.structs.asdict(server)) for group in groups for server in group.servers
    ]
    roles = [RoleRow(group=group.name, **msgspec.structs.asdict(role)) for group in groups for role in group.roles]
    return {SERVERS: _write(directory / SERVERS, servers), ROLES: _write(directory / ROLES, roles)}


def _in_utc(row: InstanceRow) -> InstanceRow:
    return msgspec.structs.replace(row, launched_at=row.launched_at and row.launched_at.astimezone(UTC))


def _in_order(row: IngressRow) -> IngressRow:
    cidrs, groups = tuple(sorted(set(row.cidrs))), tuple(sorted(set(row.groups)))
    return msgspec.structs.replace(row, cidrs=cidrs, groups=groups)


def _write(path: Path, rows: Iterable[msgspec.Struct | msgspec.Raw]) -> Seal:
    lines = sorted({_line(row) for row in rows})
    text = b"".join(lines)
    path.write_bytes(text)
    return Seal(sha256=hashlib.sha256(text).hexdigest(), records=len(lines))


def _write_findings(path: Path, findings: Spool | tuple[bytes, ...]) -> Seal:
    """Write the findings in order, each once, holding no more of them than a spool does."""
    digest, records = hashlib.sha256(), 0
    lines = Spool()
    for text in findings:
        lines.add(canonical(text))
    with path.open("wb") as file:
        for line in lines:
            file.write(line + b"\n")
            digest.update(line + b"\n")
            records += 1
    return Seal(sha256=digest.hexdigest(), records=records)


def canonical(text: bytes) -> bytes:
    """Return JSON text on one line with all its keys sorted, and nothing else about it changed."""
    return msgspec.json.encode(msgspec.json.decode(text), order="deterministic")


def _line(row: msgspec.Struct | msgspec.Raw) -> bytes:
    """Return a row as JSON with all its keys sorted, those inside of records as AWS returned them too."""
    return canonical(msgspec.json.encode(row)) + b"\n"


def _seal(directory: Path, manifest: Manifest) -> str:
    digest, text = seal_manifest(manifest)
    (directory / MANIFEST).write_bytes(text)
    return digest


def _partition_order(partition: Partition) -> tuple[str, str, bool, str, str]:
    return partition.account, partition.region, partition.complete, partition.why, partition.ec2_status
