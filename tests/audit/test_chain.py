"""The chain: which break is found first, and in which words."""

from itertools import permutations

import pytest

from exposurectl.audit.breaks import Break, Kind
from exposurectl.audit.chain import chain_breaks, head_breaks, in_order
from exposurectl.audit.entry import Entry
from exposurectl.plan.head import HeadEntry


def entry(sequence: int, *, digest: str = "", previous: str | None = None, breaks: tuple[Break, ...] = ()) -> Entry:
    """Return an entry that follows the one with the number before it, unless something else is said."""
    return Entry(
        folder=f"folder-{sequence}",
        environment="production",
        sequence=sequence,
        digest=digest or f"d{sequence}",
        previous=previous or (f"d{sequence - 1}" if sequence > 1 else None),
        breaks=breaks,
    )


def head(sequence: int, *, digest: str = "", folder: str = "") -> HeadEntry:
    plan = f"{folder or f'folder-{sequence}'}/plan.json"
    return HeadEntry(digest=digest or f"d{sequence}", plan=plan, sequence=sequence)


WHOLE = (entry(1), entry(2), entry(3))
TORN = Break(place="folder-2/plan.json", kind=Kind.PLAN_CHANGED, detail="It is torn.")


def found(*entries: Entry) -> list[tuple[str, Kind, str]]:
    return [(one.place, one.kind, one.detail) for one in chain_breaks(in_order(entries))]


@pytest.mark.parametrize("entries", list(permutations(WHOLE)))
def test_a_chain_is_whole_in_whatever_order_its_folders_are_named(entries: tuple[Entry, ...]) -> None:
    assert found(*entries) == []


def test_an_empty_chain_is_whole() -> None:
    assert found() == []


def test_a_chain_may_begin_with_any_number() -> None:
    assert found(entry(7), entry(8)) == []


@pytest.mark.parametrize(
    ("missing", "detail"),
    [
        ({2}, "Plan 2 is missing between folder-1/plan.json and this one."),
        ({2, 3}, "Plans 2 to 3 are missing between folder-1/plan.json and this one."),
    ],
)
def test_a_gap_is_named_at_the_plan_after_it(missing: set[int], detail: str) -> None:
    here = [entry(number) for number in range(1, 5) if number not in missing]

    assert found(*here)[0] == (f"folder-{max(missing) + 1}/plan.json", Kind.PLAN_MISSING, detail)


def test_a_plan_that_names_another_one_is_a_break_and_the_next_is_none() -> None:
    detail = "It names d9 as the one before it; plan 1 here is d1."

    assert found(entry(1), entry(2, previous="d9"), entry(3)) == [
        ("folder-2/plan.json", Kind.PLAN_UNLINKED, detail),
    ]


def test_the_first_plan_names_none_and_every_other_one_does() -> None:
    nameless = Entry(folder="folder-2", environment="production", sequence=2, digest="d2")

    assert found(entry(1, previous="d0")) == [
        ("folder-1/plan.json", Kind.PLAN_UNLINKED, "It is plan 1 and names d0 as the one before it.")
    ]
    assert found(nameless) == [("folder-2/plan.json", Kind.PLAN_UNLINKED, "It is plan 2 and names none before it.")]


def test_what_is_no_plan_any_more_breaks_the_chain_once() -> None:
    torn = Entry(folder="folder-2", environment="production", sequence=2, breaks=(TORN,))

    assert found(entry(1), torn, entry(3, previous="whatever")) == [
        ("folder-2/plan.json", Kind.PLAN_CHANGED, "It is torn.")
    ]


def test_of_two_with_one_number_the_second_is_named() -> None:
    copy = Entry(folder="folder-2b", environment="production", sequence=2, digest="d2", previous="d1")
    other = Entry(folder="folder-2b", environment="production", sequence=2, digest="e2", previous="d1")

    assert found(*WHOLE, copy) == [
        ("folder-2b/plan.json", Kind.PLAN_DUPLICATED, "It is a copy of folder-2/plan.json, which is plan 2 too.")
    ]
    assert found(*WHOLE, other) == [
        ("folder-2b/plan.json", Kind.PLAN_DUPLICATED, "It has the number of folder-2/plan.json, which is plan 2 too.")
    ]


def test_breaks_within_a_folder_come_after_that_of_its_link() -> None:
    broken = entry(2, previous="d9", breaks=(TORN,))

    assert [kind for _, kind, _ in found(entry(1), broken)] == [Kind.PLAN_UNLINKED, Kind.PLAN_CHANGED]


def head_break(named: HeadEntry | None, *entries: Entry) -> tuple[str, Kind, str]:
    (one,) = head_breaks("production", entries, named)
    return one.place, one.kind, one.detail


def test_head_names_the_last_plan() -> None:
    assert list(head_breaks("production", WHOLE, head(3))) == []


def test_head_that_is_ahead_tells_which_plans_are_missing() -> None:
    assert head_break(head(4), *WHOLE) == (
        "folder-4/plan.json",
        Kind.PLAN_MISSING,
        "Plan 4 is not here, and HEAD names plan 4 as the last.",
    )
    assert head_break(head(6), *WHOLE)[2].startswith("Plans 4 to 6 are ")
    assert head_break(head(6))[2].startswith("Plan 6 is ")


def test_head_that_is_behind_or_elsewhere_is_a_break_of_head() -> None:
    assert head_break(head(2), *WHOLE) == (
        "HEAD",
        Kind.HEAD_ELSEWHERE,
        'It names plan 2 of "production", and plan 3 is here.',
    )
    assert head_break(None, *WHOLE)[2] == 'It names no plan of "production", and 3 of its plans are here.'
    for named in (head(3, digest="e3"), head(3, folder="folder-x")):
        place, kind, detail = head_break(named, *WHOLE)
        assert (place, kind) == ("HEAD", Kind.HEAD_ELSEWHERE)
        assert f"It names {named.plan} ({named.digest})" in detail
        assert detail.endswith("the plan here is folder-3/plan.json (d3).")


def test_of_a_last_plan_that_is_torn_head_says_nothing_more() -> None:
    torn = Entry(folder="folder-3", environment="production", sequence=3, breaks=(TORN,))

    assert list(head_breaks("production", (*WHOLE[:2], torn), head(3))) == []
