"""Collecting evidence across accounts and regions, side by side, and knowing what could not be read."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta

import msgspec

from exposurectl import __version__
from exposurectl.model import Finding, Group
from exposurectl.sources.aws import pages
from exposurectl.sources.aws.access import FAILURES, Access, said
from exposurectl.sources.aws.accounts import chunks, members, statuses
from exposurectl.sources.aws.partition import CLOSED, OPEN_STATUSES, Part, Reader
from exposurectl.sources.given import Given
from exposurectl.sources.observed import Partition
from exposurectl.sources.prepared import prepare_types
from exposurectl.sources.recording import Contents
from exposurectl.sources.rows import IngressRow
from exposurectl.sources.spool import Spool

WORKERS = 32
"""Calls under way at once; Inspector publishes no rate, and a throttled answer slows its caller down."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What to collect."""

    regions: tuple[str, ...]
    organization: bool
    """Every member account's, as Inspector's delegated administrator; otherwise the caller's own account only."""
    as_of: datetime
    min_clear_age: timedelta
    """How far back closed findings are read."""
    given: Given | None = None
    """Findings that are there already; otherwise Inspector is asked for them."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a collection has come."""

    done: int
    known: int
    """How many pieces of work are known of so far; it grows as regions answer."""
    findings: int


def collect(
    asked: Asked, access: Access, groups: tuple[Group, ...], told: Callable[[Progress], None], workers: int = WORKERS
) -> Contents:
    """
    Read everything that the rules need, and return it for a snapshot.

    What fails for good is a gap with its reason; everything else is still read. Raises what botocore raises where the
    caller is nobody at all.
    """
    prepare_types()
    spool = asked.given.spool if asked.given else Spool()
    with (
        ThreadPoolExecutor(max_workers=workers, thread_name_prefix="collect") as executor,
        ThreadPoolExecutor(max_workers=1, thread_name_prefix="decode") as decoders,
    ):
        reader = Reader(access, spool.add, asked.as_of - asked.min_clear_age, decoders)
        work = _Work(executor, reader, access, told, asked.given)
        for region in dict.fromkeys(asked.regions):
            work.start(_region, access, region, organization=asked.organization)
        access.identity  # noqa: B018 - asked for while the regions are; whoever is nobody cannot read anything
        work.run()
    return Contents(
        tool_version=__version__,
        as_of=asked.as_of,
        statuses=asked.given.statuses if asked.given else (*OPEN_STATUSES, CLOSED),
        partitions=tuple(_partitions(work)),
        findings=spool,
        coverage=tuple(row for part in work.parts for row in part.coverage),
        instances=tuple(row for part in work.parts for row in part.instances),
        ingress=tuple(_added(row for part in work.parts for row in part.ingress)),
        groups=groups,
    )


class _Region(msgspec.Struct, frozen=True, kw_only=True):
    """Which accounts a region has."""

    region: str
    accounts: tuple[str, ...]
    unread: str = ""
    """Why the list of accounts may not be whole."""


class _Statuses(msgspec.Struct, frozen=True, kw_only=True):
    """Whether Inspector is on in each account of a region, or why nobody knows."""

    region: str
    known: dict[str, str]
    failed: dict[str, str]


def _region(access: Access, region: str, *, organization: bool) -> _Region:
    pages.keep_bodies(access.own("inspector2", region))
    if not organization:
        return _Region(region=region, accounts=(access.identity.account,))
    try:
        return _Region(region=region, accounts=members(access, region))
    except FAILURES as error:
        return _Region(region=region, accounts=(access.identity.account,), unread=said(error, "ListMembers"))


def _statuses(access: Access, region: str, accounts: tuple[str, ...]) -> _Statuses:
    known, failed = statuses(access, region, accounts)
    return _Statuses(region=region, known=known, failed=failed)


