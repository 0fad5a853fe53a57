"""Data written as YAML: what a person reads, and that it is read back as the same data."""

from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from exposurectl.documents import read_yaml
from exposurectl.documents.text import shows
from exposurectl.documents.writing import flow, written_entry

shown_text = st.text().filter(
    lambda text: all(one in "\r\n\t" or (shows(one) and not "\ud800" <= one <= "\udfff") for one in text)
)
data = st.recursive(
    shown_text | st.booleans() | st.integers(min_value=0, max_value=10**17),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(shown_text, inner, max_size=3),
    max_leaves=8,
)


def read_back(text: str) -> Any:
    document, problems = read_yaml("a.yaml", text.encode())

    assert (document is None, problems) == (False, [])
    return document.data if document else None


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        ("tcp", "tcp"),
        ("internet-anyone", "internet-anyone"),
        ('"22"', "22"),
        ('"AWS::EC2::Instance"', "AWS::EC2::Instance"),
        ('"null"', "null"),
        ('"True"', "True"),
        ('"no"', "no"),
        ('"On"', "On"),
        ('""', ""),
        ('"}\\n- x"', "}\n- x"),
        ('"a\\"b\\\\c\\td\\re"', 'a"b\\c\td\re'),
        ('"東京"', "東京"),
        ('"a\ufffdb\ufffd"', "a\u202eb\ud800"),
        ("22", 22),
        ("true", True),
        ('{a: [b, "1"], "c d": {}}', {"a": ["b", "1"], "c d": {}}),
    ],
)
def test_a_value_is_quoted_unless_it_cannot_be_misread(expected: str, value: Any) -> None:
    assert flow(value) == expected


@given(data)
@example('"}\n- x')
@example({"<<": "&a *a !!str", "y": ["- x", "# x", ": ", "%YAML", "---"]})
def test_what_is_written_is_read_back_the_same(value: Any) -> None:
    assert read_back(f"- {flow(value)}\n") == [value]


@given(st.dictionaries(shown_text, data, min_size=1, max_size=4), st.integers(min_value=0, max_value=4))
def test_an_entry_is_read_back_the_same_however_long_its_values_are(entry: dict[str, Any], indent: int) -> None:
    long = {**entry, "long": {"list": ["word"] * 40, "text": "word " * 40, "none": [], "map": {"a": ["b" * 60] * 3}}}

    assert read_back(written_entry(entry, indent)) == [entry]
    assert read_back(written_entry(long, indent)) == [long]


@given(st.text())
def test_other_readers_of_yaml_read_the_same_text(text: str) -> None:
    read = yaml.safe_load(f"- {flow(text)}\n")

    assert isinstance(read[0], str)
    assert len(read) == 1


def test_a_short_value_stands_beside_its_key_and_a_long_one_below() -> None:
    entry: dict[str, Any] = {
        "name": "a case",
        "given": {"a": ["b" * 50, "c" * 50], "d": "e"},
        "expect": {"level": "open"},
    }

    assert written_entry(entry, 2) == (
        f'  - name: "a case"\n    given:\n      a: [{"b" * 50}, {"c" * 50}]\n      d: e\n    expect: {{level: open}}\n'
    )
