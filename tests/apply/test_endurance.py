"""F8: 500 moves among 5,000 servers, through a whole run, before a FutureVuls that enforces 20 requests a minute."""

from collections import Counter
from datetime import timedelta
from typing import NamedTuple

import pytest

from apply.acting import TOKENS, WEB, a_clock, emulated, execute, on_disk, plan_for
from exposurectl.apply.receipt import verdict
from exposurectl.diagnostics import Exit
from exposurectl.model import Role
from plan.building import ROLES, WEB_OPEN, WEB_SMALL, group, server

PER_MINUTE, MOVES, SERVERS = 20, 500, 5_000
LISTINGS = 5 + 2
"""Pages of 1,000 servers and of 100 roles."""
MANY_ROLES = (*ROLES, *(Role(id=number, name=f"other {number}") for number in range(100, 220)))
FLEET = group(
    *(server(number, "i-open", WEB_SMALL if number <= MOVES else WEB_OPEN) for number in range(1, SERVERS + 1)),
    roles=MANY_ROLES,
)


class Ran(NamedTuple):
    """What such a run took."""

    outcomes: Counter[str]
    replies: Counter[int]
    minutes: float
    in_role: Counter[int]
    planned: tuple[int, int]
    """The requests and the minutes that the plan announced."""
    code: Exit


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    clock, folder = a_clock(), tmp_path_factory.mktemp("endurance")
    with emulated(FLEET, clock=clock, per_minute=PER_MINUTE) as futurevuls:
        plan = plan_for(futurevuls.url, FLEET)
        finished = execute(plan, folder, clock=clock, per_minute=PER_MINUTE)
        return Ran(
            outcomes=Counter(one["outcome"] for one in on_disk(folder / "receipt.json")["results"]),
            replies=Counter(futurevuls.statuses),
            minutes=clock.monotonic() / 60,
            in_role=Counter(one.role for one in futurevuls.servers(TOKENS[WEB])),
            planned=(plan.summary.requests, plan.summary.minutes),
            code=verdict(finished.receipt)[0],
        )


def test_no_change_fails(ran: Ran) -> None:
    assert (ran.code, ran.outcomes) == (Exit.DONE, {"applied": MOVES})
    assert ran.in_role == {WEB_OPEN: SERVERS}


def test_at_most_five_replies_are_throttled(ran: Ran) -> None:
    assert ran.replies[429] <= 5
    assert ran.replies.keys() <= {200, 429}


def test_no_request_is_made_but_the_least_and_retries(ran: Ran) -> None:
    assert ran.replies[200] == LISTINGS + MOVES
    assert ran.replies.total() == LISTINGS + MOVES + ran.replies[429]


def test_at_least_97_percent_of_the_permitted_rate_is_used(ran: Ran) -> None:
    assert ran.replies.total() / (PER_MINUTE * ran.minutes) >= 0.97
    assert timedelta(minutes=ran.minutes) <= timedelta(minutes=30)


def test_it_takes_what_the_plan_announced(ran: Ran) -> None:
    requests, minutes = ran.planned

    assert requests == LISTINGS + MOVES
    assert abs(minutes - ran.minutes) <= 1
