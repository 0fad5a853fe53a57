"""P20, T10 to T13: hostile names go through every command that shows them, and add nothing to any output."""

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.emulator import Emulator
from exposurectl.demo.fleet import TOKENS, groups
from exposurectl.demo.shapes import paging, role_in_list, server_in_list
from exposurectl.demo.story import ENVIRONMENT, RECORDED
from exposurectl.demo.workshop import furnish
from exposurectl.model import Group
from render.conftest import EVIL
from render.test_markdown import ALLOWED, Page
from repository import ALONE, Repository
from runner import commands
from running import Ended, run_inside

CONFIG = ("--config", "demo.yaml")
DAY = ("--as-of", "2026-11-23T03:00:00Z")
EVIDENCE = ("--findings", "evil.ndjson", *CONFIG)
PEOPLE = {"GITHUB_ACTOR": EVIL, "GITHUB_SERVER_URL": EVIL, "GITHUB_REPOSITORY": EVIL, "GITHUB_RUN_ID": EVIL}
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e]")
OURS = re.compile("\x1b\\[[0-9;]*m")
"""The colours of our own; on a terminal only."""
PLAN = "plans/20261123T030000Z-0001/plan.json"


class Scene(NamedTuple):
    """A fleet in the hands of somebody who names things to do harm."""

    futurevuls: Emulator
    instance: str

    def run(self, *words: str) -> Ended:
        return run_inside(*words, environ={**ENVIRONMENT, **PEOPLE}, clock=SimulatedClock(RECORDED))


def evil(group: Group) -> Group:
    """Return the group with hostile names of servers; the roles are the config's, whose names are checked."""
    replace = msgspec.structs.replace
    return replace(group, servers=tuple(replace(one, name=f"{EVIL}{one.id}") for one in group.servers))


def write_evil_files(folder: Path, fleet: tuple[Group, ...]) -> None:
    rows: list[dict[str, Any]] = [
        json.loads(row) for row in (folder / "fleet/findings.ndjson").read_bytes().splitlines()
    ]
    for row in rows:
        row["title"] = row["description"] = EVIL
        row["resources"][0]["tags"] = {EVIL: EVIL, "Name": EVIL}
        steps = row["networkReachabilityDetails"]["networkPath"]["steps"]
        steps[0]["componentId"] = EVIL
    (folder / "evil.ndjson").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    for group in fleet:
        names = {role.id: role.name for role in group.roles}
        for kind, found in {
            "servers": [server_in_list(one, names[one.role], EVIL) for one in group.servers],
            "roles": [role_in_list(role, 1) for role in group.roles],
        }.items():
            page = {"paging": paging(page=1, limit=1000, offset=0, total=len(found)), kind: found}
            (folder / f"{group.name}-{kind}.json").write_text(json.dumps(page), encoding="utf-8")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("evil")
    fleet = tuple(map(evil, groups()))
    accounts = {TOKENS[group.name]: group for group in fleet}
    with (
        Emulator(accounts, clock=SimulatedClock(RECORDED)) as served,
        contextlib.chdir(folder),
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in {**ALONE, "GIT_AUTHOR_NAME": EVIL.replace("<", "").replace("\r\n", " ")}.items():
            patch.setenv(name, value)
        furnish(folder, served.url, RECORDED)
        write_evil_files(folder, fleet)
        repository = Repository.create(folder)
        repository.commit(EVIL)
        it = Scene(served, json.loads((folder / "evil.ndjson").read_bytes().splitlines()[0])["resources"][0]["id"])
        assert it.run("plan", *EVIDENCE, *DAY, "--record", "plans").reason == ""
        repository.commit(EVIL)
        assert it.run("apply", PLAN, *CONFIG).code == 0
        repository.commit(EVIL)
        (folder / "wrong").mkdir()
        wrong = {EVIL: EVIL, "version": 1, "rules": [{"id": EVIL, "level": EVIL, "because": EVIL, "match": {EVIL: 1}}]}
        (folder / "wrong/a.yaml").write_text(json.dumps(wrong), encoding="utf-8")
        yield it


COMMANDS: tuple[tuple[str, ...], ...] = (
    ("plan", *EVIDENCE, *DAY),
    ("show", PLAN),
    ("show", PLAN, "--format", "markdown"),
    ("explain", "<instance>", "--findings", "evil.ndjson"),
    ("explain", "<instance>", "--findings", "evil.ndjson", "--full"),
    ("explain", "<instance>", "--plan", PLAN),
    ("apply", PLAN, *CONFIG),
    ("drift", PLAN, *EVIDENCE, *DAY),
    ("drift", PLAN, *EVIDENCE, *DAY, "--format", "markdown"),
    ("drift", PLAN, *EVIDENCE, *DAY, "--format", "json"),
    ("audit", "plans"),
    ("audit", "plans", "--format", "json"),
    ("validate", "wrong", *CONFIG),
    ("validate", "wrong", *CONFIG, "--format", "json"),
    ("validate", "wrong", *CONFIG, "--format", "sarif"),
    ("diff", "policies", "wrong"),
    ("doctor", "--only", "futurevuls", *CONFIG),
    ("plan", "--revert", f"{PLAN.removesuffix('plan.json')}receipt.json", *CONFIG),
    ("explain", EVIL.replace("\x00", ""), "--findings", "evil.ndjson"),
    ("show", EVIL),
    ("plan", EVIL),
)


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words)[:60].encode("unicode_escape").decode())
def test_no_output_has_a_command_a_colour_or_a_line_of_somebody_elses(scene: Scene, words: tuple[str, ...]) -> None:
    ended = scene.run(*[scene.instance if word == "<instance>" else word for word in words])

    for text in (ended.out, ended.err):
        assert commands(text) == []
        assert RAW.search(text) is None
        assert not [line for line in text.splitlines() if line.startswith(("::", "##["))]


