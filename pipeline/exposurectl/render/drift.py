"""Drift for a terminal, for a job summary and for programs."""

import json
from collections.abc import Iterator
from itertools import groupby

import msgspec
from rich.cells import cell_len

from exposurectl.plan.drift import GONE, Drift, Drifted, Standing
from exposurectl.plan.model import Cause
from exposurectl.render.markdown import SUMMARY_BYTES
from exposurectl.render.neutral import cell, code, neutral
from exposurectl.render.text import Sheet, padded_name
from exposurectl.render.words import counted, gathered

MEANINGS = {
    Cause.EDITED_REMOTELY.value: "somebody moved it since the plan",
    GONE: "FutureVuls has it no longer",
    Cause.FIRST_PLAN.value: "the plan proposed it already, and it is not made",
    Cause.NEW_SERVER.value: "the plan did not know the server",
    Cause.POLICY_CHANGED.value: "the policy decides otherwise now",
    Cause.FINDINGS_CHANGED.value: "what can be reached has changed",
    Cause.COVERAGE_CHANGED.value: "whether Inspector vouches for it has changed",
    Cause.OVERRIDE_CHANGED.value: "an override was added, changed or deleted",
    Cause.OVERRIDE_EXPIRED.value: "an override holds no longer",
    Cause.REVERTED.value: "the plan went back, and the policy still decides as before",
}
"""What each cause says, for somebody who sees it for the first time."""

FORMAT_VERSION = 1
"""Of the JSON."""

_NAME = 32
_NAMES = 6
_SENTENCE = 400
_DETAILS = (50_000, 5_000, 500, 50)
"""How many lines and names a page shows, from everything to what fits whatever their names are."""


def drift_text(drift: Drift, *, width: int, colour: bool) -> str:
    """Return every server that has drifted by cause, what nobody can tell, and the sum."""
    sheet = Sheet(width=width, colour=colour)
    sheet.line((neutral(drift.environment), "bold"), f" · {_compared(drift)}")
    widest = max((cell_len(neutral(one.name, _NAME)) for one in drift.lines), default=0)
    for cause, lines in groupby(drift.lines, lambda one: one.cause):
        sheet.line("")
        sheet.line((cause, "bold"), (f": {MEANINGS[cause]}", "dim"))
        for one in lines:
            where = f"{neutral(one.group)} {one.server}"
            sheet.row((f"  {padded_name(one.name, widest)}  ", "bold"), _moved(one), (f" · {where}", "dim"))
    _unknown(sheet, drift)
    sheet.line("")
    sheet.line((headline(drift), "bold"))
    return str(sheet)


def _unknown(sheet: Sheet, drift: Drift) -> None:
    """Add of which servers nobody can tell whether they have drifted, gathered by reason."""
    if drift.unread or drift.unknown:
        sheet.line("")
        sheet.line(("unknown", "bold"), (f": {_NOT_PROVED}", "dim"))
    for unread in drift.unread:
        sheet.line(neutral(unread, _SENTENCE), indent=2)
    for why, ones in gathered(drift.unknown):
        names = [neutral(one.name, _NAME) for one in ones]
        more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
        sheet.row(f"{len(names):>4}  ", neutral(why), (f" · {', '.join(names[:_NAMES])}{more}", "dim"))
    if not drift.receipts:
        sheet.line("")
        sheet.row(("note: ", "yellow"), _NO_RECEIPT)


_NOT_PROVED = "evidence is missing, so that these may have drifted or not"
_NO_RECEIPT = "no receipt of the plan is known, so that each of its changes may have been made or not"


def headline(drift: Drift) -> str:
    """Return drift in one sentence, by cause, with what is not known."""
    parts = [f"{len(list(lines))} {cause}" for cause, lines in groupby(drift.lines, lambda one: one.cause)]
    unknown = f" {counted(len(drift.unknown), 'server')} unknown." if drift.unknown else ""
    unread = " Not all evidence could be read." if drift.unread else ""
    if parts:
        return f"Drift: {', '.join(parts)}.{unknown}{unread}"
    return "No drift." if drift.is_certain else f"No drift found, but not all could be judged.{unknown}{unread}"


def drift_json(drift: Drift) -> str:
    """Return drift as JSON with sorted keys, ASCII only, and one trailing newline."""
    return (
        json.dumps(
            {"format_version": FORMAT_VERSION, **msgspec.to_builtins(drift)},
            sort_keys=True,
            indent=2,
            ensure_ascii=True,
        )
        + "\n"
    )


def drift_markdown(drift: Drift, limit: int = SUMMARY_BYTES) -> str:
    """Return drift as GitHub Markdown of at most `limit` bytes, with fewer lines where it must be."""
    page = ""
    for most in _DETAILS:
        page = "\n".join(_page(drift, most)) + "\n"
        if len(page.encode()) <= limit:
            break
    return page


def _page(drift: Drift, most: int) -> Iterator[str]:
    """Yield the lines of a page that shows so many servers, and counts all."""
    yield from (f"## Drift of {code(drift.environment)}", "", f"**{headline(drift)}** {_sentence(_compared(drift))}")
    for cause, lines in groupby(drift.lines[:most], lambda one: one.cause):
        yield from ("", f"### {cause}", "", _sentence(MEANINGS[cause]), "")
        yield from ("| server | instance | exposure |", "| --- | --- | --- |", *map(_row, lines))
    if len(drift.lines) > most:
        yield from ("", f"and {len(drift.lines) - most} more: `--format json` lists them.")
    if drift.unread or drift.unknown:
        yield from ("", "### unknown", "", _sentence(_NOT_PROVED), "", *_unknown_items(drift, most))
    if not drift.receipts:
        yield from ("", "> [!NOTE]", f"> {_sentence(_NO_RECEIPT)}")
    yield from ("", f"Plan {code(drift.plan)}")


def _row(line: Drifted) -> str:
    server = f"{cell(line.name, 64)} ({cell(line.group, 64)} {line.server})"
    return f"| {server} | {cell(line.instance)} | {cell(_moved(line), _SENTENCE)} |"


def _unknown_items(drift: Drift, most: int) -> Iterator[str]:
    yield from (f"- {code(unread, _SENTENCE)}" for unread in drift.unread[:most])
    for why, ones in gathered(drift.unknown)[:most]:
        names = ", ".join(code(one.name, 64) for one in ones[:_NAMES])
        more = f" and {len(ones) - _NAMES} more" if len(ones) > _NAMES else ""
        yield f"- {code(why)} ({len(ones)}): {names}{more}"


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _compared(drift: Drift) -> str:
    """Return what was compared."""
    planned, now = (f"{time:%Y-%m-%d %H:%M} UTC" for time in (drift.planned_at, drift.as_of))
    return f"plan {drift.sequence} of {planned} against servers and evidence as of {now}"


def _moved(line: Drifted) -> str:
    """Return where a server was left, where it is, and where it should be."""
    here = _standing(line.now) if line.now else "gone"
    if line.left and (line.now is None or line.left.role != line.now.role):
        here = f"{_standing(line.left)} → {here}"
    if line.wanted is None or line.now is None:
        return here
    if line.wanted.role == line.now.role:
        return f"{here}, where the policy puts it too"
    return f"{here}; the policy puts it into {_standing(line.wanted)}"


def _standing(standing: Standing) -> str:
    """Return the level with the role's name, or the role alone where nobody knows its level."""
    name = neutral(standing.name, 64)
    return f"{standing.level.value} ({name})" if standing.level else f'role "{name}"'
