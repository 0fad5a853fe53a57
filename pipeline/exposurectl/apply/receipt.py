"""The receipt: what apply did, change by change."""

import enum
import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from exposurectl import __version__
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError, Place
from exposurectl.plan.model import Direction, Placement, Plan

FORMAT_VERSION = 1


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


class Result(msgspec.Struct, frozen=True, kw_only=True):
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
    """The HTTP status of the last answer."""
    attempts: int = 0
    at: datetime | None = None


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of apply did with one plan."""

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
    started_at: datetime
    ended_at: datetime | None
    """None while the run goes on, and for ever where it was killed."""
    stopped: str
    """The reason that ended the run before its last change; empty where it went through."""
    outcomes: dict[str, int]
    results: tuple[Result, ...]

    def count(self, outcome: Outcome) -> int:
        """Return how many changes ended so."""
        return self.outcomes.get(outcome.value, 0)


def begin(plan: Plan, *, actor: str, run: str, now: datetime) -> Receipt:
    """Return the receipt of a run that has attempted nothing yet."""
    results = tuple(
        Result(
            server=change.server,
            name=change.name,
            group=change.group,
            direction=change.direction,
            before=change.before,
            after=change.after,
        )
        for change in plan.changes
    )
    return Receipt(
        format_version=FORMAT_VERSION,
        tool_version=__version__,
        plan=plan.digest,
        environment=plan.environment,
        sequence=plan.sequence,
        url=plan.target.url,
        actor=actor,
        run=run,
        started_at=now,
        ended_at=None,
        stopped="",
        outcomes=_counts(results),
        results=results,
    )


def with_result(receipt: Receipt, index: int, result: Result) -> Receipt:
    """Return the receipt with the outcome of one change in it."""
    results = (*receipt.results[:index], result, *receipt.results[index + 1 :])
    return msgspec.structs.replace(receipt, results=results, outcomes=_counts(results))


def ended(receipt: Receipt, *, stopped: str, now: datetime) -> Receipt:
    """Return the receipt of a run that has ended."""
    return msgspec.structs.replace(receipt, ended_at=now, stopped=stopped)


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


class ReceiptFile:
    """
    The file that a receipt is kept in while a run goes on.

    It is created before the first write to FutureVuls and never overwrites another run's: what was done is not lost.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def beside(cls, plan: Path) -> "ReceiptFile":
        """Return a file in the plan's folder that does not exist yet: `receipt.json`, else `receipt-2.json`, …."""
        number, path = 1, plan.with_name("receipt.json")
        while path.exists():
            number += 1
            path = plan.with_name(f"receipt-{number}.json")
        return cls(path)

    def create(self, receipt: Receipt) -> None:
        """Write the first state. Raises ExposurectlError where the file cannot be made or is another run's."""
        try:
            with self.path.open("xb") as file:
                file.write(write_receipt(receipt))
        except OSError as error:
            problem = Diagnostic(
                summary="Receipt cannot be written",
                place=Place(str(self.path)),
                detail=f"{error.strerror}. Nothing is applied that cannot be recorded.",
                hint="name another file with --receipt",
            )
            raise ExposurectlError(problem, reason="receipt") from error

    def keep(self, receipt: Receipt) -> None:
        """
        Replace the state, so that a reader finds the old one or the new one, whole.

        Raises ExposurectlError with exit code 4 where that fails: changes may have been made by then.
        """
        new = self.path.with_name(self.path.name + ".new")
        try:
            new.write_bytes(write_receipt(receipt))
            new.replace(self.path)
        except OSError as error:
            problem = Diagnostic(
                summary="Receipt cannot be written",
                place=Place(str(self.path)),
                detail=f"{error.strerror}. It lacks what was done last, and nothing more is applied.",
                hint="make room for it, then apply the plan again: what is done already stays as it is",
            )
            raise ExposurectlError(problem, reason="receipt", exit_code=Exit.PARTIAL) from error


def write_receipt(receipt: Receipt) -> bytes:
    """Return the receipt as JSON with sorted keys, ASCII only, and one trailing newline."""
    return json.dumps(msgspec.to_builtins(receipt), sort_keys=True, indent=2, ensure_ascii=True).encode() + b"\n"


def _counts(results: Sequence[Result]) -> dict[str, int]:
    counted = Counter(result.outcome for result in results)
    return {outcome.value: counted[outcome] for outcome in Outcome}
