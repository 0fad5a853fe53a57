"""Recorded replies: several files, several documents a file, all problems at once, and never half a list."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exposurectl.diagnostics import Diagnostic, ExposurectlError, Place
from exposurectl.model import Group, Role, Server
from exposurectl.targets.recorded import read_recorded

ROLES = {"roles": [{"id": 2, "name": "open"}, {"id": 1, "name": "default", "isDefault": True}]}
HINT = "Save what `GET /v1/servers` and `GET /v1/roles` return, page after page, without changing it."


def row(number: int, role: int = 1) -> dict[str, object]:
    return {"id": number, "serverroleId": role, "platformInstanceId": f"i-{number}"}


def server(number: int, role: int = 1) -> Server:
    return Server(id=number, uuid="", name="", role=role, instance=f"i-{number}")


def saved(*documents: object, between: str = "\n", indent: int | None = None) -> bytes:
    return between.join(json.dumps(document, indent=indent) for document in documents).encode()


def servers(total: int, *rows: object) -> dict[str, Any]:
    return {"paging": {"page": 1, "limit": 2, "offset": 0, "totalCount": total, "totalPage": 1}, "servers": [*rows]}


def refused(*files: tuple[str, bytes]) -> ExposurectlError:
    with pytest.raises(ExposurectlError) as caught:
        read_recorded(files, "prod")
    return caught.value


def details_of(*files: tuple[str, bytes]) -> list[tuple[str, str]]:
    error = refused(*files)
    assert error.reason == "response"
    assert {problem.hint for problem in error.problems} == {HINT}
    return [(str(problem.place), problem.detail) for problem in error.problems]


@pytest.mark.parametrize(("between", "indent"), [("\n", None), ("", None), (" \r\n\t", None), ("\n", 2), ("", 4)])
def test_documents_may_follow_each_other_in_any_layout(between: str, indent: int | None) -> None:
    content = saved(servers(3, row(3), row(1)), servers(3, row(2)), ROLES, between=between, indent=indent)

    group = read_recorded([("all.json", content)], "prod")

    roles = (Role(id=1, name="default", is_default=True), Role(id=2, name="open"))
    assert group == Group(name="prod", servers=(server(1), server(2), server(3)), roles=roles)


def test_pages_may_be_spread_over_files_and_repeat_rows() -> None:
    files = [
        ("1.json", saved(servers(2, row(1, role=1), row(2)))),
        ("2.json", saved(servers(2, row(1, role=2)))),
        ("roles.json", saved(ROLES)),
    ]

    assert read_recorded(files, "prod").servers == (server(1, role=2), server(2))


def test_one_object_may_hold_both_lists() -> None:
    group = read_recorded([("group.json", saved({"servers": [row(1)], **ROLES}))], "prod")

    assert (len(group.servers), len(group.roles)) == (1, 2)


def test_the_paging_of_an_object_with_both_lists_may_be_that_of_either() -> None:
    both = {**servers(1, row(1)), **ROLES}

    assert len(read_recorded([("group.json", saved(both))], "prod").roles) == 2


def test_a_group_without_servers_may_lack_the_key() -> None:
    empty = {"paging": {"page": 1, "limit": 1000, "offset": 0, "totalCount": 0, "totalPage": 0}}

    assert read_recorded([("s.json", saved(empty)), ("r.json", saved(ROLES))], "prod").servers == ()


def test_a_byte_order_mark_does_no_harm() -> None:
    assert read_recorded([("r.json", b"\xef\xbb\xbf" + saved(ROLES))], "prod").servers == ()


def test_a_recording_of_fewer_rows_than_the_api_counted_is_not_a_group() -> None:
    error = refused(("s.json", saved(servers(5, row(1), row(2)))), ("r.json", saved(ROLES)))

    assert error.reason == "listing-incomplete"
    assert error.problems == (
        Diagnostic(
            summary="The recorded list is not complete",
            detail="In document 1: there are 5 servers, but the files hold 2.",
            hint=HINT,
            place=Place("s.json"),
        ),
    )


def test_a_row_recorded_twice_does_not_stand_for_a_missing_one() -> None:
    assert refused(("s.json", saved(servers(2, row(1), row(1)), ROLES))).reason == "listing-incomplete"


def test_roles_are_counted_as_well() -> None:
    roles = {**ROLES, "paging": {"totalCount": 3}}

    assert refused(("r.json", saved(roles))).problems[0].detail == (
        "In document 1: there are 3 roles, but the files hold 2."
    )


def test_paging_of_both_lists_that_neither_fulfils_is_incomplete() -> None:
    both = {**servers(9, row(1)), **ROLES}

    assert refused(("g.json", saved(both))).problems[0].detail == (
        "In document 1: there are 9 servers or roles, but the files hold 2."
    )


def test_a_recording_without_roles_is_refused() -> None:
    error = refused(("s.json", saved(servers(1, row(1)))))

    assert error.reason == "response"
    assert [problem.summary for problem in error.problems] == ["The recording holds no roles"]


def test_no_files_are_no_recording() -> None:
    assert refused().problems[0].summary == "The recording holds no roles"


def test_all_problems_of_all_files_come_at_once() -> None:
    files = [
        ("a.json", saved(servers(9, {"id": "1"}, row(2)), {"tasks": []}, {"message": "Authorization failed"})),
        ("b.json", saved(ROLES) + b"\n{broken"),
        ("c.json", b""),
        ("d.json", b"\xff\xfe"),
        ("e.json", saved({"roles": [{"id": 1}], "servers": {}})),
    ]

    assert details_of(*files) == [
        ("a.json", "In document 1: `servers[0]` has a string as `id`, not an integer."),
        ("a.json", "In document 1: `servers[0]` has no `serverroleId` or `serverroleID`."),
        ("a.json", "In document 1: `servers[0]` has no `platformInstanceId` or `platformInstanceID`."),
        ("a.json", "In document 2: it is neither a page of `servers` nor a page of `roles`."),
        ("a.json", "In document 3: it is neither a page of `servers` nor a page of `roles`, but an error reply."),
        ("b.json", "In document 2: line 2, column 2 is not JSON: Expecting property name enclosed in double quotes."),
        ("c.json", "In document 1: the file is empty."),
        ("d.json", "In document 1: the file is not UTF-8."),
        ("e.json", "In document 1: The reply has a `servers` that is not a list."),
        ("e.json", "In document 1: `roles[0]` has no `name`."),
    ]


@pytest.mark.parametrize(
    "stray", [[], "text", 5, None, {}, {"paging": {"totalCount": 5}}, {"paging": {}}, {"paging": None}]
)
def test_a_document_that_is_no_page_is_refused(stray: object) -> None:
    assert details_of(("a.json", saved(ROLES, stray))) == [
        ("a.json", "In document 2: it is neither a page of `servers` nor a page of `roles`.")
    ]


@pytest.mark.parametrize("bad", [b"[" * 100_000, b'{"roles": NaN}', b'{"roles": ' + b"9" * 5000 + b"}"])
def test_json_that_no_api_sends_is_refused(bad: bytes) -> None:
    assert details_of(("a.json", bad)) == [
        ("a.json", "In document 1: it is nested too deeply, or holds a number that is none.")
    ]


def test_a_problem_with_the_paging_of_both_lists_is_said_once() -> None:
    both = {"servers": [], "roles": [], "paging": {"totalCount": "1"}}

    assert details_of(("a.json", saved(both))) == [
        ("a.json", "In document 1: The reply has a `paging.totalCount` that is not an integer.")
    ]


@given(
    numbers=st.sets(st.integers(min_value=1, max_value=500), max_size=40),
    size=st.integers(min_value=1, max_value=9),
    data=st.data(),
)
def test_any_order_of_the_pages_is_the_same_group_and_any_missing_page_is_noticed(
    numbers: set[int], size: int, data: st.DataObject
) -> None:
    rows = [row(number) for number in sorted(numbers)]
    pages = [servers(len(rows), *rows[start : start + size]) for start in range(0, len(rows), size)]
    shuffled = data.draw(st.permutations(pages))

    group = read_recorded([("s.json", saved(*shuffled, ROLES))], "prod")

    assert group.servers == tuple(server(number) for number in sorted(numbers))
    if len(pages) > 1:
        assert refused(("s.json", saved(*shuffled[1:], ROLES))).reason == "listing-incomplete"


def test_a_file_of_countless_values_or_documents_is_refused_before_it_is_read() -> None:
    crammed, stray, large = b"[" + b"[]," * 1_000_000 + b"0]", b"0 " * 2_500, b" " * (32 * 1024 * 1024 + 1)

    said = [refused(("a.json", content)).problems[-1].detail for content in (crammed, stray, large)]

    assert said == [
        "In document 1: the file holds more than 1000000 values.",
        "In document 2002: the file holds more than 2000 documents.",
        "In document 1: the file is larger than 32 MiB.",
    ]
