"""What another policy would change, in every view of it."""

import json
from datetime import date

import msgspec
import pytest
from cmarkgfm import github_flavored_markdown_to_html
from cmarkgfm.cmark import Options

from exposurectl.model import Exposure
from exposurectl.render.diff import (
    Consequence,
    Fleet,
    MovedRow,
    Named,
    Region,
    Report,
    Shifted,
    Side,
    Standing,
    diff_json,
)
from exposurectl.render.diff_markdown import diff_markdown
from exposurectl.render.diff_text import diff_text
from exposurectl.render.markdown import SUMMARY_BYTES
from golden import check_golden
from render.conftest import EVIL
from runner import commands

SMALL, CONTROLLED, OPEN = Exposure
WIDTH = 100


def standing(level: Exposure | None, *rules: str, raise_only: bool = False) -> Standing:
    return Standing(level=level, raise_only=raise_only, rules=rules)


def shifted(direction: str, before: Standing, after: Standing, *names: str) -> Shifted:
    instances = tuple(Named(id=f"i-{number:017x}", name=name) for number, name in enumerate(names))
    return Shifted(direction=direction, before=before, after=after, instances=instances)


REGION = Region(
    direction="raise",
    before=standing(CONTROLLED, "internet-allow-listed"),
    after=standing(OPEN, "internet-ssh", "internet-rdp"),
    where={"ports": "tcp/22, tcp/3389", "path": "from internet-gateway", "sources": "restricted"},
    witness="tcp/22 from an internet gateway, sources 203.0.113.7/32",
)
PRIORITY = MovedRow(
    given={"exploitation": "active", "automatable": "no", "human impact": "very high"},
    before="out-of-cycle",
    after="immediate",
)
DEADLINE = MovedRow(
    given={"known exploited": "yes", "automatable": "no", "technical impact": "total"},
    before="14 days",
    after="3 days with a forensic investigation",
)
FLEET = Fleet(
    decided=52,
    gaps=2,
    shifts=(
        shifted("lower", standing(OPEN, "internet-anyone"), standing(CONTROLLED, "peers"), "db-01"),
        shifted(
            "set", standing(None, "defaults.unobserved"), standing(CONTROLLED, "defaults.unobserved"), "", "lab-01"
        ),
        shifted(
            "raise",
            standing(CONTROLLED, "internet-allow-listed"),
            standing(OPEN, *(f"internet-{number}" for number in range(7))),
            *(f"web-{number:02}" for number in range(9)),
        ),
        shifted("leave", standing(OPEN, "ssh"), standing(CONTROLLED, "ssh", raise_only=True), "stopped-01"),
    ),
    consequences=(
        Consequence(
            before=CONTROLLED,
            after=OPEN,
            deployer=(PRIORITY,),
            deployer_rows=24,
            bod_26_04=(DEADLINE,),
            bod_26_04_rows=8,
        ),
    ),
    tables="CERT/CC's deployer table 1.0.0 and CISA's BOD 26-04 1.0.0",
)
REPORT = Report(
    old=Side(name="main:policies", commit="3f2a1b9c0d1e" + "0" * 28, digest=f"sha256:{'1' * 64}"),
    new=Side(name="policies", digest=f"sha256:{'2' * 64}"),
    as_of=date(2027, 3, 31),
    regions=(
        REGION,
        Region(
            direction="leave",
            before=standing(CONTROLLED, "defaults.unobserved"),
            after=standing(None, "defaults.unobserved"),
            where={},
            witness="unobserved, nothing found",
        ),
    ),
    fleet=FLEET,
)
SAME = msgspec.structs.replace(REPORT, regions=(), fleet=None)


def evil() -> Report:
    """Return the report with every text from outside in the hands of somebody who means harm."""
    replace = msgspec.structs.replace
    bad = replace(standing(OPEN), rules=(EVIL, EVIL))
    region = replace(REGION, before=bad, after=bad, where={EVIL: EVIL, "ports": EVIL}, witness=EVIL)
    shifts = tuple(
        replace(one, before=replace(one.before, rules=(EVIL,)), after=bad, instances=(Named(id=EVIL, name=EVIL),) * 2)
        for one in FLEET.shifts
    )
    side = Side(name=EVIL, commit=EVIL, digest=EVIL)
    return replace(REPORT, old=side, new=side, regions=(region,), fleet=replace(FLEET, shifts=shifts))


def text(report: Report, *, colour: bool = False) -> str:
    return diff_text(report, width=WIDTH, colour=colour)


def html(markdown: str) -> str:
    page: str = github_flavored_markdown_to_html(markdown, options=Options.CMARK_OPT_UNSAFE)
    return page


