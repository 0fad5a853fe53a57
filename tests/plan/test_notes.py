"""Gaps in the evidence: they block a plan, unless the config accepts them by name."""

import msgspec
import pytest

from exposurectl.config import AcceptedGap
from exposurectl.model import Gap
from exposurectl.plan.model import Block, Plan
from plan.building import inventory, planned, settings

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
