"""The files of a new policy repository."""

import re
from collections.abc import Iterator
from importlib import resources
from pathlib import PurePosixPath

from exposurectl import __version__
from exposurectl.cli.starting.found import Found
from exposurectl.demo.shipped import policy_files
from exposurectl.schemas.published import schema_files, settled

POLICY, README = PurePosixPath("policies"), PurePosixPath("README.md")
CONFIG, OWNERS = PurePosixPath("config/production.yaml"), PurePosixPath(".github/CODEOWNERS")
_WORKFLOWS = ("check", "plan", "apply", "drift")
_TEMPLATES = {
    str(README): "README.md",
    str(CONFIG): "config/production.yaml",
    "plans/README.md": "plans/README.md",
    **{f".github/workflows/{name}.yml": f"github/workflows/{name}.yml" for name in _WORKFLOWS},
    str(OWNERS): "github/CODEOWNERS",
    "requirements.txt": "requirements.txt",
    ".gitattributes": "gitattributes",
    ".gitignore": "gitignore",
}
"""Where each template goes. Their own names have no dot, so that no tool takes them for its own."""

_REGIONS = "regions: [ap-northeast-1]"
_ORGANIZATION = "example-org"


def starting_files(found: Found) -> Iterator[tuple[PurePosixPath, str]]:
    """Yield every file with its text, fitted to what was found."""
    yield from policy_files(POLICY)
    for target, template in _TEMPLATES.items():
        path = PurePosixPath(target)
        yield path, settled(_fitted(path, _template(template), found), path)
    yield from schema_files()


def _template(name: str) -> str:
    return resources.files("exposurectl.cli.starting").joinpath(f"templates/{name}").read_text(encoding="utf-8")


def _fitted(path: PurePosixPath, text: str, found: Found) -> str:
    """Return a template with this repository's own names in it; what nobody knows is a comment or a placeholder."""
    text = text.replace("<version>", __version__)
    if path == CONFIG:
        text = text.replace(_REGIONS, f"regions: [{found.region}]" if found.region else f"# {_REGIONS}")
    if found.repository:
        text = text.replace(_ORGANIZATION, found.repository.partition("/")[0])
    return re.sub(r"\bmain\b", lambda _: found.branch or "main", text)
