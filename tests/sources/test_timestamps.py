import contextlib
import locale
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exposurectl.sources.timestamps import read_timestamp

FORMS = [
    (1748629505.465, datetime(2025, 5, 30, 18, 25, 5, 465000, tzinfo=UTC)),
    (1748629505, datetime(2025, 5, 30, 18, 25, 5, tzinfo=UTC)),
    ("2024-05-20T16:23:20-07:00", datetime(2024, 5, 20, 23, 23, 20, tzinfo=UTC)),
    ("2024-05-20T16:23:20.123456+09:00", datetime(2024, 5, 20, 7, 23, 20, 123456, tzinfo=UTC)),
    ("2023-03-17T11:05+01:00", datetime(2023, 3, 17, 10, 5, tzinfo=UTC)),
    ("2023-01-31T20:25:38Z", datetime(2023, 1, 31, 20, 25, 38, tzinfo=UTC)),
    ("Mar 20, 2023, 6:08:05 PM", datetime(2023, 3, 20, 18, 8, 5, tzinfo=UTC)),
    ("Mar 20, 2023, 12:08:05 AM", datetime(2023, 3, 20, 0, 8, 5, tzinfo=UTC)),
    ("Mar 20, 2023, 12:08:05 PM", datetime(2023, 3, 20, 12, 8, 5, tzinfo=UTC)),
    ("Mar 20, 2023, 6:08:05\u202fPM", datetime(2023, 3, 20, 18, 8, 5, tzinfo=UTC)),
    ("Thu Sep 05 13:06:56.334 UTC 2024", datetime(2024, 9, 5, 13, 6, 56, 334000, tzinfo=UTC)),
    ("Thu Sep 05 13:06:56 UTC 2024", datetime(2024, 9, 5, 13, 6, 56, tzinfo=UTC)),
]


@pytest.mark.parametrize(("written", "moment"), FORMS, ids=[str(written) for written, _ in FORMS])
def test_every_form_of_aws_is_read_as_utc(written: float | str, moment: datetime) -> None:
    read = read_timestamp(written)

    assert read == moment
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "not a form that AWS writes"),
        ("yesterday", "not a form that AWS writes"),
        ("2024-05-20", "not a form that AWS writes"),
        ("2024-05-20T16:23:20", "not a form that AWS writes"),
        ("\uff12024-05-20T16:23:20Z", "not a form that AWS writes"),
        ("Thu Sep 05 13:06:56.334 JST 2024", "not a form that AWS writes"),
        ("2024-13-20T16:23:20Z", "month must be in 1..12"),
        ("Mar 20, 2023, 0:08:05 PM", "not an hour of a twelve-hour clock"),
        ("Mar 20, 2023, 13:08:05 PM", "not an hour of a twelve-hour clock"),
        ("Mai 20, 2023, 1:08:05 PM", "not a form that AWS writes"),
        ("0001-01-01T00:00:00+09:00", "outside the calendar"),
        (1e300, "outside the calendar"),
        (1e12, "year 33658 is out of range"),
    ],
)
def test_any_other_form_is_refused(written: float | str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        read_timestamp(written)


def test_the_locale_of_the_machine_does_not_matter() -> None:
    before = locale.setlocale(locale.LC_TIME)
    others = [name for name in ("ja_JP.UTF-8", "de_DE.UTF-8", "C.UTF-8") if name in locale.locale_alias.values()]
    try:
        for name in others:
            try:
                locale.setlocale(locale.LC_TIME, name)
            except locale.Error:
                continue
            assert read_timestamp("Mar 20, 2023, 6:08:05 PM") == datetime(2023, 3, 20, 18, 8, 5, tzinfo=UTC)
    finally:
        locale.setlocale(locale.LC_TIME, before)


@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001  # hypothesis wants bounds without a zone
def test_the_same_moment_is_read_alike_in_every_form(naive: datetime) -> None:
    moment = naive.replace(microsecond=naive.microsecond // 1000 * 1000, tzinfo=UTC)
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    month, hour, half = months[moment.month - 1], (moment.hour - 1) % 12 + 1, "PM" if moment.hour >= 12 else "AM"
    clock = f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03}"

    assert read_timestamp(moment.isoformat()) == moment
    assert read_timestamp(f"Thu {month} {moment.day:02} {clock} UTC {moment.year}") == moment
    assert read_timestamp(f"{month} {moment.day}, {moment.year}, {hour}:{moment:%M:%S} {half}") == moment.replace(
        microsecond=0
    )


@given(st.text() | st.floats(allow_nan=False))
def test_anything_else_is_refused_with_a_value_error_or_read(written: float | str) -> None:
    with contextlib.suppress(ValueError):
        assert read_timestamp(written).tzinfo is UTC
