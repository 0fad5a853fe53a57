"""Digests that tell whether evidence or servers are the same as last time."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import msgspec

from exposurectl.model import Evidence, Finding, Group, Unobserved


def of_evidence(evidence: Evidence) -> str:
    """Return a fingerprint of what can steer a decision: paths that count, who may send, scope and coverage."""
    coverage = evidence.coverage.why if isinstance(evidence.coverage, Unobserved) else None
    findings = sorted(json.dumps(_finding(finding)) for finding in evidence.findings if finding.counts)
    return _digest([msgspec.to_builtins(evidence.instance), coverage, findings])[: len("sha256:") + 16]


def of_groups(groups: Iterable[Group]) -> str:
    """Return one digest of all servers and roles of all groups."""
    return _digest([_group(group) for group in sorted(groups, key=lambda group: group.name)])


def _group(group: Group) -> list[Any]:
    servers, roles = (sorted(rows, key=lambda row: row.id) for rows in (group.servers, group.roles))
    return [group.name, msgspec.to_builtins(servers), msgspec.to_builtins(roles)]


def _finding(finding: Finding) -> list[Any]:
    ingress = sorted((str(entry.ports), sorted(map(str, entry.networks))) for entry in finding.ingress)
    path = [(component.id, component.type) for component in finding.path]
    return [finding.protocol.value, str(finding.ports), path, ingress]


def _digest(value: Any) -> str:
    compact = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
    return f"sha256:{hashlib.sha256(compact).hexdigest()}"
