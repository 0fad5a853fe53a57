"""SSVC's tables: which rows move between two levels."""

from itertools import pairwise, permutations

import pytest

from exposurectl.model import Exposure
from exposurectl.policy.ssvc import (
    BOD_26_04,
    DEPLOYER,
    Deadline,
    Move,
    Priority,
    Row,
    deadlines_that_move,
    priorities_that_move,
)

SMALL, CONTROLLED, OPEN = Exposure


@pytest.mark.parametrize(
    ("before", "after", "count"), [(SMALL, CONTROLLED, 4), (CONTROLLED, OPEN, 8), (SMALL, OPEN, 12)]
)
def test_as_many_of_the_24_priorities_move_as_the_standard_says(before: Exposure, after: Exposure, count: int) -> None:
    assert len(DEPLOYER) == 24
    assert len(priorities_that_move(before, after)) == count
    assert len(priorities_that_move(after, before)) == count


@pytest.mark.parametrize(
    ("before", "after", "count"), [(SMALL, CONTROLLED, 0), (CONTROLLED, OPEN, 6), (SMALL, OPEN, 6)]
)
def test_only_open_is_publicly_exposed_to_bod_26_04(before: Exposure, after: Exposure, count: int) -> None:
    assert len(BOD_26_04) == 8
    assert len(deadlines_that_move(before, after)) == count
    assert len(deadlines_that_move(after, before)) == count


def test_nothing_moves_where_the_level_stays() -> None:
    assert [priorities_that_move(level, level) + deadlines_that_move(level, level) for level in Exposure] == [()] * 3


@pytest.mark.parametrize(("before", "after"), list(permutations(Exposure, 2)))
def test_a_lower_level_is_never_more_urgent(before: Exposure, after: Exposure) -> None:
    priorities, deadlines = list(Priority), list(Deadline)

    for move in (*priorities_that_move(before, after), *deadlines_that_move(before, after)):
        order: list[Priority | Deadline] = [*priorities, *deadlines]
        assert (order.index(move.before) < order.index(move.after)) is (before < after)


@pytest.mark.parametrize("table", [DEPLOYER, BOD_26_04], ids=["deployer", "BOD 26-04"])
def test_a_table_has_every_combination_of_its_values_once(table: tuple[Row, ...]) -> None:
    combinations = {row.given for row in table}
    values = [{row.given[point] for row in table} for point in range(3)]

    assert len(combinations) == len(table)
    assert len(table) == len(values[0]) * len(values[1]) * len(values[2])


def test_one_property_at_a_time_makes_a_deadline_or_a_priority_no_less_urgent() -> None:
    deadlines = list(Deadline)

    by_given = {tuple(value for _, value in row.given): row for row in BOD_26_04}
    for (exploited, automatable, impact), row in by_given.items():
        worse = [("yes", automatable, impact), (exploited, "yes", impact), (exploited, automatable, "total")]
        for other in worse:
            for level in Exposure:
                assert deadlines.index(Deadline(row.outcome(level).value)) <= deadlines.index(
                    Deadline(by_given[other].outcome(level).value)
                )
    priorities = list(Priority)
    for first, second in pairwise(DEPLOYER):  # impact grows within the rows that share the other two
        if first.given[:2] == second.given[:2]:
            for level in Exposure:
                assert priorities.index(Priority(first.outcome(level).value)) <= priorities.index(
                    Priority(second.outcome(level).value)
                )


def test_a_move_says_the_row_and_both_outcomes() -> None:
    assert priorities_that_move(SMALL, OPEN)[-1] == Move(
        given=(("exploitation", "active"), ("automatable", "yes"), ("human impact", "very high")),
        before=Priority.OUT_OF_CYCLE,
        after=Priority.IMMEDIATE,
    )
    assert deadlines_that_move(OPEN, CONTROLLED)[-2] == Move(
        given=(("known exploited", "yes"), ("automatable", "no"), ("technical impact", "total")),
        before=Deadline.DAYS_3_FORENSIC,
        after=Deadline.DAYS_14,
    )
