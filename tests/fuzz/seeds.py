"""What there is to begin with: shipped files, fixtures, and what the commands make of the demo's fleet."""

import atexit
import contextlib
import functools
import gzip
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from apply.acting import plan_for
from exposurectl.apply.journal import NAME, Journal
from exposurectl.apply.receipt import Outcome, begin, ended, write_receipt
from exposurectl.demo.story import RECORDED
from exposurectl.demo.workshop import SNAPSHOT, furnish
from exposurectl.plan.file import write_plan
from exposurectl.plan.head import HeadEntry, with_newest, write_head
from exposurectl.plan.model import Plan
from exposurectl.sources.sealed import FILES, MANIFEST
from running import run_inside
from saved import save_servers

NOWHERE = "http://127.0.0.1:1"
"""Where nobody answers."""

PLAN = plan_for()
"""A plan of five changes, which journals and receipts are about."""

_ROOT = Path(__file__).parents[2]
_FIXTURES = _ROOT / "tests" / "fixtures"
_FEW = 6
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
_temporary = tempfile.TemporaryDirectory(prefix="exposurectl-fuzz-", dir=_MEMORY if _MEMORY.is_dir() else None)
atexit.register(_temporary.cleanup)
SCRATCH = Path(_temporary.name)
"""A directory of this process, which goes when it ends."""


@functools.cache
def workshop() -> Path:
    """Return the demo's working directory with servers, findings and a recorded plan with its receipt and journal."""
    directory = SCRATCH / "workshop"
    furnish(directory, NOWHERE, RECORDED)
    save_servers(directory)
    lines = (directory / SNAPSHOT / "findings.ndjson").read_bytes().splitlines()
    (directory / "findings.json").write_bytes(b'{"findings": [' + b",".join(lines[:_FEW]) + b"]}")
    with contextlib.chdir(directory):
        made = run_inside("plan", "--snapshot", SNAPSHOT, "--config", "demo.yaml", "--record", "plans")
    assert made.code == 0, made.err
    recorded = next((directory / "plans").glob("*/plan.json"))
    (directory / "plan.json").write_bytes(recorded.read_bytes())
    plan = msgspec.json.decode(recorded.read_bytes(), type=Plan)
    recorded.with_name("receipt.json").write_bytes(a_receipt(plan))
    recorded.with_name(NAME).write_bytes(a_journal(plan))
    return directory


def policies() -> list[bytes]:
    """Return the shipped policy, a worked example and the demo's overrides."""
    shipped = [path for path in (_ROOT / "policies").glob("*.yaml") if path.name != "defaults.yaml"]
    example = _FIXTURES / "policies" / "worked-example" / "policy.yaml"
    return [path.read_bytes() for path in (*sorted(shipped), example, workshop() / "policies" / "demo.yaml")]


def cases() -> list[bytes]:
    """Return the shipped cases."""
    return [path.read_bytes() for path in sorted((_ROOT / "policies" / "cases").glob("*.yaml"))]


def configs() -> list[bytes]:
    """Return the shipped config and the demo's."""
    return [(_ROOT / "config" / "production.yaml").read_bytes(), (workshop() / "demo.yaml").read_bytes()]


def findings() -> list[bytes]:
    """Return findings in every form that they come in."""
    samples = [path.read_bytes() for path in sorted((_FIXTURES / "inspector").glob("*.json"))]
    listing = (workshop() / "findings.json").read_bytes()
    records = json.loads(listing)["findings"]
    lines = b"\n".join(json.dumps(record).encode() for record in records)
    event = {"detail-type": "Inspector2 Finding", "source": "aws.inspector2", "detail": records[0]}
    return [
        *samples,
        listing,
        lines,
        json.dumps(records, indent=1).encode(),
        json.dumps([[event], event]).encode(),
        json.dumps({"findings": records[:1], "nextToken": "x"}).encode() + listing,
        gzip.compress(listing, mtime=0),
        gzip.compress(lines, mtime=0) + gzip.compress(lines, mtime=0) + bytes(9),
        json.dumps(records[0]).encode("utf-16"),
        b"\xef\xbb\xbf" + listing,
    ]


@functools.cache
def snapshot() -> Mapping[str, bytes]:
    """Return the files of a snapshot, a few lines of each."""
    files = {name: (workshop() / SNAPSHOT / name).read_bytes() for name in (MANIFEST, *FILES)}
    ingress = json.loads(files["ingress.ndjson"].splitlines()[0])["finding"].encode()
    chosen = {
        name: [line for line in text.splitlines(keepends=True) if name != "findings.ndjson" or ingress in line][:_FEW]
        for name, text in files.items()
        if name != MANIFEST
    }
    return {MANIFEST: files[MANIFEST], **{name: b"".join(lines) for name, lines in chosen.items()}}


def servers() -> list[bytes]:
    """Return what FutureVuls answers for one group, page by page and in one file."""
    pages = [(workshop() / f"web-platform-{kind}.json").read_bytes() for kind in ("servers", "roles")]
    short = [_shortened(page) for page in pages]
    both = {**json.loads(short[0]), **json.loads(short[1])}
    return [*short, b"\n".join(short), json.dumps(both).encode(), b'{"paging": {"totalCount": 0}}', b"{}"]


def _shortened(page: bytes) -> bytes:
    content = json.loads(page)
    kept = {key: value[:_FEW] if isinstance(value, list) else value for key, value in content.items()}
    most = max(len(value) for value in kept.values() if isinstance(value, list))
    return json.dumps({**kept, "paging": {**content["paging"], "totalCount": most}}).encode()


def plans() -> list[bytes]:
    """Return a small plan and the demo's."""
    return [write_plan(PLAN), (workshop() / "plan.json").read_bytes()]


@functools.cache
def a_receipt(plan: Plan = PLAN) -> bytes:
    """Return the receipt of a run that made the first change and was stopped."""
    receipt = begin(plan, actor="somebody", run="https://github.com/o/r/actions/runs/1", now=plan.as_of)
    first = msgspec.structs.replace(
        receipt.results[0], outcome=Outcome.APPLIED, status=200, attempts=1, at=plan.as_of, detail="moved"
    )
    return write_receipt(ended(receipt, (first, *receipt.results[1:]), stopped="auth", now=plan.as_of))


@functools.cache
def an_open_receipt(plan: Plan = PLAN) -> bytes:
    """Return the receipt of a run that was killed."""
    return write_receipt(begin(plan, actor="somebody", run="", now=plan.as_of))


def a_journal(plan: Plan = PLAN) -> bytes:
    """Return the journal of a run that ended, and of one that was killed at its second change."""
    path = SCRATCH / f"made-{NAME}"
    path.unlink(missing_ok=True)
    journal = Journal.open(path, plan)
    journal.begin(plan, receipt="receipt.json", now=plan.as_of)
    journal.intend(0, 1, 31)
    journal.settle(0, begin(plan, actor="", run="", now=plan.as_of).results[0])
    journal.end(stopped="", now=plan.as_of)
    journal.begin(plan, receipt="receipt-2.json", now=plan.as_of)
    journal.intend(1, 4, 31)
    journal.close()
    return path.read_bytes()


def heads() -> list[bytes]:
    """Return HEAD of one environment and of two."""
    one: Mapping[str, HeadEntry] = with_newest({}, PLAN)
    other = with_newest(one, msgspec.structs.replace(PLAN, environment="staging", sequence=12))
    return [write_head(one), write_head(other), write_head({})]
