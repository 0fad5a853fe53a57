"""Changed files with the seals that belong to them, as somebody who means harm would write them."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_COMPACT: dict[str, Any] = {"sort_keys": True, "separators": (",", ":"), "ensure_ascii": True}
_BORDER = b"\n=====\n"


def packed(files: Mapping[str, bytes]) -> bytes:
    """Return several files as one input."""
    return _BORDER.join(files[name] for name in sorted(files))


def unpacked(content: bytes, names: list[str]) -> dict[str, bytes]:
    """Return the files of an input; one that was lost is empty."""
    parts = content.split(_BORDER, len(names) - 1)
    return dict(zip(sorted(names), [*parts, *[b""] * len(names)], strict=False))


def sealed(content: bytes, domain: bytes) -> bytes:
    """Return a plan or a manifest in its canonical form and with its digest; what is no object comes back as it is."""
    try:
        body = json.loads(content)
        if not isinstance(body, dict):
            return content
        body.pop("digest", None)
        digest = hashlib.sha256(domain + json.dumps(body, **_COMPACT).encode()).hexdigest()
        whole = {**body, "digest": f"sha256:{digest}"}
        return (json.dumps(whole, sort_keys=True, indent=2, ensure_ascii=True) + "\n").encode()
    except (ValueError, RecursionError):
        return content


def sealed_plan(content: bytes) -> bytes:
    """Return a plan with its digest."""
    return sealed(content, b"exposurectl-plan/v1\0")


def sealed_manifest(content: bytes) -> bytes:
    """Return a snapshot's manifest with its digest."""
    return sealed(content, b"exposurectl-snapshot/v1\0")


def sealed_snapshot(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files of a snapshot with a manifest that vouches for each."""
    try:
        manifest = json.loads(files["manifest.json"])
        for name, text in files.items():
            if name != "manifest.json":
                lines = text.count(b"\n") + (not text.endswith(b"\n") and text != b"")
                manifest["files"][name] = {"records": lines, "sha256": hashlib.sha256(text).hexdigest()}
    except (ValueError, RecursionError, TypeError, KeyError):
        return dict(files)
    return {**files, "manifest.json": sealed_manifest(json.dumps(manifest).encode())}


def sealed_journal(content: bytes) -> bytes:
    """Return a journal whose every line names the one before it."""
    last = hashlib.sha256(b"exposurectl-journal/v1\0").hexdigest()
    lines = []
    for line in content.split(b"\n"):
        chained = _chained(line, last)
        last = hashlib.sha256(chained).hexdigest()
        lines.append(chained)
    return b"\n".join(lines)


def _chained(line: bytes, last: str) -> bytes:
    try:
        record = json.loads(line)
        return json.dumps({**record, "prev": last}, **_COMPACT).encode() if isinstance(record, dict) else line
    except (ValueError, RecursionError):
        return line


def sealed_head(content: bytes) -> bytes:
    """Return HEAD in its canonical form."""
    try:
        head = json.loads(content)
        if not isinstance(head, dict):
            return content
        lines = [f"  {json.dumps(name)}: {json.dumps(head[name])}" for name in sorted(head)]
    except (ValueError, RecursionError):
        return content
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def write_files(directory: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (directory / name).write_bytes(text)
