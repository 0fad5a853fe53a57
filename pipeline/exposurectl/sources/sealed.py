"""A snapshot's directory: a fixed set of files, and a manifest whose digests seal them."""

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from exposurectl.diagnostics import Diagnostic, ExposurectlError, Place
from exposurectl.sources.findings import describe
from exposurectl.sources.observed import Partition
from exposurectl.sources.rows import Moment

FORMAT_VERSION: Final = 1
MANIFEST: Final = "manifest.json"
FINDINGS: Final = "findings.ndjson"
COVERAGE: Final = "coverage.ndjson"
INSTANCES: Final = "instances.ndjson"
INGRESS: Final = "ingress.ndjson"
SERVERS: Final = "servers.ndjson"
ROLES: Final = "roles.ndjson"
EVIDENCE: Final = (FINDINGS, COVERAGE, INSTANCES, INGRESS)
FILES: Final = (*EVIDENCE, SERVERS, ROLES)
REASON: Final = "snapshot"

_LARGEST_MANIFEST = 16 << 20
_LARGEST_FILE = 2 << 30
_SEAL = b"exposurectl-snapshot/v1\0"
_EVIDENCE_SEAL = b"exposurectl-evidence/v1\0"
_COLLECT = "Collect the snapshot again, or take it back from where it was committed; it is not made to be edited."


class Seal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a file must be: the SHA-256 of its bytes in hex, and how many lines it has."""

    sha256: str
    records: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a snapshot is: when it was read, what was asked for, what could not be read, and the seals of its files."""

    format_version: int = FORMAT_VERSION
    tool_version: str
    as_of: Moment
    statuses: tuple[str, ...]
    """The finding statuses that were asked for."""
    partitions: tuple[Partition, ...]
    files: dict[str, Seal]
    digest: str = ""
    """`sha256:` and hex over everything else."""

    @property
    def evidence_digest(self) -> str:
        """Return `sha256:` and hex over all but servers and roles: what AWS said, whatever FutureVuls holds."""
        files = {name: self.files[name] for name in EVIDENCE}
        evidence = msgspec.structs.replace(self, files=files, digest="", tool_version="")
        return _digest(_EVIDENCE_SEAL, msgspec.to_builtins(evidence))


def seal_manifest(manifest: Manifest) -> tuple[str, bytes]:
    """Return the digest of a manifest, and its text with the digest in it."""
    content = msgspec.to_builtins(manifest)
    del content["digest"]
    digest = _digest(_SEAL, content)
    return digest, _written({**content, "digest": digest})


def read_manifest(directory: Path) -> Manifest:
    """Return the manifest of a directory that holds exactly a snapshot's files, or raise with all that is wrong."""
    if problems := tuple(_unexpected(directory)):
        raise ExposurectlError(*problems, reason=REASON)
    path = directory / MANIFEST
    with open_regular(path) as file:
        text = file.read(_LARGEST_MANIFEST + 1)
    try:
        return _manifest(path, text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = describe(error) if isinstance(error, msgspec.DecodeError) else "not UTF-8, or nested too deeply"
        raise refusal("Damaged snapshot", f"{why}.", path) from error


def read_lines(directory: Path, name: str, seal: Seal) -> Iterator[tuple[Place, bytes]]:
    """
    Return the lines of a file with their places, and at the end raise unless all of it is as the seal says.

    Believe nothing of the file before the iteration has ended.
    """
    path = directory / name
    digest, records = hashlib.sha256(), 0
    with open_regular(path) as file:
        for line in file:
            digest.update(line)
            records += 1
            yield Place(path.as_posix(), records, 1), line
    if records != seal.records:
        raise refusal(
            "Damaged snapshot", f"The manifest says {seal.records:,} records, and {records:,} are here.", path
        )
    if digest.hexdigest() != seal.sha256:
        raise refusal("Damaged snapshot", "The file is not the one that the manifest names: its SHA-256 differs.", path)


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading, unless it is a link, a device or larger than 2 GiB."""
    try:
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    except OSError as error:
        raise refusal("Unreadable snapshot", f"Opening the file failed: {error.strerror}.", path) from error
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST_FILE:
        file.close()
        raise refusal("Unreadable snapshot", "This is not a file of at most 2 GiB.", path)
    return file


def refusal(summary: str, detail: str, path: Path) -> ExposurectlError:
    """Return the error for a snapshot that is not as it was written."""
    problem = Diagnostic(summary=summary, detail=detail, hint=_COLLECT, place=Place(path.as_posix()))
    return ExposurectlError(problem, reason=REASON)


def _manifest(path: Path, text: bytes) -> Manifest:
    content = msgspec.json.decode(text, type=dict[str, Any])
    version = content.get("format_version")
    if version != FORMAT_VERSION or isinstance(version, bool):
        detail = f"format_version is {version!r:.20}; this exposurectl reads {FORMAT_VERSION}."
        raise refusal("Unknown snapshot format", detail, path)
    manifest = msgspec.convert(content, Manifest)
    _, written = seal_manifest(manifest)
    if written != text:
        raise refusal("Damaged snapshot", "The manifest is not as it was written: its digest differs.", path)
    if missing := set(FILES) ^ set(manifest.files):
        raise refusal("Damaged snapshot", f"files: these should not differ: {', '.join(sorted(missing))}.", path)
    return manifest


def _unexpected(directory: Path) -> Iterator[Diagnostic]:
    """Say which files are missing, should not be there, or are no files."""
    try:
        entries = {entry.name: entry for entry in os.scandir(directory)}
    except OSError as error:
        yield from refusal(
            "Unreadable snapshot", f"Listing the directory failed: {error.strerror}.", directory
        ).problems
        return
    for name in sorted({MANIFEST, *FILES} | set(entries)):
        if name not in entries:
            yield from refusal("Damaged snapshot", "The file is missing.", directory / name).problems
        elif name not in {MANIFEST, *FILES}:
            yield from refusal("Damaged snapshot", "The file does not belong to a snapshot.", directory / name).problems
        elif not entries[name].is_file(follow_symlinks=False):
            yield from refusal("Damaged snapshot", "This is a link or no file.", directory / name).problems


def _digest(seal: bytes, content: Mapping[str, object]) -> str:
    compact = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"sha256:{hashlib.sha256(seal + compact.encode()).hexdigest()}"


def _written(content: Mapping[str, object]) -> bytes:
    return (json.dumps(content, sort_keys=True, indent=2, ensure_ascii=True) + "\n").encode()
