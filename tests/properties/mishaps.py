"""What may befall a run of apply: it is killed or interrupted anywhere, and people act while it goes on."""

import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from exposurectl.apply.receipt import Receipt, write_receipt
from exposurectl.apply.receipt_file import HALF, ReceiptFile
from exposurectl.demo.clock import SimulatedClock
from exposurectl.model import Server
from exposurectl.targets.moving import FutureVulsWriter
from exposurectl.targets.outcomes import Outcome
from plan.building import ROLES

Journal: TypeAlias = str
"""What a kill leaves of the journal: `kept`, `torn` (its last line is cut off), or `lost`."""


class Killed(BaseException):
    """It stands for SIGKILL: nobody catches it, and nothing of the process runs afterwards."""


class Fate:
    """
    Ends a run when it comes by a point for the nth time, counted from 0.

    The points: `tick`, each look at the clock and each wait, of which every request has several; `intended`, between
    the intent on disk and the PUT; `told`, after each change; `create` and `keep`, with half a receipt written;
    `created` and `kept`, with the whole of it.
    """

    def __init__(self, point: str = "", nth: int = 0, error: type[BaseException] = Killed) -> None:
        self.struck = False
        self._point = point
        self._left = nth
        self._error = error

    def at(self, point: str) -> None:
        """Come by a point. Of a killed run nothing goes on, whatever it has in `finally`."""
        if self.struck and self._error is Killed:
            raise Killed
        if self.struck or point != self._point:
            return
        self._left -= 1
        if self._left < 0:
            self.struck = True
            raise self._error


class WrongClock:
    """A machine's own clock: its time of day may be anything, and may jump; seconds pass on it as everywhere."""

    def __init__(self, true: SimulatedClock) -> None:
        self.ahead = timedelta(0)
        self.fate = Fate()
        self._true = true

    def now(self) -> datetime:
        self.fate.at("tick")
        return self._true.now() + self.ahead

    def monotonic(self) -> float:
        self.fate.at("tick")
        return self._true.monotonic()

    def sleep(self, seconds: float) -> None:
        self.fate.at("tick")
        self._true.sleep(seconds)


class MortalWriter(FutureVulsWriter):
    """The product's own writer, in a process that may end between an intent and its PUT."""

    fate = Fate()

    def move(self, server: Server, role: int, *, intend: Callable[[], None] = lambda: None) -> Outcome:
        def ready() -> None:
            intend()
            self.fate.at("intended")

        return super().move(server, role, intend=ready)


class MortalFile(ReceiptFile):
    """The product's own receipt file, in a process that may end while it writes it."""

    fate = Fate()

    def create(self, receipt: Receipt) -> None:
        self._begin("create", receipt)
        super().create(receipt)
        self.fate.at("created")

    def keep(self, receipt: Receipt) -> None:
        self._begin("keep", receipt)
        super().keep(receipt)
        self.fate.at("kept")

    def _begin(self, point: str, receipt: Receipt) -> None:
        with contextlib.ExitStack() as half:
            half.callback(self.path.with_name(f"{self.path.name}{HALF}").write_bytes, write_receipt(receipt)[:99])
            self.fate.at(point)
            half.pop_all()


class Edit(NamedTuple):
    """A person moves a server."""

    server: int
    role: int


class Snatch(NamedTuple):
    """A PUT is refused, and before it can be sent again a person moves that very server."""

    role: int


class Delete(NamedTuple):
    """A person deletes a server."""

    server: int


class Revoke(NamedTuple):
    """A person takes the token's right to update away, or all of them."""

    entirely: bool


class Storm(NamedTuple):
    """The next requests are refused as too many, each with a wait in seconds."""

    waits: tuple[float, ...]


class Jump(NamedTuple):
    """The machine's clock is set, to so many minutes ahead of the true time."""

    minutes: int


Event: TypeAlias = Edit | Snatch | Delete | Revoke | Storm | Jump


class Mishaps(NamedTuple):
    """What befalls one run: by the number of a request, what happens just before it is answered; and how it ends."""

    events: dict[int, Event]
    point: str
    nth: int
    killed: bool
    """Else it is interrupted."""
    journal: Journal


PEACE = Mishaps({}, "", 0, killed=False, journal="kept")
"""Nothing befalls the run."""

PICKS = st.integers(0, 8)
"""Picks a server out of those that there are."""
EDITS = st.builds(Edit, PICKS, st.sampled_from([role.id for role in ROLES]))
STORMS = st.builds(Storm, st.lists(st.sampled_from((0.0, 2.0, 30.0, 60.0, 500.0)), min_size=1, max_size=8).map(tuple))
JUMPS = st.builds(Jump, st.sampled_from((4, -4, 60, -60, 36 * 60, -36 * 60)))
EVENTS: SearchStrategy[Event] = st.one_of(
    EDITS,
    st.builds(Snatch, st.sampled_from([role.id for role in ROLES])),
    st.builds(Delete, PICKS),
    st.builds(Revoke, st.booleans()),
    STORMS,
    JUMPS,
)
_ENDS = st.one_of(
    st.tuples(st.sampled_from(("intended", "told")), st.integers(0, 3)),
    st.tuples(st.just("tick"), st.integers(0, 60)),
    st.tuples(st.sampled_from(("create", "created", "keep", "kept")), st.just(0)),
)
_NO_END = st.just(("", 0))


@st.composite
def _mishaps(draw: st.DrawFn) -> Mishaps:
    ends = draw(st.booleans())
    point, nth = draw(_ENDS if ends else _NO_END)
    return Mishaps(
        events=draw(st.dictionaries(st.integers(0, 12), EVENTS, min_size=0 if ends else 1, max_size=3)),
        point=point,
        nth=nth,
        killed=draw(st.booleans()),
        journal=draw(st.sampled_from(("kept", "kept", "torn", "lost"))),
    )


MISHAPS: SearchStrategy[Mishaps] = _mishaps()
