"""The FutureVuls groups of a config: from files, or asked for with their tokens."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from exposurectl.cli.arguments import UsageError
from exposurectl.cli.inputs import read_file
from exposurectl.cli.world import World
from exposurectl.config import GroupSettings, Settings
from exposurectl.model import Group
from exposurectl.targets.futurevuls import FutureVuls, FutureVulsWriter
from exposurectl.targets.pacing import Pace
from exposurectl.targets.recorded import read_recorded
from exposurectl.targets.token import Token

Client = TypeVar("Client", bound=FutureVuls)


def recorded_groups(files: Sequence[str], settings: Settings) -> tuple[Group, ...]:
    """Return the groups whose servers and roles were saved to files, each written as `GROUP=FILE`."""
    names = [group.name for group in settings.groups]
    by_group: dict[str, list[str]] = {name: [] for name in names}
    for written in files:
        group, path = _of_group(written, names)
        by_group[group].append(path)
    return tuple(
        read_recorded([(path, read_file(path)) for path in paths], group) for group, paths in by_group.items() if paths
    )


def _of_group(written: str, names: Sequence[str]) -> tuple[str, str]:
    """Return which group a file is of; where the config has one group only, a file alone is its."""
    group, equals, path = written.partition("=")
    if equals and group in names:
        return group, path
    if len(names) == 1:
        return names[0], written
    raise UsageError(f"--servers must be GROUP=FILE, with one of the groups {', '.join(names)}, not {written!r}")


def live_groups(settings: Settings, world: World) -> tuple[Group, ...]:
    """Ask FutureVuls for every group of the config, with clients that cannot write."""
    return tuple(_client(FutureVuls, group, settings, world).read_group() for group in settings.groups)


def writers(names: Iterable[str], settings: Settings, world: World) -> dict[str, FutureVulsWriter]:
    """Return a client that can move servers for each of these groups; all tokens are read before any is used."""
    wanted = set(names)
    return {
        group.name: _client(FutureVulsWriter, group, settings, world)
        for group in settings.groups
        if group.name in wanted
    }


def _client(kind: type[Client], group: GroupSettings, settings: Settings, world: World) -> Client:
    return kind(
        settings.url,
        Token.read(group.token, world.environ),
        group=group.name,
        clock=world.clock,
        pace=Pace(settings.requests_per_minute, world.clock),
        jitter=world.jitter,
    )
