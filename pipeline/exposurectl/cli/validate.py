"""`exposurectl validate`: everything that is wrong with a policy, its cases and its config, and what may be."""

import argparse
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from exposurectl.cli.ending import leave
from exposurectl.cli.inputs import moment
from exposurectl.cli.whole_file import write_whole
from exposurectl.cli.world import World
from exposurectl.config import ConfigFile, Settings, read_config
from exposurectl.config.quieting import quiet
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError, Place, ProblemId, by_place
from exposurectl.documents import mixed_scripts
from exposurectl.policy.case_files import check_cases
from exposurectl.policy.deadlines import Deadlines
from exposurectl.policy.expected_rules import unknown_rules
from exposurectl.policy.files import CASES, PolicyFolder, read_case_files, read_policy
from exposurectl.policy.model import Policy
from exposurectl.policy.review import review_files, review_policy
from exposurectl.policy.sources import AnywherePrefix
from exposurectl.render.annotations import annotations
from exposurectl.render.neutral import neutral
from exposurectl.render.problems import Report, problems_json, problems_text
from exposurectl.render.sarif import sarif

DEFAULT_CONFIG = "config/production.yaml"


def run(arguments: argparse.Namespace, world: World) -> Exit:
    """Check everything in one pass, show it, and write it where `--out` says."""
    report = _report(arguments, moment(arguments, None, world).date())
    text = problems_text(report, width=world.width, colour=world.colour)
    shown = _rendered(report, arguments.format, world) or text
    if arguments.out is None:
        world.say(shown)
    else:
        content = shown.encode("utf-8", "backslashreplace")
        write_whole(Path(arguments.out), content, what="Report", hint="name another file with --out")
        world.say(text)
        world.tell(f"Wrote {neutral(arguments.out)}.")
    return leave(Exit.BLOCKED, "policy-invalid", world) if report.errors else Exit.DONE


def _report(arguments: argparse.Namespace, today: date) -> Report:
    directory = Path(arguments.policy)
    if not directory.is_dir():
        raise _no_directory(directory)
    config = _config(arguments.config)
    settings = config.settings if config else None
    folder = read_policy(directory)
    found = [*_of_policy(folder, settings, today), *_of_cases(directory, folder.policy), *_of_config(config)]
    kept, left_out = quiet(sorted(found, key=by_place), settings.quieted if settings else ())
    return Report(
        problems=kept,
        left_out=left_out,
        as_of=today,
        policy=str(directory),
        config=config.document.name if config else "",
        analysed=folder.policy is not None,
    )


def _no_directory(directory: Path) -> ExposurectlError:
    problem = Diagnostic(
        id=ProblemId.NO_POLICY_FILES,
        summary="No policy files",
        place=Place(str(directory)),
        detail="This is a file, and a policy is a directory." if directory.exists() else "There is no such directory.",
        hint="name the policy's directory: `exposurectl validate policies`",
    )
    return ExposurectlError(problem, reason="policy-invalid")


def _config(named: str | None) -> ConfigFile | None:
    """Return the config that was named, else the usual one where there is one."""
    if named is None and not Path(DEFAULT_CONFIG).exists():
        return None
    return read_config(Path(named or DEFAULT_CONFIG))


def _of_policy(folder: PolicyFolder, settings: Settings | None, today: date) -> Iterator[Diagnostic]:
    yield from folder.problems
    yield from review_files(folder.files)
    if folder.policy is not None:
        yield from review_policy(
            folder.policy, folder.files, today=today, deadlines=_deadlines(settings), anywhere=_anywhere(settings)
        )


def _deadlines(settings: Settings | None) -> Deadlines:
    if settings is None:
        return Deadlines()
    return Deadlines(
        max_days=settings.override_max_days,
        expiring_days=settings.override_expiring_days,
        expired_is_error=settings.expired_overrides_block,
    )


def _anywhere(settings: Settings | None) -> AnywherePrefix:
    return AnywherePrefix(v4=settings.anywhere_v4, v6=settings.anywhere_v6) if settings else AnywherePrefix()


def _of_cases(directory: Path, policy: Policy | None) -> Iterator[Diagnostic]:
    """Yield what is wrong with the policy's cases, where it has any; without the policy, not whose rules they name."""
    if not (directory / CASES).is_dir():
        return
    files, problems = read_case_files(directory)
    _cases, more = check_cases(file.document for file in files)
    yield from (*problems, *more, *review_files(files))
    if policy is not None:
        yield from unknown_rules((file.document for file in files), policy)


def _of_config(config: ConfigFile | None) -> Iterator[Diagnostic]:
    if config is not None:
        yield from config.problems
        yield from mixed_scripts(config.document, config.content)


def _rendered(report: Report, wanted: str, world: World) -> str:
    """Return the report in a format that programs read; empty where people read it."""
    base = Path(world.environ.get("GITHUB_WORKSPACE") or Path.cwd())
    match wanted:
        case "json":
            return problems_json(report)
        case "github":
            return annotations(_as_from(report, base)) + problems_text(report, width=world.width, colour=False)
        case "sarif":
            return sarif(_as_from(report, base))
        case _:
            return ""


def _as_from(report: Report, base: Path) -> Report:
    """Return the report with its files as they are called from a directory: what GitHub knows of a checkout."""

    def named(file: str) -> str:
        return Path(os.path.relpath(os.path.realpath(file), os.path.realpath(base))).as_posix()

    return report.renamed(named)
