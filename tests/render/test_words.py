"""The sentences that views share."""

import msgspec
import pytest

from exposurectl.model import Exposure, Reason
from exposurectl.plan.model import Plan, Skipped, Summary
from exposurectl.render.words import counted, effort, gathered, headline, level, move, sources, told

NOTHING = Summary(raised=0, join=0, lower=0, unchanged=3, skipped=0, requests=0, minutes=0)


@pytest.mark.parametrize(("expected", "count"), [("0 changes", 0), ("1 change", 1), ("2 changes", 2)])
def test_counts_agree_with_their_nouns(expected: str, count: int) -> None:
    assert expected == counted(count, "change")


def test_the_headline_counts_in_the_order_of_apply() -> None:
    some = msgspec.structs.replace(NOTHING, raised=2, lower=1, skipped=4)

    assert headline(some) == "Plan: 2 to raise, 1 to lower, 3 unchanged, 4 skipped."
    assert (
        headline(msgspec.structs.replace(some, join=5))
        == "Plan: 2 to raise, 5 to join, 1 to lower, 3 unchanged, 4 skipped."
    )


def test_the_effort_says_what_apply_takes(plan: Plan) -> None:
    one = msgspec.structs.replace(plan, summary=msgspec.structs.replace(NOTHING, requests=1, minutes=1))
    many = msgspec.structs.replace(plan, summary=msgspec.structs.replace(NOTHING, requests=41, minutes=3))

    assert effort(one) == "Applying it takes 1 request, about 1 minute at the configured pace."
    assert effort(many) == "Applying it takes 41 requests, about 3 minutes at the configured pace."
    assert effort(msgspec.structs.replace(plan, changes=())) == "No changes: every server is where it belongs."
    assert effort(msgspec.structs.replace(plan, changes=(), applyable=False)) == "It cannot be applied."


@pytest.mark.parametrize(
    ("expected", "networks"),
    [
        ("anywhere (no evidence of sources)", None),
        ("anywhere (groups admit nobody, yet it is reachable)", ()),
        ("10.0.0.0/8", ("10.0.0.0/8",)),
        ("10.0.0.0/8, ::/0, 1.2.3.4/32", ("10.0.0.0/8", "::/0", "1.2.3.4/32")),
        ("a, b, c and 2 more", ("a", "b", "c", "d", "e")),
    ],
)
def test_sources_say_who_may_send(expected: str, networks: tuple[str, ...] | None) -> None:
    assert expected == sources(networks)


def test_a_reason_is_told_by_its_points_or_by_its_sentence() -> None:
    because = Reason(rule="r", because="Nobody vouches.")
    point = Reason(rule="r", because="x", points="tcp/22", path=("igw-1", "i-1"), sources=("::/0",))

    assert told(because) == "Nobody vouches"
    assert told(point) == "tcp/22 from ::/0 by igw-1"
    assert told(msgspec.structs.replace(point, path=())) == "tcp/22 from ::/0 by a path without steps"


def test_a_level_that_nobody_knows_is_the_default_roles(plan: Plan) -> None:
    joined = next(change for change in plan.changes if change.before.level is None)

    assert level(None) == "default role"
    assert level(Exposure.SMALL) == "small"
    assert move(joined) == ("default role", "controlled")


def test_what_is_skipped_is_gathered_by_reason_and_sorted() -> None:
    web, db, other = (Skipped(why=why, name=name) for why, name in (("b", "web"), ("b", "db"), ("a", "other")))

    assert gathered([web, db, other]) == [("a", [other]), ("b", [db, web])]
