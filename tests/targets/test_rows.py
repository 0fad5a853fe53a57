"""Rows of the API: the known variants are read, anything else has a name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exposurectl.diagnostics import ExposurectlError
from exposurectl.model import Role, Server
from exposurectl.targets.rows import read_rows, role_from_row, server_from_row

SERVER = {
    "id": 17,
    "serverUuid": "8c7a9c2e-6d6a-4c7e-9a6b-0f1f5a3f2b10",
    "serverName": "web-1",
    "serverroleId": 3,
    "platformInstanceId": "i-0123456789abcdef0",
    "defaultUserId": 9,
}


def without(key: str, **others: object) -> dict[str, object]:
    return {name: value for name, value in SERVER.items() if name != key} | others


def details_of(row: object, read: Any = server_from_row, where: str = "servers[17]") -> list[str]:
    with pytest.raises(ExposurectlError) as caught:
        read(row, where)

    assert caught.value.reason == "response"
    assert {problem.summary for problem in caught.value.problems} == {"A FutureVuls row cannot be read"}
    return [problem.detail for problem in caught.value.problems]


def test_a_whole_row_is_a_server() -> None:
    assert server_from_row(SERVER, "servers[0]") == Server(
        id=17,
        uuid="8c7a9c2e-6d6a-4c7e-9a6b-0f1f5a3f2b10",
        name="web-1",
        role=3,
        instance="i-0123456789abcdef0",
        default_user=9,
    )


def test_three_members_are_enough() -> None:
    row = {"id": 1, "serverroleID": 2, "platformInstanceID": "i-1"}

    assert server_from_row(row, "servers[0]") == Server(id=1, uuid="", name="", role=2, instance="i-1")


def test_the_documented_casing_comes_first() -> None:
    server = server_from_row({**SERVER, "serverroleID": 99, "platformInstanceID": "i-99"}, "servers[0]")

    assert (server.role, server.instance) == (3, "i-0123456789abcdef0")


@pytest.mark.parametrize(
    ("written", "instance"),
    [("  i-0ABCdef\t", "i-0abcdef"), ("", ""), ("   ", ""), ("mi-1", "mi-1")],
)
def test_an_instance_id_is_trimmed_and_lower_case(written: str, instance: str) -> None:
    assert server_from_row({**SERVER, "platformInstanceId": written}, "servers[0]").instance == instance


@pytest.mark.parametrize("key", ["serverName", "serverUuid", "defaultUserId"])
def test_an_optional_member_may_be_missing_or_null(key: str) -> None:
    assert server_from_row(without(key), "servers[0]") == server_from_row({**SERVER, key: None}, "servers[0]")


@pytest.mark.parametrize(
    ("row", "detail"),
    [
        (without("id"), "`servers[17]` has no `id`."),
        (without("serverroleId"), "`servers[17]` has no `serverroleId` or `serverroleID`."),
        (without("platformInstanceId"), "`servers[17]` has no `platformInstanceId` or `platformInstanceID`."),
        (without("id", id="17"), "`servers[17]` has a string as `id`, not an integer."),
        (without("id", id=True), "`servers[17]` has a boolean as `id`, not an integer."),
        (without("id", id=17.0), "`servers[17]` has a decimal number as `id`, not an integer."),
        (without("id", id=None), "`servers[17]` has null as `id`, not an integer."),
        ({**SERVER, "serverroleId": "3"}, "`servers[17]` has a string as `serverroleId`, not an integer."),
        (without("serverroleId", serverroleID=[]), "`servers[17]` has a list as `serverroleID`, not an integer."),
        ({**SERVER, "platformInstanceId": 5}, "`servers[17]` has an integer as `platformInstanceId`, not a string."),
        ({**SERVER, "platformInstanceId": None}, "`servers[17]` has null as `platformInstanceId`, not a string."),
        ({**SERVER, "serverName": {}}, "`servers[17]` has an object as `serverName`, not a string."),
        ({**SERVER, "defaultUserId": "9"}, "`servers[17]` has a string as `defaultUserId`, not an integer."),
    ],
)
def test_a_row_that_cannot_be_read_names_its_place_and_key(row: object, detail: str) -> None:
    assert details_of(row) == [detail]


def test_all_problems_of_a_row_come_at_once() -> None:
    assert details_of({"id": "1", "serverName": 5}) == [
        "`servers[17]` has a string as `id`, not an integer.",
        "`servers[17]` has an integer as `serverName`, not a string.",
        "`servers[17]` has no `serverroleId` or `serverroleID`.",
        "`servers[17]` has no `platformInstanceId` or `platformInstanceID`.",
    ]


@pytest.mark.parametrize(
    ("row", "kind"), [(None, "null"), ([], "a list"), ("x", "a string"), (5, "an integer"), (True, "a boolean")]
)
def test_a_row_that_is_no_object_has_that_one_problem(row: object, kind: str) -> None:
    assert details_of(row) == [f"`servers[17]` is {kind}, not an object."]


def test_an_empty_row_names_all_that_it_lacks() -> None:
    assert details_of({}) == [
        "`servers[17]` has no `id`.",
        "`servers[17]` has no `serverroleId` or `serverroleID`.",
        "`servers[17]` has no `platformInstanceId` or `platformInstanceID`.",
    ]


def test_a_row_is_a_role() -> None:
    row = {"id": 2, "name": "exposure-open", "isDefault": True, "serverCount": 4, "ssvc": "new in 2027"}

    assert role_from_row(row, "roles[0]") == Role(id=2, name="exposure-open", is_default=True)


@pytest.mark.parametrize("row", [{"id": 2, "name": "a"}, {"id": 2, "name": "a", "isDefault": None}])
def test_a_role_that_does_not_say_is_not_the_default(row: object) -> None:
    assert role_from_row(row, "roles[0]") == Role(id=2, name="a", is_default=False)


@pytest.mark.parametrize(
    ("row", "detail"),
    [
        ({"id": 2}, "`roles[1]` has no `name`."),
        ({"name": "a"}, "`roles[1]` has no `id`."),
        ({"id": 2, "name": None}, "`roles[1]` has null as `name`, not a string."),
        ({"id": 2, "name": "a", "isDefault": "yes"}, "`roles[1]` has a string as `isDefault`, not true or false."),
        ({"id": 2, "name": "a", "isDefault": 1}, "`roles[1]` has an integer as `isDefault`, not true or false."),
    ],
)
def test_a_role_that_cannot_be_read_names_its_place_and_key(row: object, detail: str) -> None:
    assert details_of(row, role_from_row, "roles[1]") == [detail]


def test_the_problems_of_all_rows_come_at_once() -> None:
    with pytest.raises(ExposurectlError) as caught:
        read_rows([{"id": 1}, {"id": 2, "name": "fine"}, {"name": "x"}], role_from_row, "roles")

    details = [problem.detail for problem in caught.value.problems]
    assert details == ["`roles[0]` has no `name`.", "`roles[2]` has no `id`."]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*SERVER, "name", "x"]), inner),
    max_leaves=8,
)


@given(JSON)
def test_any_json_is_a_server_or_a_named_error(row: object) -> None:
    try:
        server = server_from_row(row, "servers[0]")
    except ExposurectlError as error:
        details = [problem.detail for problem in error.problems]
    else:
        details = []
        assert isinstance(row, dict)
        assert server.id == row["id"]

    assert all(detail.startswith("`servers[0]` ") for detail in details)
