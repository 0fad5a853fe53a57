"""
What a level means downstream: SSVC's deployer decision and the deadlines of CISA's BOD 26-04.

Source: CERT/CC's SSVC decision tables, "deployer patch application priority" 1.0.0 and "CISA BOD 26-04" 1.0.0. They
have Automatable where FutureVuls' decision tree has Utility, so its priorities may differ from these.
"""

import enum
from collections.abc import Iterator

import msgspec

from exposurectl.model import Exposure

TABLES = "CERT/CC's deployer table 1.0.0 and CISA's BOD 26-04 1.0.0"
"""What figures are from, to be said beside them."""


class Priority(enum.Enum):
    """The outcomes of the deployer decision, from the least to the most urgent."""

    DEFER = "defer"
    SCHEDULED = "scheduled"
    OUT_OF_CYCLE = "out-of-cycle"
    IMMEDIATE = "immediate"


class Deadline(enum.Enum):
    """The outcomes of BOD 26-04, from the least to the most urgent."""

    UPGRADE = "on system upgrade"
    DAYS_60 = "60 days"
    DAYS_14 = "14 days"
    DAYS_3 = "3 days"
    DAYS_3_FORENSIC = "3 days with a forensic investigation"


class Row(msgspec.Struct, frozen=True):
    """One row of a table: a vulnerability's properties, and the outcome at each level of the server that has it."""

    given: tuple[tuple[str, str], ...]
    """Decision points with their values, in the table's order, the level aside."""
    outcomes: tuple[tuple[Exposure, Priority | Deadline], ...]

    def outcome(self, level: Exposure) -> Priority | Deadline:
        """Return what follows at a level."""
        return dict(self.outcomes)[level]


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A row whose outcome is another at another level."""

    given: tuple[tuple[str, str], ...]
    before: Priority | Deadline
    after: Priority | Deadline


def priorities_that_move(before: Exposure, after: Exposure) -> tuple[Move, ...]:
    """Return the deployer rows whose priority changes when a server's level does, in the table's order."""
    return tuple(_moves(DEPLOYER, before, after))


def deadlines_that_move(before: Exposure, after: Exposure) -> tuple[Move, ...]:
    """Return the BOD 26-04 rows whose deadline changes when a server's level does, in the table's order."""
    return tuple(_moves(BOD_26_04, before, after))


def _moves(table: tuple[Row, ...], before: Exposure, after: Exposure) -> Iterator[Move]:
    for row in table:
        if row.outcome(before) is not row.outcome(after):
            yield Move(given=row.given, before=row.outcome(before), after=row.outcome(after))


# Exploitation, Automatable, Human Impact; then the priority at small, controlled, open.
_DEPLOYER = """
N N L   D D D
N N M   D S S
N N H   S S S
N N VH  S S S
N Y L   D S S
N Y M   S S S
N Y H   S S S
N Y VH  S S O
P N L   D D S
P N M   S S S
P N H   S S S
P N VH  S S O
P Y L   S S S
P Y M   S S S
P Y H   S S O
P Y VH  S O O
A N L   S S S
A N M   S S O
A N H   O O O
A N VH  O O I
A Y L   S O O
A Y M   O O O
A Y H   O O I
A Y VH  O O I
"""
_EXPLOITATION = {"N": "none", "P": "public PoC", "A": "active"}
_YES = {"N": "no", "Y": "yes"}
_IMPACT = {"L": "low", "M": "medium", "H": "high", "VH": "very high"}
_PRIORITY = {
    "D": Priority.DEFER,
    "S": Priority.SCHEDULED,
    "O": Priority.OUT_OF_CYCLE,
    "I": Priority.IMMEDIATE,
}

# Known exploited, Automatable, Technical Impact; then the deadline when not publicly exposed, and when exposed.
_BOD_26_04 = """
N N P  FSU 60D
N N T  FSU 14D
N Y P  60D 14D
N Y T  60D 3D
Y N P  14D 14D
Y N T  14D 3DF
Y Y P  14D 3D
Y Y T  3DF 3DF
"""
_TECHNICAL = {"P": "partial", "T": "total"}
_DEADLINE = {
    "FSU": Deadline.UPGRADE,
    "60D": Deadline.DAYS_60,
    "14D": Deadline.DAYS_14,
    "3D": Deadline.DAYS_3,
    "3DF": Deadline.DAYS_3_FORENSIC,
}


def _deployer_row(line: str) -> Row:
    exploitation, automatable, impact, *outcomes = line.split()
    given = (
        ("exploitation", _EXPLOITATION[exploitation]),
        ("automatable", _YES[automatable]),
        ("human impact", _IMPACT[impact]),
    )
    return Row(given, tuple(zip(Exposure, (_PRIORITY[one] for one in outcomes), strict=True)))


def _deadline_row(line: str) -> Row:
    exploited, automatable, impact, hidden, exposed = line.split()
    given = (
        ("known exploited", _YES[exploited]),
        ("automatable", _YES[automatable]),
        ("technical impact", _TECHNICAL[impact]),
    )
    # `publicly exposed` is yes exactly where the level is open.
    return Row(given, tuple((level, _DEADLINE[exposed if level is Exposure.OPEN else hidden]) for level in Exposure))


DEPLOYER = tuple(_deployer_row(line) for line in _DEPLOYER.strip().splitlines())
BOD_26_04 = tuple(_deadline_row(line) for line in _BOD_26_04.strip().splitlines())