def test_a_report_as_text() -> None:
    check_golden("text/diff.txt", text(REPORT))


def test_a_report_as_markdown() -> None:
    check_golden("markdown/diff.md", diff_markdown(REPORT))


def test_a_report_as_json() -> None:
    check_golden("json/diff.json", diff_json(REPORT))


def test_a_hostile_report_as_markdown() -> None:
    check_golden("markdown/diff-hostile.md", diff_markdown(evil()))


def test_a_report_in_colour_has_the_same_words() -> None:
    coloured = text(REPORT, colour=True)

    assert "\x1b[" in coloured
    assert len(coloured.splitlines()) == len(text(REPORT).splitlines())


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (SAME, "No difference for any input."),
        (msgspec.structs.replace(SAME, regions=(REGION,)), "1 region of inputs judged differently."),
        (
            msgspec.structs.replace(SAME, fleet=msgspec.structs.replace(FLEET, shifts=())),
            "0 of 52 instances change; no difference for any input.",
        ),
        (
            msgspec.structs.replace(
                REPORT, regions=None, fleet=msgspec.structs.replace(FLEET, shifts=FLEET.shifts[:1])
            ),
            "1 of 52 instances change: 1 to lower; not every input could be compared: the policies are too intricate.",
        ),
    ],
    ids=["same", "regions", "instances", "too intricate"],
)
def test_the_sum_is_one_sentence_and_the_same_in_every_view(report: Report, expected: str) -> None:
    assert " ".join(text(report).split("\n\n")[-1].split()) == expected
    assert f"\n**{expected}**\n" in diff_markdown(report)


def test_a_comparison_that_was_too_much_work_is_no_missing_difference() -> None:
    report = msgspec.structs.replace(REPORT, regions=None)

    assert "> Comparing every input would take too much work" in diff_markdown(report)
    assert json.loads(diff_json(report))["regions"] is None
    assert "No difference" not in text(report) + diff_markdown(report)


@pytest.mark.parametrize("fleet", [None, msgspec.structs.replace(FLEET, shifts=(), consequences=(), gaps=0)])
def test_where_nothing_differs_there_are_no_empty_parts(fleet: Fleet | None) -> None:
    report = msgspec.structs.replace(SAME, fleet=fleet)

    assert "Instances" not in text(report) + diff_markdown(report)
    assert "Inputs that" not in text(report) + diff_markdown(report)
    assert "SSVC" not in text(report) + diff_markdown(report)


def test_hostile_names_add_no_tag_no_cell_no_mention_and_no_command() -> None:
    page, plain = diff_markdown(evil()), html(diff_markdown(REPORT))
    shown = html(page)

    assert [tag for tag in ("<script", "<img", "<a ", "<b>") if tag in shown] == []
    assert shown.count("<details>") == plain.count("<details>")
    for row in shown.split("<tr>")[1:]:
        assert row.count("<td>") + row.count("<th>") in {3, 5, 6}
    assert commands(page) == []
    assert commands(text(evil())) == []
    assert commands(diff_json(evil())) == []
    assert not {"\x1b", "\u202e", "\u200b"} & set(page + text(evil()) + diff_json(evil()))


def test_json_says_hostile_names_as_they_are() -> None:
    assert json.loads(diff_json(evil()))["old"]["name"] == EVIL


def test_a_page_has_less_detail_where_it_would_be_too_long() -> None:
    many = msgspec.structs.replace(
        REPORT, regions=(REGION,) * 4_000, fleet=msgspec.structs.replace(FLEET, shifts=(FLEET.shifts[2],) * 2_000)
    )

    page = diff_markdown(many)

    assert len(page.encode()) <= SUMMARY_BYTES
    assert "and 1500 rows more: `--format json` lists them." in page
    assert "and 3500 rows more: `--format json` lists them." in page


def test_the_longest_names_fit_at_the_least_detail() -> None:
    wide = "\U0001f600" * 500
    bad = Standing(level=OPEN, rules=(wide,) * 500)
    region = msgspec.structs.replace(
        REGION, before=bad, after=bad, where={wide[n:]: wide for n in range(9)}, witness=wide
    )
    shift = shifted("lower", bad, bad, *[wide] * 2_000)
    worst = msgspec.structs.replace(
        REPORT,
        old=Side(name=wide, commit=wide, digest=wide),
        regions=(region,) * 500,
        fleet=msgspec.structs.replace(FLEET, shifts=(shift,) * 500),
    )

    page = diff_markdown(worst)

    assert len(page.encode()) <= SUMMARY_BYTES
    assert "and 480 rows more: `--format json` lists them." in page
    assert " and 1990 more |" in page
    assert "1000000 of 52" in page.replace(",", "")
