"""`exposurectl schema`: the published schemas."""

from pathlib import Path

import pytest

from exposurectl.schemas import NAMES
from running import run_inside

SCHEMAS = Path(__file__).parents[2] / "pipeline" / "exposurectl" / "schemas"


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_printed_as_it_is_published(name: str) -> None:
    ended = run_inside("schema", name)

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.encode() == (SCHEMAS / f"{name}.json").read_bytes()


def test_without_a_name_all_are_listed_with_what_they_are_for() -> None:
    ended = run_inside("schema")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        "policy    One file of a policy.\n"
        "cases     A policy's own tests, which `exposurectl test` runs.\n"
        "config    Where exposurectl runs.\n"
        "plan      A plan, as `plan --out` writes it.\n"
        "receipt   A receipt, as `apply` writes it.\n"
        "snapshot  The manifest.json of a snapshot, as `collect` writes it.\n"
    )


def test_a_name_that_nothing_has_is_a_usage_error() -> None:
    ended = run_inside("schema", "policies")

    assert (ended.code, ended.out, ended.reason) == (1, "", "usage")
    assert "invalid choice: 'policies'" in ended.err
