"""From evidence, policy and servers to a plan: the same inputs give the same plan, byte for byte."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from exposurectl import __version__
from exposurectl.config import GroupSettings
from exposurectl.diagnostics import Diagnostic, ExposurectlError
from exposurectl.model import Group, Server
from exposurectl.plan.cause import history
from exposurectl.plan.compare import Comparison, Judgement, Line
from exposurectl.plan.families import resolve
from exposurectl.plan.file import seal
from exposurectl.plan.fingerprint import of_groups
from exposurectl.plan.limits import lowers
from exposurectl.plan.losses import counts_of
from exposurectl.plan.model import (
    FORMAT_VERSION,
    Change,
    Direction,
    Inputs,
    Plan,
    Skipped,
    Summary,
    Target,
    TargetGroup,
    Unchanged,
)
from exposurectl.plan.notes import blocks, warnings
from exposurectl.plan.request import Request
from exposurectl.policy.decide import decide
from exposurectl.policy.sources import AnywherePrefix

SERVERS_PER_PAGE = 1000
ROLES_PER_PAGE = 100
PER_ADDRESS = 200
"""Requests a minute from one address, whatever their tokens: announced by FutureVuls for 2026."""


def build_plan(request: Request) -> Plan:
    """
    Compare what the policy decides with where the servers are.

    Servers and instances that cannot be matched are skipped with a reason, never dropped. Raises ExposurectlError
    where a family's role does not exist.
    """
    anywhere = AnywherePrefix(v4=request.settings.anywhere_v4, v6=request.settings.anywhere_v6)
    fleet = _judge(request, anywhere)
    comparisons = [_comparison(request, fleet, group, settings) for group, settings in _paired(request)]
    lines = [comparison.line(server) for comparison, group in comparisons for server in _by_id(group)]
    changes = tuple(sorted((line for line in lines if isinstance(line, Change)), key=change_order))
    unchanged = tuple(line for line in lines if isinstance(line, Unchanged))
    skipped = (*(line for line in lines if isinstance(line, Skipped)), *_without_server(fleet, lines))
    found = tuple(blocks(request, changes, len(changes) + len(unchanged)))
    return seal(
        Plan(
            format_version=FORMAT_VERSION,
            tool_version=__version__,
            environment=request.settings.environment,
            sequence=request.previous.sequence + 1 if request.previous else 1,
            previous=request.previous.digest if request.previous else None,
            as_of=request.as_of,
            expires_at=request.as_of + request.settings.limits.plan_valid_for,
            applyable=all(block.acknowledge for block in found),
            blocked_by=found,
            warnings=tuple(warnings(request, fleet, lines, anywhere)),
            inputs=_inputs(request),
            counts=counts_of(request.inventory),
            target=_target(request, comparisons),
            summary=summary_of(request, changes, unchanged, skipped),
            changes=changes,
            unchanged=unchanged,
            skipped=skipped,
        )
    )


def _judge(request: Request, anywhere: AnywherePrefix) -> dict[str, Judgement]:
    """Decide every instance that is known, in the order of their ids."""
    today = request.as_of.date()
    return {
        evidence.instance.id: Judgement(
            evidence=evidence, decision=decide(evidence, request.policy, today=today, anywhere=anywhere)
        )
        for evidence in sorted(request.inventory.evidence, key=lambda evidence: evidence.instance.id)
    }


def _by_id(group: Group) -> list[Server]:
    return sorted(group.servers, key=lambda server: server.id)


def _paired(request: Request) -> Iterator[tuple[Group, GroupSettings]]:
    """Yield each group of the config with what FutureVuls has of it, by name."""
    groups = {group.name: group for group in request.groups}
    missing = [settings for settings in request.settings.groups if settings.name not in groups]
    if missing:
        raise ExposurectlError(*(_no_servers_of(settings) for settings in missing), reason="group-missing")
    for settings in sorted(request.settings.groups, key=lambda settings: settings.name):
        yield groups[settings.name], settings


def _no_servers_of(settings: GroupSettings) -> Diagnostic:
    return Diagnostic(
        summary="No servers of a group",
        place=settings.place,
        detail=f'Neither servers nor roles of the group "{settings.name}" were given.',
        hint=f"record the group, or name its file: --servers '{settings.name}=FILE'",
    )


def _comparison(
    request: Request, fleet: Mapping[str, Judgement], group: Group, settings: GroupSettings
) -> tuple[Comparison, Group]:
    comparison = Comparison(
        group=group.name,
        families=resolve(group, settings),
        pairings=settings.servers,
        fleet=fleet,
        then=history(request.previous, request.policy, request.as_of.date()),
        as_of=request.as_of,
        min_clear_age=request.settings.limits.min_clear_age,
    )
    return comparison, group


_ORDER = list(Direction)


def change_order(change: Change) -> tuple[int, str, int]:
    """Return the key that sorts changes as they are made: raises, joins, lowers, each by group and server."""
    return _ORDER.index(change.direction), change.group, change.server


def _without_server(fleet: Mapping[str, Judgement], lines: Iterable[Line]) -> Iterator[Skipped]:
    """Yield the instances that no server of any group is."""
    matched = {line.instance for line in lines}
    for instance, judgement in fleet.items():
        if instance not in matched:
            name = judgement.evidence.instance.tag("Name") or ""
            yield Skipped(why="no server: FutureVuls has none with this instance id", instance=instance, name=name)


def _inputs(request: Request) -> Inputs:
    return Inputs(
        policy=request.policy.digest,
        config=request.settings.digest,
        snapshot=request.inventory.digest,
        servers=of_groups(request.groups),
        git_commit=request.git_commit,
    )


def _target(request: Request, comparisons: Sequence[tuple[Comparison, Group]]) -> Target:
    return Target(
        url=request.settings.url,
        groups=tuple(
            TargetGroup(name=group.name, roles=tuple(comparison.families.by_role.values()))
            for comparison, group in comparisons
        ),
    )


def summary_of(
    request: Request, changes: Sequence[Change], unchanged: Sequence[Unchanged], skipped: Sequence[Skipped]
) -> Summary:
    """Return the plan in numbers."""
    directions = Counter(change.direction for change in changes)
    requests = [_requests(group, changes) for group in request.groups]
    return Summary(
        raised=directions[Direction.RAISE],
        join=directions[Direction.JOIN],
        lower=directions[Direction.LOWER],
        unchanged=len(unchanged),
        skipped=len(skipped),
        requests=sum(requests),
        minutes=minutes(requests, request.settings.requests_per_minute),
    )


def minutes(requests: Sequence[int], per_minute: int) -> int:
    """Return how long these requests take, by group: groups run side by side, within what one address may send."""
    slowest = max((count / per_minute for count in requests), default=0.0)
    return math.ceil(max(slowest, sum(requests) / max(per_minute, PER_ADDRESS)))


def _requests(group: Group, changes: Sequence[Change]) -> int:
    """Return how many requests applying a group's changes takes: its lists, a move each, and a look if it lowers."""
    mine = [change for change in changes if change.group == group.name]
    if not mine:
        return 0
    pages = math.ceil(len(group.servers) / SERVERS_PER_PAGE), math.ceil(len(group.roles) / ROLES_PER_PAGE)
    return sum(pages) + len(mine) + sum(map(lowers, mine))
