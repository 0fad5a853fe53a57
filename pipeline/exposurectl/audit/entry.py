"""An entry: one folder in short, so that years of plans can be held at once."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from exposurectl.apply.receipt import Outcome, Receipt
from exposurectl.audit.breaks import Break, Kind
from exposurectl.audit.folder import Folder
from exposurectl.audit.journal import journal_breaks
from exposurectl.audit.receipts import open_receipt, receipt_breaks
from exposurectl.diagnostics import ExposurectlError
from exposurectl.plan.file import read_plan
from exposurectl.plan.head import folder_of, is_folder
from exposurectl.plan.model import Direction, Plan

_NUMBER = re.compile(r".*-([0-9]{4,9})", re.ASCII)


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """One run of apply, in short."""

    receipt: str
    """The file, counted from the directory of the plans."""
    started_at: datetime
    actor: str
    run: str
    """The address of the run; empty outside a pipeline."""
    approved: str
    """The digest that was approved; empty where none was given."""
    accepted: int | None
    """The number of lowerings that was accepted."""
    lowered: int
    """The lowerings that were made."""
    unsure: int
    """The lowerings of which nobody can tell whether they were made."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One folder in short: what its plan says of itself, and how its runs ended."""

    folder: str
    environment: str
    """Empty where the plan cannot be read and does not even say so much."""
    sequence: int
    """0 where nothing tells it."""
    digest: str = ""
    """Empty where the plan is not what was written."""
    previous: str | None = None
    tool_version: str = ""
    expires_at: datetime | None = None
    applyable: bool = False
    changes: int = 0
    lowerings: int = 0
    receipts: int = 0
    outcomes: Mapping[str, int] = {}
    """How the plan's changes ended, all runs taken together: `applied` where any run made the change."""
    runs: tuple[Ran, ...] = ()
    """In the order in which they began."""
    breaks: tuple[Break, ...] = ()

    @property
    def place(self) -> str:
        """Return what the plan's file is called in the audit."""
        return f"{self.folder}/plan.json"


def entry_of(folder: Folder) -> tuple[Entry, Plan | None]:
    """Return a folder in short, with everything that is wrong within it, and its plan if that is what was written."""
    if folder.plan is None:
        detail = "Its receipt or journal is here and the plan is not."
        return _without_plan(folder, Kind.PLAN_MISSING, detail), None
    if folder.plan.problem:
        return _without_plan(folder, Kind.PLAN_CHANGED, folder.plan.problem), None
    try:
        plan = read_plan(folder.file("plan.json"), folder.plan.content)
    except ExposurectlError as error:
        return _without_plan(folder, Kind.PLAN_CHANGED, error.problems[0].detail), None
    return _with_plan(folder, plan), plan


class _Claims(msgspec.Struct, frozen=True):
    """What a file that is no plan any more may still say: enough to tell whose place it takes."""

    environment: str = ""
    sequence: int = 0


def _without_plan(folder: Folder, kind: Kind, detail: str) -> Entry:
    claims = _claims(folder)
    return Entry(
        folder=folder.name,
        environment=claims.environment,
        sequence=claims.sequence or _numbered(folder.name),
        receipts=len(folder.receipts),
        breaks=(Break(place=folder.file("plan.json"), kind=kind, detail=detail),),
    )


def _claims(folder: Folder) -> _Claims:
    """Return what the plan says, or else what its receipt says, whether or not it is true."""
    for file in (folder.plan, *folder.receipts):
        try:
            claims = msgspec.json.decode(file.content, type=_Claims) if file else _Claims()
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue
        if claims.environment:
            return claims
    return _Claims()


def _numbered(name: str) -> int:
    match = _NUMBER.fullmatch(name)
    return int(match[1]) if match else 0


def _with_plan(folder: Folder, plan: Plan) -> Entry:
    opened = {file.name: open_receipt(folder, file) for file in folder.receipts}
    receipts = {name: one for name, one in opened.items() if isinstance(one, Receipt)}
    found = [
        *_misplaced(folder, plan),
        *(one for one in opened.values() if isinstance(one, Break)),
        *(one for name, receipt in receipts.items() for one in receipt_breaks(folder.file(name), receipt, plan)),
        *(one for file in folder.journals for one in journal_breaks(folder, file, plan.digest, receipts)),
    ]
    own = {name: receipt for name, receipt in receipts.items() if receipt.plan == plan.digest}
    in_order = sorted(own, key=lambda name: (own[name].started_at, name))
    return Entry(
        folder=folder.name,
        environment=plan.environment,
        sequence=plan.sequence,
        digest=plan.digest,
        previous=plan.previous,
        tool_version=plan.tool_version,
        expires_at=plan.expires_at,
        applyable=plan.applyable,
        changes=len(plan.changes),
        lowerings=sum(change.direction is Direction.LOWER for change in plan.changes),
        receipts=len(folder.receipts),
        outcomes=_outcomes([own[name] for name in in_order]),
        runs=tuple(_ran(folder.file(name), own[name]) for name in in_order),
        breaks=tuple(found),
    )


def _misplaced(folder: Folder, plan: Plan) -> tuple[Break, ...]:
    """Return the break of a folder that says another time or number than its plan; other names say nothing."""
    if not is_folder(folder.name) or folder.name == folder_of(plan):
        return ()
    detail = f'The plan in it is plan {plan.sequence} of "{plan.environment}" as of {plan.as_of:%Y-%m-%d %H:%M:%S} UTC.'
    return (Break(place=folder.file("plan.json"), kind=Kind.PLAN_MISPLACED, detail=detail),)


def _outcomes(receipts: Sequence[Receipt]) -> Mapping[str, int]:
    """Return how each change ended, all runs taken together: the last run tells, unless an earlier one made it."""
    ends: dict[int, Outcome] = {}
    for receipt in receipts:
        for number, result in enumerate(receipt.results):
            if ends.get(number) is not Outcome.APPLIED:
                ends[number] = result.outcome
    counted = Counter(ends.values())
    return {outcome.value: counted[outcome] for outcome in Outcome}


def _ran(place: str, receipt: Receipt) -> Ran:
    lowerings = Counter(result.outcome for result in receipt.results if result.direction is Direction.LOWER)
    return Ran(
        receipt=place,
        started_at=receipt.started_at,
        actor=receipt.actor,
        run=receipt.run,
        approved=receipt.approval.digest,
        accepted=receipt.approval.lowering,
        lowered=lowerings[Outcome.APPLIED],
        unsure=lowerings[Outcome.UNKNOWN],
    )
