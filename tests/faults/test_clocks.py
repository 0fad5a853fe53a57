"""F34: whatever a clock says, waits are measured by one that never goes back, and clocks that disagree are refused."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from apply.acting import MOVES, SERVERS, moves, on_disk
from exposurectl.demo.clock import SimulatedClock
from plan.building import AS_OF
from promises.stage import put_config, staged

PACED = {"requests_per_minute_6000": "requests_per_minute: 20"}
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC) - AS_OF


class Jumping(SimulatedClock):
    """A clock whose time of day jumps once somebody has slept for so long; what measures waits goes on."""

    def __init__(self, jump: timedelta, after: float = 10.0) -> None:
        super().__init__(AS_OF)
        self.slept: list[float] = []
        self._jump, self._after = jump, after

    def now(self) -> datetime:
        jumped = self._jump if self.monotonic() >= self._after else timedelta(0)
        return super().now() + jumped

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        super().sleep(seconds)


@pytest.mark.parametrize(
    "jump",
    [DAY, -DAY, EPOCH, timedelta(hours=1), -timedelta(hours=1), timedelta(seconds=1), -timedelta(seconds=1)],
    ids=str,
)
def test_a_clock_that_jumps_in_the_middle_changes_neither_a_wait_nor_an_outcome(
    tmp_path: Path, jump: timedelta
) -> None:
    steady, jumping = Jumping(timedelta(0)), Jumping(jump)
    for name, clock in (("steady", steady), ("jumping", jumping)):
        folder = tmp_path / name
        folder.mkdir()
        with staged(folder, *SERVERS, clock=SimulatedClock(AS_OF)) as stage:
            put_config(folder, stage.futurevuls.url, **PACED)
            ended = stage.apply(clock=clock)
            assert (ended.code, moves(stage.futurevuls)) == (0, MOVES), ended.err

    assert steady.slept == jumping.slept
    assert max(jumping.slept) <= 61
    assert on_disk(tmp_path / "jumping/receipt.json")["outcomes"]["applied"] == 5


@pytest.mark.parametrize("skew", [10 * MINUTE + timedelta(seconds=1), 11 * MINUTE, 23 * 60 * MINUTE], ids=str)
@pytest.mark.parametrize("ahead", [True, False], ids=["ahead", "behind"])
def test_clocks_that_differ_by_more_than_ten_minutes_are_refused(
    tmp_path: Path, skew: timedelta, *, ahead: bool
) -> None:
    ours = AS_OF + timedelta(hours=12)
    theirs = ours - skew if ahead else ours + skew
    with staged(tmp_path, *SERVERS, clock=SimulatedClock(theirs)) as stage:
        ended = stage.apply(clock=SimulatedClock(ours))

        assert (ended.code, ended.reason, ended.out) == (5, "clock-skew", "")
        assert f"minutes {'ahead of' if ahead else 'behind'} FutureVuls'" in ended.err
        assert stage.futurevuls.writes == ()
    assert not (tmp_path / "receipt.json").exists()


@pytest.mark.parametrize("skew", [10 * MINUTE, -10 * MINUTE, timedelta(0)], ids=str)
def test_clocks_that_nearly_agree_are_not(tmp_path: Path, skew: timedelta) -> None:
    ours = AS_OF + timedelta(hours=12)
    with staged(tmp_path, *SERVERS, clock=SimulatedClock(ours + skew)) as stage:
        assert stage.apply(clock=SimulatedClock(ours)).code == 0


@pytest.mark.parametrize(
    ("away", "reason"),
    [(EPOCH, "plan-from-future"), (-DAY, "plan-from-future"), (DAY, "plan-expired"), (400 * DAY, "plan-expired")],
    ids=["1970", "a day behind", "a day ahead", "a year ahead"],
)
def test_a_clock_that_is_far_off_applies_nothing(tmp_path: Path, away: timedelta, reason: str) -> None:
    with staged(tmp_path, *SERVERS) as stage:
        ended = stage.apply(clock=SimulatedClock(AS_OF + away))

        assert (ended.code, ended.reason) == (5, reason)
        assert stage.futurevuls.statuses == ()
