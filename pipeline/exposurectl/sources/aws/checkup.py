"""Whether collecting would work: one question after the other, each answered with what to do about it."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from exposurectl.checks import Check, State
from exposurectl.sources.aws import pages
from exposurectl.sources.aws.access import FAILURES, Access, said
from exposurectl.sources.aws.accounts import chunks, members, statuses
from exposurectl.sources.findings import EC2_INSTANCE, NETWORK_REACHABILITY
from exposurectl.sources.observed import FINDINGS_QUOTA

_NEARLY = 0.8
_ALLOW = "allow {} to these credentials; docs/aws.md has ready-made roles"
_ACTIVATE = "activate Amazon Inspector for EC2 there; docs/aws.md says how"


def check_up(access: Access, regions: Sequence[str], *, organization: bool) -> Iterator[Check]:
    """Yield the checks in the order in which a collection depends on them. It changes nothing."""
    try:
        identity = access.identity
    except FAILURES as error:
        advice = "sign in as the AWS CLI would: AWS_PROFILE, `aws sso login`, or a role of the machine"
        yield Check(subject="identity", state=State.BAD, detail=said(error, "GetCallerIdentity"), advice=advice)
        return
    yield Check(subject="identity", state=State.GOOD, detail=f"{identity.arn} in account {identity.account}")
    known: set[str] = {identity.account}
    for region in regions:
        accounts, checks = _accounts(access, region, organization=organization)
        known |= set(accounts)
        yield from checks
        yield from _inspector(access, region, accounts)
    yield from _evidence(access, regions, sorted(known))


def _accounts(access: Access, region: str, *, organization: bool) -> tuple[tuple[str, ...], list[Check]]:
    """Return the accounts of a region, and what is to be said about their list."""
    own = (access.identity.account,)
    if not organization:
        return own, []
    subject = f"accounts in {region}"
    try:
        found = members(access, region)
    except FAILURES as error:
        advice = "use the delegated administrator's credentials, or `organization: false` for one account"
        return own, [Check(subject=subject, state=State.BAD, detail=said(error, "ListMembers"), advice=advice)]
    if found == own:
        detail = f"no member accounts; {_administrator(access, region)}"
        advice = "designate this account as Inspector's delegated administrator there, or use the one that is"
        return found, [Check(subject=subject, state=State.WARNING, detail=detail, advice=advice)]
    return found, [Check(subject=subject, state=State.GOOD, detail=f"{len(found)} accounts")]


def _administrator(access: Access, region: str) -> str:
    """Return who administers Inspector for this account."""
    try:
        answer = access.own("inspector2", region).get_delegated_admin_account()
    except FAILURES as error:
        return said(error, "GetDelegatedAdminAccount")
    named = answer.get("delegatedAdmin", {}).get("accountId")
    return f"the delegated administrator is {named}" if named else "there is no delegated administrator"


def _inspector(access: Access, region: str, accounts: tuple[str, ...]) -> Iterator[Check]:
    """Yield whether Inspector is on, whether it covers the network, and how near the quota the accounts are."""
    yield _status(access, region, accounts)
    yield _asked(f"coverage in {region}", "ListCoverage", lambda: _coverage(access, region, accounts))
    yield _asked(f"findings in {region}", "ListFindings", lambda: _quota(access, region, accounts))


def _asked(subject: str, operation: str, ask: Callable[[], Check]) -> Check:
    """Return what asking brought, or that it failed, with the permission that may be missing."""
    try:
        return ask()
    except FAILURES as error:
        advice = _ALLOW.format(f"inspector2:{operation}")
        return Check(subject=subject, state=State.BAD, detail=said(error, operation), advice=advice)


def _status(access: Access, region: str, accounts: tuple[str, ...]) -> Check:
    subject = f"Inspector in {region}"
    known, failed = statuses(access, region, accounts)
    if failed:
        advice = _ALLOW.format("inspector2:BatchGetAccountStatus") + ", and check that the region is enabled"
        return Check(subject=subject, state=State.BAD, detail="; ".join(sorted(set(failed.values()))), advice=advice)
    off = sorted(account for account, status in known.items() if status != "ENABLED")
    if off:
        detail = f"off in {len(off)} of {len(accounts)} accounts: {', '.join(off[:5])}"
        return Check(subject=subject, state=State.WARNING, detail=detail, advice=_ACTIVATE)
    return Check(subject=subject, state=State.GOOD, detail=f"on in {len(accounts)} accounts")


class _Scan(msgspec.Struct, frozen=True, rename="camel"):
    status_code: str = ""


class _Row(msgspec.Struct, frozen=True, rename="camel"):
    account_id: str
    scan_status: _Scan = _Scan()


def _coverage(access: Access, region: str, accounts: tuple[str, ...]) -> Check:
    active = set()
    for chunk in chunks(accounts):
        criteria = {"accountId": _equals(chunk), "scanType": _equals(["NETWORK"])}
        for page in pages.coverage(_client(access, region), criteria):
            rows = [msgspec.json.decode(row, type=_Row) for row in page]
            active |= {row.account_id for row in rows if row.scan_status.status_code == "ACTIVE"}
    missing = sorted(set(accounts) - active)
    subject = f"coverage in {region}"
    if missing:
        detail = f"no active network scan in {len(missing)} of {len(accounts)} accounts: {', '.join(missing[:5])}"
        advice = "nothing is lowered there until Inspector covers the network; activate it, or wait for its first scan"
        return Check(subject=subject, state=State.WARNING, detail=detail, advice=advice)
    return Check(subject=subject, state=State.GOOD, detail="every account's network is scanned")


def _quota(access: Access, region: str, accounts: tuple[str, ...]) -> Check:
    counted: Counter[str] = Counter()
    for chunk in chunks(accounts):
        criteria = {
            "findingType": _equals([NETWORK_REACHABILITY]),
            "resourceType": _equals([EC2_INSTANCE]),
            "awsAccountId": _equals(chunk),
        }
        for page in pages.findings(_client(access, region), criteria):
            counted.update(msgspec.json.decode(row, type=_Found).aws_account_id for row in page)
    subject = f"findings in {region}"
    account, most = counted.most_common(1)[0] if counted else ("", 0)
    detail = f"{counted.total():,} network findings"
    if most >= _NEARLY * FINDINGS_QUOTA:
        detail += f", {most:,} of them in {account}"
        advice = f"at {FINDINGS_QUOTA:,} an account's findings prove nothing about what is missing: close what is open"
        return Check(subject=subject, state=State.WARNING, detail=detail, advice=advice)
    return Check(subject=subject, state=State.GOOD, detail=detail)


class _Found(msgspec.Struct, frozen=True, rename="camel"):
    aws_account_id: str


def _equals(values: Sequence[str]) -> list[dict[str, str]]:
    return [{"comparison": "EQUALS", "value": value} for value in values]


def _client(access: Access, region: str) -> Any:
    client = access.own("inspector2", region)
    pages.keep_bodies(client)
    return client


_NO_TARGET_GROUP = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/none/0000000000000000"
_NO_PREFIX_LIST = "pl-00000000000000000"
_MAY_ASK = ("DryRunOperation", "TargetGroupNotFound", "ValidationError", "InvalidPrefixList")
"""
How the code begins of what is answered to whoever may ask: that it was a try, or that a thing does not exist.

