"""`exposurectl doctor`: whether collecting would work, and what to do where it would not. It changes nothing."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from exposurectl.cli.collect import access_of, check_regions
from exposurectl.cli.ending import leave
from exposurectl.cli.world import World
from exposurectl.config import load_config
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError
from exposurectl.render.doctor import Answer, doctor_text
from exposurectl.sources.aws.checkup import State, check_up
from exposurectl.sources.git import repository_of


def run(arguments: argparse.Namespace, world: World) -> Exit:
    """Ask every question, or print what the pipeline's role must trust."""
    if arguments.oidc:
        world.say("".join(f"{line}\n" for line in _subjects(world)))
        return Exit.DONE
    settings = load_config(Path(arguments.config))
    check_regions(settings)
    checks = tuple(check_up(access_of(settings, world), settings.regions, organization=settings.organization))
    answers = [
        Answer(subject=check.subject, state=check.state.value, detail=check.detail, advice=check.advice)
        for check in checks
    ]
    world.say(doctor_text(answers, width=world.width, colour=world.colour))
    bad = any(check.state is State.BAD for check in checks)
    return leave(Exit.BLOCKED, "check-failed", world) if bad else Exit.DONE


_ENVIRONMENT = "exposure-plan"


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
