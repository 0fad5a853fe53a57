"""P1, T1: what was reviewed is what is applied: whatever byte of a plan changes, nothing is written."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from plan.building import resealed
from promises.stage import Stage, staged

Changes = list[dict[str, Any]]
FLIPS = {0x01: 1, 0x20: 29, 0x80: 29}
"""Another value for every byte; for one of so many another case of a letter, and no ASCII any more."""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as it:
        yield it


def assert_nothing_asked(stage: Stage) -> None:
    assert stage.futurevuls.statuses == ()
    assert sorted(path.name for path in stage.folder.iterdir()) == ["plan.json", "production.yaml"]


@pytest.mark.parametrize(("flip", "step"), FLIPS.items())
def test_every_single_byte_is_protected(stage: Stage, flip: int, step: int) -> None:
    content = stage.file.read_bytes()
    found = set()

    for place, byte in [*enumerate(content)][::step]:
        stage.file.write_bytes(content[:place] + bytes([byte ^ flip]) + content[place + 1 :])
        ended = stage.apply()
        found.add((ended.code, ended.reason, ended.out))

    assert found == {(5, "digest-mismatch", "")}
    assert_nothing_asked(stage)


@pytest.mark.parametrize("grown", [b"\n", b" ", b"\x00", b"{}"])
@pytest.mark.parametrize("front", [True, False], ids=["before", "after"])
def test_nothing_can_be_added_around_it(stage: Stage, grown: bytes, *, front: bool) -> None:
    content = stage.file.read_bytes()
    stage.file.write_bytes(grown + content if front else content + grown)

    assert stage.apply().reason == "digest-mismatch"
    assert_nothing_asked(stage)


def test_no_end_of_it_can_be_missing(stage: Stage) -> None:
    content = stage.file.read_bytes()

    for length in range(0, len(content), 197):
        stage.file.write_bytes(content[:length])
        assert stage.apply().code == 5

    assert_nothing_asked(stage)


def without_the_last(changes: Changes) -> Changes:
    return changes[:-1]


def backwards(changes: Changes) -> Changes:
    return changes[::-1]


def with_one_twice(changes: Changes) -> Changes:
    return [*changes, changes[0]]


def with_one_more(changes: Changes) -> Changes:
    return [*changes, {**changes[0], "server": 4}]


@pytest.mark.parametrize("edit", [without_the_last, backwards, with_one_twice, with_one_more])
def test_changes_are_neither_deleted_nor_reordered_nor_added(stage: Stage, edit: Callable[[Changes], Changes]) -> None:
    data = json.loads(stage.file.read_bytes())
    data["changes"] = edit(data["changes"])
    stage.file.write_text(json.dumps(data, indent=2, sort_keys=True) + "\n", encoding="utf-8")

    assert stage.apply().reason == "digest-mismatch"
    assert_nothing_asked(stage)


def test_a_plan_that_was_sealed_anew_is_not_the_one_that_was_approved(stage: Stage) -> None:
    from exposurectl.plan.file import write_plan

    other = resealed(stage.plan, warnings=("Something else.",))
    stage.file.write_bytes(write_plan(other))

    ended = stage.apply("--approve", stage.plan.digest)

    assert (ended.code, ended.reason) == (5, "not-approved")
    assert other.digest in ended.err
    assert stage.plan.digest in ended.err
    assert_nothing_asked(stage)


def test_the_plan_as_it_was_reviewed_is_applied(stage: Stage) -> None:
    ended = stage.apply("--approve", stage.plan.digest)

    assert (ended.code, len(stage.futurevuls.writes)) == (0, 3)