Source: DryRun in the reference of the EC2 API.
"""

_READS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("ec2", "describe_instances", {"MaxResults": 5}),
    ("ec2", "describe_network_interfaces", {"MaxResults": 5}),
    ("ec2", "describe_security_groups", {"MaxResults": 5}),
    ("ec2", "describe_security_group_rules", {"MaxResults": 5}),
    ("ec2", "get_managed_prefix_list_entries", {"PrefixListId": _NO_PREFIX_LIST, "DryRun": True}),
    ("ec2", "describe_network_acls", {"MaxResults": 5}),
    ("elbv2", "describe_load_balancers", {"PageSize": 1}),
    ("elbv2", "describe_target_groups", {"PageSize": 1}),
    ("elbv2", "describe_target_health", {"TargetGroupArn": _NO_TARGET_GROUP}),
    ("elb", "describe_load_balancers", {"PageSize": 1}),
)
_ONE_OF_THEM = _READS[:1]
"""What a role may do is the same in every region; whether a region may be used at all is not."""


def _evidence(access: Access, regions: Sequence[str], accounts: Sequence[str]) -> Iterator[Check]:
    """Yield whether each account's security groups can be read."""
    for account in accounts:
        subject = f"evidence in {account}"
        if not access.can_enter(account):
            detail = "no role to read security groups with"
            advice = "set inspector.evidence_role; until then the internet counts as anywhere, and nothing is lowered"
            yield Check(subject=subject, state=State.WARNING, detail=detail, advice=advice)
        elif regions:
            failed = tuple(_failures(access, account, regions))
            advice = "deploy the read role; docs/aws.md has it ready-made" if failed else ""
            state = State.BAD if failed else State.GOOD
            detail = "; ".join(failed) or "security groups, ACLs and load balancers can be read"
            yield Check(subject=subject, state=state, detail=detail, advice=advice)


def _failures(access: Access, account: str, regions: Sequence[str]) -> Iterator[str]:
    """Yield what fails in an account: every read in the first region, and in each other one what fails only there."""
    known: set[str] = set()
    for region in regions:
        found = tuple(_failed(access, account, region, _READS if region == regions[0] else _ONE_OF_THEM))
        yield from (f"{one} in {region}" if region != regions[0] else one for one in found if one not in known)
        known |= set(found)


def _failed(
    access: Access, account: str, region: str, reads: Sequence[tuple[str, str, dict[str, Any]]]
) -> Iterator[str]:
    for service, operation, arguments in reads:
        try:
            client = access.of(account, service, region)
        except FAILURES as error:
            yield said(error, "AssumeRole")
            return
        try:
            getattr(client, operation)(**arguments)
        except FAILURES as error:
            if not (isinstance(error, ClientError) and _code(error).startswith(_MAY_ASK)):
                yield said(error, f"{service}:{operation}")


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
