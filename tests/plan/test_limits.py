"""Guardrails: at each limit, just over it, and how many servers there are to begin with."""

import msgspec
import pytest

from exposurectl.config import Limits
from exposurectl.plan.limits import guardrails
from exposurectl.plan.model import Block, Change, Direction
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
            "review each lowering, then write `lower: {count: 1}` into the config.",
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
        Block(reason="guardrail-raise", detail="The plan raises or joins 501, and limits.raise.count is 500.")
    ]


def test_exactly_as_many_as_the_count_are_within_it() -> None:
    assert blocks(changes(raises=500), 10_000) == []


def test_exactly_as_many_as_the_percentage_are_within_it() -> None:
    assert blocks(changes(raises=3), 10) == []


def test_one_more_than_the_percentage_is_over_it() -> None:
    assert blocks(changes(raises=2, joins=2), 10) == [
        Block(
            reason="guardrail-raise",
            detail="The plan raises or joins 4 of 10 managed servers, more than the 30 % of limits.raise.percent.",
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
            "write `raise: {percent: 100}` into the config to accept any number.",
        )
    ]


@pytest.mark.parametrize("managed", [9, 10])
def test_a_hundred_per_cent_accepts_any_number(managed: int) -> None:
    assert blocks(changes(raises=managed), managed, Limits(raise_percent=100)) == []


def test_no_per_cent_accepts_none() -> None:
    assert [block.reason for block in blocks(changes(raises=1), 10, Limits(raise_percent=0))] == ["guardrail-raise"]


def test_the_count_is_said_once_where_both_limits_are_passed() -> None:
    assert [block.detail for block in blocks(changes(raises=8), 9, Limits(raise_count=7))] == [
        "The plan raises or joins 8, and limits.raise.count is 7."
    ]


def test_lowering_and_raising_too_many_are_two_blocks() -> None:
    assert [block.reason for block in blocks(changes(raises=9, lowers=1), 10)] == ["guardrail-lower", "guardrail-raise"]


def test_a_direction_is_what_counts() -> None:
    lowered = msgspec.structs.replace(RAISED, direction=Direction.LOWER)

    assert [block.reason for block in blocks([lowered], 10)] == ["guardrail-lower"]
