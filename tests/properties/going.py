"""One run of apply in a world full of mishaps, and what must be so while it goes on and when it is over."""

from collections import Counter
from concurrent.futures import Future
from pathlib import Path

import msgspec

from exposurectl.apply.journal import NAME
from exposurectl.apply.receipt import Approval, Outcome, Receipt, Result, begin, read_receipt, verdict
from exposurectl.apply.receipt_file import ReceiptFile
from exposurectl.apply.records import Intent, Record, Settled
from exposurectl.apply.run import Finished, Run, run_plan
from exposurectl.apply.starting import Work
from exposurectl.diagnostics import Exit, ExposurectlError
from exposurectl.model import Server
from exposurectl.plan.limits import lowers
from exposurectl.plan.model import Change, Plan
from exposurectl.targets.pacing import Pace
from exposurectl.targets.token import Token
from properties.fleet import TOKENS
from properties.mishaps import (
    PEACE,
    Delete,
    Edit,
    Event,
    Fate,
    Jump,
    Killed,
    Mishaps,
    MortalFile,
    MortalWriter,
    Revoke,
    Snatch,
    Storm,
)
from properties.world import Hand, Key, World

_LONGEST_PAUSE = 4_000.0
"""Simulated seconds times the rate that one request may wait: at the slowest pace, and for what FutureVuls asks."""
_MADE = {Outcome.APPLIED, Outcome.UNKNOWN}


class Recorded:
    """A plan on disk, and what became of it."""

    def __init__(self, plan: Plan, folder: Path, made: int) -> None:
        self.folder = folder
        self.made = made
        """When it was made, as the world counts moments."""
        self.moves: Counter[Key] = Counter()
        """How often it moved each server, all its runs together."""
        self.complete = True
        """Nobody has deleted its journal."""
        self.changes = {(change.group, change.server): change for change in plan.changes}
        self.plan = plan
        self.done = -1
        """The moment when a run of it ended with everything done."""

    @property
    def journal(self) -> Path:
        return self.folder / NAME

    @property
    def receipts(self) -> list[Receipt]:
        """Return every receipt beside the plan. Each is whole, adds up, and has a result for every change."""
        found = [read_receipt(path.name, path.read_bytes()) for path in sorted(self.folder.glob("receipt*.json"))]
        assert all([_key(one) for one in receipt.results] == list(self.changes) for receipt in found)
        return found


