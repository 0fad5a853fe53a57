"""Amazon Inspector for a made-up world: seven operations, as picky as AWS about what it is asked."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from aws.filters import COVERAGE, FINDINGS, asked_accounts, narrowing
from aws.identity import Identity, invalid_token
from aws.listing import Listing, Pages, rows_of
from aws.replies import JSON, RefusedError, invalid, json_reply
from aws.reports import Deliver, Reports
from aws.shapes import OPERATIONS, REAL_ANSWERS, Problem, problems_of
from aws.wire import Reply
from aws.world import World

LARGEST_PAGE: Final = {"ListFindings": 100, "ListCoverage": 200, "ListMembers": 50}
_ACCOUNT_KEYS: Final = {"ListFindings": "awsAccountId", "ListCoverage": "accountId"}
_UNUSED: Final = ("ecr", "lambda", "lambdaCode", "codeRepository", "ami")


class Question(NamedTuple):
    """A request that has been read: which operation, with which arguments, and where in a listing."""

    operation: str
    arguments: dict[str, Any]
    listing: Listing
    offset: int
    size: int

    @property
    def page(self) -> int:
        return self.offset // self.size + 1

    def accounts(self, caller: str) -> tuple[str, ...]:
        """Return the accounts that are asked about."""
        if self.operation == "BatchGetAccountStatus":
            return tuple(sorted(self.arguments.get("accountIds", ()))) or (caller,)
        return self.named_accounts() or (caller,)

    def named_accounts(self) -> tuple[str, ...]:
        """Return the accounts that the filter names; none where it does more or less than name them."""
        return asked_accounts(self.arguments.get("filterCriteria", {}), _ACCOUNT_KEYS.get(self.operation, ""))


class Inspector:
    """Answers for one world. What is listed does not change while it serves."""

    def __init__(self, world: World, *, largest_page: int = 200, deliver: Deliver | None = None) -> None:
        """Pages are no larger than `largest_page`, whatever is asked for, so that a small world has many."""
        self._world = world
        self._largest = largest_page
        self._rows = rows_of(world)
        self._pages = Pages()
        self.reports = Reports(deliver)
        self._seen = frozenset(
            [world.admin, *(member.account for member in world.members if member.status == "ENABLED")]
        )
        self._answers: Mapping[str, Callable[[Question, str, str], Reply]] = {
            "BatchGetAccountStatus": self._statuses,
            "CreateFindingsReport": self._create_report,
            "GetDelegatedAdminAccount": self._delegated_admin,
            "GetFindingsReportStatus": self._report_status,
            "ListCoverage": self._list_coverage,
            "ListFindings": self._list_findings,
            "ListMembers": self._list_members,
        }

    def ask(self, path: str, body: bytes, caller: str, region: str) -> Question:
        """Read a request, or refuse one that Inspector's model does not allow."""
        model = OPERATIONS.get(path)
        if model is None or model.name not in self._answers:
            raise RefusedError(404, "UnknownOperationException", f"The test server has no operation at {path}.")
        try:
            arguments = json.loads(body or b"{}")
        except ValueError:
            raise RefusedError(400, "ValidationException", "Invalid JSON", reason="CANNOT_PARSE") from None
        if problems := list(problems_of(model.input_shape, arguments)):
            raise invalid(problems)
        size = min(arguments.get("maxResults", 100), LARGEST_PAGE.get(model.name, 100), self._largest)
        listing = Listing.of(model.name, caller, region, arguments)
        return Question(model.name, arguments, listing, listing.offset(arguments.get("nextToken")), size)

    def answer(self, question: Question, caller: Identity, region: str) -> Reply:
        """Answer, or raise RefusedError."""
        own = self._world.by_place.get((caller.account, region))
        if own is None and any(partition.account == caller.account for partition in self._world.partitions):
            raise invalid_token("inspector2")
        if own is None:
            raise _denied(caller, question.operation)
        listed = question.operation in ("ListFindings", "ListCoverage")
        if listed and own.ec2_status != "ENABLED" and caller.account != self._world.admin:
            raise _denied(caller, question.operation, "Invoking account is not enabled.")
        if question.operation == "ListMembers" and caller.account != self._world.admin:
            raise _denied(caller, question.operation)
        return self._answers[question.operation](question, caller.account, region)

    def problems_of_answer(self, question: Question, reply: Reply) -> list[Problem]:
        """Say where an answer is not what Inspector's model says, but for what real answers break."""
        (model,) = (model for model in OPERATIONS.values() if model.name == question.operation)
        return list(problems_of(model.output_shape, json.loads(reply.body), but=REAL_ANSWERS))

    def _visible(self, caller: str) -> frozenset[str]:
        return self._seen if caller and caller == self._world.admin else frozenset({caller})

    def _list_findings(self, question: Question, caller: str, region: str) -> Reply:
        criteria = question.arguments.get("filterCriteria", {})
        return self._page(question, lambda: self._findings(question, criteria, caller, region), "findings")

    def _findings(self, question: Question, criteria: Mapping[str, Any], caller: str, region: str) -> list[bytes]:
        narrow = narrowing(criteria, FINDINGS)
        found = []
        for account in self._accounts(question, caller):
            if rows := self._rows.findings.get((account, region)):
                found += [row.body for row in narrow(rows.candidates(criteria.get("resourceId", ())))]
        return found

    def _list_coverage(self, question: Question, caller: str, region: str) -> Reply:
        def find() -> list[bytes]:
            narrow = narrowing(question.arguments.get("filterCriteria", {}), COVERAGE)
            places = ((account, region) for account in self._accounts(question, caller))
            return [row.body for place in places for row in narrow(self._rows.coverage.get(place, ()))]

        return self._page(question, find, "coveredResources")

    def _accounts(self, question: Question, caller: str) -> list[str]:
        """Return whose rows may be listed, in their order."""
        visible, named = self._visible(caller), question.named_accounts()
        return sorted(visible.intersection(named) if named else visible)

    def _page(self, question: Question, find: Callable[[], list[bytes]], key: str) -> Reply:
        body = self._pages.page(question.listing, find, key=key, offset=question.offset, size=question.size)
        return Reply(200, JSON, body)

    def _list_members(self, question: Question, caller: str, region: str) -> Reply:
        only = question.arguments.get("onlyAssociated", True)

        def find() -> list[bytes]:
            return [
                msgspec.json.encode(
                    {
                        "accountId": member.account,
                        "delegatedAdminAccountId": caller,
                        "relationshipStatus": member.status,
                        "updatedAt": 1748629505.465,
                    }
                )
                for member in self._world.members
                if (not only or member.status == "ENABLED") and (member.account, region) in self._world.by_place
            ]

        return self._page(question, find, "members")

    def _statuses(self, question: Question, caller: str, region: str) -> Reply:
        accounts, failed = [], []
        for account in question.accounts(caller):
            partition = self._world.by_place.get((account, region))
            if partition is not None and account in self._visible(caller):
                accounts.append(_account_state(account, partition.ec2_status))
            else:
                refusal = {"errorCode": "ACCESS_DENIED", "errorMessage": "The account is not a member."}
                failed.append({"accountId": account} | refusal)
        return json_reply({"accounts": accounts, "failedAccounts": failed})

    def _delegated_admin(self, _question: Question, caller: str, _region: str) -> Reply:
        if not self._world.admin or caller not in self._seen:
            raise RefusedError(404, "ResourceNotFoundException", "No delegated administrator was found.")
        return json_reply({"delegatedAdmin": {"accountId": self._world.admin, "relationshipStatus": "ENABLED"}})

    def _create_report(self, question: Question, caller: str, region: str) -> Reply:
        criteria = question.arguments.get("filterCriteria", {})
        # Unlike ListFindings, a report has active findings only, unless it is asked for others.
        criteria = {"findingStatus": [{"comparison": "EQUALS", "value": "ACTIVE"}]} | criteria
        bodies = self._findings(question, criteria, caller, region)
        return json_reply({"reportId": self.reports.create(caller, region, question.arguments, criteria, bodies)})

    def _report_status(self, question: Question, caller: str, region: str) -> Reply:
        return json_reply(self.reports.status(caller, region, question.arguments.get("reportId")))


def _denied(caller: Identity, operation: str, why: str = "") -> RefusedError:
    message = why or f"User: {caller.arn} is not authorized to perform: inspector2:{operation} on resource: *"
    return RefusedError(403, "AccessDeniedException", message)


def _account_state(account: str, status: str) -> dict[str, Any]:
    """Return an AccountState. An error code and message come with what is not enabled only, as in AWS's example."""
    state = {"status": status}
    if status != "ENABLED":
        state |= {"errorCode": "ACCESS_DENIED", "errorMessage": f"EC2 scanning is {status.lower()}."}
    return {
        "accountId": account,
        "resourceState": {"ec2": state} | {kind: {"status": "ENABLED"} for kind in _UNUSED},
        "state": {"status": "ENABLED"},
    }
