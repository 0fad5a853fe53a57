"""The whole story of one instance, as text and as JSON."""

import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from exposurectl.model import Exposure, Reason
from exposurectl.render.explain import Lowering, Story
from exposurectl.render.story import (
    Admits,
    FindingStory,
    Given,
    OverrideStory,
    Tried,
    WholeStory,
    story_json,
    story_text,
)
from golden import check_golden
from runner import commands

FINDING = FindingStory(
    finding="arn:aws:inspector2:eu-west-1:111122223333:finding/1",
    status="ACTIVE",
    points="tcp/20-25",
    path=("igw-1", "i-1"),
    counts=True,
    sources=(Admits(points="tcp/22", networks=("0.0.0.0/0",)), Admits(points="tcp/20-21, tcp/23-25", networks=None)),
    given=(Given(points="tcp/20-25", level=Exposure.OPEN, by=("anyone", "other")),),
    tried=(
        Tried(rule="anyone", at="p:1:1", level=Exposure.OPEN, override=False, points="tcp/20-25", unmet=()),
        Tried(
            rule="vault",
            at="p:2:1",
            level=Exposure.SMALL,
            override=True,
            points="",
            unmet=("ports asks 80; here: 20-25", "protocol asks udp; here: tcp"),
        ),
    ),
)
WHOLE = WholeStory(
    story=Story(
        instance="i-1",
        level=Exposure.OPEN,
        reasons=(Reason(rule="anyone", because="Anyone.", at="p:1:1", points="tcp/20-25", path=("igw-1", "i-1")),),
        lowering=(Lowering(level=Exposure.SMALL, change="if tcp/20-25 were not reachable"),),
    ),
    unobserved="",
    floor=Exposure.SMALL,
    floor_by="defaults.unreachable",
    findings=(
        FINDING,
        msgspec.structs.replace(
            FINDING, finding="", status="CLOSED", counts=False, path=(), sources=(), given=(), tried=()
        ),
    ),
    overrides=(
        OverrideStory(
            override="live",
            at="p:3:1",
            level=Exposure.SMALL,
            expires="2027-03-31",
            expired=False,
            holds_for="tcp/22",
            unmet=(),
        ),
        OverrideStory(
            override="old",
            at="p:4:1",
            level=Exposure.SMALL,
            expires="2026-03-31",
            expired=True,
            holds_for="the whole instance",
            unmet=(),
        ),
        OverrideStory(
            override="pointless",
            at="p:5:1",
            level=Exposure.SMALL,
            expires="2027-03-31",
            expired=False,
            holds_for="",
            unmet=(),
        ),
        OverrideStory(
            override="tagged",
            at="p:6:1",
            level=Exposure.SMALL,
            expires="2027-03-31",
            expired=False,
            holds_for="",
            unmet=("tags Env asks prod; here: no such tag",),
        ),
    ),
    elsewhere=1,
)


def test_the_whole_story() -> None:
    check_golden("text/story.txt", story_text(WHOLE, width=100, colour=False))


def test_the_whole_story_as_json() -> None:
    check_golden("text/story.json", story_json(WHOLE))


def test_an_instance_without_findings_and_a_policy_without_overrides() -> None:
    bare = WholeStory(
        story=Story(instance="i-1", level=None, why="unobserved: STOPPED"),
        unobserved="STOPPED",
        floor=None,
        floor_by="defaults.unobserved: leave",
        findings=(),
        overrides=(),
        elsewhere=0,
    )

    assert story_text(bare, width=100, colour=False) == (
        "i-1 is left alone: unobserved: STOPPED\n\n"
        "Coverage\n"
        "  Inspector cannot vouch for it: STOPPED.\n"
        "  Without a finding it is left alone, by defaults.unobserved: leave.\n\n"
        "No findings\n"
    )
    assert json.loads(story_json(bare))["level"] is None


hostile = st.text() | st.sampled_from(("::error::x", "##[x]", "\x1b[31m", "\u202e", "a\n::stop-commands::b"))


@given(hostile)
def test_no_text_from_outside_acts_on_a_terminal_or_a_runner(text: str) -> None:
    finding = msgspec.structs.replace(
        FINDING,
        finding=text,
        path=(text,),
        status=text,
        tried=(msgspec.structs.replace(FINDING.tried[1], unmet=(text,), rule=text),),
        given=(Given(points=text, level=Exposure.OPEN, by=(text,)),),
    )
    override = msgspec.structs.replace(WHOLE.overrides[0], override=text, unmet=(text,), holds_for=text)
    whole = msgspec.structs.replace(WHOLE, findings=(finding,), overrides=(override,), unobserved=text, floor_by=text)

    told = story_text(whole, width=100, colour=False)

    assert commands(told) == []
    assert all(line.isprintable() for line in told.split("\n"))
    assert story_json(whole).isascii()
    assert commands(story_json(whole)) == []
    assert json.loads(story_json(whole))["floor_by"] == text
