"""How far the clocks are apart, by what replies say."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.emulator import Emulator
from exposurectl.diagnostics import ExposurectlError
from exposurectl.model import Group
from exposurectl.targets.futurevuls import FutureVuls
from exposurectl.targets.moving import FutureVulsWriter
from exposurectl.targets.skew import skew_of
from targets.scripted import Scripted

NOW = datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC)
DATE = "Mon, 02 Nov 2026 03:04:05 GMT"
ROW = {"id": 7, "serverroleId": 3, "platformInstanceId": "i-07"}


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        (DATE, 0),
        ("  Mon, 02 Nov 2026 03:04:05 GMT ", 0),
        ("Mon, 02 Nov 2026 03:14:06 GMT", 601),
        ("Mon, 02 Nov 2026 02:54:04 GMT", -601),
        ("Mon, 02 Nov 2026 12:04:05 +0900", 0),
        ("Monday, 02-Nov-26 03:04:05 GMT", 0),
        ("Mon Nov  2 03:04:05 2026", 0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", -1793588645),
    ],
)
def test_a_date_tells_the_skew(date: str, seconds: int) -> None:
    assert skew_of(date, NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "date",
    [None, "", "soon", "-1", "99999999999999999999", "Mon, 32 Nov 2026 03:04:05 GMT", "\u0661\u0662", "0" * 9999],
)
def test_what_is_no_date_tells_nothing(date: str | None) -> None:
    assert skew_of(date, NOW) is None


def test_a_client_remembers_the_latest_skew(scripted: Scripted, client: FutureVulsWriter) -> None:
    before = client.skew
    seen = []
    for headers in ({}, {"Date": "Mon, 02 Nov 2026 03:05:05 GMT"}, {"Date": DATE}, {"Date": "soon"}, {}):
        scripted.answer(scripted.json(ROW, 200, **headers))
        client.server(7)
        seen.append(client.skew)

    minute = timedelta(minutes=1)
    assert [before, *seen] == [None, None, minute, timedelta(0), timedelta(0), timedelta(0)]


def test_a_refusal_tells_the_time_as_well(scripted: Scripted, client: FutureVulsWriter) -> None:
    scripted.answer(scripted.text(401, Date="Mon, 02 Nov 2026 04:04:05 GMT"))

    with pytest.raises(ExposurectlError):
        client.server(7)

    assert client.skew == timedelta(hours=1)


def test_the_emulator_keeps_its_own_clock(connect: Callable[..., FutureVuls]) -> None:
    ahead = SimulatedClock(NOW + timedelta(minutes=11))
    with Emulator({"t": Group(name="prod", servers=(), roles=())}, clock=ahead) as emulator:
        client = connect(emulator.url)

        assert client.health()

    assert client.skew == timedelta(minutes=11)
