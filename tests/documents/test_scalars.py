import math
from typing import Any

import pytest

from exposurectl.diagnostics import Diagnostic, Place, ProblemId
from exposurectl.documents import read_yaml


def value(written: str) -> Any:
    document, problems = read_yaml("a.yaml", f"key: {written}\n".encode())

    assert document is not None
    assert problems == []
    return document.data["key"]


@pytest.mark.parametrize(
    "written",
    [
        "no",
        "No",
        "NO",
        "yes",
        "on",
        "off",
        "y",
        "n",
        "tRUE",
        "nULL",
        "22:22",
        "12:30:45",
        "2027-03-31",
        "0o8",
        "0xg",
        "1_000",
        "1e",
        "e1",
        ".",
        "+",
        "0b1",
        "1.2.3",
        "=",
        "2001:db8::/32",
        "i-0abc",
        "1-2",
        "0o",
        "0x",
        "NaN",
    ],
)
def test_a_word_that_is_no_scalar_of_yaml_1_2_is_text(written: str) -> None:
    assert value(written) == written


@pytest.mark.parametrize("written", ['"true"', "'true'", '"22"', "'017'", '"null"', '""', '".inf"', '"1e400"'])
def test_a_quoted_scalar_is_text(written: str) -> None:
    assert value(written) == written[1:-1]


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("017", 17),
        ("0", 0),
        ("-0", 0),
        ("+12", 12),
        ("-12", -12),
        ("0o17", 15),
        ("0x1F", 31),
        ("0x1f", 31),
        ("999999999999999999", 999_999_999_999_999_999),
    ],
)
def test_a_whole_number_is_one(written: str, number: int) -> None:
    read = value(written)

    assert (type(read), read) == (int, number)


@pytest.mark.parametrize(
    ("written", "number"), [("1.5", 1.5), (".5", 0.5), ("1.", 1.0), ("-2e3", -2000.0), ("1e-400", 0.0), ("12e03", 12e3)]
)
def test_a_number_with_a_fraction_or_an_exponent_is_one(written: str, number: float) -> None:
    read = value(written)

    assert type(read) is float
    assert math.isclose(read, number)


@pytest.mark.parametrize("written", ["true", "True", "TRUE"])
def test_true_is_spelled_in_three_ways(written: str) -> None:
    assert value(written) is True


@pytest.mark.parametrize("written", ["false", "False", "FALSE"])
def test_false_is_spelled_in_three_ways(written: str) -> None:
    assert value(written) is False


@pytest.mark.parametrize("written", ["", "~", "null", "Null", "NULL", "# a comment"])
def test_nothing_is_spelled_in_five_ways(written: str) -> None:
    assert value(written) is None


@pytest.mark.parametrize(
    "written",
    [
        "1e400",
        "-1e400",
        "9" * 5000,
        "-" + "9" * 19,
        "9" * 19 + ".0e999",
        "0x" + "f" * 17,
        "0o" + "7" * 5000,
        ".inf",
        "-.Inf",
        "+.INF",
        ".nan",
        ".NaN",
    ],
)
def test_a_number_that_no_one_can_mean_is_refused_and_not_repeated(written: str) -> None:
    _document, problems = read_yaml("a.yaml", f"key: {written}\n".encode())

    assert problems == [
        Diagnostic(
            id=ProblemId.NUMBER_TOO_LARGE,
            summary="Number too large",
            place=Place("a.yaml", 1, 6),
            detail="A number has 18 digits at most.",
            hint="quote it if it is text",
        )
    ]