def test_a_plan_as_json_has_no_command_either(scene: Scene) -> None:
    ended = scene.run("show", PLAN, "--format", "json")

    assert RAW.search(ended.out) is None
    assert commands(ended.out) == []


def test_what_goes_to_github_as_annotations_has_only_our_commands(scene: Scene) -> None:
    ended = scene.run("validate", "wrong", *CONFIG, "--format", "github")

    ours = [line for line in ended.out.splitlines() if line.startswith(("::error file=", "::warning file="))]
    assert len(commands(ended.out)) == len(ours) > 0
    assert RAW.search(ended.out) is None


@pytest.mark.parametrize("words", [words for words in COMMANDS if "markdown" in words], ids=lambda words: words[0])
def test_a_page_has_no_tag_link_or_mention_of_somebody_elses(scene: Scene, words: tuple[str, ...]) -> None:
    page = Page(scene.run(*words).out)

    assert page.tags <= ALLOWED
    assert "octocat" not in page.outside
    assert "x.invalid" not in page.outside
    assert not {"a", "img", "script"} & page.tags


def test_the_hostile_text_is_there_to_be_shown(scene: Scene) -> None:
    shown = scene.run("show", PLAN).out

    assert "octocat" in shown
    assert "\\u{1b}" in shown
    assert OURS.search(shown) is None


def test_on_a_terminal_nothing_is_coloured_but_by_us(scene: Scene) -> None:
    from running import Terminal

    for words in (("show", PLAN), ("drift", PLAN, *EVIDENCE, *DAY), ("audit", "plans")):
        terminal = Terminal()
        run_inside(*words, environ=ENVIRONMENT, clock=SimulatedClock(RECORDED), stdout=terminal)

        text = OURS.sub("", terminal.getvalue())
        assert OURS.search(terminal.getvalue()), words
        assert RAW.search(text) is None, words
    assert scene.instance
