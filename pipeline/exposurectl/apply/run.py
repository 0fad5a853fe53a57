"""One run of apply: list, compare, move, verify, and record every outcome."""

import contextlib
from collections.abc import Callable, Mapping

import msgspec

from exposurectl.apply.checks import check_roles
from exposurectl.apply.receipt import Outcome, Receipt, ReceiptFile, Result, ended, with_result
from exposurectl.clock import Clock
from exposurectl.diagnostics import ExposurectlError
from exposurectl.model import Group, Server
from exposurectl.plan.model import Change, Plan
from exposurectl.targets.futurevuls import Failed, FutureVulsWriter, Gone, Moved, Unknown, UnsettledError

CONSECUTIVE_FAILURES = 5
"""After so many failed changes in a row the run stops: something is wrong that the next one will not mend."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of one run."""

    plan: Plan
    targets: Mapping[str, FutureVulsWriter]
    """A writer for each group of the plan, by name."""
    clock: Clock
    file: ReceiptFile
    told: Callable[[int, Result], None]
    """Called after each change, with its place in the plan from 1. Where nobody listens any more, the run goes on."""


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended: the receipt, and the error that stopped it, if one did."""

    receipt: Receipt
    error: ExposurectlError | None = None


def run_plan(run: Run, receipt: Receipt) -> Finished:
    """
    Make the changes of a plan that has passed its checks, in the plan's order.

    Each server is compared with one listing of its group; nobody else's move is overwritten. Whatever ends the run,
    the receipt on disk says what was done. Raises ExposurectlError, with nothing written, where a listing fails or a
    role is not what was reviewed.
    """
    servers = _list_servers(run)
    run.file.create(receipt)
    failures = 0
    for index, change in enumerate(run.plan.changes):
        target = run.targets[change.group]
        sent = target.requests
        try:
            result, error = _try(target, change, servers, receipt.results[index])
            receipt = with_result(receipt, index, msgspec.structs.replace(result, at=run.clock.now()))
            run.file.keep(receipt)
            with contextlib.suppress(OSError):
                run.told(index + 1, result)
        except KeyboardInterrupt:
            _end(run, _interrupted(receipt, index, sent=target.requests > sent), "interrupted")
            raise
        if error:
            return _end(run, receipt, error.reason, error)
        failures = failures + 1 if result.outcome in {Outcome.FAILED, Outcome.UNKNOWN} else 0
        if failures == CONSECUTIVE_FAILURES:
            return _end(run, receipt, "failing")
    return _end(run, receipt, "")


def _end(run: Run, receipt: Receipt, stopped: str, error: ExposurectlError | None = None) -> Finished:
    receipt = ended(receipt, stopped=stopped, now=run.clock.now())
    run.file.keep(receipt)
    return Finished(receipt=receipt, error=error)


def _list_servers(run: Run) -> dict[tuple[str, int], Server]:
    """Read each group that the plan changes once, and check its roles, before anything is written."""
    pinned = {group.name: group for group in run.plan.target.groups}
    groups: list[Group] = []
    for name in sorted({change.group for change in run.plan.changes}):
        group = run.targets[name].read_group()
        check_roles(pinned[name], group)
        groups.append(group)
    return {(group.name, server.id): server for group in groups for server in group.servers}


def _try(
    target: FutureVulsWriter, change: Change, servers: Mapping[tuple[str, int], Server], planned: Result
) -> tuple[Result, ExposurectlError | None]:
    """Return how one change ended, and the error over which the run stops."""
    try:
        return _attempt(target, change, servers, planned), None
    except ExposurectlError as error:
        # What could not be settled may have taken effect; anything else was refused.
        outcome = Outcome.UNKNOWN if isinstance(error, UnsettledError) else Outcome.FAILED
        return _as(planned, outcome, f"{error.reason}: {error}"), error


def _attempt(
    target: FutureVulsWriter, change: Change, servers: Mapping[tuple[str, int], Server], planned: Result
) -> Result:
    """Compare one server with the plan's before, and move it where that still holds."""
    server = servers.get((change.group, change.server))
    if server is None:
        return _as(planned, Outcome.GONE, "FutureVuls has this server no longer")
    if server.role == change.after.role:
        return _as(planned, Outcome.NOOP, "there already")
    if server.role != change.before.role:
        return _as(planned, Outcome.CONFLICT, f"somebody moved it to role {server.role} since the plan was made")
    return _moved(planned, target.move(server, change.after.role))


def _moved(planned: Result, answer: Moved | Gone | Failed | Unknown) -> Result:
    """Return what the target's answer means for the change."""
    match answer:
        case Moved():
            return msgspec.structs.replace(
                planned, outcome=Outcome.APPLIED, status=answer.status, attempts=answer.attempts
            )
        case Gone():
            result = _as(planned, Outcome.GONE, "FutureVuls has this server no longer")
            return msgspec.structs.replace(result, status=answer.status, attempts=answer.attempts)
        case Failed():
            result = _as(planned, Outcome.FAILED, answer.why)
            return msgspec.structs.replace(result, status=answer.status, attempts=answer.attempts)
        case Unknown():
            return msgspec.structs.replace(_as(planned, Outcome.UNKNOWN, answer.why), attempts=answer.attempts)


def _interrupted(receipt: Receipt, index: int, *, sent: bool) -> Receipt:
    """Return the receipt with the change that was interrupted: one for which nothing was sent is not attempted."""
    planned = receipt.results[index]
    if planned.outcome is not Outcome.NOT_ATTEMPTED or not sent:
        return receipt
    return with_result(receipt, index, _as(planned, Outcome.UNKNOWN, "interrupted while the request was under way"))


def _as(planned: Result, outcome: Outcome, detail: str) -> Result:
    return msgspec.structs.replace(planned, outcome=outcome, detail=detail)
