"""The views of drift: for a terminal, for a job summary, for programs."""

import json
import re
from datetime import UTC, datetime

import msgspec
import pytest

from exposurectl.model import Exposure
from exposurectl.plan.drift import CAUSES, Drift, Drifted, Standing
from exposurectl.plan.model import Skipped
from exposurectl.render.drift import MEANINGS, drift_json, drift_markdown, drift_text
from golden import check_golden
from render.conftest import EVIL
from runner import commands

SMALL, CONTROLLED, OPEN = (
    Standing(level=level, role=30 + number, name=f"web-{level}") for number, level in enumerate(Exposure)
)
LEGACY = Standing(level=None, role=39, name="legacy")
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def line(cause: str, server: int, *standings: Standing | None, name: str = "web") -> Drifted:
    left, now, wanted = standings
    return Drifted(
        cause=cause,
        server=server,
        name=f"{name}-{server:02}",
        group="web-platform",
        instance=f"i-{server}",
        left=left,
        now=now,
        wanted=wanted,
    )


LINES = (
    line("edited-remotely", 1, OPEN, SMALL, OPEN),
    line("edited-remotely", 2, OPEN, SMALL, SMALL, name="本番サーバー"),
    line("edited-remotely", 3, OPEN, LEGACY, None),
    line("gone", 4, OPEN, None, None),
    line("new-server", 5, None, SMALL, OPEN),
    line("findings-changed", 6, CONTROLLED, CONTROLLED, OPEN),
)
UNKNOWN = tuple(
    Skipped(
        why="unobserved: EC2_INSTANCE_STOPPED",
        server=number,
        name=f"idle-{number}",
        group="web-platform",
        instance=f"i-{number}",
    )
    for number in range(20, 28)
)
UNREAD = ("111122223333 us-east-1 could not be read: ACCESS_DENIED.",)
NOTHING = Drift(
    plan=f"sha256:{'0' * 64}",
    environment="production",
    sequence=12,
    planned_at=datetime(2026, 11, 23, 3, 0, tzinfo=UTC),
    as_of=NOON,
    receipts=1,
    lines=(),
    unread=(),
    unknown=(),
)
DRIFT = msgspec.structs.replace(NOTHING, receipts=0, lines=LINES, unread=UNREAD, unknown=UNKNOWN)


def evil(text: str = EVIL) -> Drift:
    """Return drift in the hands of somebody who names things to do harm."""
    replace = msgspec.structs.replace
    role = replace(OPEN, name=text)
    lines = [replace(one, name=text, group=text, instance=text, left=role, now=role, wanted=role) for one in LINES]
    unknown = tuple(replace(one, why=text, name=text, group=text, instance=text) for one in UNKNOWN)
    return replace(DRIFT, environment=text, plan=text, lines=tuple(lines), unread=(text,), unknown=unknown)


def test_drift_without_colour() -> None:
    check_golden("text/drift.txt", drift_text(DRIFT, width=100, colour=False))


def test_drift_on_a_page() -> None:
    check_golden("markdown/drift.md", drift_markdown(DRIFT))


def test_drift_for_programs() -> None:
    check_golden("json/drift.json", drift_json(DRIFT))


def test_no_drift() -> None:
    times = "plan 12 of 2026-11-23 03:00 UTC against servers and evidence as of 2026-11-24 12:00 UTC"

    assert drift_text(NOTHING, width=100, colour=False) == f"production · {times}\n\nNo drift.\n"
    assert drift_markdown(NOTHING) == (
        f"## Drift of `production`\n\n**No drift.** P{times[1:]}.\n\nPlan `sha256:{'0' * 64}`\n"
    )


@pytest.mark.parametrize("missing", [{"unread": UNREAD}, {"unknown": UNKNOWN[:1]}])
def test_missing_evidence_is_never_called_no_drift(missing: dict[str, tuple[object, ...]]) -> None:
    drift = msgspec.structs.replace(NOTHING, **missing)

    for shown in (drift_text(drift, width=100, colour=False), drift_markdown(drift)):
        assert "No drift." not in shown
        assert "No drift found, but not all could be judged." in shown


def test_every_cause_has_a_meaning() -> None:
    assert set(CAUSES) == set(MEANINGS)


def test_colour_changes_nothing_but_colour() -> None:
    coloured = re.sub(r"\x1b\[[0-9;]*m", "", drift_text(DRIFT, width=100, colour=True))

    assert [one.rstrip() for one in coloured.splitlines()] == drift_text(DRIFT, width=100, colour=False).splitlines()


@pytest.mark.parametrize("width", [60, 100, 140])
def test_hostile_names_neither_colour_nor_command(width: int) -> None:
    text = drift_text(evil(), width=width, colour=False)

    assert all(character.isprintable() or character == "\n" for character in text)
    assert commands(text) == []
    assert max(map(len, text.splitlines())) <= width


def test_hostile_names_stay_in_their_cells() -> None:
    page = drift_markdown(evil())

    rows = [one for one in page.splitlines() if one.startswith("| ") and "server | instance" not in one]
    cells = {len(re.findall(r"(?<!\\)\|", row)) for row in rows}
    assert cells == {4}
    assert len(rows) == len(LINES) + 4  # a rule under each heading
    assert commands(page) == []
    assert "\x1b" not in page


def test_a_page_has_fewer_lines_where_it_must_and_still_counts_all() -> None:
    lines = tuple(line("edited-remotely", number, OPEN, SMALL, OPEN, name="x" * 64) for number in range(2_000))
    drift = msgspec.structs.replace(NOTHING, lines=lines)
    whole = drift_markdown(drift, 10_000_000)

    page = drift_markdown(drift, 150_000)

    assert len(whole.encode()) > 150_000 >= len(page.encode())
    assert page.count("\n| `x") == 500
    assert "\nand 1500 more: `--format json` lists them.\n" in page
    assert "**Drift: 2000 edited-remotely.**" in page


def test_the_worst_page_fits_in_a_job_summary() -> None:
    wide = "\u3042" * 300
    worst = evil(wide)
    drift = msgspec.structs.replace(
        worst,
        lines=worst.lines * 200,
        unread=worst.unread * 200,
        unknown=tuple(msgspec.structs.replace(worst.unknown[0], why=f"{number}{wide}") for number in range(200)),
    )

    assert len(drift_markdown(drift).encode()) <= 900 * 1024


def test_programs_get_every_byte_as_it_is() -> None:
    written = drift_json(evil())

    assert written.isascii()
    assert json.loads(written)["lines"][0]["name"] == EVIL
    assert json.loads(written)["format_version"] == 1
