"""The whole story of one instance, for a terminal and as JSON: what was seen, what was tried, what holds."""

import json

import msgspec

from exposurectl.model import Exposure
from exposurectl.render.explain import Story, detail, tell
from exposurectl.render.neutral import neutral
from exposurectl.render.text import Sheet
from exposurectl.render.words import sources

FORMAT = "exposurectl-explain/1"
_LONG = 400


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """One rule or override, tried on one finding."""

    rule: str
    at: str
    level: Exposure
    override: bool
    points: str
    """The points that it holds for; empty where there is none."""
    unmet: tuple[str, ...]
    """Each condition that does not hold, with what it asks and what is there."""


class Admits(msgspec.Struct, frozen=True, kw_only=True):
    """Who may send to these points, as far as evidence says."""

    points: str
    networks: tuple[str, ...] | None


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What these points are given, and by what."""

    points: str
    level: Exposure
    by: tuple[str, ...]


class FindingStory(msgspec.Struct, frozen=True, kw_only=True):
    """One finding, and what the policy makes of it."""

    finding: str
    status: str
    points: str
    path: tuple[str, ...]
    counts: bool
    sources: tuple[Admits, ...]
    given: tuple[Given, ...]
    tried: tuple[Tried, ...]


class OverrideStory(msgspec.Struct, frozen=True, kw_only=True):
    """One override, and what it does here."""

    override: str
    at: str
    level: Exposure
    expires: str
    expired: bool
    holds_for: str
    """The points that it matches, or `the whole instance`; empty where it matches nothing here."""
    unmet: tuple[str, ...]
    """Which of its conditions the instance does not meet."""


class WholeStory(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that there is to say of one instance's level."""

    story: Story
    unobserved: str
    """Why Inspector cannot vouch for the instance; empty where it does."""
    floor: Exposure | None
    """The level below which points do not count; None where the instance would be left alone."""
    floor_by: str
    findings: tuple[FindingStory, ...]
    overrides: tuple[OverrideStory, ...]
    elsewhere: int
    """How many overrides name other instances."""


def story_json(whole: WholeStory) -> str:
    """Return the story as JSON in ASCII, with `##[` escaped too: it would be a command to GitHub's runner."""
    told = {"format": FORMAT, **msgspec.to_builtins(whole.story), **msgspec.to_builtins(whole)}
    del told["story"], told["without"]
    return json.dumps(told, indent=2, sort_keys=True).replace("##[", r"\u0023\u0023[") + "\n"


def story_text(whole: WholeStory, *, width: int, colour: bool) -> str:
    """Return the short story, then coverage and floor, each finding with the rules tried on it, and the overrides."""
    sheet = Sheet(width=width, colour=colour)
    tell(sheet, whole.story)
    _ground(sheet, whole)
    for finding in whole.findings:
        _finding(sheet, finding)
    if not whole.findings:
        _title(sheet, "No findings")
    _overrides(sheet, whole)
    return str(sheet)


def _title(sheet: Sheet, text: str) -> None:
    sheet.line("")
    sheet.line((neutral(text, _LONG), "bold"))


def _ground(sheet: Sheet, whole: WholeStory) -> None:
    """Add what holds before any finding is looked at."""
    _title(sheet, "Coverage")
    vouches = f"Inspector cannot vouch for it: {whole.unobserved}." if whole.unobserved else "Inspector vouches for it."
    sheet.line(neutral(vouches, _LONG), indent=2)
    floor = f"The floor is {whole.floor.value}" if whole.floor else "Without a finding it is left alone"
    sheet.line(f"{floor}, by {neutral(whole.floor_by)}.", indent=2)


def _finding(sheet: Sheet, finding: FindingStory) -> None:
    _title(sheet, f"Finding {finding.finding or 'without an ARN'}")
    detail(sheet, "points", finding.points)
    detail(sheet, "status", finding.status if finding.counts else f"{finding.status}: it does not count")
    detail(sheet, "path", " > ".join(finding.path) or "no steps")
    for one in finding.sources:
        detail(sheet, "sources", f"{one.points}: {sources(one.networks)}")
    for given in finding.given:
        detail(sheet, "level", f"{given.points}: {given.level.value}, by {' and '.join(given.by)}")
    for tried in finding.tried:
        kind = "override " if tried.override else ""
        sheet.line((f"{kind}{neutral(tried.rule)}", "cyan"), f" ({tried.level.value}) {_outcome(tried)}", indent=4)
        for unmet in tried.unmet:
            sheet.line(neutral(unmet, _LONG), indent=8)


def _outcome(tried: Tried) -> str:
    return f"holds for {neutral(tried.points, _LONG)}" if tried.points else "does not hold:"


def _overrides(sheet: Sheet, whole: WholeStory) -> None:
    if whole.overrides or whole.elsewhere:
        _title(sheet, "Overrides")
    for one in whole.overrides:
        until = f"expired after {one.expires}" if one.expired else f"until {one.expires}"
        head = f" ({one.level.value}, {until}) {_effect(one)}"
        sheet.line((neutral(one.override), "cyan"), neutral(head, _LONG), indent=2)
        for unmet in one.unmet:
            sheet.line(neutral(unmet, _LONG), indent=6)
    if whole.elsewhere:
        plural = "override names" if whole.elsewhere == 1 else "overrides name"
        sheet.line(f"{whole.elsewhere} {plural} other instances only.", indent=2)


def _effect(one: OverrideStory) -> str:
    """Return what the override does here; one that has expired would do it."""
    if not one.holds_for:
        return "does not hold:" if one.unmet else "matches no point"
    return f"{'would hold' if one.expired else 'holds'} for {one.holds_for}"
