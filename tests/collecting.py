"""How tests collect from the made-up AWS in this process, and what they ask of the snapshot."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import msgspec

from aws.endpoint import Endpoint
from aws.world import NOW, ROLE
from exposurectl.model import Group, Unobserved
from exposurectl.sources.aws.access import Access
from exposurectl.sources.collect import Asked, Progress, collect
from exposurectl.sources.given import Given
from exposurectl.sources.recording import Contents, write_snapshot
from exposurectl.sources.snapshot import Snapshot, read_snapshot

_ways: WeakKeyDictionary[Endpoint, Access] = WeakKeyDictionary()
"""Making clients takes most of the time of a small collection."""

MIN_CLEAR_AGE = timedelta(days=7)
WORKERS = 8


def access_to(endpoint: Endpoint, *, account: str = "", role: str = ROLE, session: Any = None) -> Access:
    """Return the way in of an account's user: the delegated administrator's, unless another is named."""
    return Access(session or endpoint.session(account), role=role, monotonic=time.monotonic)


def asking(endpoint: Endpoint, **changes: Any) -> Asked:
    """Ask for everything that the world has, as of its moment."""
    everything = Asked(regions=endpoint.world.regions, organization=True, as_of=NOW, min_clear_age=MIN_CLEAR_AGE)
    return msgspec.structs.replace(everything, **changes)


def collected(
    endpoint: Endpoint,
    *,
    access: Access | None = None,
    given: Given | None = None,
    groups: tuple[Group, ...] = (),
    told: Callable[[Progress], None] = lambda _: None,
    workers: int = WORKERS,
    **changes: Any,
) -> Contents:
    """Collect everything, but for the changes; without `access`, in a way that other tests have gone too."""
    asked = asking(endpoint, given=given, **changes)
    if access is None and endpoint not in _ways:
        _ways[endpoint] = access_to(endpoint)
    return collect(asked, access or _ways[endpoint], groups, told, workers)


def recorded(contents: Contents, directory: Path) -> Snapshot:
    """Return the contents after they have been a snapshot on disk."""
    write_snapshot(directory, contents)
    return read_snapshot(directory)


def reasons(endpoint: Endpoint, snapshot: Snapshot) -> dict[str, str]:
    """Return why each instance is not observed by its name in the world; nothing where it is."""
    names = {instance.id: instance.name for instance in endpoint.world.instances}
    return {
        names[evidence.instance.id]: evidence.coverage.why if isinstance(evidence.coverage, Unobserved) else ""
        for evidence in snapshot.inventory.evidence
    }


def whys(contents: Contents) -> dict[tuple[str, str], str]:
    """Return why each account and region is not complete, for those that are not."""
    return {
        (partition.account, partition.region): partition.why
        for partition in contents.partitions
        if not partition.complete
    }
