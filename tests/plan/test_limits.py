"""Guardrails: at each limit, just over it, and how many servers there are to begin with."""

import msgspec
import pytest

from exposurectl.config import Limits
from exposurectl.model import Exposure
from exposurectl.plan.limits import Losses, Numbers, guardrails, lost_evidence, lowers, numbers
from exposurectl.plan.model import Block, Change, Counts, Direction, Placement
from plan.building import three_changes

USUAL = Limits()
RAISED, JOINED, LOWERED = three_changes().changes


def changes(*, raises: int = 0, joins: int = 0, lowers: int = 0) -> list[Change]:
    return [RAISED] * raises + [JOINED] * joins + [LOWERED] * lowers


def blocks(of: list[Change], managed: int, limits: Limits = USUAL) -> list[Block]:
    return list(guardrails(of, managed, limits))


def test_the_limits_are_the_promised_ones() -> None:
    assert (USUAL.raise_percent, USUAL.raise_count, USUAL.lower_count) == (30, 500, 0)


def test_a_plan_without_changes_is_within_every_limit() -> None:
    assert blocks([], 0) == []


def test_a_single_lowering_needs_a_count_of_one() -> None:
    assert blocks(changes(lowers=1), 100) == [
        Block(
            reason="guardrail-lower",
            detail="The plan lowers 1, and limits.lower.count is 0: "
            "review each lowering, then apply it with --accept-lowering 1.",
            acknowledge="--accept-lowering 1",
        )
    ]


@pytest.mark.parametrize(("lowers", "blocked"), [(1, False), (2, False), (3, True)])
def test_lowerings_are_counted(lowers: int, *, blocked: bool) -> None:
    limits = Limits(lower_count=2)

    assert bool(blocks(changes(lowers=lowers), 100, limits)) is blocked


def test_lowerings_count_towards_no_other_limit() -> None:
    assert blocks(changes(lowers=100), 100, Limits(lower_count=100, raise_percent=1, raise_count=1)) == []


@pytest.mark.parametrize(("raises", "joins"), [(501, 0), (0, 501), (500, 1)])
def test_raises_and_joins_are_counted_together(raises: int, joins: int) -> None:
    assert blocks(changes(raises=raises, joins=joins), 10_000) == [
        Block(
            reason="guardrail-raise",
            detail="The plan raises or joins 501, and limits.raise.count is 500: "
            "review them, then apply it with --accept-raising 501.",
            acknowledge="--accept-raising 501",
        )
    ]


def test_exactly_as_many_as_the_count_are_within_it() -> None:
    assert blocks(changes(raises=500), 10_000) == []


def test_exactly_as_many_as_the_percentage_are_within_it() -> None:
    assert blocks(changes(raises=3), 10) == []


def test_one_more_than_the_percentage_is_over_it() -> None:
    assert blocks(changes(raises=2, joins=2), 10) == [
        Block(
            reason="guardrail-raise",
            detail="The plan raises or joins 4 of 10 managed servers (40 %), more than the 30 % of "
            "limits.raise.percent: review them, then apply it with --accept-raising 4.",
            acknowledge="--accept-raising 4",
        )
    ]


@pytest.mark.parametrize(("managed", "blocked"), [(334, False), (333, True)])
def test_a_percentage_is_not_rounded(managed: int, *, blocked: bool) -> None:
    assert bool(blocks(changes(raises=100), managed)) is blocked


@pytest.mark.parametrize("managed", [3, 9])
def test_below_ten_servers_three_may_be_raised(managed: int) -> None:
    assert blocks(changes(raises=2, joins=1), managed) == []


def test_below_ten_servers_a_fourth_is_over_the_limit() -> None:
    assert blocks(changes(raises=4), 9) == [
        Block(
            reason="guardrail-raise",
            detail="The plan raises or joins 4 of 9 managed servers; with fewer than 10 the limit is 3: "
            "review them, then apply it with --accept-raising 4.",
            acknowledge="--accept-raising 4",
        )
    ]


@pytest.mark.parametrize("managed", [9, 10])
def test_a_hundred_per_cent_accepts_any_number(managed: int) -> None:
    assert blocks(changes(raises=managed), managed, Limits(raise_percent=100)) == []


