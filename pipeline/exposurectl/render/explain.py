"""Why one instance has its level, for a terminal."""

import msgspec

from exposurectl.model import Exposure, Reason
from exposurectl.render.neutral import neutral
from exposurectl.render.text import Sheet
from exposurectl.render.words import sources

_LABEL = 9
_LEVEL = 12
_LONG = 400


class Lowering(msgspec.Struct, frozen=True, kw_only=True):
    """One change that would lower the level, and to what."""

    level: Exposure
    change: str
    """What would have to be so: `if tcp/22 were not reachable`."""


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to say of one instance."""

    instance: str
    level: Exposure | None
    """None where the instance is left alone."""
    why: str = ""
    """Why there is no level, or what limits it."""
    reasons: tuple[Reason, ...] = ()
    without: Exposure | None = None
    """The level were the deciding points not reachable, where that is all that is known."""
    lowering: tuple[Lowering, ...] = ()
    """The smallest single changes that would lower the level."""
    notes: tuple[str, ...] = ()


def explain_text(story: Story, *, width: int, colour: bool) -> str:
    """Return the level, every reason with its evidence, what would lower it, and the notes."""
    sheet = Sheet(width=width, colour=colour)
    tell(sheet, story)
    return str(sheet)


def tell(sheet: Sheet, story: Story) -> None:
    """Add the level, every reason with its evidence, what would lower it, and the notes."""
    if story.level:
        limit = f" ({neutral(story.why)})" if story.why else ""
        sheet.line((neutral(story.instance), "bold"), " is ", (story.level.value, "bold"), limit)
    else:
        sheet.line((neutral(story.instance), "bold"), " is left alone: ", neutral(story.why, _LONG))
    for reason in story.reasons:
        _reason(sheet, reason)
    if story.without:
        sheet.line("")
        sheet.line(f"Were these points not reachable, it would be {story.without.value}.")
    if story.lowering:
        sheet.line("")
        sheet.line("What would lower it:")
    for one in story.lowering:
        sheet.row(f"{one.level.value:<{_LEVEL}}", neutral(one.change, _LONG), indent=2)
    if story.notes:
        sheet.line("")
    for note in story.notes:
        sheet.line(neutral(note, _LONG))


def _reason(sheet: Sheet, reason: Reason) -> None:
    sheet.line("")
    kind = "override " if reason.override else ""
    sheet.line((f"{kind}{neutral(reason.rule)}", "cyan"), f"  {neutral(reason.at)}", indent=2)
    sheet.line(neutral(reason.because, _LONG), indent=4)
    if reason.points:
        detail(sheet, "points", reason.points)
        detail(sheet, "sources", sources(reason.sources))
        detail(sheet, "path", " > ".join(reason.path) or "no steps")
        detail(sheet, "finding", reason.finding or "not known")


def detail(sheet: Sheet, label: str, value: str) -> None:
    """Add one labelled fact of a reason or a finding."""
    sheet.row((f"{label:<{_LABEL}}", "dim"), neutral(value, _LONG), indent=4)
