"""Whether a plan or a receipt is of the environment and the FutureVuls that the config is for."""

from collections.abc import Iterable, Iterator

from exposurectl.config import Settings
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError, Place


def check_belongs(place: str, settings: Settings, *, environment: str, url: str, groups: Iterable[str]) -> None:
    """Raise ExposurectlError with exit code 5 and everything in which the file and the config do not agree."""
    problems = [
        Diagnostic(
            summary="File is of another environment",
            place=Place(place),
            detail=detail,
            hint="name its config with --config",
        )
        for detail in _differences(settings, environment, url, groups)
    ]
    if problems:
        raise ExposurectlError(*problems, reason="target-changed", exit_code=Exit.REFUSED)


def _differences(settings: Settings, environment: str, url: str, groups: Iterable[str]) -> Iterator[str]:
    if environment != settings.environment:
        yield f'It is of "{environment}", and the config is "{settings.environment}".'
    if url != settings.url:
        yield f"It is of {url}, and the config is for {settings.url}."
    missing = sorted(set(groups) - {group.name for group in settings.groups})
    if missing:
        yield f"The config has no group {', '.join(missing)}."