def test_no_per_cent_accepts_none() -> None:
    assert [block.reason for block in blocks(changes(raises=1), 10, Limits(raise_percent=0))] == ["guardrail-raise"]


def test_the_count_is_said_once_where_both_limits_are_passed() -> None:
    assert [block.detail for block in blocks(changes(raises=8), 9, Limits(raise_count=7))] == [
        "The plan raises or joins 8, and limits.raise.count is 7: review them, then apply it with --accept-raising 8."
    ]


def test_lowering_and_raising_too_many_are_two_blocks() -> None:
    assert [block.reason for block in blocks(changes(raises=9, lowers=1), 10)] == ["guardrail-lower", "guardrail-raise"]


def test_a_direction_is_what_counts() -> None:
    lowered = msgspec.structs.replace(RAISED, direction=Direction.LOWER)

    assert [block.reason for block in blocks([lowered], 10)] == ["guardrail-lower"]


def test_what_joins_is_counted_as_raised() -> None:
    assert numbers(changes(raises=1, joins=2, lowers=4)) == Numbers(lowering=4, raising=3)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (Exposure.OPEN, Exposure.SMALL, True),
        (Exposure.SMALL, Exposure.OPEN, False),
        (None, Exposure.CONTROLLED, True),
        (None, Exposure.OPEN, False),
        (Exposure.SMALL, None, True),
    ],
)
def test_a_change_may_lower_where_it_may_show_less_than_now(
    before: Exposure | None, after: Exposure | None, *, expected: bool
) -> None:
    change = msgspec.structs.replace(
        RAISED, before=Placement(level=before, role=1), after=Placement(level=after, role=2)
    )

    assert lowers(change) is expected


def lost(*, instances: int = 100, findings: int = 100, uncovered: int = 0) -> Losses:
    """Return what is left of a hundred."""
    before = Counts(instances=100, observed=100, findings=100)
    return Losses(before=before, now=Counts(instances=instances, observed=0, findings=findings), uncovered=uncovered)


@pytest.mark.parametrize(
    ("losses", "reasons"),
    [
        (lost(), []),
        (lost(instances=80, findings=50, uncovered=5), []),
        (lost(instances=200, findings=300), []),
        (lost(uncovered=6), ["coverage-lost"]),
        (lost(instances=79), ["inventory-dropped"]),
        (lost(findings=49), ["findings-dropped"]),
        (lost(instances=0, findings=0, uncovered=50), ["coverage-lost", "inventory-dropped", "findings-dropped"]),
    ],
)
def test_much_missing_evidence_blocks_a_plan_that_lowers(losses: Losses, reasons: list[str]) -> None:
    assert [block.reason for block in lost_evidence(changes(lowers=1, raises=5), losses)] == reasons


def test_missing_evidence_says_how_much_and_what_to_give() -> None:
    assert list(lost_evidence(changes(lowers=3), lost(findings=49))) == [
        Block(
            reason="findings-dropped",
            detail="Of the 100 of the previous plan, 51 findings are gone, more than 50 %: make sure "
            "that nothing was left unread, then apply it with --accept-lowering 3.",
            acknowledge="--accept-lowering 3",
        )
    ]


def test_what_is_missing_is_said_of_each_kind() -> None:
    everything = lost(instances=0, findings=0, uncovered=50)

    assert [block.detail.partition(":")[0] for block in lost_evidence(changes(lowers=1), everything)] == [
        "Of the 100 of the previous plan, 50 instances were observed and are not now, more than 5 %",
        "Of the 100 of the previous plan, 100 instances are gone, more than 20 %",
        "Of the 100 of the previous plan, 100 findings are gone, more than 50 %",
    ]


def test_missing_evidence_keeps_no_plan_from_raising() -> None:
    assert list(lost_evidence(changes(raises=1, joins=1), lost(instances=0, findings=0, uncovered=100))) == []


def test_without_a_previous_plan_nothing_is_missing() -> None:
    assert list(lost_evidence(changes(lowers=1), None)) == []
