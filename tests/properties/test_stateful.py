"""Whatever people do while exposurectl plans and applies: nothing of theirs is overwritten, and everything adds up."""

import pytest
from hypothesis import settings

from plan.building import WEB_SMALL
from properties.fleet import INSTANCES
from properties.machine import Machine
from properties.mishaps import Mishaps

pytestmark = pytest.mark.timeout(0)  # it says itself how much it does: half a minute, and a night

_IS_NIGHT = settings.get_current_profile_name() == "nightly"

TestMachine = Machine.TestCase
TestMachine.settings = (
    settings(max_examples=2_000, stateful_step_count=50)
    if _IS_NIGHT
    else settings(max_examples=200, stateful_step_count=30)
)


def end(point: str, nth: int, *, killed: bool) -> Mishaps:
    return Mishaps({}, point, nth, killed=killed, journal="kept")


@pytest.mark.parametrize(
    "befalls",
    [
        pytest.param([end("create", 0, killed=True), end("told", 1, killed=True)], id="two-kills-one-receipt-name"),
        pytest.param([end("intended", 1, killed=True), end("intended", 1, killed=True)], id="two-open-receipts"),
        *(pytest.param([end("tick", nth, killed=False)], id=f"interrupted-at-{nth}") for nth in range(28, 43)),
    ],
)
def test_what_was_once_wrong_stays_right(befalls: list[Mishaps]) -> None:
    machine = Machine()
    machine.begin(dict.fromkeys((1, 2, 3, 4, 11, 12), WEB_SMALL), dict.fromkeys(INSTANCES, "ssh"), 20)
    try:
        machine.plan()
        machine.apply_again_and_again(befalls)
        machine.apply("exact")
        machine.nothing_is_wrong()
        machine.every_receipt_is_whole()
    finally:
        machine.teardown()
