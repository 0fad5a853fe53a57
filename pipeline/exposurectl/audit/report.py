"""The audit's answer: what holds, what does not, and the auditor's sums."""

import enum
from collections.abc import Mapping
from datetime import datetime

import msgspec

from exposurectl.audit.breaks import Break
from exposurectl.audit.history import Brought, History, Unknown
from exposurectl.diagnostics import Exit


class Unreceipted(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that another one followed although no receipt says what came of it."""

    sequence: int
    plan: str
    changes: int
    made: int | None
    """How many of its changes the next plan found made; None where the next plan is not here to tell."""


class Lowering(msgspec.Struct, frozen=True, kw_only=True):
    """One run of apply that lowered: how much, and on whose word."""

    sequence: int
    receipt: str
    planned: int
    made: int
    unsure: int
    """Of so many, nobody can tell whether they were made."""
    accepted: int | None
    """The count that was given to `apply --accept-lowering`; None where none was."""
    approved: str
    """The digest that was given to `apply --approve`; empty where none was."""
    actor: str
    run: str
    brought: Brought | None
    """Who brought the plan to git; None where git does not know."""


class Expired(msgspec.Struct, frozen=True, kw_only=True):
    """A run that began when its plan was no longer valid. There must be none."""

    sequence: int
    receipt: str
    started_at: datetime
    expires_at: datetime


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """The plans and receipts of one environment."""

    name: str
    """Empty for files that no environment claims."""
    plans: int
    receipts: int
    first: int
    """The number of the first plan here; 0 where there is none."""
    last: int
    breaks: tuple[Break, ...]
    """In the order of the chain: all after the first may follow from it."""
    without_receipt: tuple[Unreceipted, ...]
    lowerings: tuple[Lowering, ...]
    expired: tuple[Expired, ...]
    outcomes: Mapping[str, int]
    """How the changes of plans with a receipt ended, each change once."""


class Replay(enum.Enum):
    """How making a plan again came out."""

    IDENTICAL = "identical"
    DIFFERS = "differs"
    """It does not follow from the evidence that it names."""
    IMPOSSIBLE = "impossible"
    """Something that it names is not at hand."""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """One plan, made again."""

    environment: str
    sequence: int
    plan: str
    outcome: Replay
    detail: str = ""
    """Full sentences; for one that differs, the first member in which it does."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the audit found."""

    directory: str
    environments: tuple[Environment, ...]
    breaks: tuple[Break, ...]
    """Breaks of the directory as a whole."""
    passed_over: tuple[str, ...]
    """Folders that hold neither a plan nor what belongs to one."""
    history: History | Unknown
    replayed: tuple[Replayed, ...] | None
    """None where no replay was asked for."""

    @property
    def all_breaks(self) -> tuple[Break, ...]:
        """Return every break, those of the directory first."""
        return (*self.breaks, *(one for environment in self.environments for one in environment.breaks))

    def replays(self, outcome: Replay) -> tuple[Replayed, ...]:
        """Return the plans whose replay came out so."""
        return tuple(one for one in self.replayed or () if one.outcome is outcome)

    @property
    def expired(self) -> tuple[Expired, ...]:
        """Return every run that began too late."""
        return tuple(one for environment in self.environments for one in environment.expired)


def verdict(report: Report) -> tuple[Exit, str]:
    """Return the exit code of an audit, and the machine-readable reason of one that is not 0."""
    if report.all_breaks:
        return Exit.REFUSED, "chain-broken"
    if report.replays(Replay.DIFFERS):
        return Exit.REFUSED, "replay-differs"
    if report.expired:
        return Exit.REFUSED, "expired-applied"
    return Exit.DONE, ""
