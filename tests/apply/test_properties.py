"""Whatever people do between the runs of a plan: nothing of theirs is overwritten, and every outcome adds up."""

import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from apply.acting import MOVES, SERVERS, emulated, execute, move_by_hand, moves, on_disk, plan_for, roles
from exposurectl.apply.receipt import Outcome, Result, verdict
from exposurectl.demo.emulator import Emulator
from exposurectl.diagnostics import Exit
from exposurectl.plan.model import Plan
from plan.building import ROLES


class Edit(NamedTuple):
    """A person moves a server."""

    server: int
    role: int


class Apply(NamedTuple):
    """The plan is applied, and interrupted after so many changes; 9 is never."""

    interrupted_after: int


Step = Edit | Apply
steps: SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        st.builds(Edit, st.sampled_from([one.id for one in SERVERS]), st.sampled_from([role.id for role in ROLES])),
        st.builds(Apply, st.sampled_from((1, 2, 4, 9, 9, 9))),
    ),
    max_size=5,
)


def apply_once(plan: Plan, directory: Path, step: Apply) -> bool:
    """Run the plan, and tell whether it went through."""

    def told(number: int, _result: Result) -> None:
        if number == step.interrupted_after:
            raise KeyboardInterrupt

    if step.interrupted_after > len(plan.changes):
        execute(plan, directory, told=told)
        return True
    with pytest.raises(KeyboardInterrupt):
        execute(plan, directory, told=told)
    return False


def check_run(plan: Plan, futurevuls: Emulator, directory: Path, step: Apply) -> None:
    """Run the plan once, and hold everything against what was so before."""
    before, sent = roles(futurevuls), len(futurevuls.writes)
    receipts = set(directory.glob("receipt*.json"))
    earlier = [one for path in receipts for one in on_disk(path)["results"]]
    done = {one["server"] for one in earlier if one["outcome"] == "applied"}

    went_through = apply_once(plan, directory, step)

    (path,) = set(directory.glob("receipt*.json")) - receipts
    receipt = on_disk(path)
    after, made = roles(futurevuls), moves(futurevuls, sent)
    expected = dict(before)
    for change, result in zip(plan.changes, receipt["results"], strict=True):
        if result["outcome"] == "applied":
            assert change.server not in done
            assert before[change.server] == change.before.role
            expected[change.server] = change.after.role
        if result["outcome"] == "noop":
            assert before[change.server] == change.after.role
        if result["outcome"] == "conflict":
            elsewhere = before[change.server] not in {change.before.role, change.after.role}
            assert elsewhere or (change.server in done and before[change.server] == change.before.role)
        assert (result["outcome"] == "not-attempted") <= (not went_through)
    assert after == expected
    assert len(made) == receipt["outcomes"]["applied"]
    assert receipt["outcomes"].keys() == {outcome.value for outcome in Outcome}
    assert len(receipt["results"]) == len(plan.changes)


@given(steps)
def test_no_edit_of_a_person_is_overwritten_and_every_outcome_adds_up(given_steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as name, emulated() as futurevuls:
        plan = plan_for(futurevuls.url)

        for step in (*given_steps, Apply(9)):
            match step:
                case Edit():
                    move_by_hand(futurevuls.url, step.server, step.role)
                case Apply():
                    check_run(plan, futurevuls, Path(name), step)

        settled = roles(futurevuls)
        last = on_disk(max(Path(name).glob("receipt*.json"), key=lambda path: path.stat().st_mtime_ns))
        for change, result in zip(plan.changes, last["results"], strict=True):
            assert result["outcome"] == "conflict" or settled[change.server] != change.before.role


@pytest.mark.parametrize("interrupts", [(), (1,), (5,), (1, 1), (1, 2, 3, 4, 5), (3, 1, 5), (4, 2, 2)])
def test_however_often_a_run_is_interrupted_each_change_is_made_once(
    interrupts: tuple[int, ...], tmp_path: Path
) -> None:
    with emulated() as futurevuls:
        plan = plan_for(futurevuls.url)

        for number in interrupts:
            apply_once(plan, tmp_path, Apply(number))
        finished = execute(plan, tmp_path)

        assert moves(futurevuls) == MOVES
    assert verdict(finished.receipt) == (Exit.DONE, "")
