"""One run of apply: probe, lock, list, then all groups side by side: compare, move, verify, record every outcome."""

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from datetime import timedelta
from pathlib import Path

import msgspec

from exposurectl.apply.attempt import attempt
from exposurectl.apply.journal import Journal
from exposurectl.apply.ledger import HaltedError, Ledger
from exposurectl.apply.presence import check_roles, check_skew
from exposurectl.apply.receipt import Outcome, Receipt, Result
from exposurectl.apply.receipt_file import ReceiptFile
from exposurectl.apply.recovery import close_receipts
from exposurectl.apply.starting import Start, Work, in_thread
from exposurectl.clock import Clock
from exposurectl.diagnostics import ExposurectlError
from exposurectl.model import Server
from exposurectl.plan.model import Plan
from exposurectl.targets.moving import FutureVulsWriter

CONSECUTIVE_FAILURES = 5
"""After so many failed changes in a row the run stops: something is wrong that the next one will not mend."""
GRACE = 3.0
"""Seconds that a request under way gets once the run is interrupted; GitHub kills a cancelled step after 7.5 s."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of one run."""

    plan: Plan
    targets: Mapping[str, FutureVulsWriter]
    """A writer for each group of the plan, by name."""
    clock: Clock
    journal: Path
    """Where the plan's journal is, or is to be."""
    file: Callable[[], ReceiptFile]
    """Names the file of this run's receipt, once the run holds the journal's lock."""
    told: Callable[[int, Result], None]
    """Called after each change, with its place in the plan from 1. Where nobody listens any more, the run goes on."""
    start: Start = in_thread
    """Starts the work of each group."""
    longest: timedelta = timedelta(minutes=300)
    """How long the run may last: then it ends where it is, to be gone on with."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where things are when a run begins."""

    servers: Mapping[tuple[str, int], Server]
    """What the listings show, by group and id."""
    made: frozenset[int]
    """The changes that earlier runs of this plan made."""


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended."""

    receipt: Receipt
    file: Path
    """Where the receipt is."""
    error: ExposurectlError | None = None
    """The error that stopped the run, if one did."""
    unkept: ExposurectlError | None = None
    """Why the receipt could not be closed; the journal has what was done."""
    interrupt: BaseException | None = None
    """What somebody stopped the run with, or the bug that broke it."""
    closed: tuple[Path, ...] = ()
    """The receipts of earlier runs, which were killed, that this one closed."""


def run_plan(run: Run, receipt: Receipt) -> Finished:
    """
    Make the changes of a plan that has passed its checks: each group in the plan's order, all groups side by side.

    Each server is compared with one listing of its group, and one to be lowered is read again just before; nobody
    else's move is overwritten. Raises ExposurectlError, with nothing moved and no receipt, where a role is not what
    was reviewed, another run holds the journal, or a listing fails.
    """
    names = sorted({change.group for change in run.plan.changes})
    pinned = {group.name: group for group in run.plan.target.groups}
    for name in names:
        check_roles(pinned[name], run.targets[name].roles())
        check_skew(run.targets[name].skew)
    journal = Journal.open(run.journal, run.plan)
    try:
        closed = close_receipts(journal)
        file = run.file()
        file.check_absent()  # before the journal tells of a run that would have none
        # Before the listings, which take their time: whoever comes meanwhile is told who is here. And before the
        # receipt, so that the next run finds and closes every one that a killed run made.
        journal.begin(run.plan, receipt=_beside(file.path, run.journal), now=run.clock.now())
        servers = {(name, server.id): server for name in names for server in run.targets[name].servers()}
        file.create(receipt)
        ledger = Ledger(receipt, journal, run.clock, longest=run.longest, told=run.told)
        standing = Standing(servers=servers, made=journal.made)
        interrupt = _side_by_side([_of_group(run, ledger, name, standing) for name in names], run.start, ledger)
        receipt = ledger.close()
        unkept = _keep(file, receipt, journal)
    finally:
        journal.close()
    return Finished(
        receipt=receipt, file=file.path, error=ledger.error, unkept=unkept, interrupt=interrupt, closed=closed
    )


def _beside(receipt: Path, journal: Path) -> str:
    """Return the receipt's name where it is beside the journal, else its path."""
    beside = receipt.parent.resolve() == journal.parent.resolve()
    return receipt.name if beside else str(receipt.absolute())


def _keep(file: ReceiptFile, receipt: Receipt, journal: Journal) -> ExposurectlError | None:
    """Close the receipt, and the run in the journal after it: of one that has no end, the next run closes it."""
    try:
        file.keep(receipt)
        journal.end(stopped=receipt.stopped, now=receipt.ended_at or receipt.started_at)
    except ExposurectlError as error:
        return error
    return None


def _side_by_side(works: Sequence[Work], start: Start, ledger: Ledger) -> BaseException | None:
    """Do all of them and wait; an interrupt or a bug lets what is under way end, within reason, and is returned."""
    started: list[Future[None]] = []
    try:
        started.extend(map(start, works))
        for done in started:
            done.result()
    except BaseException as interrupt:  # noqa: BLE001 - whoever runs this ends by it, once the receipt is closed
        ledger.stop(_why(interrupt))
        with contextlib.suppress(KeyboardInterrupt):  # whoever interrupts once more waits no longer
            wait(started, GRACE)
        return interrupt
    return None


def _why(interrupt: BaseException) -> str:
    return "interrupted" if isinstance(interrupt, KeyboardInterrupt) else "bug"


def _of_group(run: Run, ledger: Ledger, name: str, standing: Standing) -> Work:
    """Return the work of one group."""

    def work() -> None:
        try:
            _work(run, ledger, name, standing)
        except BaseException as interrupt:
            ledger.stop(_why(interrupt))  # at once: the run waits for another group, perhaps
            raise

    return work


def _work(run: Run, ledger: Ledger, name: str, standing: Standing) -> None:
    failures = 0
    for index, result in _results(run, ledger, name, standing):
        ledger.settle(index, result)
        failures = failures + 1 if result.outcome in {Outcome.FAILED, Outcome.UNKNOWN} else 0
        if failures == CONSECUTIVE_FAILURES:
            ledger.stop("failing")


def _results(run: Run, ledger: Ledger, name: str, standing: Standing) -> Iterator[tuple[int, Result]]:
    """Yield how each change of a group ended, until the run is over."""
    for index, change in enumerate(run.plan.changes):
        if change.group != name:
            continue
        if not ledger.goes_on():
            return
        try:
            result, error = attempt(
                run.targets[name],
                change,
                standing.servers.get((name, change.server)),
                made=index in standing.made,
                intend=functools.partial(ledger.intend, index, change),
            )
        except HaltedError:
            return
        if error:
            ledger.stop(error.reason, error)
        yield index, result
