"""The records of a journal: what each line says."""

from typing import TypeAlias

import msgspec

from exposurectl.apply.receipt import Outcome
from exposurectl.plan.model import Moment


class _Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="record"):
    """One line. `prev` is the SHA-256 of the line before it, so that none can be taken out or put in."""

    prev: str


class Begin(_Record, frozen=True, kw_only=True, tag="begin"):
    """A run begins."""

    plan: str
    """The plan's digest."""
    receipt: str
    """The name of the file beside the journal, or its path, that the run's receipt goes to."""
    pid: int
    at: Moment


class Intent(_Record, frozen=True, kw_only=True, tag="intent"):
    """A PUT goes out next."""

    change: int
    """The change's place in the plan, from 0."""
    server: int
    role: int


class Settled(_Record, frozen=True, kw_only=True, tag="result"):
    """What came of a change."""

    change: int
    outcome: Outcome
    detail: str
    status: int | None
    attempts: int
    at: Moment | None


class End(_Record, frozen=True, kw_only=True, tag="end"):
    """A run ends, in order."""

    stopped: str
    at: Moment


Record: TypeAlias = Begin | Intent | Settled | End
