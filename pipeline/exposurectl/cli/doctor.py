"""`exposurectl doctor`: whether the stages would work, and what to do where they would not. It changes nothing."""

import argparse
from collections.abc import Collection, Iterator
from pathlib import Path

from exposurectl.checks import Check, State
from exposurectl.cli.collect import access_of, check_regions
from exposurectl.cli.ending import leave
from exposurectl.cli.groups import Paces, clients
from exposurectl.cli.moves import moves
from exposurectl.cli.world import World
from exposurectl.config import Settings, load_config
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError
from exposurectl.render.doctor import check_text, sum_text
from exposurectl.render.neutral import neutral
from exposurectl.sources.aws.checkup import check_up
from exposurectl.sources.git import repository_of
from exposurectl.targets.checkup import check_clock, check_group, check_health, failed
from exposurectl.targets.hosts import check_host
from exposurectl.targets.probing import FutureVulsProbe


def run(arguments: argparse.Namespace, world: World) -> Exit:
    """Ask every question, or print what the pipeline's role must trust."""
    if arguments.oidc:
        world.say("".join(f"{neutral(line, _LONGEST)}\n" for line in _subjects(world)))
        return Exit.DONE
    settings = load_config(Path(arguments.config))
    checks = []
    for check in _checks(settings, world, arguments.only, arguments.allow_host):
        world.say(check_text(check, width=world.width, colour=world.colour))
        checks.append(check)
    world.say(sum_text(checks, width=world.width, colour=world.colour))
    bad = any(check.state is State.BAD for check in checks)
    return leave(Exit.BLOCKED, "check-failed", world) if bad else Exit.DONE


def _checks(settings: Settings, world: World, only: str | None, allowed: Collection[str]) -> Iterator[Check]:
    """Yield the checks of both halves, or of one: what stops one half says nothing about the other."""
    if only != "futurevuls":
        yield from _aws(settings, world)
    if only != "aws":
        yield from _futurevuls(settings, world, allowed)


def _aws(settings: Settings, world: World) -> Iterator[Check]:
    try:
        check_regions(settings)
    except ExposurectlError as error:
        yield from failed("regions", error)
        return
    yield from check_up(access_of(settings, world), settings.regions, organization=settings.organization)


def _futurevuls(settings: Settings, world: World, allowed: Collection[str]) -> Iterator[Check]:
    try:
        check_host(settings.url, allowed)
    except ExposurectlError as error:
        yield from failed("FutureVuls", error)
        return
    paces = Paces(settings, world.clock)
    moved = moves(settings, world.clock.now())
    asked: list[FutureVulsProbe] = []
    for group in settings.groups:
        try:
            made = clients(FutureVulsProbe, [group.name], settings, world, allowed=allowed, paces=paces)
        except ExposurectlError as error:
            yield from failed(f"{group.name}: token", error)
            continue
        client = made[group.name]
        if not asked:
            yield check_health(client)
        yield from check_group(client, group, moved.get(group.name, {}))
        asked.append(client)
    if asked:
        yield check_clock(next((client.skew for client in asked if client.skew is not None), None))


_ENVIRONMENT = "exposure-plan"
_LONGEST = 500
"""More than the names and numbers of any repository take."""


def _subjects(world: World) -> Iterator[str]:
    """
    Yield the `sub` that GitHub's token of the plan job has, in both of its forms.

    Repositories created, renamed or transferred since 2026-07-15 have the second. Source: GitHub's documentation of
    OpenID Connect.
    """
    repository = world.environ.get("GITHUB_REPOSITORY") or repository_of(Path())
    if not repository:
        problem = Diagnostic(
            summary="Repository not known",
            detail="Neither GITHUB_REPOSITORY nor the remote `origin` names a repository on GitHub.",
            hint="run it in a clone, or set GITHUB_REPOSITORY=OWNER/REPO",
        )
        raise ExposurectlError(problem, reason="repository")
    owner, _, name = repository.partition("/")
    owner_id = world.environ.get("GITHUB_REPOSITORY_OWNER_ID", "OWNER_ID")
    own_id = world.environ.get("GITHUB_REPOSITORY_ID", "REPOSITORY_ID")
    yield f"repo:{repository}:environment:{_ENVIRONMENT}"
    yield f"repo:{owner}@{owner_id}/{name}@{own_id}:environment:{_ENVIRONMENT}"
