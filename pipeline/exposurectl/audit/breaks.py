"""A break: a place where the chain of plans and receipts is not whole."""

import enum

import msgspec


class Kind(enum.Enum):
    """What is wrong at a place, in a word for machines."""

    PLAN_CHANGED = "plan-changed"
    """The file is not, byte for byte, a plan that exposurectl wrote."""
    PLAN_MISSING = "plan-missing"
    """A number between the first and the last has no plan, or a receipt has none beside it."""
    PLAN_DUPLICATED = "plan-duplicated"
    """Two plans have the same number."""
    PLAN_UNLINKED = "plan-unlinked"
    """The plan names another one as the one before it."""
    PLAN_MISPLACED = "plan-misplaced"
    """The folder's name tells another time or number than the plan."""
    HEAD_MISSING = "head-missing"
    HEAD_CHANGED = "head-changed"
    """HEAD is not, byte for byte, as exposurectl writes it."""
    HEAD_ELSEWHERE = "head-elsewhere"
    """HEAD names another plan than the last one here."""
    RECEIPT_CHANGED = "receipt-changed"
    """The file is no receipt that exposurectl wrote, or does not add up."""
    RECEIPT_MISPLACED = "receipt-misplaced"
    """The receipt is of another plan, or of other changes."""
    RECEIPT_MISSING = "receipt-missing"
    """The journal names a receipt that is not here."""
    JOURNAL_CHANGED = "journal-changed"
    """A line of the journal does not follow the one before it, or tells otherwise than the receipt."""


class Break(msgspec.Struct, frozen=True, kw_only=True):
    """One place where the chain is not whole."""

    place: str
    """The file, counted from the directory of the plans."""
    kind: Kind
    detail: str
    """Full sentences."""
