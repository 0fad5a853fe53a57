"""Findings reports: asked for, waited for, and delivered to S3."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from aws.replies import RefusedError


class Delivery(NamedTuple):
    account: str
    region: str
    bucket: str
    key: str
    body: bytes


Deliver = Callable[[Delivery], str]
"""Puts an object where it belongs, and returns the error code of the report, or nothing when all is well."""


class _Report(msgspec.Struct):
    account: str
    region: str
    destination: Mapping[str, Any]
    criteria: Mapping[str, Any]
    polls_left: int
    error: str


class Reports:
    """The reports of all accounts. Each is in progress for as many status calls as `polls` says."""

    def __init__(self, deliver: Deliver | None) -> None:
        self.polls = 1
        self.delivered: list[Delivery] = []
        self._deliver = deliver
        self._reports: dict[str, _Report] = {}

    def create(
        self,
        account: str,
        region: str,
        arguments: Mapping[str, Any],
        criteria: Mapping[str, Any],
        findings: Sequence[bytes],
    ) -> str:
        """Begin a report and return its id. An account has one at a time in a region."""
        under_way = (report.polls_left > 0 for report in self._reports.values() if report.account == account)
        if any(under_way):
            raise RefusedError(400, "ValidationException", "A report is already in progress.", reason="OTHER")
        if arguments["reportFormat"] != "JSON":
            raise RefusedError(400, "ValidationException", "The test server writes JSON only.", reason="OTHER")
        identity = f"{len(self._reports) + 1:08x}-0000-4000-8000-{account}"
        target = arguments["s3Destination"]
        delivery = Delivery(
            account=account,
            region=region,
            bucket=target["bucketName"],
            key=f"{target.get('keyPrefix', '')}{identity}.json",
            body=b'{"findings":[%b]}' % b",".join(findings),
        )
        error = "" if findings else "NO_FINDINGS_FOUND"
        if not error and self._deliver:
            error = self._deliver(delivery)
        if not error:
            self.delivered.append(delivery)
        self._reports[identity] = _Report(account, region, target, criteria, self.polls, error)
        return identity

    def status(self, account: str, region: str, identity: str | None) -> dict[str, Any]:
        """Return the answer of GetFindingsReportStatus, and let the report come closer to its end."""
        report = self._reports.get(identity or "")
        if report is None or (report.account, report.region) != (account, region):
            raise RefusedError(404, "ResourceNotFoundException", "The report was not found.")
        answer = {"reportId": identity, "destination": report.destination, "filterCriteria": report.criteria}
        if report.polls_left > 0:
            report.polls_left -= 1
            return answer | {"status": "IN_PROGRESS"}
        if report.error:
            return answer | {"status": "FAILED", "errorCode": report.error, "errorMessage": "The report failed."}
        return answer | {"status": "SUCCEEDED"}
