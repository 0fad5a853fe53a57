"""The demo: the whole job as a user would type it, against an emulated FutureVuls."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from exposurectl.clock import Clock
from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.emulator import Emulator
from exposurectl.demo.fleet import MACHINES, TOKENS, groups
from exposurectl.demo.workshop import CONFIG, SNAPSHOT, furnish
from exposurectl.model import Exposure, Group
from exposurectl.sources.recording import with_groups
from exposurectl.targets.futurevuls import FutureVuls
from exposurectl.targets.pacing import Pace
from exposurectl.targets.token import Token

RECORDED = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
"""When the demo's fleet was recorded. It never changes, so that the demo shows the same every time."""

PER_MINUTE = 20
"""The vendor's announced limit, which the emulator enforces."""

ENVIRONMENT = {"FUTUREVULS_TOKEN_WEB": TOKENS["web-platform"], "FUTUREVULS_TOKEN_DATA": TOKENS["data-platform"]}
_AFTER = "after"

Command = Callable[[Sequence[str], Mapping[str, str], Clock], int]
"""Runs one command line with an environment and a clock, and returns its exit code."""


def tell_story(command: Command, say: Callable[[str], None]) -> int:
    """
    Plan, apply and plan again in a directory of its own, and return the first exit code that is not 0.

    Time is simulated: what the pace makes a real run wait for takes no time here.
    """
    clock = SimulatedClock(RECORDED + timedelta(minutes=10))
    with workshop() as directory, emulator(clock, port=0, per_minute=PER_MINUTE) as futurevuls:
        furnish(directory, futurevuls.url, RECORDED)
        say(_opening())
        for words in _commands(SNAPSHOT, out="plan.json"), ["apply", "plan.json", "--config", CONFIG]:
            code = _type(words, command, say, clock)
            if code:
                return code
        with_groups(directory / SNAPSHOT, _read_groups(futurevuls, clock), directory / _AFTER)
        say("\nThe servers are read again, and the plan is made once more.\n")
        again = [*_commands(_AFTER, out=""), "--previous", "plan.json", "--detailed-exitcode"]
        return _type(again, command, say, clock)


def _opening() -> str:
    """Return what the demo begins with."""
    servers = sum(len(group.servers) for group in groups())
    return (
        f"A made-up fleet: {len(MACHINES)} instances in 4 AWS accounts, {servers} servers in 2 FutureVuls groups.\n"
        "FutureVuls is emulated on this machine, with its limit of 20 requests a minute; waiting is skipped.\n"
    )


def _commands(snapshot: str, *, out: str) -> list[str]:
    words = ["plan", "--snapshot", snapshot, "--config", CONFIG]
    return [*words, "--out", out] if out else words


def _type(words: Sequence[str], command: Command, say: Callable[[str], None], clock: Clock) -> int:
    """Show a command line and run it."""
    say(f"\n$ exposurectl {' '.join(words)}\n")
    return command(words, ENVIRONMENT, clock)


def _read_groups(futurevuls: Emulator, clock: Clock) -> tuple[Group, ...]:
    """Ask the emulated FutureVuls for every group as it is now."""
    read = []
    for name, token in TOKENS.items():
        pace = Pace(PER_MINUTE, clock)
        client = FutureVuls(futurevuls.url, Token(token), group=name, clock=clock, pace=pace, jitter=float)
        read.append(client.read_group())
    return tuple(read)


@contextlib.contextmanager
def workshop() -> Iterator[Path]:
    """Make a directory, work in it, and leave nothing behind."""
    with tempfile.TemporaryDirectory(prefix="exposurectl-demo-") as name, contextlib.chdir(name):
        yield Path(name)


@contextlib.contextmanager
def emulator(clock: Clock, *, port: int, per_minute: int | None) -> Iterator[Emulator]:
    """Serve the fleet's groups, each to its own token."""
    with Emulator(
        {TOKENS[group.name]: group for group in groups()}, clock=clock, port=port, per_minute=per_minute
    ) as it:
        for group in groups():
            it.expose(TOKENS[group.name], _claimed(group))
        yield it


def _claimed(group: Group) -> dict[int, str]:
    """Return the exposure of each role, which in this company is what its name ends in."""
    levels = {role.id: role.name.rpartition("-")[2] for role in group.roles}
    return {role: level for role, level in levels.items() if level in {word.value for word in Exposure}}
