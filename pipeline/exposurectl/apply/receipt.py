"""The receipt: what apply did, change by change."""

import enum
import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

import msgspec

from exposurectl import __version__
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError, Place
from exposurectl.plan.model import Change, Direction, Moment, Placement, Plan

FORMAT_VERSION = 1
_MOST_VALUES = 2_000_000
"""A receipt of 50,000 changes holds half as many."""


class Outcome(enum.Enum):
    """How one change ended. Every change has exactly one, so that the counts add up to the plan."""

    APPLIED = "applied"
    NOOP = "noop"
    """The server was there already."""
    CONFLICT = "conflict"
    """Somebody moved it since the plan was made; it is left where they put it."""
    GONE = "gone"
    """FutureVuls has the server no longer."""
    FAILED = "failed"
    UNKNOWN = "unknown"
    """The request was sent, and nobody can tell whether it took effect."""
    NOT_ATTEMPTED = "not-attempted"


_DONE = {Outcome.APPLIED, Outcome.NOOP}


class Result(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One change and how it ended."""

    server: int
    name: str
    group: str
    direction: Direction
    before: Placement
    after: Placement
    outcome: Outcome = Outcome.NOT_ATTEMPTED
    detail: str = ""
    status: int | None = None
    """The HTTP status of the last answer; None where none came or nothing was asked."""
    attempts: int = 0
    """How many PUTs were sent."""
    at: Moment | None = None
    """When the outcome was known."""


class Approval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What whoever started the run vouched for, and what was found at the branch where plans are reviewed."""

    digest: str = ""
    """The digest that was approved on the command line; empty where none was given."""
    lowering: int | None = None
    """The number of lowerings that was accepted."""
    raising: int | None = None
    """The number of raises and joins that was accepted."""
    max_minutes: int | None = None
    """The length of the run that was accepted."""
    branch: str = ""
    """Where the plan was found to be the newest, such as `origin/main`; empty where nobody looked."""
    commit: str = ""
    """The tip of that branch at the time."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one run of apply did with one plan."""

    MAX_BYTES: ClassVar[int] = 64 * 1024 * 1024

    format_version: int
    tool_version: str
    plan: str
    """The plan's digest."""
    environment: str
    sequence: int
    url: str
    actor: str
    run: str
    """The address of the run that applied it; empty outside a pipeline."""
    approval: Approval
    started_at: Moment
    ended_at: Moment | None
    """None while the run goes on, and where it was killed until the next run closes the receipt."""
    stopped: str
    """The reason that ended the run before its last change; empty where it went through."""
    outcomes: dict[str, int]
    results: tuple[Result, ...]

    def count(self, outcome: Outcome) -> int:
        """Return how many changes ended so."""
        return self.outcomes.get(outcome.value, 0)


def planned(change: Change) -> Result:
    """Return the result of a change that nobody has attempted."""
    return Result(
        server=change.server,
        name=change.name,
        group=change.group,
        direction=change.direction,
        before=change.before,
        after=change.after,
    )


def begin(plan: Plan, *, actor: str, run: str, now: datetime, approval: Approval | None = None) -> Receipt:
    """Return the receipt of a run that has attempted nothing yet."""
    results = tuple(map(planned, plan.changes))
    return Receipt(
        format_version=FORMAT_VERSION,
        tool_version=__version__,
        plan=plan.digest,
        environment=plan.environment,
        sequence=plan.sequence,
        url=plan.target.url,
        actor=actor,
        run=run,
        approval=approval or Approval(),
        started_at=now,
        ended_at=None,
        stopped="",
        outcomes=_counts(results),
        results=results,
    )


def ended(receipt: Receipt, results: Sequence[Result], *, stopped: str, now: datetime) -> Receipt:
    """Return the receipt of a run that has ended, with how each change did."""
    return msgspec.structs.replace(
        receipt, results=tuple(results), outcomes=_counts(results), stopped=stopped, ended_at=now
    )


def verdict(receipt: Receipt) -> tuple[Exit, str]:
    """
    Return the exit code of a run by its outcomes, and the machine-readable reason of one that is not 0.

    0 all applied or there already · 5 nothing written, because somebody moved servers since the plan · 1 nothing
    written, because something failed · 4 anything else: some changes are made, and some are not or may not be.
    """
    found = {result.outcome for result in receipt.results}
    if found <= _DONE:
        return Exit.DONE, ""
    if not found & {Outcome.APPLIED, Outcome.UNKNOWN}:
        if found <= {*_DONE, Outcome.CONFLICT}:
            return Exit.REFUSED, "conflict"
        if receipt.stopped or Outcome.FAILED in found:
            return Exit.ERROR, receipt.stopped or "failed"
    return Exit.PARTIAL, receipt.stopped or "partial"


def write_receipt(receipt: Receipt) -> bytes:
    """Return the receipt as JSON with sorted keys, ASCII only, and one trailing newline."""
    return json.dumps(msgspec.to_builtins(receipt), sort_keys=True, indent=2, ensure_ascii=True).encode() + b"\n"


def read_receipt(name: str, content: bytes) -> Receipt:
    """Return the receipt of a file that `write_receipt` wrote; an ExposurectlError says why anything else is none."""
    if len(content) > Receipt.MAX_BYTES:
        raise _no_receipt(name, f"The file is larger than {Receipt.MAX_BYTES} bytes.")
    if content.count(b",") > _MOST_VALUES:
        raise _no_receipt(name, f"The file holds more than {_MOST_VALUES} values.")
    try:
        receipt = msgspec.json.decode(content, type=Receipt)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _no_receipt(name, f"This is not a receipt as exposurectl writes it: {error}.") from error
    if receipt.format_version != FORMAT_VERSION:
        version = receipt.format_version
        raise _no_receipt(name, f"The receipt has format version {version}; this exposurectl reads {FORMAT_VERSION}.")
    if receipt.outcomes != _counts(receipt.results):
        raise _no_receipt(name, "Its outcomes do not add up to its results.")
    return receipt


def _no_receipt(name: str, detail: str) -> ExposurectlError:
    problem = Diagnostic(
        summary="Receipt not readable",
        place=Place(name),
        detail=detail,
        hint="take the file from where apply left it",
    )
    return ExposurectlError(problem, reason="receipt-invalid")


def _counts(results: Sequence[Result]) -> dict[str, int]:
    counted = Counter(result.outcome for result in results)
    return {outcome.value: counted[outcome] for outcome in Outcome}
