"""What is read of some accounts in one region: findings, coverage, instances, and who may send to them."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future
from datetime import datetime
from typing import Any, Final

import msgspec

from exposurectl.model import Finding
from exposurectl.sources.admission import admitted
from exposurectl.sources.aws import pages
from exposurectl.sources.aws.access import FAILURES, Access, said
from exposurectl.sources.aws.inventory import instances
from exposurectl.sources.aws.network import read_network
from exposurectl.sources.findings import EC2_INSTANCE, NETWORK_REACHABILITY, Damaged, Sighting, decode_text
from exposurectl.sources.rows import CoverageEntry, Covered, IngressRow, InstanceRow

OPEN_STATUSES: Final = ("ACTIVE", "SUPPRESSED")
"""A suppressed finding is hidden by a rule of somebody's, yet its path is open."""

CLOSED: Final = "CLOSED"


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

    def __init__(
        self, access: Access, keep: Callable[[bytes], None], closed_since: datetime, decoders: Executor
    ) -> None:
        """`keep` takes each finding as the API returned it; `decoders` read one page while the next is under way."""
        self._access = access
        self._decoders = decoders
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
        operation = "AssumeRole"
        try:
            client = self._access.of(account, "ec2", region)
            operation = "DescribeInstances"
            found = tuple(instances(client, account, region))
        except FAILURES as error:
            return Part(accounts=(account,), region=region, unread=(said(error, operation),))
        return Part(accounts=(account,), region=region, instances=found)

    def ingress(self, region: str, account: str, findings: Sequence[Finding]) -> Part:
        """Read who may send along the paths of an account's findings."""
        try:
            network, unread = read_network(lambda service: self._access.of(account, service, region), findings)
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
        decoding: list[Future[_Page]] = []
        unread: list[str] = []
        try:
            for page in pages.findings(self._access.own("inspector2", region), criteria):
                decoding.append(self._decoders.submit(self._kept, page))  # noqa: PERF401 - a failure must not lose them
        except FAILURES as error:
            unread.append(said(error, "ListFindings"))
        read = [future.result() for future in decoding]
        return Part(
            accounts=accounts,
            region=region,
            findings=tuple(finding for page in read for finding in page.findings),
            unread=(*unread, *(f"ListFindings: a damaged finding: {why}" for page in read for why in page.damaged)),
        )

    def _kept(self, page: Iterable[msgspec.Raw]) -> "_Page":
        """Keep a page of findings as they came, and return what they say. Of a damaged one nothing is kept."""
        found: list[Finding] = []
        damaged: list[str] = []
        for text in page:
            decoded = decode_text(text)
            if isinstance(decoded, Damaged):
                damaged.append("; ".join(decoded.problems))
                continue
            self._keep(bytes(text))
            if isinstance(decoded, Sighting):
                found.append(decoded.finding)
        return _Page(tuple(found), tuple(damaged))


class _Page(msgspec.Struct, frozen=True):
    """What one page of findings says, and what is wrong with those that cannot be read."""

    findings: tuple[Finding, ...]
    damaged: tuple[str, ...]


def _equals(values: Iterable[str]) -> list[dict[str, str]]:
    return [{"comparison": "EQUALS", "value": value} for value in values]


def _owner(row: msgspec.Raw) -> str:
    """Return the account that a row of ListCoverage is about. Raises where whoever reads the snapshot would."""
    return msgspec.convert(msgspec.json.decode(row), Covered).account_id
