"""The chain of one environment's plans: numbered without a gap, each naming the one before it, HEAD naming the last."""

from collections.abc import Iterator, Sequence

from exposurectl.audit.breaks import Break, Kind
from exposurectl.audit.entry import Entry
from exposurectl.plan.head import NAME, HeadEntry


def in_order(entries: Sequence[Entry]) -> list[Entry]:
    """Return entries in the order of their numbers."""
    return sorted(entries, key=lambda entry: (entry.sequence, entry.folder))


def chain_breaks(entries: Sequence[Entry]) -> Iterator[Break]:
    """Yield every break of one environment's entries, which are in order, from the first on."""
    last: Entry | None = None
    for entry in entries:
        if last and entry.sequence == last.sequence:
            yield _duplicate(entry, last)
        else:
            yield from _link(entry, last)
            last = entry
        yield from entry.breaks


def head_breaks(environment: str, entries: Sequence[Entry], head: HeadEntry | None) -> Iterator[Break]:
    """Yield where HEAD does not name the last of one environment's entries."""
    if head is None:
        yield _elsewhere(f'It names no plan of "{environment}", and {len(entries)} of its plans are here.')
        return
    last = entries[-1] if entries else None
    if last is None or last.sequence < head.sequence:
        missing = _numbers(last.sequence + 1 if last else head.sequence, head.sequence)
        detail = f"{missing} not here, and HEAD names plan {head.sequence} as the last."
        yield Break(place=head.plan, kind=Kind.PLAN_MISSING, detail=detail)
    elif last.sequence > head.sequence:
        yield _elsewhere(f'It names plan {head.sequence} of "{environment}", and plan {last.sequence} is here.')
    elif last.digest and (last.digest, last.place) != (head.digest, head.plan):
        here, named = f"{last.place} ({last.digest})", f"{head.plan} ({head.digest})"
        yield _elsewhere(f'It names {named} as plan {head.sequence} of "{environment}"; the plan here is {here}.')


def _elsewhere(detail: str) -> Break:
    return Break(place=NAME, kind=Kind.HEAD_ELSEWHERE, detail=detail)


def _numbers(first: int, last: int) -> str:
    return f"Plan {first} is" if first == last else f"Plans {first} to {last} are"


def _duplicate(entry: Entry, last: Entry) -> Break:
    same = entry.digest and entry.digest == last.digest
    detail = f"{'It is a copy of' if same else 'It has the number of'} {last.place}, which is plan {last.sequence} too."
    return Break(place=entry.place, kind=Kind.PLAN_DUPLICATED, detail=detail)


def _link(entry: Entry, last: Entry | None) -> Iterator[Break]:
    """Yield how an entry does not follow the last one; of a plan that is not what was written, nothing can be said."""
    if last and entry.sequence > last.sequence + 1:
        missing = _numbers(last.sequence + 1, entry.sequence - 1)
        detail = f"{missing} missing between {last.place} and this one."
        yield Break(place=entry.place, kind=Kind.PLAN_MISSING, detail=detail)
        return
    if not entry.digest:
        return
    if entry.sequence == 1 and entry.previous is not None:
        yield _unlinked(entry, f"It is plan 1 and names {entry.previous} as the one before it.")
    elif entry.sequence > 1 and entry.previous is None:
        yield _unlinked(entry, f"It is plan {entry.sequence} and names none before it.")
    elif last and last.digest and entry.previous != last.digest:
        detail = f"It names {entry.previous} as the one before it; plan {last.sequence} here is {last.digest}."
        yield _unlinked(entry, detail)


def _unlinked(entry: Entry, detail: str) -> Break:
    return Break(place=entry.place, kind=Kind.PLAN_UNLINKED, detail=detail)
