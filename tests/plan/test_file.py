"""The plan file: one canonical form, and nothing else is read."""

import hashlib
import json
from typing import Any

import msgspec
import pytest

from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError, Place
from exposurectl.plan.file import read_plan, seal, write_plan
from exposurectl.plan.model import Plan
from plan.building import planned, resealed, seen, three_changes

PLAN = three_changes()
CONTENT = write_plan(PLAN)


def refused(content: bytes) -> Diagnostic:
    with pytest.raises(ExposurectlError) as caught:
        read_plan("plans/1/plan.json", content)
    assert (caught.value.reason, caught.value.exit_code) == ("digest-mismatch", Exit.REFUSED)
    (problem,) = caught.value.problems
    return problem


def is_refused(content: bytes) -> bool:
    try:
        read_plan("plan.json", content)
    except ExposurectlError as error:
        return (error.reason, error.exit_code) == ("digest-mismatch", Exit.REFUSED)
    return False


def canonical(data: Any) -> bytes:
    """Return data in the form of a plan file, as its description reads, and not as the program writes it."""
    return json.dumps(data, sort_keys=True, indent=2).encode("ascii") + b"\n"


def edited(**changes: Any) -> bytes:
    """Return the plan with something else in it, in canonical form and with the digest that belongs to it."""
    data = {**json.loads(CONTENT), **changes}
    return canonical({**data, "digest": digest_of(data)})


def digest_of(data: dict[str, Any]) -> str:
    body = {key: value for key, value in data.items() if key != "digest"}
    compact = json.dumps(body, sort_keys=True, separators=(",", ":")).encode("ascii")
    return "sha256:" + hashlib.sha256(b"exposurectl-plan/v1\0" + compact).hexdigest()


def test_what_was_written_is_read() -> None:
    assert read_plan("plan.json", CONTENT) == PLAN


def test_a_plan_is_written_in_one_form() -> None:
    assert canonical(json.loads(CONTENT)) == CONTENT


def test_a_plan_holds_ascii_only() -> None:
    named = planned(seen("i-a", name="店\u202e\U0001f525"))

    content = write_plan(named)

    assert content.isascii()
    assert b"\\u5e97\\u202e\\ud83d\\udd25" in content
    assert read_plan("plan.json", content) == named


def test_a_plan_ends_in_one_newline() -> None:
    assert CONTENT.endswith(b"}\n")
    assert b"\n\n" not in CONTENT


def test_a_plan_is_indented_by_two_spaces() -> None:
    first, second = CONTENT.splitlines()[:2]

    assert (first, second) == (b"{", b'  "applyable": true,')


def test_keys_of_a_change_are_sorted() -> None:
    change = json.loads(CONTENT)["changes"][0]

    assert list(change) == sorted(change)
    assert list(change) == [
        *("account", "after", "before", "cause", "direction", "evidence", "group", "instance", "name", "observed"),
        *("reasons", "region", "server", "would_be"),
    ]


def test_a_summary_and_a_condition_use_the_words_of_the_design() -> None:
    data = json.loads(CONTENT)

    assert data["summary"] == {
        "raise": 1,
        "join": 1,
        "lower": 1,
        "unchanged": 0,
        "skipped": 0,
        "requests": 6,
        "minutes": 1,
    }
    assert data["changes"][0]["would_be"] == [{"if": "tcp/22 were not reachable", "level": "small"}]


def test_the_digest_is_over_everything_else_and_says_what_it_is_of() -> None:
    assert digest_of(json.loads(CONTENT)) == PLAN.digest


def test_sealing_again_changes_nothing() -> None:
    assert seal(PLAN) == PLAN
    assert seal(msgspec.structs.replace(PLAN, digest="sha256:other")) == PLAN


@pytest.mark.parametrize("name", [field for field in Plan.__struct_fields__ if field != "digest"])
def test_the_digest_covers_every_field(name: str) -> None:
    other: Any = {"applyable": False, "previous": "sha256:0"}.get(name, ())

    assert resealed(PLAN, **{name: other if getattr(PLAN, name) != other else ("more",)}).digest != PLAN.digest


def test_one_changed_byte_anywhere_is_refused() -> None:
    accepted = []
    for position, byte in enumerate(CONTENT):
        for other in (byte ^ 0x01, byte ^ 0x20, ord("0") if byte != ord("0") else ord("9")):
            content = bytearray(CONTENT)
            content[position] = other
            if not is_refused(bytes(content)):
                accepted.append((position, other))

    assert accepted == []


def test_one_missing_byte_anywhere_is_refused() -> None:
    assert [at for at in range(len(CONTENT)) if not is_refused(CONTENT[:at] + CONTENT[at + 1 :])] == []


def test_a_plan_cut_short_anywhere_is_refused() -> None:
    assert [at for at in range(0, len(CONTENT), 7) if not is_refused(CONTENT[:at])] == []


@pytest.mark.parametrize("more", [b"\n", b" ", b"\0", b"{}", CONTENT])
def test_anything_after_the_plan_is_refused(more: bytes) -> None:
    assert is_refused(CONTENT + more)


@pytest.mark.parametrize("before", [b"\n", b" ", b"\xef\xbb\xbf"])
def test_anything_before_the_plan_is_refused(before: bytes) -> None:
    assert is_refused(before + CONTENT)


CHANGES = json.loads(CONTENT)["changes"]


