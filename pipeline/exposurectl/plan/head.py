"""HEAD: which plan is the newest of each environment, one line each, so that two new plans conflict in git itself."""

import json
import re
from collections.abc import Mapping

import msgspec

from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError, Place
from exposurectl.plan.model import Plan

NAME = "HEAD"
REASON = "head-invalid"
MAX_BYTES = 1024 * 1024

_FOLDER = re.compile(r"[0-9]{8}T[0-9]{6}Z-([0-9]{4,9})", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


class HeadEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The newest plan of one environment."""

    digest: str
    plan: str
    """The plan's file, counted from where HEAD stands: `20261123T030000Z-0012/plan.json`."""
    sequence: int


def folder_of(plan: Plan) -> str:
    """Return the name of the folder that a plan is recorded in: `20261123T030000Z-0012`."""
    return f"{plan.as_of:%Y%m%dT%H%M%SZ}-{plan.sequence:04}"


def is_folder(name: str) -> bool:
    """Tell whether a folder has the name of a recorded plan."""
    return _FOLDER.fullmatch(name) is not None


def with_newest(head: Mapping[str, HeadEntry], plan: Plan) -> dict[str, HeadEntry]:
    """Return HEAD with a plan as the newest of its environment."""
    entry = HeadEntry(digest=plan.digest, plan=f"{folder_of(plan)}/plan.json", sequence=plan.sequence)
    return {**head, plan.environment: entry}


def write_head(head: Mapping[str, HeadEntry]) -> bytes:
    """Return the one canonical form: sorted, ASCII, one line an environment, one trailing newline."""
    lines = [f"  {json.dumps(name)}: {json.dumps(msgspec.to_builtins(head[name]))}" for name in sorted(head)]
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def read_head(name: str, content: bytes) -> Mapping[str, HeadEntry]:
    """
    Return the newest plan of each environment from a file that is, byte for byte, what `write_head` wrote.

    Raises ExposurectlError with exit code 5 for anything else, a merge conflict above all.
    """
    if len(content) > MAX_BYTES:
        raise _refused(name, f"The file is larger than {MAX_BYTES} bytes.")
    try:
        head = msgspec.json.decode(content, type=dict[str, HeadEntry])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _refused(name, f"This is not HEAD as exposurectl writes it: {error}.") from error
    if write_head(head) != content:
        raise _refused(name, "The bytes are not those that exposurectl writes for these plans.")
    for environment, entry in head.items():
        if not _is_sound(entry):
            raise _refused(name, f'What it says of "{environment}" names no recorded plan.')
    return head


def _is_sound(entry: HeadEntry) -> bool:
    """Tell whether the entry can be one: its path leads nowhere but into a plan's folder."""
    folder, _, file = entry.plan.partition("/")
    match = _FOLDER.fullmatch(folder)
    numbered = match is not None and int(match[1]) == entry.sequence > 0
    return numbered and file == "plan.json" and _DIGEST.fullmatch(entry.digest) is not None


def _refused(name: str, detail: str) -> ExposurectlError:
    problem = Diagnostic(
        summary="HEAD cannot be read",
        place=Place(name),
        detail=f"{detail} It says which plan is the newest, and only that one is ever applied.",
        hint="where two plans met, keep the one that was merged first and make the other again with `plan --record`",
    )
    return ExposurectlError(problem, reason=REASON, exit_code=Exit.REFUSED)
