"""Whole lists or none: pages that shift, repeat, lie about their number or leave things out."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exposurectl.diagnostics import ExposurectlError
from exposurectl.model import Role
from exposurectl.targets.moving import FutureVulsWriter
from exposurectl.targets.pages import MOST_PAGES, Page, page_from, read_pass
from exposurectl.targets.rows import role_from_row
from targets.scripted import Scripted


def role(number: int, name: str = "") -> dict[str, object]:
    return {"id": number, "name": name or f"role {number}"}


def roles(*numbers: int) -> list[dict[str, object]]:
    return [role(number) for number in numbers]


def page(rows: Sequence[object] | None, total: int | None = None, pages: int | None = None) -> dict[str, Any]:
    paging = {"page": 1, "limit": 100, "offset": 0, "totalCount": total, "totalPage": pages}
    shown = {} if total is None and pages is None else {"paging": paging}
    return shown if rows is None else {**shown, "roles": rows}


def ids(found: Sequence[Role]) -> list[int]:
    return [row.id for row in found]


def stopped(call: Callable[[], object]) -> ExposurectlError:
    with pytest.raises(ExposurectlError) as caught:
        call()
    return caught.value


def answer(scripted: Scripted, *pages: object) -> None:
    scripted.answer(*(scripted.json(shown) for shown in pages))


def test_pages_are_read_to_the_last_and_sorted(scripted: Scripted, client: FutureVulsWriter) -> None:
    answer(scripted, page(roles(5, 4), 3, 2), page(roles(1), 3, 2))

    assert ids(client.roles()) == [1, 4, 5]
    assert scripted.lines == ["GET /v1/roles?page=1&limit=100", "GET /v1/roles?page=2&limit=100"]


@pytest.mark.parametrize(
    "empty", [page(None, 0, 0), page(None, 0, 1), page([], 0, 0), page([]), {"roles": None}, {"paging": None}]
)
def test_an_empty_list_may_come_without_its_key(scripted: Scripted, client: FutureVulsWriter, empty: object) -> None:
    answer(scripted, empty)

    assert client.roles() == ()
    assert len(scripted.requests) == 1


def test_without_paging_a_short_page_is_the_last(scripted: Scripted, client: FutureVulsWriter) -> None:
    answer(scripted, page(roles(*range(100))), page(roles(*range(100, 150))))

    assert ids(client.roles()) == list(range(150))
    assert len(scripted.requests) == 2


def test_without_paging_a_full_last_page_is_followed_by_an_empty_one(
    scripted: Scripted, client: FutureVulsWriter
) -> None:
    answer(scripted, page(roles(*range(100))), {})

    assert len(client.roles()) == 100
    assert len(scripted.requests) == 2


def test_a_server_that_gives_smaller_pages_than_asked_for_is_followed_by_its_paging(
    scripted: Scripted, client: FutureVulsWriter
) -> None:
    answer(scripted, *(page(roles(number), 5, 5) for number in range(5)))

    assert ids(client.roles()) == [0, 1, 2, 3, 4]


def test_a_row_that_shifted_onto_two_pages_counts_once_and_as_it_was_last(
    scripted: Scripted, client: FutureVulsWriter
) -> None:
    answer(scripted, page([role(1), role(2, "old")], 3, 2), page([role(2, "new"), role(3)], 3, 2))

    found = client.roles()

    assert [(row.id, row.name) for row in found] == [(1, "role 1"), (2, "new"), (3, "role 3")]


def test_a_row_missed_because_pages_shifted_is_found_by_reading_again(
    scripted: Scripted, client: FutureVulsWriter
) -> None:
    answer(
        scripted,
        page(roles(1, 2), 4, 2),
        page(roles(2, 3), 4, 2),
        page(roles(1, 2), 4, 2),
        page(roles(3, 4), 4, 2),
    )

    assert ids(client.roles()) == [1, 2, 3, 4]
    assert len(scripted.requests) == 4


def test_a_count_that_grows_between_pages_is_believed_as_last_seen(
    scripted: Scripted, client: FutureVulsWriter
) -> None:
    answer(scripted, page(roles(1, 2), 3, 2), page(roles(3, 4), 4, 2))

    assert ids(client.roles()) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (page(roles(1, 2), 3, 1), "2 of 3, 2 of 3, 2 of 3"),
        (page(roles(1, 2), 1, 1), "2 of 1, 2 of 1, 2 of 1"),
        (page(roles(1, 1), 2, 1), "1 of 2, 1 of 2, 1 of 2"),
        (page(None, 5, 1), "0 of 5, 0 of 5, 0 of 5"),
        (page(roles(1), 1, 0) | page(None, 2, 0), "1 of 2, 1 of 2, 1 of 2"),
    ],
)
def test_a_list_that_stays_incomplete_is_an_error_after_three_readings(
    scripted: Scripted, client: FutureVulsWriter, shown: object, said: str
) -> None:
    answer(scripted, shown)

    error = stopped(client.roles)

    (problem,) = error.problems
    assert error.reason == "listing-incomplete"
    assert problem.summary == "The list from FutureVuls is not complete"
    assert problem.detail == f"Group `prod`, GET /v1/roles: read 3 times, it gave {said} roles."
    assert problem.hint == "Somebody may be changing the group just now: run again in a few minutes."
    assert len(scripted.requests) == 3


@pytest.mark.parametrize("shown", [page(roles(1), None, 9), page(roles(*range(100)))])
def test_the_same_page_for_ever_is_not_a_whole_list(
    scripted: Scripted, client: FutureVulsWriter, shown: object
) -> None:
    answer(scripted, shown)

    error = stopped(client.roles)

    assert error.reason == "listing-incomplete"
    assert "of unknown" in error.problems[0].detail
    assert len(scripted.requests) == 6


def test_a_list_without_end_is_given_up_after_a_thousand_pages() -> None:
    asked = []

    def fetch(number: int) -> Page[Role]:
        asked.append(number)
        return Page(rows=(Role(id=number, name=""),), total_page=number + 1)

    one = read_pass(fetch, limit=100)

    assert not one.is_complete
    assert asked == list(range(1, MOST_PAGES + 1))


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ([], "The reply is not an object with `roles`."),
        (None, "The reply is not an object with `roles`."),
        ({}, "answered with an empty object."),
        ({"servers": []}, "The reply has neither `roles` nor `paging`."),
        ({"roles": {}}, "The reply has a `roles` that is not a list."),
        ({"roles": [], "paging": 5}, "The reply has a `paging` that is not an object."),
        ({"paging": {"totalCount": "0"}}, "The reply has a `paging.totalCount` that is not an integer."),
        ({"paging": {"totalPage": True}}, "The reply has a `paging.totalPage` that is not an integer."),
    ],
)
def test_a_reply_that_is_no_page_is_named(
    scripted: Scripted, client: FutureVulsWriter, shown: object, said: str
) -> None:
    answer(scripted, shown)

    error = stopped(client.roles)

    assert error.reason == "response"
    assert [problem.detail for problem in error.problems] == [f"Group `prod`, GET /v1/roles?page=1&limit=100: {said}"]


@pytest.mark.parametrize("nothing", [{}, {"roles": []}, page([]), page(None, 0, 0)])
def test_a_page_without_anything_amid_others_does_not_end_the_list(
    scripted: Scripted, client: FutureVulsWriter, nothing: object
) -> None:
    answer(scripted, page(roles(5, 4), 5, 3), nothing, page(roles(1), 5, 3), *[page(roles(1), 5, 3)] * 9)

    error = stopped(client.roles)

    assert error.reason == "listing-incomplete"


def test_counts_of_an_earlier_page_hold_where_a_later_one_has_none(
    scripted: Scripted, client: FutureVulsWriter
) -> None:
    answer(scripted, page(roles(5, 4), 3, 2), page(roles(1)))

    assert ids(client.roles()) == [1, 4, 5]
    assert len(scripted.requests) == 2


def test_rows_that_cannot_be_read_are_named_with_group_and_request(
    scripted: Scripted, client: FutureVulsWriter
) -> None:
    answer(scripted, {"servers": [{"id": 1, "serverroleId": 2, "platformInstanceId": ""}, {"id": "x"}]})

    error = stopped(client.servers)

    request = "Group `prod`, GET /v1/servers?page=1&limit=1000: "
    assert error.reason == "response"
    assert [problem.detail for problem in error.problems] == [
        request + "`servers[1]` has a string as `id`, not an integer.",
        request + "`servers[1]` has no `serverroleId` or `serverroleID`.",
        request + "`servers[1]` has no `platformInstanceId` or `platformInstanceID`.",
    ]


@pytest.mark.parametrize("body", [{"message": "no"}, {"error": {"message": "no"}}, {"error": "no"}])
def test_an_error_body_is_not_an_empty_list(scripted: Scripted, client: FutureVulsWriter, body: object) -> None:
    answer(scripted, body)

    error = stopped(client.roles)

    assert error.reason == "response"
    assert error.problems[0].detail == "Group `prod`, GET /v1/roles?page=1&limit=100: answered with an error: no."


def test_a_list_that_is_not_found_is_an_error_and_not_empty(scripted: Scripted, client: FutureVulsWriter) -> None:
    scripted.answer(scripted.text(404))

    error = stopped(client.roles)

    assert error.reason == "request"
    assert error.problems[0].detail == "Group `prod`, GET /v1/roles?page=1&limit=100: answered 404."


def test_trouble_on_a_later_page_leaves_no_partial_list(scripted: Scripted, client: FutureVulsWriter) -> None:
    scripted.answer(scripted.json(page(roles(1, 2), 4, 2)), scripted.text(400))

    assert stopped(client.roles).reason == "request"


@given(rows=st.integers(min_value=0, max_value=40), size=st.integers(min_value=1, max_value=7), data=st.data())
def test_a_pass_over_rows_that_change_places_is_whole_or_says_that_it_is_not(
    rows: int, size: int, data: st.DataObject
) -> None:
    def fetch(number: int) -> Page[Role]:
        order = data.draw(st.permutations(range(rows)))
        paging = {"totalCount": rows, "totalPage": -(-rows // size)}
        shown = [role(row) for row in order[(number - 1) * size : number * size]]
        return page_from({"paging": paging, "roles": shown}, "roles", role_from_row)

    one = read_pass(fetch, size)

    assert one.is_complete == (ids(one.rows) == list(range(rows)))


@given(
    rows=st.integers(min_value=0, max_value=40),
    size=st.integers(min_value=1, max_value=7),
    paging=st.sampled_from([(), ("totalCount",), ("totalPage",), ("totalCount", "totalPage")]),
)
def test_a_list_that_stands_still_is_read_whole_in_one_pass(rows: int, size: int, paging: tuple[str, ...]) -> None:
    counts = {"totalCount": rows, "totalPage": -(-rows // size)}

    def fetch(number: int) -> Page[Role]:
        shown = [role(row) for row in range(rows)[(number - 1) * size : number * size]]
        document = {"paging": {key: counts[key] for key in paging}, "roles": shown}
        return page_from(document, "roles", role_from_row)

    one = read_pass(fetch, size)

    assert one.is_complete
    assert ids(one.rows) == list(range(rows))
