"""The plan file: one canonical form, its digest, and reading that refuses a single changed byte."""

import hashlib
import json
from typing import Any

import msgspec

from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError, Place
from exposurectl.plan.model import FORMAT_VERSION, Plan

_MOST_VALUES = 3_000_000
"""A plan of 50,000 changes holds as many; more of them in as many bytes would take memory and mean nothing."""
_DOMAIN = b"exposurectl-plan/v1\0"


def seal(plan: Plan) -> Plan:
    """Return the plan with the digest of everything else in it."""
    body = _body(plan)
    del body["digest"]
    compact = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
    return msgspec.structs.replace(plan, digest=f"sha256:{hashlib.sha256(_DOMAIN + compact).hexdigest()}")


def write_plan(plan: Plan) -> bytes:
    """
    Return the one canonical form: sorted keys, ASCII, two-space indent, one trailing newline.

    `##[` is written by escapes: GitHub's runner takes it for a command wherever in a line it prints one.
    """
    text = json.dumps(_body(plan), sort_keys=True, indent=2, ensure_ascii=True)
    return text.replace("##[", r"\u0023\u0023[").encode() + b"\n"


def read_plan(name: str, content: bytes) -> Plan:
    """
    Return the plan of a file that is, byte for byte, what `write_plan` wrote.

    Raises ExposurectlError with exit code 5 for anything else: what was reviewed is what is applied, or nothing is.
    """
    if len(content) > Plan.MAX_BYTES:
        raise _refused(name, f"The file is larger than {Plan.MAX_BYTES} bytes.")
    if content.count(b",") > _MOST_VALUES:
        raise _refused(name, f"The file holds more than {_MOST_VALUES} values.")
    try:
        version = msgspec.json.decode(content, type=_Header).format_version
        if version != FORMAT_VERSION:
            raise _refused(name, f"The plan has format version {version}; this exposurectl reads {FORMAT_VERSION}.")
        plan = msgspec.json.decode(content, type=Plan)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _refused(name, f"This is not a plan as exposurectl writes it: {error}.") from error
    if write_plan(plan) != content:
        raise _refused(name, "The bytes are not those that exposurectl writes for this plan.")
    if seal(plan).digest != plan.digest:
        raise _refused(name, f"The plan's digest is {seal(plan).digest}, and the file says {plan.digest}.")
    return plan


class _Header(msgspec.Struct):
    """What every version of the format begins with."""

    format_version: int


def _body(plan: Plan) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.to_builtins(plan)
    return body


def _refused(name: str, detail: str) -> ExposurectlError:
    problem = Diagnostic(
        summary="Plan changed since it was made",
        place=Place(name),
        detail=f"{detail} A plan is applied exactly as it was reviewed, or not at all.",
        hint="take the file from where it was reviewed, or make a new plan",
    )
    return ExposurectlError(problem, reason="digest-mismatch", exit_code=Exit.REFUSED)
