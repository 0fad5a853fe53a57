"""The readers of files: each is fed with what stands in its file, and the seals are put right where it has any."""

import io
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from exposurectl.apply.journal import NAME, Journal
from exposurectl.apply.receipt import read_receipt
from exposurectl.apply.recovery import close_receipts
from exposurectl.config import load_config
from exposurectl.diagnostics import ExposurectlError
from exposurectl.model import Group, Inventory
from exposurectl.plan.file import read_plan
from exposurectl.plan.head import read_head
from exposurectl.plan.model import Plan
from exposurectl.policy.case_files import read_cases
from exposurectl.policy.files import load_case_documents, load_policy
from exposurectl.render.markdown import plan_markdown
from exposurectl.render.receipt import receipt_text
from exposurectl.render.text import plan_text
from exposurectl.sources.evidence import unvouched
from exposurectl.sources.recorded import read_findings
from exposurectl.sources.sealed import FILES, MANIFEST
from exposurectl.sources.snapshot import read_snapshot
from exposurectl.targets.recorded import read_recorded
from fuzz import seeds
from fuzz.hunting import Target, answer_of
from fuzz.sealing import (
    packed,
    sealed_head,
    sealed_journal,
    sealed_manifest,
    sealed_plan,
    sealed_snapshot,
    unpacked,
    write_files,
)
from fuzz.seeds import PLAN, SCRATCH

NAMES = [MANIFEST, *FILES]
_HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def shows(text: str) -> str:
    """Return a view in which every character can be seen."""
    hidden = _HIDDEN.search(text)
    assert hidden is None, f"U+{ord(hidden[0]):04X} in a view"
    return text


def clear(read: Callable[[], object]) -> str:
    """Return the answer of a reader of files that people write: each of its problems has a place and says why."""

    def strictly() -> object:
        try:
            return read()
        except ExposurectlError as error:
            _require_places(error)
            raise

    return answer_of(strictly)


def _require_places(error: ExposurectlError) -> None:
    assert all(problem.detail and problem.place for problem in error.problems), error.problems


def policy(content: bytes) -> str:
    """Read a policy of one file."""
    write_files(SCRATCH / "policy", {"a.yaml": content})
    return clear(lambda: load_policy(SCRATCH / "policy"))


def cases(content: bytes) -> str:
    """Read a file of cases."""
    write_files(SCRATCH / "with-cases" / "cases", {"a.yaml": content})
    return clear(lambda: read_cases(load_case_documents(SCRATCH / "with-cases")))


def config(content: bytes) -> str:
    """Read a config."""
    write_files(SCRATCH, {"production.yaml": content})
    return clear(lambda: load_config(SCRATCH / "production.yaml"))


def findings(content: bytes) -> str:
    """Read a file of findings, and make evidence of them."""

    def read() -> Inventory:
        recorded = read_findings([("findings", io.BytesIO(content))])
        whole(recorded)
        return unvouched(recorded, PLAN.as_of)

    return answer_of(read)


def whole(value: object) -> None:
    """Require a value that can be written down: text without half a character, whatever was read."""
    msgspec.json.encode(value, enc_hook=str)


def _snapshot(files: Mapping[str, bytes]) -> str:
    write_files(SCRATCH / "snapshot", files)
    return answer_of(lambda: read_snapshot(SCRATCH / "snapshot"))


def snapshot(content: bytes) -> str:
    """Read a snapshot: once as it is, and once with a manifest that vouches for every file."""
    files = unpacked(content, NAMES)
    return f"{_snapshot(files)} {_snapshot(sealed_snapshot(files))}"


def manifest(content: bytes) -> str:
    """Read a snapshot with another manifest: once as it is, and once with its digest."""
    files = seeds.snapshot()
    answers = [_snapshot({**files, MANIFEST: text}) for text in (content, sealed_manifest(content))]
    return f"{answers} {_snapshot(sealed_snapshot({**files, MANIFEST: content}))}"


def servers(content: bytes) -> str:
    """Read recorded servers and roles."""

    def read() -> Group:
        group = read_recorded([("servers.json", content)], "web-platform")
        whole(group)
        return group

    return answer_of(read)


def plan(content: bytes) -> str:
    """Read a plan: once as it is, and once with its digest, which anybody can make; then show it."""

    def read(text: bytes) -> Plan:
        read = read_plan("plan.json", text)
        shows(plan_text(read, width=100, colour=False))
        shows(plan_markdown(read))
        return read

    return f"{answer_of(lambda: read(content))} {answer_of(lambda: read(sealed_plan(content)))}"


def receipt(content: bytes) -> str:
    """Read a receipt, and show it."""
    return answer_of(lambda: shows(receipt_text(read_receipt("receipt.json", content), width=100, colour=False)))


def journal(content: bytes) -> str:
    """Open a journal, once as it is, and once with every line chained; then close what it says was left open."""
    return f"{opened(content)} {opened(sealed_journal(content))}"


def opened(content: bytes) -> str:
    """Open a journal as it is, and close what it says was left open."""
    folder = SCRATCH / "applied"
    write_files(folder, {NAME: content, "receipt.json": seeds.a_receipt(), "receipt-2.json": seeds.an_open_receipt()})

    def read() -> tuple[Path, ...]:
        opened = Journal.open(folder / NAME, PLAN)
        try:
            return close_receipts(opened)
        finally:
            opened.close()

    return answer_of(read)


def head(content: bytes) -> str:
    """Read HEAD, once as it is, and once in its canonical form."""
    return " ".join(answer_of(lambda text=text: read_head("HEAD", text)) for text in (content, sealed_head(content)))  # type: ignore[misc]


TARGETS = (
    Target(name="policy", seeds=seeds.policies, read=policy),
    Target(name="cases", seeds=seeds.cases, read=cases),
    Target(name="config", seeds=seeds.configs, read=config),
    Target(name="findings", seeds=seeds.findings, read=findings),
    Target(name="snapshot", seeds=lambda: [packed(seeds.snapshot())], read=snapshot),
    Target(name="manifest", seeds=lambda: [seeds.snapshot()[MANIFEST]], read=manifest),
    Target(name="servers", seeds=seeds.servers, read=servers),
    Target(name="plan", seeds=seeds.plans, read=plan),
    Target(name="receipt", seeds=lambda: [seeds.a_receipt(), seeds.an_open_receipt()], read=receipt),
    Target(name="journal", seeds=lambda: [seeds.a_journal()], read=journal),
    Target(name="head", seeds=seeds.heads, read=head),
)
