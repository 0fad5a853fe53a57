"""`exposurectl collect`: record a snapshot of all evidence, and of the servers in FutureVuls."""

import argparse
import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

from exposurectl.cli.arguments import UsageError
from exposurectl.cli.groups import live_groups
from exposurectl.cli.progress import Meter
from exposurectl.cli.world import World
from exposurectl.config import Settings, load_config
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError, Place
from exposurectl.model import Group
from exposurectl.render.neutral import neutral
from exposurectl.sources.aws.access import FAILURES, Access, own_session, said
from exposurectl.sources.aws.report import UnreadError, is_report_address, open_report
from exposurectl.sources.collect import Asked, collect
from exposurectl.sources.given import Given, read_events, read_report
from exposurectl.sources.recording import write_snapshot


def run(arguments: argparse.Namespace, world: World) -> Exit:
    """Collect into a directory that does not exist yet."""
    if arguments.report and not is_report_address(arguments.report):
        raise UsageError("--report must be the address of one object, such as s3://bucket/prefix/report.json")
    settings = load_config(Path(arguments.config))
    check_regions(settings)
    target = Path(arguments.out)
    if target.exists():
        problem = Diagnostic(
            summary="Snapshot exists",
            place=Place(arguments.out),
            detail="A snapshot is never written over anything.",
            hint="name a directory that does not exist yet",
        )
        raise ExposurectlError(problem, reason="snapshot")
    access = access_of(settings, world)
    given = _given(arguments, access)
    groups = live_groups(settings, world, arguments.allow_host)
    target.parent.mkdir(parents=True, exist_ok=True)
    with collected(settings, groups, access, world, given=given, beside=target.parent) as directory:
        directory.rename(target)
    world.tell(f"Wrote {neutral(arguments.out)}.")
    return Exit.DONE


@contextlib.contextmanager
def collected(
    settings: Settings,
    groups: tuple[Group, ...],
    access: Access,
    world: World,
    *,
    given: Given | None = None,
    beside: Path | None = None,
) -> Iterator[Path]:
    """
    Collect into a temporary directory, and remove what is left of it afterwards.

    Whoever is killed half-way leaves a directory that nobody takes for a snapshot.
    """
    check_regions(settings)
    asked = Asked(
        regions=settings.regions,
        organization=settings.organization,
        as_of=world.clock.now().astimezone(UTC).replace(microsecond=0),
        min_clear_age=settings.limits.min_clear_age,
        given=given,
    )
    place = Path(tempfile.mkdtemp(prefix=".exposurectl-", dir=beside))
    try:
        with _signed_in("GetCallerIdentity"):
            access.identity  # noqa: B018 - whoever is nobody cannot read anything
        with Meter(world) as meter:
            contents = collect(asked, access, groups, meter.show)
        write_snapshot(place / "snapshot", contents)
        yield place / "snapshot"
    finally:
        shutil.rmtree(place, ignore_errors=True)


def access_of(settings: Settings, world: World) -> Access:
    """Return the way into AWS that the config describes, with the caller's own credentials."""
    with _signed_in("AWS_PROFILE"):
        return Access(
            own_session(),
            role=settings.evidence_role,
            monotonic=world.clock.monotonic,
            home=next(iter(settings.regions), "us-east-1"),
        )


@contextlib.contextmanager
def _signed_in(called: str) -> Iterator[None]:
    """Turn the failure of being anybody at all into an error that says how to sign in."""
    try:
        yield
    except FAILURES as error:
        problem = Diagnostic(
            summary="AWS cannot be read",
            detail=f"{said(error, called).rstrip('.')}.",
            hint="sign in as the AWS CLI would: AWS_PROFILE, `aws sso login`, or a role of the machine",
        )
        raise ExposurectlError(problem, reason="aws") from error


def _given(arguments: argparse.Namespace, access: Access) -> Given | None:
    """Return the findings that are there already, if the arguments name any."""
    if arguments.events:
        return read_events(Path(arguments.events))
    if not arguments.report:
        return None
    try:
        with contextlib.closing(open_report(access, arguments.report)) as stream:
            return read_report(arguments.report, stream)
    except (UnreadError, *FAILURES) as error:
        why = str(error) if isinstance(error, UnreadError) else said(error, "GetObject")
        problem = Diagnostic(
            summary="Report cannot be read",
            place=Place(arguments.report),
            detail=f"{why.rstrip('.')}.",
            hint="allow s3:GetObject on it, and kms:Decrypt on its key; docs/aws.md has ready-made roles",
        )
        raise ExposurectlError(problem, reason="aws") from error


def check_regions(settings: Settings) -> None:
    """Raise ExposurectlError where the config names no regions."""
    if not settings.regions:
        problem = Diagnostic(
            summary="No regions to read",
            detail="The config names no regions.",
            hint="add `inspector: {regions: [...]}` to the config, or name evidence with --findings or --snapshot",
        )
        raise ExposurectlError(problem, reason="no-evidence")
