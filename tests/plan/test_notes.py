"""What a reviewer is told besides the changes: gaps in the evidence, and overrides through time."""

from datetime import date, datetime, timedelta

import msgspec
import pytest

from exposurectl.config import AcceptedGap
from exposurectl.model import Gap
from exposurectl.plan.model import Block, Plan
from plan.building import AS_OF, CONTROLLED, OPEN, SSH, inventory, override, planned, policy, seen, server, settings

ACCOUNT, OTHER = "111122223333", "444455556666"
GAP = Gap(account=ACCOUNT, region="us-east-1", why="ListFindings: AccessDeniedException")
SAID = "111122223333 us-east-1 could not be read: ListFindings: AccessDeniedException."


def plan_with(gap: Gap, *accepted: AcceptedGap) -> Plan:
    return planned(
        inventory=inventory(gaps=(gap,)), settings=msgspec.structs.replace(settings(), accepted_gaps=accepted)
    )


def accepting(account: str = "", region: str = "") -> AcceptedGap:
    return AcceptedGap(account=account, region=region, because="Closed in March.")


def test_a_gap_blocks_the_plan() -> None:
    plan = plan_with(GAP)

    assert plan.blocked_by == (Block(reason="evidence-incomplete", detail=SAID),)
    assert plan.warnings == ()


@pytest.mark.parametrize(
    "accepted",
    [accepting(ACCOUNT, "us-east-1"), accepting(account=ACCOUNT), accepting(region="us-east-1")],
    ids=["both", "the account", "the region"],
)
def test_a_gap_that_the_config_accepts_is_a_warning(accepted: AcceptedGap) -> None:
    plan = plan_with(GAP, accepting(OTHER), accepted)

    assert plan.blocked_by == ()
    assert plan.warnings == (f"{SAID} Accepted: Closed in March.",)
    assert plan.applyable


@pytest.mark.parametrize(
    "accepted", [accepting(OTHER, "us-east-1"), accepting(ACCOUNT, "eu-west-1")], ids=["account", "region"]
)
def test_a_gap_elsewhere_accepts_nothing_here(accepted: AcceptedGap) -> None:
    assert plan_with(GAP, accepted).blocked_by == (Block(reason="evidence-incomplete", detail=SAID),)


def test_a_region_whose_accounts_are_not_known_is_not_accepted_for_one_account() -> None:
    gap = Gap(account="", region="us-east-1", why="ListMembers: AccessDeniedException")

    blocked = plan_with(gap, accepting(ACCOUNT, "us-east-1"))
    accepted = plan_with(gap, accepting(region="us-east-1"))

    assert [block.detail for block in blocked.blocked_by] == [
        "us-east-1 could not be read: ListMembers: AccessDeniedException."
    ]
    assert accepted.blocked_by == ()


WEB = "i-0aaa"
TODAY = AS_OF.date()
AT = "policies/overrides.yaml:4:5"


def plan_until(expires: date, *, as_of: datetime = AS_OF, **config: object) -> Plan:
    """Return the plan for an instance that is open by port 22, with an override to controlled until a day."""
    return planned(
        seen(WEB, SSH),
        servers=(server(1, WEB),),
        policy=policy(override("bastion", WEB, CONTROLLED, expires)),
        settings=msgspec.structs.replace(settings(), **config),
        as_of=as_of,
    )


def days(number: int) -> date:
    return TODAY + timedelta(days=number)


def test_an_override_is_said_to_expire_soon_fourteen_days_before_its_last_one() -> None:
    said = (
        f'{AT}: Override "bastion" expires soon: 2026-12-07 is its last day; '
        "renew it with a new date and approval, or let it end."
    )

    assert plan_until(days(15)).warnings == ()
    assert plan_until(days(14)).warnings == (said,)
    assert plan_until(days(14)).applyable


def test_the_config_says_when_soon_is() -> None:
    assert plan_until(days(30), override_expiring_days=29).warnings == ()
    assert len(plan_until(days(30), override_expiring_days=30).warnings) == 1


def test_an_override_that_holds_longer_than_a_year_blocks_the_plan() -> None:
    blocked = plan_until(days(366))

    assert plan_until(days(365)).blocked_by == ()
    assert not blocked.applyable
    assert [block.reason for block in blocked.blocked_by] == ["override-too-long"]
    assert blocked.blocked_by[0].detail == (
        f'{AT}: Override "bastion" holds until 2027-11-24, more than 365 days from now; '
        "approve it until 2027-11-23 at the latest."
    )


def test_the_config_says_what_too_long_is() -> None:
    assert plan_until(days(30), override_max_days=30).blocked_by == ()
    assert [block.reason for block in plan_until(days(31), override_max_days=30).blocked_by] == ["override-too-long"]


def test_an_override_that_holds_too_long_blocks_although_expired_ones_only_warn() -> None:
    expired = plan_until(days(-1), expired_overrides_block=False)
    long = plan_until(days(366), expired_overrides_block=False)

    assert expired.blocked_by == ()
    assert [block.reason for block in long.blocked_by] == ["override-too-long"]


def test_a_plan_as_of_a_later_day_shows_the_world_after_the_override_expired() -> None:
    last, after = (plan_until(days(30), as_of=AS_OF + timedelta(days=past)) for past in (30, 31))

    assert [change.after.level for change in last.changes] == []
    assert [change.after.level for change in after.changes] == [OPEN]
    assert [block.reason for block in last.blocked_by] == []
    assert [block.reason for block in after.blocked_by] == ["override-expired"]
    assert "expires soon" in last.warnings[0]
    assert after.warnings == ()


def test_what_holds_too_long_now_no_longer_does_as_of_a_later_day() -> None:
    assert plan_until(days(366), as_of=AS_OF + timedelta(days=1)).blocked_by == ()
