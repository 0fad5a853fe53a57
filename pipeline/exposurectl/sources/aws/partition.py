"""What is read of some accounts in one region: findings, coverage, instances, and who may send to them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from exposurectl.model import Finding
from exposurectl.sources.admission import admitted
from exposurectl.sources.aws import pages
from exposurectl.sources.aws.access import FAILURES, Access, said
from exposurectl.sources.aws.inventory import instances
from exposurectl.sources.aws.network import read_network
from exposurectl.sources.findings import EC2_INSTANCE, NETWORK_REACHABILITY, Damaged, Sighting, decode_record
from exposurectl.sources.network import first_balancer, first_interface
from exposurectl.sources.rows import CoverageEntry, IngressRow, InstanceRow

OPEN_STATUSES: Final = ("ACTIVE", "SUPPRESSED")
"""A suppressed finding is hidden by a rule of somebody's, yet its path is open."""

CLOSED: Final = "CLOSED"


class UnreadError(Exception):
    """A part of AWS that could not be read. The message says which call failed, and why."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one piece of the work brought, and what it could not read of it."""

    accounts: tuple[str, ...]
    region: str
    findings: tuple[Finding, ...] = ()
    coverage: tuple[CoverageEntry, ...] = ()
    instances: tuple[InstanceRow, ...] = ()
    ingress: tuple[IngressRow, ...] = ()
    unread: tuple[str, ...] = ()


class Reader:
    """Reads parts. A call that fails for good leaves its part unread, with the reason, and never ends the others."""

    def __init__(self, access: Access, keep: Callable[[bytes], None], closed_since: datetime) -> None:
        """`keep` takes each finding as the API returned it, in canonical form."""
        self._access = access
        self._keep = keep
        self._closed_since = closed_since

    def open_findings(self, region: str, accounts: tuple[str, ...]) -> Part:
        """Read the findings whose path is open."""
        return self._findings(region, accounts, {"findingStatus": _equals(OPEN_STATUSES)})

    def closed_findings(self, region: str, accounts: tuple[str, ...]) -> Part:
        """Read the findings that closed lately, which hold their instances where they are."""
        since = [{"startInclusive": self._closed_since}]
        return self._findings(region, accounts, {"findingStatus": _equals([CLOSED]), "updatedAt": since})

    def coverage(self, region: str, accounts: tuple[str, ...]) -> Part:
        """
        Read what Inspector covers: a row for each account's network scan, and one for each instance.

        The type of the accounts' rows is not in AWS's own enumeration, so they are asked for by their kind of scan.
        """
        rows: list[CoverageEntry] = []
        try:
            client = self._access.own("inspector2", region)
            for wanted in ({"scanType": _equals(["NETWORK"])}, {"resourceType": _equals([EC2_INSTANCE])}):
                criteria = {"accountId": _equals(accounts), **wanted}
                for page in pages.coverage(client, criteria):
                    rows += [CoverageEntry(account=_owner(row), region=region, covered=row) for row in page]
        except FAILURES as error:
            return Part(accounts=accounts, region=region, unread=(said(error, "ListCoverage"),))
        return Part(accounts=accounts, region=region, coverage=tuple(rows))

    def inventory(self, region: str, account: str) -> Part:
        """Read the instances that an account has in a region."""
        try:
            client = self._access.of(account, "ec2", region)
            found = tuple(instances(client, account, region))
        except FAILURES as error:
            return Part(accounts=(account,), region=region, unread=(said(error, "DescribeInstances"),))
        return Part(accounts=(account,), region=region, instances=found)

    def ingress(self, region: str, account: str, findings: Sequence[Finding]) -> Part:
        """Read who may send along the paths of an account's findings."""
        interfaces = {hop.id for finding in findings if (hop := first_interface(finding.path))}
        balancers = {hop for finding in findings if (hop := first_balancer(finding.path))}
        try:
            network, unread = read_network(
                lambda service: self._access.of(account, service, region), interfaces, balancers=balancers
            )
        except FAILURES as error:
            return Part(accounts=(account,), region=region, unread=(said(error, "AssumeRole"),))
        rows = tuple(row for finding in findings for row in admitted(finding, network))
        return Part(accounts=(account,), region=region, ingress=rows, unread=unread)

    def _findings(self, region: str, accounts: tuple[str, ...], wanted: dict[str, Any]) -> Part:
        criteria = {
            "findingType": _equals([NETWORK_REACHABILITY]),
            "resourceType": _equals([EC2_INSTANCE]),
            "awsAccountId": _equals(accounts),
            **wanted,
        }
        found: list[Finding] = []
        try:
            for page in pages.findings(self._access.own("inspector2", region), criteria):
                found += self._kept(page)
        except (*FAILURES, UnreadError) as error:
            return Part(accounts=accounts, region=region, findings=tuple(found), unread=(said(error, "ListFindings"),))
        return Part(accounts=accounts, region=region, findings=tuple(found))

    def _kept(self, page: Iterable[msgspec.Raw]) -> Iterator[Finding]:
        """Keep a page of findings as they came, and yield what they say."""
        for text in page:
            value = msgspec.json.decode(text)
            decoded = decode_record(value)
            if isinstance(decoded, Damaged):
                raise UnreadError(f"a damaged finding: {'; '.join(decoded.problems)}")
            self._keep(msgspec.json.encode(value, order="deterministic"))
            if isinstance(decoded, Sighting):
                yield decoded.finding


def _equals(values: Iterable[str]) -> list[dict[str, str]]:
    return [{"comparison": "EQUALS", "value": value} for value in values]


class _Owned(msgspec.Struct, frozen=True, rename="camel"):
    account_id: str


def _owner(row: msgspec.Raw) -> str:
    """Return the account that a row of ListCoverage is about."""
    return msgspec.json.decode(row, type=_Owned).account_id