class Going:
    """A run under way, watched from FutureVuls' side."""

    def __init__(self, world: World, recorded: Recorded, mishaps: Mishaps = PEACE) -> None:
        self.finished: Finished | None = None
        self.fate = Fate(mishaps.point, mishaps.nth, Killed if mishaps.killed else KeyboardInterrupt)
        self.moves: Counter[Key] = Counter()
        """The servers that this run moved."""
        self.touched: set[Key] = set()
        """The servers that people moved meanwhile."""
        self.disturbed = False
        """Something befell the run."""
        self._world = world
        self._recorded = recorded
        self._mishaps = mishaps
        self._sent: list[tuple[str, float]] = []
        self._listed: set[str] = set()

    @property
    def exit(self) -> Exit | None:
        """Return the exit code of a run that has one."""
        return verdict(self.finished.receipt)[0] if self.finished else None

    def run(self, plan: Plan, approval: Approval) -> str:
        """Run the plan to its end, or to the run's own. Return why it never began, or nothing."""
        why = ""
        started = self._world.true.monotonic()
        run = self._parts(plan)
        receipt = begin(plan, actor="alice", run="", approval=approval, now=self._world.wall.now())
        self._world.wall.fate = self.fate
        self._world.watch(self.heard, self.moved)
        try:
            self.finished = run_plan(run, receipt)
        except (Killed, KeyboardInterrupt):
            self._leave_behind()
        except ExposurectlError as error:
            why = error.reason
        finally:
            self._world.wall.fate = Fate()
            self._world.watch()
            self._recorded.moves += self.moves
        self._check_pace(started)
        if self.finished:
            self._check_results(self.finished)
        return why

    def heard(self, token: str, method: str, path: str) -> None:
        """Watch a request, and let happen what happens just before it is answered."""
        event = self._mishaps.events.get(len(self._sent))
        self._sent.append((token, self._world.true.monotonic()))
        if event:
            self._befall(event, token, method, path)
        if path == "/v1/servers":
            self._listed.add(token)

    def moved(self, key: Key, before: Server, after: Server) -> None:
        """Hold a move against the plan, the journal, and what people did."""
        change, hand = self._recorded.changes.get(key), self._world.hands.get(key)
        edited = hand is not None and hand.when > self._recorded.made
        if change is None or (before.role, after.role) != (change.before.role, change.after.role):
            self._world.wrong(f"{key} was moved from {before.role} to {after.role}, which no change says")
        elif edited and not self._is_unknowable(key, change, hand):
            self._world.wrong(f"{key} was moved although a person had moved it")
        if self._recorded.moves[key] + self.moves[key] and not self._is_unknowable(key, change, hand):
            self._world.wrong(f"{key} was moved by one plan twice")
        if not self._is_intended(key, after.role):
            self._world.wrong(f"{key} was moved without an intent in the journal")
        self.moves[key] += 1

    def _parts(self, plan: Plan) -> Run:
        return Run(
            plan=plan,
            targets={group.name: self._writer(plan, group.name) for group in plan.target.groups},
            clock=self._world.wall,
            journal=self._recorded.journal,
            file=self._file,
            told=self._told,
            start=_right_here,
        )

    def _writer(self, plan: Plan, name: str) -> MortalWriter:
        wall = self._world.wall
        writer = MortalWriter(
            plan.target.url,
            Token(TOKENS[name]),
            group=name,
            clock=wall,
            pace=Pace(self._world.per_minute, wall),
            jitter=lambda ceiling: ceiling,
        )
        writer.fate = self.fate
        return writer

    def _file(self) -> ReceiptFile:
        file = MortalFile(ReceiptFile.beside(self._recorded.folder / "plan.json").path)
        file.fate = self.fate
        return file

    def _told(self, _number: int, _result: Result) -> None:
        self.fate.at("told")

    def _befall(self, event: Event, token: str, method: str, path: str) -> None:
        """Let something happen. What the API leaves no way to prevent is not asked of the product."""
        self.disturbed = True
        match event:
            case Edit(server=pick, role=role):
                safe = [key for key in sorted(self._recorded.changes) if self._is_safe(key, method, path)]
                if safe:
                    self._edit(safe[pick % len(safe)], role)
            case Snatch(role=role) if method == "PUT":
                self._world.desk(token).storm = [2.0]
                self._edit(next(key for key in self._recorded.changes if _is_of(key, token, path)), role)
            case Delete(server=pick):
                self._world.delete(self._world.pick(pick))
            case Revoke(entirely=entirely):
                self._world.revoke(token, entirely=entirely)
            case Storm(waits=waits):
                self._world.desk(token).storm = list(waits)
            case Jump(minutes=minutes) if method == "PUT":  # until then it is a wrong clock, which stops the run
                self._world.jump(minutes)

    def _edit(self, key: Key | None, role: int) -> None:
        if key and self._world.server(key):
            self._world.edit(key, role)
            self.touched.add(key)

    def _is_safe(self, key: Key, method: str, path: str) -> bool:
        """Tell whether an edit at this very moment must survive: the listing or a look at the server comes after it."""
        change, token = self._recorded.changes[key], TOKENS[key[0]]
        if self.moves[key] or token not in self._listed:
            return True
        return lowers(change) and not (method == "PUT" and _is_of(key, token, path))

    def _is_unknowable(self, key: Key, change: Change | None, hand: Hand | None) -> bool:
        """Tell whether nobody can know of the edit: the server is where the plan saw it, and no journal says more."""
        if change is None or hand is None or hand.role != change.before.role:
            return False
        return not self._is_noted_as_made(key)

    def _is_noted_as_made(self, key: Key) -> bool:
        """Tell whether the journal says that a run made the change, which it may also believe of a person's edit."""
        lines = self._recorded.journal.read_bytes().splitlines()
        records: list[Record] = [msgspec.json.decode(line, type=Record) for line in lines]
        place = list(self._recorded.changes).index(key)
        settled = [one for one in records if isinstance(one, Settled) and one.change == place]
        return any(one.outcome is Outcome.APPLIED for one in settled)

    def _is_intended(self, key: Key, role: int) -> bool:
        """Tell whether the last line on disk says that this very PUT goes out."""
        record: Record = msgspec.json.decode(self._recorded.journal.read_bytes().splitlines()[-1], type=Record)
        return (
            isinstance(record, Intent)
            and (record.server, record.role) == (key[1], role)
            and list(self._recorded.changes)[record.change] == key
        )

    def _leave_behind(self) -> None:
        """Leave of the journal what the kill left of it."""
        journal = self._recorded.journal
        if self._mishaps.killed and journal.exists():
            if self._mishaps.journal == "lost":
                journal.unlink()
                self._recorded.complete = False
            if self._mishaps.journal == "torn":
                with journal.open("ab") as file:
                    file.write(b'{"at":"2026-11')

    def _check_pace(self, started: float) -> None:
        """Check that no token was used more often than it may within any minute, and no wait was too long."""
        for token in TOKENS.values():
            times = [moment for by, moment in self._sent if by == token]
            assert all(later - one >= 60 for one, later in zip(times, times[self._world.per_minute :], strict=False))
        assert self._world.true.monotonic() - started <= _LONGEST_PAUSE / self._world.per_minute * (len(self._sent) + 1)

    def _check_results(self, finished: Finished) -> None:
        """Check the receipt against what FutureVuls saw."""
        assert len(finished.receipt.results) == len(self._recorded.changes)
        assert sum(finished.receipt.outcomes.values()) == len(self._recorded.changes)
        for change, result in zip(self._recorded.changes.values(), finished.receipt.results, strict=True):
            self._check_result(change, result)
        done = {result.outcome for result in finished.receipt.results} <= {Outcome.APPLIED, Outcome.NOOP}
        assert (verdict(finished.receipt)[0] is Exit.DONE) == done
        if finished.unkept is None and self._recorded.complete:
            self._check_receipts()

    def _check_result(self, change: Change, result: Result) -> None:
        key = (change.group, change.server)
        server = self._world.server(key)
        assert self.moves[key] <= (result.outcome in _MADE), f"{key} was moved, and is {result.outcome}"
        if key in self.touched:
            return
        match result.outcome:
            case Outcome.APPLIED:
                assert self.moves[key]
            case Outcome.NOOP:
                assert server is None or server.role == change.after.role
            case Outcome.CONFLICT:
                # Where the plan saw it: then an earlier run of the plan had moved it, and somebody undid that.
                undone = server is not None and server.role == change.before.role and self._is_noted_as_made(key)
                assert undone or server is None or server.role not in {change.before.role, change.after.role}
            case Outcome.GONE:
                assert server is None
            case _:  # it was left alone, or nobody knows
                pass

    def _check_receipts(self) -> None:
        """Check that all runs of the plan are told of: every receipt is closed, and no move is in none of them."""
        receipts = self._recorded.receipts
        assert all(receipt.ended_at is not None for receipt in receipts)
        told = {_key(one) for receipt in receipts for one in receipt.results if one.outcome in _MADE}
        assert set(self._recorded.moves) <= told, "a move is in no receipt"


def _key(result: Result) -> Key:
    return result.group, result.server


def _is_of(key: Key, token: str, path: str) -> bool:
    """Tell whether a request is about a server."""
    return (TOKENS[key[0]], f"/v1/server/{key[1]}") == (token, path)


def _right_here(work: Work) -> "Future[None]":
    """Do a group's work before returning, so that whatever ends the run ends it at once."""
    done: Future[None] = Future()
    work()
    done.set_result(None)
    return done
