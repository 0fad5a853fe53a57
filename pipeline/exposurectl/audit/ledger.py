"""The ledger: takes the folders of the plans one by one, and adds up what they prove."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from exposurectl.audit.breaks import Break, Kind
from exposurectl.audit.chain import chain_breaks, head_breaks, in_order
from exposurectl.audit.entry import Entry, entry_of
from exposurectl.audit.folder import File, Folder
from exposurectl.audit.history import History, Unknown
from exposurectl.audit.report import Environment, Expired, Lowering, Replayed, Report, Unreceipted
from exposurectl.diagnostics import ExposurectlError
from exposurectl.plan.head import NAME, HeadEntry, read_head
from exposurectl.plan.model import Plan


class Ledger:
    """Everything that was found in the directory of the plans, in short."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._entries: list[Entry] = []
        self._waiting: dict[str, Plan] = {}
        """The last plan of each environment, if it has changes and no receipt."""
        self._made: dict[str, int] = {}
        """By digest, how many changes of a plan without a receipt the next one found made."""

    def take(self, folder: Folder) -> None:
        """Add a folder. They come in the order of their names, which is that of time."""
        entry, plan = entry_of(folder)
        self._entries.append(entry)
        if plan is None:
            return
        waiting = self._waiting.pop(plan.environment, None)
        if waiting and plan.previous == waiting.digest:
            self._made[waiting.digest] = made(waiting, plan)
        if plan.changes and not entry.receipts:
            self._waiting[plan.environment] = plan

    def chains(self, head: File | None) -> Mapping[str, Sequence[Entry]]:
        """Return the entries of each environment that anything here tells of, in the order of their numbers."""
        named = _read(head)
        known = {one.environment for one in self._entries if one.environment}
        known |= set(named) if not isinstance(named, Break) else set()
        # What does not say whose it is belongs to the only one that there is.
        only = next(iter(known)) if len(known) == 1 else ""
        chains: dict[str, list[Entry]] = defaultdict(list, {name: [] for name in known})
        for entry in self._entries:
            chains[entry.environment or only].append(entry)
        return {name: in_order(chains[name]) for name in sorted(chains)}

    def report(
        self,
        directory: str,
        head: File | None,
        history: History | Unknown,
        *,
        passed_over: Iterable[str] = (),
        replayed: tuple[Replayed, ...] | None = None,
    ) -> Report:
        """Return what all that was taken proves."""
        named = _read(head)
        breaks = (named,) if isinstance(named, Break) and (head or self._entries) else ()
        heads = None if isinstance(named, Break) else named
        return Report(
            directory=directory,
            environments=tuple(
                self._environment(name, entries, heads, history) for name, entries in self.chains(head).items()
            ),
            breaks=breaks,
            passed_over=tuple(passed_over),
            history=history,
            replayed=replayed,
        )

    def _environment(
        self, name: str, entries: Sequence[Entry], heads: Mapping[str, HeadEntry] | None, history: History | Unknown
    ) -> Environment:
        breaks = list(chain_breaks(entries))
        if heads is not None and name:
            breaks += head_breaks(name, entries, heads.get(name))
        outcomes: Counter[str] = Counter()
        for entry in entries:
            outcomes.update(entry.outcomes)
        return Environment(
            name=name,
            plans=len(entries),
            receipts=sum(entry.receipts for entry in entries),
            first=entries[0].sequence if entries else 0,
            last=entries[-1].sequence if entries else 0,
            breaks=tuple(breaks),
            without_receipt=tuple(self._without_receipt(entries)),
            lowerings=tuple(_lowerings(entries, history)),
            expired=tuple(_expired(entries)),
            outcomes=dict(outcomes),
        )

    def _without_receipt(self, entries: Sequence[Entry]) -> Iterator[Unreceipted]:
        """Yield the plans that could be applied and that another one followed, with nothing that tells their end."""
        for entry in entries[:-1]:
            if entry.applyable and entry.changes and not entry.receipts:
                made = self._made.get(entry.digest)
                yield Unreceipted(sequence=entry.sequence, plan=entry.place, changes=entry.changes, made=made)


def made(before: Plan, after: Plan) -> int:
    """Return how many changes of a plan the next plan found made: the server stood in the role that it was to get."""
    roles = {(row.group, row.server): row.placement.role for row in after.unchanged}
    roles |= {(row.group, row.server): row.before.role for row in after.changes}
    return sum(roles.get((change.group, change.server)) == change.after.role for change in before.changes)


def _read(head: File | None) -> Mapping[str, HeadEntry] | Break:
    """Return what HEAD says, or the break that it is."""
    if head is None:
        detail = "Nothing says which plan is the last: whether plans are missing at the end cannot be told."
        return Break(place=NAME, kind=Kind.HEAD_MISSING, detail=detail)
    if head.problem:
        return Break(place=NAME, kind=Kind.HEAD_CHANGED, detail=head.problem)
    try:
        return read_head(NAME, head.content)
    except ExposurectlError as error:
        return Break(place=NAME, kind=Kind.HEAD_CHANGED, detail=error.problems[0].detail)


def _lowerings(entries: Sequence[Entry], history: History | Unknown) -> Iterator[Lowering]:
    brought = history.brought if isinstance(history, History) else {}
    for entry in entries:
        for ran in (ran for ran in entry.runs if ran.lowered or ran.unsure):
            yield Lowering(
                sequence=entry.sequence,
                receipt=ran.receipt,
                planned=entry.lowerings,
                made=ran.lowered,
                unsure=ran.unsure,
                accepted=ran.accepted,
                approved=ran.approved,
                actor=ran.actor,
                run=ran.run,
                brought=brought.get(entry.place),
            )


def _expired(entries: Sequence[Entry]) -> Iterator[Expired]:
    for entry in entries:
        for ran in entry.runs:
            if entry.expires_at and ran.started_at >= entry.expires_at:
                yield Expired(
                    sequence=entry.sequence,
                    receipt=ran.receipt,
                    started_at=ran.started_at,
                    expires_at=entry.expires_at,
                )