@pytest.mark.parametrize(
    "changes",
    [CHANGES[:2], CHANGES[::-1], [*CHANGES, CHANGES[0]], [], [{**CHANGES[0], "server": 99}, *CHANGES[1:]]],
    ids=["deleted", "reordered", "duplicated", "none", "another server"],
)
def test_edited_changes_are_refused_by_the_digest(changes: list[Any]) -> None:
    content = canonical({**json.loads(CONTENT), "changes": changes})

    problem = refused(content)

    assert problem.place == Place("plans/1/plan.json")
    assert problem.summary == "Plan changed since it was made"
    assert problem.detail == (
        f"The plan's digest is {digest_of(json.loads(content))}, and the file says {PLAN.digest}. "
        "A plan is applied exactly as it was reviewed, or not at all."
    )
    assert problem.hint == "take the file from where it was reviewed, or make a new plan"


def test_the_same_plan_in_another_form_is_refused() -> None:
    problem = refused(json.dumps(json.loads(CONTENT), sort_keys=True).encode())

    assert problem.detail == (
        "The bytes are not those that exposurectl writes for this plan. "
        "A plan is applied exactly as it was reviewed, or not at all."
    )


def test_a_key_that_stands_twice_is_refused() -> None:
    assert is_refused(CONTENT.replace(b'  "applyable": true,', b'  "applyable": true,\n  "applyable": true,'))


@pytest.mark.parametrize("version", [0, 2, 999])
def test_another_format_version_is_refused_by_its_number(version: int) -> None:
    problem = refused(edited(format_version=version))

    assert problem.detail == (
        f"The plan has format version {version}; this exposurectl reads 1. "
        "A plan is applied exactly as it was reviewed, or not at all."
    )


def test_a_later_format_is_named_even_where_nothing_else_is_known() -> None:
    assert refused(b'{"format_version": 2, "new": []}').detail.startswith("The plan has format version 2;")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not JSON",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{}",
        b"3",
        b'{"format_version": "1"}',
        b'{"format_version": 1}',
        b'{"format_version": 1.5}',
        b'{"format_version": 1e999}',
        b'{"format_version": ' + b"1" * 5_000 + b"}",
        b"[" * 100_000,
        b'{"a": ' * 100_000,
        b'{"format_version": 1, "sequence": ' + b"9" * 5_000 + b"}",
    ],
    ids=range(15),
)
def test_what_is_not_a_plan_is_refused(content: bytes) -> None:
    assert refused(content).detail.startswith(("This is not a plan as exposurectl writes it: ", "The plan has format"))


@pytest.mark.parametrize(
    "changes",
    [
        {"extra": 1},
        {"summary": {**json.loads(CONTENT)["summary"], "extra": 1}},
        {"changes": [{**CHANGES[0], "extra": 1}]},
        {"changes": [{**CHANGES[0], "before": {"level": "unknown", "role": 1}}]},
        {"changes": None},
        {"sequence": "1"},
        {"sequence": 1.0},
        {"as_of": "2026-11-23T03:00:00"},
        {"expires_at": "2026-11-23"},
        {"as_of": 1},
    ],
    ids=str,
)
def test_a_plan_of_another_shape_is_refused_however_it_is_sealed(changes: dict[str, Any]) -> None:
    assert refused(edited(**changes)).detail.startswith("This is not a plan as exposurectl writes it: ")


@pytest.mark.parametrize("content", [b" " * (Plan.MAX_BYTES + 1), b"{}", edited(format_version=7), CONTENT + b"\n"])
def test_every_refusal_names_the_file(content: bytes) -> None:
    with pytest.raises(ExposurectlError) as caught:
        read_plan("mine.json", content)

    assert [str(problem.place) for problem in caught.value.problems] == ["mine.json"]


@pytest.mark.parametrize("digits", [19, 20, 4_300, 4_301, 100_000])
def test_a_number_of_any_length_is_refused(digits: int) -> None:
    assert is_refused(CONTENT.replace(b'"sequence": 1,', b'"sequence": ' + b"9" * digits + b","))


def test_a_file_beyond_the_limit_is_refused_unread() -> None:
    problem = refused(b" " * (64 * 1024 * 1024 + 1))

    assert problem.detail == (
        "The file is larger than 67108864 bytes. A plan is applied exactly as it was reviewed, or not at all."
    )


def test_a_file_at_the_limit_is_read() -> None:
    assert refused(b" " * (64 * 1024 * 1024)).detail.startswith("This is not a plan as exposurectl writes it: ")


def test_a_plan_of_more_values_than_any_is_not_decoded() -> None:
    with pytest.raises(ExposurectlError) as caught:
        read_plan("plan.json", b"[" + b"0," * 3_000_001 + b"0]")

    assert caught.value.problems[0].place == Place("plan.json")
    assert caught.value.problems[0].detail.startswith("The file holds more than 3000000 values.")


def test_as_many_values_as_a_plan_may_hold_are_decoded() -> None:
    with pytest.raises(ExposurectlError) as caught:
        read_plan("plan.json", b"[" + b"0," * 3_000_000 + b"0]")

    assert caught.value.problems[0].detail.startswith("This is not a plan as exposurectl writes it: ")


def test_what_a_runner_takes_for_a_command_is_written_by_escapes_and_read_as_it_was() -> None:
    named = resealed(PLAN, environment="##[error]a ##[b")
    content = write_plan(named)

    assert b"##[" not in content
    assert b'"environment": "\\u0023\\u0023[error]a \\u0023\\u0023[b"' in content
    assert read_plan("plan.json", content) == named


def test_the_digest_is_of_ascii_whatever_a_plan_says() -> None:
    plan = resealed(PLAN, warnings=("\u5e97",))
    body = json.loads(write_plan(plan))
    del body["digest"]

    compact = json.dumps(body, sort_keys=True, separators=(",", ":")).encode("ascii")
    assert plan.digest == f"sha256:{hashlib.sha256(b'exposurectl-plan/v1' + bytes(1) + compact).hexdigest()}"
