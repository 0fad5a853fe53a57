"""The schemas as they are published: their text, and the first line by which an editor finds one."""

import re
from collections.abc import Iterator
from importlib import resources
from pathlib import PurePosixPath

from exposurectl.schemas import WRITTEN_BY_PEOPLE

FOLDER = PurePosixPath(".exposurectl/schemas")
"""Where a repository keeps the schemas, from its top: editors read them there, with no network."""

# The comment that the YAML language server and JetBrains' editors look for. A path is relative to the file.
_HEADER = re.compile(r"\A# yaml-language-server: \$schema=\S*/([a-z]+)\.json$", re.MULTILINE)


def schema_text(name: str) -> str:
    """Return a schema, as JSON."""
    return resources.files("exposurectl.schemas").joinpath(f"{name}.json").read_text(encoding="utf-8")


def settled(text: str, path: PurePosixPath) -> str:
    """Return a document whose first line names its schema in `FOLDER`, for a place counted from the top."""
    up = "../" * (len(path.parts) - 1)
    return _HEADER.sub(rf"# yaml-language-server: $schema={up}{FOLDER}/\1.json", text, count=1)


def schema_files() -> Iterator[tuple[PurePosixPath, str]]:
    """Yield the schemas of the documents that people write, each with its place, counted from the top."""
    for name in WRITTEN_BY_PEOPLE:
        yield FOLDER / f"{name}.json", schema_text(name)
