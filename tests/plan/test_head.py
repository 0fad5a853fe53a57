"""HEAD: one line an environment, one canonical form, and nothing else is read."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exposurectl.diagnostics import Exit, ExposurectlError
from exposurectl.plan.head import MAX_BYTES, HeadEntry, folder_of, is_folder, read_head, with_newest, write_head
from plan.building import resealed, three_changes

DIGEST = "sha256:" + "0123456789abcdef" * 4
PRODUCTION = HeadEntry(digest=DIGEST, plan="20261123T030000Z-0012/plan.json", sequence=12)
STAGING = HeadEntry(digest=DIGEST[:-1] + "0", plan="20261122T031500Z-0003/plan.json", sequence=3)
WRITTEN = f"""\
{{
  "production": {{"digest": "{DIGEST}", "plan": "20261123T030000Z-0012/plan.json", "sequence": 12}},
  "staging": {{"digest": "{DIGEST[:-1]}0", "plan": "20261122T031500Z-0003/plan.json", "sequence": 3}}
}}
""".encode()


def why(content: bytes) -> str:
    """Return the detail of the refusal."""
    with pytest.raises(ExposurectlError) as raised:
        read_head("plans/HEAD", content)
    (problem,) = raised.value.problems
    assert (raised.value.reason, raised.value.exit_code) == ("head-invalid", Exit.REFUSED)
    assert (str(problem.place), problem.summary) == ("plans/HEAD", "HEAD cannot be read")
    assert problem.hint == (
        "where two plans met, keep the one that was merged first and make the other again with `plan --record`"
    )
    return problem.detail


def said(content: bytes) -> Mapping[str, HeadEntry] | None:
    """Return what a file says; None where it is refused."""
    try:
        return read_head("HEAD", content)
    except ExposurectlError:
        return None


def with_entry(**changes: object) -> bytes:
    """Return a canonical file of one entry with something else in it."""
    return write_head({"production": msgspec.structs.replace(PRODUCTION, **changes)})


def test_each_environment_has_a_line_of_its_own() -> None:
    assert write_head({"staging": STAGING, "production": PRODUCTION}) == WRITTEN


def test_what_was_written_is_read() -> None:
    assert read_head("plans/HEAD", WRITTEN) == {"production": PRODUCTION, "staging": STAGING}


def test_a_plan_becomes_the_newest_of_its_environment_alone() -> None:
    plan = three_changes()

    head = with_newest({"production": PRODUCTION, "staging": STAGING}, plan)

    entry = HeadEntry(digest=plan.digest, plan="20261123T030000Z-0001/plan.json", sequence=1)
    assert head == {"production": entry, "staging": STAGING}
    assert read_head("HEAD", write_head(head)) == head


def test_a_folder_says_when_and_which() -> None:
    plan = three_changes()

    assert folder_of(plan) == "20261123T030000Z-0001"
    assert folder_of(resealed(plan, sequence=12345)) == "20261123T030000Z-12345"
    assert is_folder("20261123T030000Z-12345")
    assert not is_folder("20261123T030000Z-001")
    assert not is_folder("2026-11-23")


@given(st.data())
def test_one_changed_byte_is_refused_or_says_something_else(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(WRITTEN) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != WRITTEN[at]))

    assert said(WRITTEN[:at] + bytes([byte]) + WRITTEN[at + 1 :]) != {"production": PRODUCTION, "staging": STAGING}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]\n",
        b"\xff",
        b"[" * 100_000,
        WRITTEN[:-10],
        b'{\n  "production": {"digest": "x", "plan": "y", "sequence": 1, "more": 2}\n}\n',
        b"<<<<<<< ours\n" + WRITTEN,
    ],
)
def test_what_is_not_head_is_refused(content: bytes) -> None:
    assert why(content).startswith("This is not HEAD as exposurectl writes it: ")


@pytest.mark.parametrize("content", [WRITTEN[:-1], WRITTEN + b"\n", WRITTEN.replace(b": {", b":  {"), b"{}"])
def test_another_form_of_the_same_is_refused(content: bytes) -> None:
    assert why(content).startswith("The bytes are not those that exposurectl writes for these plans.")


@pytest.mark.parametrize(
    "changes",
    [
        {"digest": "sha256:0"},
        {"digest": DIGEST.upper()},
        {"plan": "../../20261123T030000Z-0012/plan.json"},
        {"plan": "20261123T030000Z-0012/../plan.json"},
        {"plan": "20261123T030000Z-0012/receipt.json"},
        {"plan": "/20261123T030000Z-0012/plan.json"},
        {"plan": "20261123T030000Z-0012"},
        {"plan": "elsewhere/plan.json"},
        {"sequence": 13},
        {"sequence": 0, "plan": "20261123T030000Z-0000/plan.json"},
    ],
)
def test_an_entry_leads_into_a_folder_of_that_number_or_is_refused(changes: dict[str, object]) -> None:
    assert why(with_entry(**changes)).startswith('What it says of "production" names no recorded plan.')


def test_a_file_beyond_the_limit_is_not_parsed() -> None:
    assert why(b" " * (MAX_BYTES + 1)).startswith(f"The file is larger than {MAX_BYTES} bytes.")
    assert why(b" " * MAX_BYTES).startswith("This is not HEAD as exposurectl writes it: ")


def test_two_new_plans_conflict_in_git(tmp_path: Path) -> None:
    base, ours, theirs = (tmp_path / name for name in ("base", "ours", "theirs"))
    base.write_bytes(WRITTEN)
    newer = with_newest({"production": PRODUCTION, "staging": STAGING}, three_changes())
    ours.write_bytes(write_head(newer))
    again = with_newest({"production": PRODUCTION, "staging": STAGING}, resealed(three_changes(), warnings=("x",)))
    theirs.write_bytes(write_head(again))

    merged = subprocess.run(["git", "merge-file", "-p", ours, base, theirs], capture_output=True, check=False)

    assert merged.returncode == 1
    assert b"<<<<<<<" in merged.stdout
    assert why(merged.stdout)
