"""A plan on disk with its config, before an emulated FutureVuls: where apply runs as people run it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from apply.acting import EVIDENCE, TOKENS, WEB, emulated, settings_for
from exposurectl.clock import Clock
from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.emulator import Emulator
from exposurectl.model import Server
from exposurectl.plan.file import write_plan
from exposurectl.plan.model import Plan
from faults.killing import CONFIG
from plan.building import AS_OF, DEFAULT, WEB_CONTROLLED, WEB_OPEN, group, planned, server
from running import Ended, run_inside

ENVIRON = {"TOKEN": TOKENS[WEB]}
THREE = (
    server(1, "i-open", WEB_CONTROLLED),
    server(2, "i-open", DEFAULT),
    server(3, "i-small", WEB_OPEN),
)
"""One to raise, one that joins and one to lower."""


class Stage(NamedTuple):
    """A plan, the folder that it is in, and the FutureVuls that it is for."""

    folder: Path
    futurevuls: Emulator
    plan: Plan

    @property
    def file(self) -> Path:
        return self.folder / "plan.json"

    def apply(self, *words: str, clock: Clock | None = None) -> Ended:
        return apply(self.folder, *words, clock=clock)


def apply(folder: Path, *words: str, clock: Clock | None = None) -> Ended:
    """Apply the plan of a folder in this process."""
    files = (folder / "plan.json", "--config", folder / "production.yaml")
    return run_inside("apply", *files, *words, environ=ENVIRON, clock=clock or SimulatedClock(AS_OF))


def put_plan(folder: Path, url: str, *servers: Server) -> Plan:
    """Write the plan that puts these servers where they belong, and its config."""
    plan = planned(*EVIDENCE, groups=(group(*servers),), settings=settings_for(url))
    (folder / "plan.json").write_bytes(write_plan(plan))
    put_config(folder, url)
    return plan


def put_config(folder: Path, url: str, **changed: str) -> None:
    """Write the config, with some of its words in place of others: `count_5="count: 0"`."""
    text = CONFIG.format(url=url)
    for old, new in changed.items():
        was = old.replace("_per_minute_", "_per_minute: ").replace("count_", "count: ")
        assert text.count(was) == 1, was
        text = text.replace(was, new)
    (folder / "production.yaml").write_text(text, encoding="utf-8")


@contextlib.contextmanager
def staged(folder: Path, *servers: Server, **emulation: Any) -> Iterator[Stage]:
    """Serve these servers, the three where none is given, with their plan in the folder."""
    servers = servers or THREE
    with emulated(group(*servers), **emulation) as futurevuls:
        yield Stage(folder, futurevuls, put_plan(folder, futurevuls.url, *servers))
