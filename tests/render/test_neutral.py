"""Text from outside is seen, and does nothing: T12 and T13 of the threat table."""

import re
import sys
import unicodedata
from html.parser import HTMLParser

import cmarkgfm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposurectl.render.neutral import LONGEST, cell, code, neutral
from runner import commands

INVISIBLE = "\u3164\u115f\u1160\u2800\uffa0\u034f"
SELECTORS = [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), 0x180B, 0x180C, 0x180D, 0x180F]

PIECES = [
    "`",
    "``",
    "|",
    "\\",
    "\\|",
    "<",
    ">",
    "<img src=x>",
    "<!--",
    "]]>",
    "&lt;",
    "&#124;",
    "![x](http://x.invalid/y.png)",
    "[x](http://x.invalid)",
    "http://x.invalid",
    "www.x.invalid",
    "a@x.invalid",
    "@octocat",
    "#1",
    "\n",
    "\r",
    "\t",
    " ",
    "  ",
    "- ",
    "# ",
    "> ",
    "```",
    "~~~",
    "**",
    "__",
    "~~",
    "$$",
    ":x:",
    "\x1b[31m",
    "\u202e",
    "\u200b",
    "\u2028",
    "\x00",
    "::error::",
    "::set-env name=x::",
    "##[error]",
    "##",
    "[",
    ":",
    "::",
    "é",
    "ー",
    "\U0001f600",
    "x",
    "0",
]
HOSTILE = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=12).map("".join)


class Parsed(HTMLParser):
    """The tags of a page, and the text inside and outside of code."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.codes: list[str] = []
        self.outside = ""
        self._in_code = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.tags.add(tag)
        self._in_code = self._in_code or tag == "code"
        if tag == "code":
            self.codes.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_code = self._in_code and tag != "code"

    def handle_data(self, data: str) -> None:
        if self._in_code:
            self.codes[-1] += data
        else:
            self.outside += data


def test_no_hidden_code_point_comes_out_raw() -> None:
    points = [point for point in range(sys.maxunicode + 1) if unicodedata.category(chr(point))[0] == "C"]
    points += [point for point in range(sys.maxunicode + 1) if unicodedata.category(chr(point)) in {"Zl", "Zp"}]
    points += [*map(ord, INVISIBLE), *SELECTORS]

    wrong = [point for point in points if neutral(f"a{chr(point)}b") != f"a\\u{{{point:x}}}b"]

    assert len(points) > 900_000
    assert wrong == []


def test_every_space_is_a_space() -> None:
    spaces = [chr(point) for point in range(sys.maxunicode + 1) if unicodedata.category(chr(point)) == "Zs"]

    assert {"a b"} == {neutral(f"a{space}b") for space in spaces}


@pytest.mark.parametrize(
    "text", ["web-01", "本番サーバー", "tcp/22 from ::/0", "2001:db8::a/128, ::/0", "arn:aws:s3:::bucket/key"]
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert text == neutral(text)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (r"\u{3a}\u{3a}error\u{3a}\u{3a}x", "::error::x"),
        (r"a \u{3a}\u{3a}stop-commands\u{3a}\u{3a}x", "a ::stop-commands::x"),
        (r"\u{3a}\u{3a}set-env name=a\u{3a}\u{3a}b", "::set-env name=a::b"),
        (r"a\u{23}\u{23}[group]", "a##[group]"),
        (r"\u{d}\u{a}\u{3a}\u{3a}debug\u{3a}\u{3a}x", "\r\n::debug::x"),
        (r"\u{1b}[31mred", "\x1b[31mred"),
    ],
)
def test_what_would_act_is_spelled_out(expected: str, text: str) -> None:
    assert expected == neutral(text)


def test_long_text_is_cut() -> None:
    assert neutral("a" * (LONGEST + 1)) == "a" * (LONGEST - 3) + "..."
    assert neutral("a" * LONGEST) == "a" * LONGEST
    assert neutral("abcdefgh", 5) == "ab..."


@settings(max_examples=500)
@given(HOSTILE)
def test_no_part_of_a_line_is_a_command_to_the_runner(text: str) -> None:
    shown = neutral(text)

    assert [found for start in range(len(shown)) for found in commands(shown[start:])] == []


def test_the_model_of_the_runner_finds_commands() -> None:
    assert commands(
        "::error::x\n \t::warning file=a::x\nabc ##[group]x\n::stop-commands::x\n"
        "x ::debug::y\n:: error::z\n2001:db8::a::b\n"
    ) == ["error", "warning", "group", "stop-commands"]


@settings(max_examples=2_500)
@given(HOSTILE, HOSTILE)
def test_two_hostile_cells_stay_two_cells_of_code(one: str, two: str) -> None:
    row = f"| {cell(one)} | {cell(two)} |"

    page = Parsed(cmarkgfm.github_flavored_markdown_to_html(f"| a | b |\n| --- | --- |\n{row}\n"))

    assert [neutral(one) or " ", neutral(two) or " "] == page.codes
    assert page.tags == {"table", "thead", "tbody", "tr", "td", "th", "code"}
    assert page.outside.split() == ["a", "b"]


@settings(max_examples=1_000)
@given(HOSTILE)
def test_a_code_span_holds_all_of_its_text(text: str) -> None:
    page = Parsed(cmarkgfm.github_flavored_markdown_to_html(f"x {code(text)} y\n"))

    assert [neutral(text) or " "] == page.codes
    assert page.tags == {"p", "code"}
    assert re.fullmatch(r"x\s+y\s*", page.outside)
