"""What the server was asked, when, and how long the same calls would take at best."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple


class Asked(NamedTuple):
    """A call before it is answered, as far as faults and counts tell calls apart."""

    service: str
    operation: str
    """As the API names it, such as `ListFindings`; for S3 the method and path."""
    caller: str
    """The account of the access key; nothing where the key is of nobody."""
    accounts: tuple[str, ...]
    """The accounts that the call asks about: those of its filter, or else the caller's."""
    region: str
    page: int
    """Counted from 1. Calls that have no pages are page 1."""
    chain: str
    """The same for all pages of one listing, which can only be read one after the other."""


class Call(NamedTuple):
    asked: Asked
    status: int
    """Nothing (0) where the connection broke instead."""
    started: float
    """`time.perf_counter()` of this process, like `ended`."""
    ended: float
    """When the last byte was due."""
    seconds: float
    """How long the call was meant to take: the latency, and any delay on top."""


class Calls:
    """A log of all calls, in the order in which answers were ready."""

    def __init__(self) -> None:
        self._calls: list[Call] = []

    def __iter__(self) -> Iterator[Call]:
        return iter(tuple(self._calls))

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, call: Call) -> None:
        self._calls.append(call)

    def clear(self) -> None:
        self._calls.clear()

    def count(
        self, operation: str = "", *, account: str = "", region: str = "", status: int | None = None, page: int = 0
    ) -> int:
        """Return how many calls have all of these; what is not given matches all."""
        return sum(
            operation in ("", call.asked.operation)
            and (not account or account in call.asked.accounts)
            and region in ("", call.asked.region)
            and status in (None, call.status)
            and page in (0, call.asked.page)
            for call in self
        )

    def per_operation(self) -> Counter[str]:
        return Counter(call.asked.operation for call in self)

    def per_partition(self, operation: str) -> Counter[tuple[str, str]]:
        """Count an operation's calls by account and region; a call about three accounts counts for each."""
        return Counter(
            (account, call.asked.region)
            for call in self
            if call.asked.operation == operation
            for account in call.asked.accounts
        )

    def most_at_once(self) -> int:
        """Return the largest number of calls that were under way at one moment."""
        moments = sorted([(call.started, 1) for call in self] + [(call.ended, -1) for call in self])
        under_way = most = 0
        for _, change in moments:
            under_way += change
            most = max(most, under_way)
        return most

    def wall(self) -> float:
        """Return the seconds from the first call's start to the last one's end."""
        return max(call.ended for call in self) - min(call.started for call in self)

    def ideal(self, at_once: int) -> float:
        """Return the seconds that these calls take at least, so many at once and every chain in its order."""
        chains: dict[str, float] = {}
        for call in self:
            chains[call.asked.chain] = chains.get(call.asked.chain, 0.0) + call.seconds
        return max(sum(chains.values()) / at_once, max(chains.values(), default=0.0))
