"""P7: lowering needs an acknowledgement of the exact number, and what was acknowledged stands in the receipt."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from apply.acting import EVIDENCE, SERVERS, on_disk, settings_for
from exposurectl.cli.arguments import parser
from exposurectl.config import Limits
from exposurectl.plan.file import write_plan
from plan.building import group, planned
from promises.stage import Stage, put_config, staged

NONE_ALLOWED = {"count_5": "count: 0"}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Stand before a plan with two lowerings and three raises and joins, and a config that lowers nobody unasked."""
    with staged(tmp_path, *SERVERS) as it:
        put_config(tmp_path, it.futurevuls.url, **NONE_ALLOWED)
        yield it


def test_nothing_is_lowered_unasked_and_the_message_says_what_to_type(stage: Stage) -> None:
    ended = stage.apply()

    assert (ended.code, ended.reason, ended.out) == (3, "guardrail-lower", "")
    assert "The plan lowers 2, and limits.lower.count is 0" in ended.err
    assert "--accept-lowering 2" in ended.err
    assert stage.futurevuls.statuses == ()


@pytest.mark.parametrize("number", ["0", "1", "3", "5", "50000"])
def test_any_other_number_lowers_nobody(stage: Stage, number: str) -> None:
    ended = stage.apply("--accept-lowering", number)

    assert (ended.code, ended.reason) == (3, "acknowledgement")
    assert stage.futurevuls.statuses == ()


@pytest.mark.parametrize("number", ["1", "3"])
def test_a_wrong_number_stops_even_what_needs_none(stage: Stage, number: str) -> None:
    put_config(stage.folder, stage.futurevuls.url)

    assert stage.apply("--accept-lowering", number).reason == "acknowledgement"
    assert stage.futurevuls.statuses == ()


def test_the_number_of_raises_is_not_that_of_lowerings(stage: Stage) -> None:
    assert stage.apply("--accept-raising", "3").reason == "guardrail-lower"
    assert stage.futurevuls.statuses == ()


def test_the_exact_number_lowers_and_is_recorded(stage: Stage) -> None:
    ended = stage.apply("--accept-lowering", "2")

    assert (ended.code, len(stage.futurevuls.writes)) == (0, 5)
    receipt = on_disk(stage.folder / "receipt.json")
    assert receipt["approval"]["lowering"] == 2
    assert sum(one["direction"] == "lower" for one in receipt["results"]) == 2


def test_a_plan_that_was_blocked_when_it_was_made_is_lifted_by_the_same_number(stage: Stage) -> None:
    strict = settings_for(stage.futurevuls.url, limits=Limits(raise_percent=100))
    blocked = planned(*EVIDENCE, groups=(group(*SERVERS),), settings=strict)
    stage.file.write_bytes(write_plan(blocked))

    assert not blocked.applyable or blocked.blocked_by
    assert stage.apply().reason == "guardrail-lower"
    assert stage.apply("--accept-lowering", "1").reason == "acknowledgement"
    assert stage.futurevuls.statuses == ()
    assert stage.apply("--accept-lowering", "2").code == 0


def test_there_is_no_force() -> None:
    help_of_all = parser().format_help()

    assert "--force" not in help_of_all
    for flag in ("--force", "--yes", "-f", "-y", "--no-checks"):
        with pytest.raises(Exception, match="unrecognized"):
            parser().parse_args(["apply", "plan.json", flag])
