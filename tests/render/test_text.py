"""The terminal's view of a plan."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exposurectl.plan.model import Block, Plan
from exposurectl.render.text import Sheet, plan_text
from golden import check_golden
from runner import commands


def test_a_plan_without_colour(plan: Plan) -> None:
    check_golden("text/plan.txt", plan_text(plan, width=100, colour=False))


def test_a_plan_with_colour(plan: Plan) -> None:
    check_golden("text/plan-coloured.txt", plan_text(plan, width=100, colour=True))


def test_a_blocked_plan_on_a_narrow_terminal(plan: Plan) -> None:
    blocks = (
        Block(reason="guardrail-lower", detail="The plan lowers 3, and limits.lower.count is 0: review each lowering."),
        Block(reason="evidence-incomplete", detail="111122223333 us-east-1 could not be read: AccessDenied."),
    )
    blocked = msgspec.structs.replace(plan, changes=plan.changes[:1], applyable=False, blocked_by=blocks)

    check_golden("text/plan-blocked.txt", plan_text(blocked, width=60, colour=False))


def test_colour_changes_nothing_but_colour(plan: Plan) -> None:
    coloured = re.sub(r"\x1b\[[0-9;]*m", "", plan_text(plan, width=100, colour=True))

    assert [line.rstrip() for line in coloured.splitlines()] == plan_text(plan, width=100, colour=False).splitlines()


@pytest.mark.parametrize("width", [60, 100, 140])
def test_no_line_is_wider_than_the_page(plan: Plan, evil_plan: Plan, width: int) -> None:
    for one in (plan, evil_plan):
        assert max(map(len, plan_text(one, width=width, colour=False).splitlines())) <= width


@pytest.mark.parametrize("width", range(60, 141, 7))
def test_hostile_names_neither_colour_nor_command(evil_plan: Plan, width: int) -> None:
    text = plan_text(evil_plan, width=width, colour=False)

    assert all(character.isprintable() or character == "\n" for character in text)
    assert commands(text) == []


def test_hostile_names_on_a_terminal_add_no_escape_of_their_own(evil_plan: Plan) -> None:
    text = plan_text(evil_plan, width=100, colour=True)

    assert {"m"} == {found[-1] for found in re.findall(r"\x1b\[[0-9;]*[^0-9;]", text)}
    assert text.count("\x1b") == text.count("\x1b[")
    assert "\x07" not in text


def test_what_goes_on_below_is_indented(evil_plan: Plan) -> None:
    text = plan_text(evil_plan, width=100, colour=False).splitlines()
    begins = re.compile(r"\S|  [▲◆▼] |  \S| {1,3}[0-9]+ | {6,}\S|$")

    assert all(begins.match(line) for line in text)
    assert {"blocked: ", "warning: "} == {line[:9] for line in text if re.match(r"[a-z]+: ", line)}


def test_japanese_names_are_aligned(plan: Plan) -> None:
    names = ("本番サーバー", "web-01")
    changes = tuple(
        msgspec.structs.replace(change, name=name, instance=f"i-{name}", group="g")
        for change, name in zip(plan.changes, names, strict=False)
    )

    lines = plan_text(msgspec.structs.replace(plan, changes=changes), width=100, colour=False).splitlines()

    assert [line for line in lines if "▲" in line] == [
        "  ▲ raise 本番サーバー  i-本番サーバー             controlled → open",
        "  ▲ raise web-01        i-web-01             controlled → open",
    ]


def test_reasons_beyond_the_second_are_counted(plan: Plan) -> None:
    change = plan.changes[0]
    many = msgspec.structs.replace(change, reasons=change.reasons * 5)

    text = plan_text(msgspec.structs.replace(plan, changes=(many,)), width=100, colour=False)

    assert text.count("tcp/8888 from 0.0.0.0/0") == 2
    assert "          and 3 reasons more\n" in text


def test_names_beyond_the_sixth_are_counted(plan: Plan) -> None:
    one = plan.skipped[0]
    skipped = tuple(msgspec.structs.replace(one, why="gone", name=f"web-{n}") for n in range(9))

    text = plan_text(msgspec.structs.replace(plan, skipped=skipped), width=100, colour=False)

    assert "   9  gone · web-0, web-1, web-2, web-3, web-4, web-5 and 3 more\n" in text


@given(st.text(max_size=200), st.integers(min_value=0, max_value=20))
def test_a_line_of_a_page_keeps_its_words_and_its_indent(text: str, indent: int) -> None:
    sheet = Sheet(width=60, colour=False)
    words = [word for word in text.encode("ascii", "ignore").decode().split() if word.isprintable() and len(word) < 40]

    sheet.line(" ".join(words), indent=indent)

    lines = str(sheet).splitlines()
    assert [word for line in lines for word in line.split()] == words
    assert all(line.startswith(" " * indent) and len(line) <= 60 for line in lines if line)