class _Work:
    """The pieces of work under way, and what the finished ones brought."""

    def __init__(
        self,
        executor: ThreadPoolExecutor,
        reader: Reader,
        access: Access,
        told: Callable[[Progress], None],
        given: Given | None,
    ) -> None:
        self.regions: list[_Region] = []
        self.statuses: dict[str, _Statuses] = {}
        self.parts: list[Part] = []
        self._executor = executor
        self._reader = reader
        self._access = access
        self._told = told
        self._given = given
        self._pending: set[Future[_Region | _Statuses | Part]] = set()
        self._started = 0
        self._findings = 0

    def start(self, piece: Callable[..., _Region | _Statuses | Part], *arguments: object, **named: object) -> None:
        """Put a piece of work in line."""
        self._pending.add(self._executor.submit(piece, *arguments, **named))
        self._started += 1

    def run(self) -> None:
        """Take what comes, and start what follows from it, until nothing is under way."""
        while self._pending:
            done, self._pending = wait(self._pending, return_when=FIRST_COMPLETED)
            for future in done:
                match future.result():
                    case _Region() as region:
                        self._enter(region)
                    case _Statuses() as found:
                        self.statuses[found.region] = found
                    case part:
                        self._take(part)
            finished = self._started - len(self._pending)
            self._told(Progress(done=finished, known=self._started, findings=self._findings))

    def _enter(self, region: _Region) -> None:
        """Start the reading of a region whose accounts are known."""
        self.regions.append(region)
        self.start(_statuses, self._access, region.region, region.accounts)
        for accounts in chunks(region.accounts):
            if self._given is None:
                self.start(self._reader.open_findings, region.region, accounts)
                self.start(self._reader.closed_findings, region.region, accounts)
            self.start(self._reader.coverage, region.region, accounts)
        if self._given is not None:
            here = tuple(finding for finding in self._given.findings if finding.region == region.region)
            self._take(Part(accounts=region.accounts, region=region.region, findings=here))
        for account in region.accounts:
            if self._access.can_enter(account):
                self.start(self._reader.inventory, region.region, account)

    def _take(self, part: Part) -> None:
        """Keep a part, and start reading who may send along the paths that it found."""
        self._findings += len(part.findings)
        by_account: dict[str, list[Finding]] = defaultdict(list)
        for finding in part.findings:
            if finding.counts and finding.account in part.accounts and self._access.can_enter(finding.account):
                by_account[finding.account].append(finding)
        for account, findings in by_account.items():
            self.start(self._reader.ingress, part.region, account, tuple(findings))
        self.parts.append(msgspec.structs.replace(part, findings=()))


def _added(rows: Iterable[IngressRow]) -> Iterator[IngressRow]:
    """Yield the rows, those about the same ports of a finding that changed while it was listed added up."""
    seen: dict[tuple[str, str], IngressRow] = {}
    for row in rows:
        key = (row.finding, row.ports)
        twin = seen.get(key, row)
        cidrs, groups = {*row.cidrs, *twin.cidrs}, {*row.groups, *twin.groups}
        seen[key] = msgspec.structs.replace(row, cidrs=tuple(sorted(cidrs)), groups=tuple(sorted(groups)))
    yield from seen.values()


def _partitions(work: _Work) -> Iterator[Partition]:
    """Yield every account and region with its status, and with every reason why it is not complete."""
    unread: dict[tuple[str, str], list[str]] = defaultdict(list)
    for part in work.parts:
        for account in part.accounts:
            unread[account, part.region] += part.unread
    for region in work.regions:
        if region.unread:
            yield Partition(account="", region=region.region, complete=False, why=region.unread)
        for account in region.accounts:
            whys = [*unread[account, region.region], *_listed(work.statuses[region.region].failed.get(account))]
            yield Partition(
                account=account,
                region=region.region,
                complete=not whys,
                why="; ".join(sorted(set(whys))),
                ec2_status=work.statuses[region.region].known.get(account, ""),
            )


def _listed(why: str | None) -> Iterable[str]:
    return (why,) if why else ()
