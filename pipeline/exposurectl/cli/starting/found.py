"""What can be found out about a new policy repository without asking anybody."""

import configparser
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from exposurectl.sources.git import main_branch_of, repository_of, top_of

# No stricter than AWS and git, yet nothing that YAML would read as anything but this text.
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
_BRANCH = re.compile(r"[A-Za-z][A-Za-z0-9._/-]*")
_LONGEST_CONFIG = 1024 * 1024


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out; empty text where nothing was."""

    region: str = ""
    region_from: str = ""
    """Where the region was found: a variable, or a file."""
    repository: str = ""
    """`OWNER/REPO` on GitHub."""
    branch: str = ""
    """The branch of `origin` that others begin at, such as `main`."""


def find(directory: Path, environ: Mapping[str, str]) -> Found:
    """Find out what the environment, the AWS CLI's config and the git repository of a directory tell."""
    region, where = _region(environ)
    # In a folder further down, the workflows would not be GitHub's and the remote would be another project's.
    own = top_of(directory) == directory.resolve()
    branch = (main_branch_of(directory) or "") if own else ""
    return Found(
        region=region,
        region_from=where,
        repository=(repository_of(directory) or "") if own else "",
        branch=branch if _BRANCH.fullmatch(branch) else "",
    )


def _region(environ: Mapping[str, str]) -> tuple[str, str]:
    """Return the region that the AWS CLI would take, and where it stands."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if _REGION.fullmatch(environ.get(name, "")):
            return environ[name], name
    home = environ.get("HOME")
    path = environ.get("AWS_CONFIG_FILE") or (f"{home}/.aws/config" if home else "")
    region = _region_of(Path(path), environ.get("AWS_PROFILE") or "default") if path else ""
    return (region, path) if region else ("", "")


def _region_of(path: Path, profile: str) -> str:
    """Return the region of a profile in the AWS CLI's config; empty where that says none."""
    parser = configparser.RawConfigParser(default_section="", strict=False)
    try:
        with path.open(encoding="utf-8") as file:
            parser.read_string(file.read(_LONGEST_CONFIG))
    except (OSError, UnicodeDecodeError, configparser.Error):
        return ""
    section = profile if profile == "default" else f"profile {profile}"
    region = parser.get(section, "region", fallback="").strip()
    return region if _REGION.fullmatch(region) else ""
