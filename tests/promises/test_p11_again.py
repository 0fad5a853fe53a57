"""P11, F16, F40: a finished plan that is applied again does nothing and exits 0; a half-done one is finished."""

from pathlib import Path

import pytest

from apply.acting import MOVES, SERVERS, moves, on_disk
from exposurectl.apply.journal import NAME
from exposurectl.demo.ledger import Rights
from promises.stage import staged

NOTHING_DONE = {"applied": 0, "noop": 5, "conflict": 0, "gone": 0, "failed": 0, "unknown": 0, "not-attempted": 0}


@pytest.mark.parametrize("keep", [True, False], ids=["with its journal", "without it"])
def test_a_finished_plan_has_nothing_left_to_do(tmp_path: Path, *, keep: bool) -> None:
    with staged(tmp_path, *SERVERS) as stage:
        assert stage.apply().code == 0
        if not keep:
            (tmp_path / NAME).unlink()

        for number in (2, 3, 4):
            again = stage.apply()
            assert (again.code, again.reason) == (0, "")
            assert on_disk(tmp_path / f"receipt-{number}.json")["outcomes"] == NOTHING_DONE

        assert moves(stage.futurevuls) == MOVES


@pytest.mark.parametrize("keep", [True, False], ids=["with its journal", "without it"])
def test_a_plan_that_stopped_in_the_middle_is_finished_by_the_next_run(tmp_path: Path, *, keep: bool) -> None:
    token: list[str] = []

    def heard(given: str, method: str, path: str) -> None:
        """Take the right to update away before the third move, as a person might."""
        if (method, path) == ("PUT", "/v1/server/3") and not token:
            token.append(given)
            stage.futurevuls.permit(given, Rights(update=False))

    with staged(tmp_path, *SERVERS, heard=heard) as stage:
        first = stage.apply()
        assert (first.code, first.reason) == (4, "permission")
        if not keep:
            (tmp_path / NAME).unlink()
        stage.futurevuls.permit(token[0], Rights())

        second = stage.apply()

        assert second.code == 0, second.err
        made = moves(stage.futurevuls)
    assert made == (*MOVES[:3], *MOVES[2:])  # the third was refused the first time
    outcomes = on_disk(tmp_path / "receipt-2.json")["outcomes"]
    assert (outcomes["noop"], outcomes["applied"]) == (2, 3)
