"""A plan on a page of GitHub's: nothing in it acts, and it fits."""

from html.parser import HTMLParser

import cmarkgfm
import msgspec

from exposurectl.model import Reason
from exposurectl.plan.model import Change, Direction, Plan
from exposurectl.render.markdown import SUMMARY_BYTES, plan_markdown
from golden import check_golden
from runner import commands

ALLOWED = {
    "h2",
    "h3",
    "p",
    "strong",
    "blockquote",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "code",
    "br",
    "ul",
    "li",
    "details",
    "summary",
}


class Page(HTMLParser):
    """The tags of a page, the number of cells of each row, and the text outside of code."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.rows: list[int] = []
        self.outside = ""
        self._in_code = False
        options = cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE
        self.feed(cmarkgfm.github_flavored_markdown_to_html(markdown, options=options))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.tags.add(tag)
        self._in_code = self._in_code or tag == "code"
        if tag == "tr":
            self.rows.append(0)
        elif tag in {"td", "th"}:
            self.rows[-1] += 1

    def handle_endtag(self, tag: str) -> None:
        self._in_code = self._in_code and tag != "code"

    def handle_data(self, data: str) -> None:
        self.outside += "" if self._in_code else data


def many(plan: Plan, count: int, direction: Direction, name: str = "web") -> tuple[Change, ...]:
    change = next(change for change in plan.changes if change.direction is direction)
    return tuple(msgspec.structs.replace(change, name=f"{name}-{n}", server=n) for n in range(count))


def with_changes(plan: Plan, *changes: Change) -> Plan:
    lower = sum(change.direction is Direction.LOWER for change in changes)
    summary = msgspec.structs.replace(plan.summary, raised=len(changes) - lower, join=0, lower=lower)
    return msgspec.structs.replace(plan, changes=changes, summary=summary)


def test_a_plan_as_markdown(plan: Plan) -> None:
    check_golden("markdown/plan.md", plan_markdown(plan))


def test_a_plan_without_changes_as_markdown(plan: Plan) -> None:
    summary = msgspec.structs.replace(plan.summary, raised=0, join=0, lower=0, skipped=0, requests=0, minutes=0)
    idle = msgspec.structs.replace(plan, changes=(), skipped=(), warnings=(), summary=summary)

    check_golden("markdown/plan-idle.md", plan_markdown(idle))


def test_a_hostile_plan_as_markdown(evil_plan: Plan) -> None:
    check_golden("markdown/plan-hostile.md", plan_markdown(evil_plan))


def test_an_ordinary_plan_uses_no_other_tags(plan: Plan) -> None:
    assert set() == Page(plan_markdown(plan)).tags - ALLOWED


def test_hostile_names_add_no_tag_no_cell_and_no_mention(evil_plan: Plan) -> None:
    page = Page(plan_markdown(evil_plan))

    assert set() == page.tags - ALLOWED
    assert {6} == set(page.rows)
    assert len(evil_plan.changes) + 2 == len(page.rows)
    assert all(character not in page.outside for character in "@#<>`\x1b")
    assert "octocat" not in page.outside
    assert "x.invalid" not in page.outside


def test_hostile_names_are_no_commands_to_the_runner(evil_plan: Plan) -> None:
    assert commands(plan_markdown(evil_plan)) == []


def test_a_large_plan_fits_and_shows_every_lowering(plan: Plan) -> None:
    lowers = many(plan, 3_000, Direction.LOWER)
    large = with_changes(plan, *many(plan, 6_000, Direction.RAISE, "up"), *lowers)

    page = plan_markdown(large)

    assert len(page.encode()) <= SUMMARY_BYTES
    assert all(f"`{change.name}`" in page for change in lowers)
    assert "`up-999`" in page
    assert "and 5000 more: the plan file lists them." in page


def test_nine_thousand_lowerings_are_all_named(plan: Plan) -> None:
    lowers = many(plan, 9_000, Direction.LOWER)

    page = plan_markdown(with_changes(plan, *lowers))

    assert len(page.encode()) <= SUMMARY_BYTES
    assert all(f"`{change.name}`" in page for change in lowers)
    assert "and 8500 more: `web-500`" in page
    assert set() == Page(page).tags - ALLOWED


def test_long_names_of_many_bytes_fit_and_the_page_says_how_many_it_leaves_out(plan: Plan) -> None:
    wide = "\U0001f600" * 400
    reason = Reason(rule=wide, because=wide)
    change = many(plan, 1, Direction.LOWER)[0]
    change = msgspec.structs.replace(change, name=wide, group=wide, instance=wide, reasons=(reason,) * 9)
    raised = msgspec.structs.replace(change, direction=Direction.RAISE)
    skipped = tuple(msgspec.structs.replace(plan.skipped[0], why=f"{n}{wide}", name=wide) for n in range(500))
    largest = with_changes(plan, *[change] * 1_200, *[raised] * 1_200)
    largest = msgspec.structs.replace(largest, skipped=skipped * 3, warnings=(wide,) * 300)

    page = plan_markdown(largest)

    assert len(page.encode()) <= SUMMARY_BYTES
    assert "and 150 that only the plan file lists" in page
    assert "- and 200 more\n" in page
    assert "- and 450 other reasons\n" in page


def test_the_most_detail_that_fits_is_shown(plan: Plan) -> None:
    change = msgspec.structs.replace(plan.changes[0], reasons=plan.changes[0].reasons * 4)
    reasoned = with_changes(plan, change)
    everything = plan_markdown(reasoned)

    shorter = plan_markdown(reasoned, len(everything.encode()) - 1)

    assert everything == plan_markdown(reasoned, len(everything.encode()))
    assert "<br>and 3 reasons more |" in shorter
    assert "reasons more" not in everything
