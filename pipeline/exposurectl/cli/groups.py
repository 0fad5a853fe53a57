"""The FutureVuls groups of a config: from files, or asked for with their tokens."""

from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

from exposurectl.cli.arguments import UsageError
from exposurectl.cli.inputs import read_file
from exposurectl.cli.world import World
from exposurectl.clock import Clock
from exposurectl.config import Settings
from exposurectl.model import Group
from exposurectl.targets.futurevuls import FutureVuls
from exposurectl.targets.hosts import check_host
from exposurectl.targets.pacing import PER_ADDRESS, Pace
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


class Paces:
    """The pace of each group's token, all of them within that of this machine's address."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        """Begin with nothing sent."""
        together = max(PER_ADDRESS, settings.requests_per_minute)
        address = Pace(together, clock, burst=together)
        self._paces = {
            group.name: Pace(settings.requests_per_minute, clock, within=address) for group in settings.groups
        }

    def of(self, group: str) -> Pace:
        """Return the one pace of everything that is sent with a group's token."""
        return self._paces[group]


def live_groups(settings: Settings, world: World, allowed: Collection[str] = ()) -> tuple[Group, ...]:
    """Ask FutureVuls for every group of the config, with clients that cannot write; `allowed` are further hosts."""
    names = [group.name for group in settings.groups]
    readers = clients(FutureVuls, names, settings, world, allowed=allowed, paces=Paces(settings, world.clock))
    return tuple(readers[name].read_group() for name in names)


def clients(
    kind: type[Client],
    names: Iterable[str],
    settings: Settings,
    world: World,
    *,
    allowed: Collection[str],
    paces: Paces,
) -> dict[str, Client]:
    """Return a client of that kind for each of these groups; all tokens are read before any is used."""
    wanted = set(names)
    check_host(settings.url, allowed)
    return {
        group.name: kind(
            settings.url,
            Token.read(group.token, world.environ),
            group=group.name,
            clock=world.clock,
            pace=paces.of(group.name),
            jitter=world.jitter,
        )
        for group in settings.groups
        if group.name in wanted
    }
