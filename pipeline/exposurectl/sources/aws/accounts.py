"""Which accounts there are, and whether Inspector is on in each."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

from exposurectl.sources.aws.access import FAILURES, Access, held, said

ACCOUNTS_A_FILTER: Final = 10
"""The most entries that one of Inspector's filters takes."""

_STATUSES_A_CALL = 100
_MEMBERS_A_PAGE = 50


def chunks(accounts: Sequence[str], size: int = ACCOUNTS_A_FILTER) -> Iterator[tuple[str, ...]]:
    """Yield the accounts in order, as many at a time as one call takes."""
    rest = iter(accounts)
    while chunk := tuple(islice(rest, size)):
        yield chunk


def members(access: Access, region: str) -> tuple[str, ...]:
    """
    Return the accounts whose findings a delegated administrator sees in a region, its own among them, sorted.

    ListMembers may leave out the administrator itself. Raises what botocore raises.
    """
    found: set[str] = set()
    pages = access.own("inspector2", region).get_paginator("list_members")
    for page in pages.paginate(onlyAssociated=True, PaginationConfig={"PageSize": _MEMBERS_A_PAGE}):
        found.update(str(held(member, "accountId")) for member in held(page, "members"))
    return tuple(sorted({*found, access.identity.account}))


def statuses(access: Access, region: str, accounts: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """
    Return each account's EC2 scan status in a region, such as `ENABLED`, and why for those that have none.

    Every account is in exactly one of the two.
    """
    known: dict[str, str] = {}
    failed: dict[str, str] = {}
    for chunk in chunks(accounts, _STATUSES_A_CALL):
        try:
            answer = access.own("inspector2", region).batch_get_account_status(accountIds=list(chunk))
            known |= {str(held(row, "accountId")): _status(row) for row in held(answer, "accounts")}
            failed |= {str(held(row, "accountId")): _why(row) for row in answer.get("failedAccounts", ())}
        except FAILURES as error:
            failed |= dict.fromkeys(chunk, said(error, "BatchGetAccountStatus"))
    for account in accounts:
        if account not in known:
            failed.setdefault(account, "BatchGetAccountStatus: the answer leaves the account out")
    return {account: status for account, status in known.items() if account not in failed}, failed


def _status(row: dict[str, Any]) -> str:
    return str(held(held(held(row, "resourceState"), "ec2"), "status"))


def _why(row: dict[str, Any]) -> str:
    return f"BatchGetAccountStatus: {row.get('errorCode', 'failed')}: {row.get('errorMessage', '')}".rstrip(": ")
