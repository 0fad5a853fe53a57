"""One change: compare the server with what the plan's reader saw, move it, and say how that ended."""

from collections.abc import Callable

import msgspec

from exposurectl.apply.receipt import Outcome, Result, planned
from exposurectl.diagnostics import ExposurectlError
from exposurectl.model import Server
from exposurectl.plan.limits import lowers
from exposurectl.plan.model import Change
from exposurectl.targets.moving import FutureVulsWriter
from exposurectl.targets.outcomes import Conflict, Failed, Gone, Moved, StoppedError, Unknown, UnsettledError


def attempt(
    target: FutureVulsWriter, change: Change, server: Server | None, *, made: bool, intend: Callable[[], None]
) -> tuple[Result, ExposurectlError | None]:
    """
    Return how a change ended, and the error over which the run stops, if there is one.

    `server` is what the listing shows of it, None where it is not there; `made` tells that an earlier run of the plan
    made this very change. `intend` is called just before each PUT.
    """
    try:
        return _attempt(target, change, server, made=made, intend=intend), None
    except StoppedError as error:
        # What could not be settled may have taken effect; anything else was refused.
        outcome = Outcome.UNKNOWN if isinstance(error, UnsettledError) else Outcome.FAILED
        result = _ended(change, outcome, f"{error.reason}: {error}", error.status, error.attempts)
        return result, error
    except ExposurectlError as error:
        return _ended(change, Outcome.FAILED, f"{error.reason}: {error}"), error


def _attempt(
    target: FutureVulsWriter, change: Change, server: Server | None, *, made: bool, intend: Callable[[], None]
) -> Result:
    """Compare the server with the plan's before, and move it where that still holds."""
    settled = _compared(change, server)
    if settled is None and made:
        return _ended(change, Outcome.CONFLICT, "an earlier run moved it, and somebody moved it back since")
    if settled or server is None:
        return settled or _gone(change)
    if lowers(change):
        # The API has no way to make a move depend on the role: reading it just before keeps the window small.
        match target.look_again(server.id):
            case Server() as now:
                server = now
            case Gone():
                return _gone(change)
            case Failed(why=why, status=status, attempts=attempts):
                return _ended(change, Outcome.FAILED, why, status, attempts)
        settled = _compared(change, server)
    return settled or _moved(change, target.move(server, change.after.role, intend=intend))


def _compared(change: Change, server: Server | None) -> Result | None:
    """Return how the change ends without a move; None where the server is still where the plan's reader saw it."""
    if server is None:
        return _gone(change)
    if server.role == change.after.role:
        return _ended(change, Outcome.NOOP, "there already")
    if server.role != change.before.role:
        return _ended(change, Outcome.CONFLICT, f"somebody moved it to role {server.role} since the plan was made")
    return None


def _moved(change: Change, answer: Moved | Gone | Conflict | Failed | Unknown) -> Result:
    """Return what the target's answer means for the change."""
    match answer:
        case Moved(status=status, attempts=attempts):
            return _ended(change, Outcome.APPLIED, "", status, attempts)
        case Gone(status=status, attempts=attempts):
            return msgspec.structs.replace(_gone(change), status=status, attempts=attempts)
        case Conflict(role=role, status=status, attempts=attempts):
            return _ended(change, Outcome.CONFLICT, f"somebody moved it to role {role} meanwhile", status, attempts)
        case Failed(why=why, status=status, attempts=attempts):
            return _ended(change, Outcome.FAILED, why, status, attempts)
        case Unknown(why=why, status=status, attempts=attempts):
            return _ended(change, Outcome.UNKNOWN, why, status, attempts)


def _gone(change: Change) -> Result:
    return _ended(change, Outcome.GONE, "FutureVuls has this server no longer")


def _ended(change: Change, outcome: Outcome, detail: str, status: int | None = None, attempts: int = 0) -> Result:
    return msgspec.structs.replace(planned(change), outcome=outcome, detail=detail, status=status, attempts=attempts)
