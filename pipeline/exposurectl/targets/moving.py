"""A FutureVuls group through its API, with the one thing that may be written: moving servers between roles."""

from collections.abc import Callable

from exposurectl.diagnostics import Diagnostic, ExposurectlError
from exposurectl.model import Server
from exposurectl.targets.futurevuls import FutureVuls, odd, path_of
from exposurectl.targets.outcomes import (
    Conflict,
    Failed,
    Gone,
    Moved,
    Outcome,
    StoppedError,
    Unknown,
    UnsettledError,
)
from exposurectl.targets.patience import STOPPING, Patience
from exposurectl.targets.replies import Good, Kind, NotFound, Trouble
from exposurectl.targets.wire import DETAIL_LIMIT


class FutureVulsWriter(FutureVuls):
    """Reads a group and moves its servers between roles. It writes nothing else."""

    def look_again(self, server_id: int) -> Server | Gone | Failed:
        """
        Return the server as it is now, when a PUT may follow at once: pacing does not fall in between.

        Raises ExposurectlError where the run should stop.
        """
        self._line.wire.pace.wait_for(2)
        match self._look(server_id, self._line.patience()):
            case None:
                return Gone(status=None, attempts=0)
            case Trouble() as trouble:
                if trouble.kind in STOPPING:
                    raise self._line.complaint(trouble, f"GET {path_of(server_id)}")
                return Failed(why=f"reading it again: {trouble.why}", status=trouble.status or None, attempts=0)
            case Server() as found:
                return found

    def move(self, server: Server, role: int, *, intend: Callable[[], None] = lambda: None) -> Outcome:
        """
        Put the server into the role, and return what is known to have come of it.

        A PUT without a clear answer is never repeated blindly: the server is read first, and only where it is still in
        the role that the caller knows is the PUT sent again. `server` must be as recently read. `intend` is called just
        before each PUT, which is not sent where that raises. An error is raised where the run should stop:
        UnsettledError where this very move may have taken effect, among others when the name or the default user
        changed as well; any other error means that it did not.
        """
        patience = self._line.patience()
        while True:
            answer = self._put(server, role, patience, intend)
            if isinstance(answer, Server):
                self._check_unchanged(answer, server, 200, patience)
                return Moved(server=answer, status=200, attempts=patience.attempts)
            if isinstance(answer, NotFound):
                return Gone(status=404, attempts=patience.attempts)
            if answer.kind is Kind.REJECTED:
                return _failed(answer, patience)
            pause = self._pause(answer, patience, server)
            self._line.wait(pause or 0)
            outcome = self._settle(server, role, answer, patience)
            if outcome is not None:
                return outcome
            if pause is None:
                return _failed(answer, patience)

    def _put(
        self, server: Server, role: int, patience: Patience, intend: Callable[[], None]
    ) -> Server | NotFound | Trouble:
        # Only roleID: the other members are optional, and whether null leaves them alone is documented nowhere.
        body = {"roleID": role}
        answer = self._line.wire.send("PUT", path_of(server.id), limit=DETAIL_LIMIT, body=body, ready=intend)
        patience.attempts += 1
        if not isinstance(answer, Good):
            return answer
        found = self._server_in(answer.value, server.id)
        if isinstance(found, Server) and found.role != role:
            return odd(f"answered with the server in role {found.role}")
        return found

    def _pause(self, trouble: Trouble, patience: Patience, server: Server) -> float | None:
        pause = patience.pause(trouble)
        if pause is None and trouble.kind in STOPPING:
            complaint = self._line.complaint(trouble, f"PUT {path_of(server.id)}")
            # A reply refused it; where none came, as when TLS broke, the PUT may have been carried out.
            raise _stopped(complaint, trouble.status or None, patience)
        return pause

    def _settle(self, server: Server, role: int, trouble: Trouble, patience: Patience) -> Outcome | None:
        """Find out by reading what a PUT in trouble did; None means that it did nothing."""
        attempts, status = patience.attempts, trouble.status or None
        match self._look(server.id, patience.for_another_look()):
            case None:
                return Gone(status=status, attempts=attempts)
            case Trouble() as blind:
                if blind.kind in STOPPING:
                    complaint = self._line.complaint(blind, f"GET {path_of(server.id)}")
                    raise _stopped(complaint, None, patience)
                return Unknown(why=f"{trouble.why}; reading it again: {blind.why}", status=status, attempts=attempts)
            case Server() as found if found.role == role:
                self._check_unchanged(found, server, status, patience)
                return Moved(server=found, status=status, attempts=attempts)
            case Server() as found if found.role != server.role:
                return Conflict(role=found.role, status=status, attempts=attempts)
            case Server():
                return None

    def _check_unchanged(self, now: Server, before: Server, status: int | None, patience: Patience) -> None:
        if (now.name, now.default_user) == (before.name, before.default_user):
            return
        detail = f"Group `{self._line.group}`, PUT {path_of(now.id)}: its name or its default user is not what it was."
        hint = "Compare the server in FutureVuls. If nobody changed it by hand, stop using this version and report it."
        problem = Diagnostic(summary="More than the role changed", detail=detail, hint=hint)
        raise UnsettledError(problem, reason="field-changed", status=status, attempts=patience.attempts)


def _failed(trouble: Trouble, patience: Patience) -> Failed:
    return Failed(why=trouble.why, status=trouble.status or None, attempts=patience.attempts)


def _stopped(complaint: ExposurectlError, status: int | None, patience: Patience) -> StoppedError:
    """Return the error that ends the run: settled where a status refused the PUT, and not where none came."""
    kind = UnsettledError if status is None else StoppedError
    return kind(*complaint.problems, reason=complaint.reason, status=status, attempts=patience.attempts)
