"""The demo's working directory: the fleet's snapshot, the shipped policy, a few overrides and a config."""

from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path, PurePosixPath

from exposurectl.demo.fleet import MACHINES, PAIRED, contents, groups
from exposurectl.demo.shipped import policy_files
from exposurectl.schemas.published import schema_files, settled
from exposurectl.sources.recording import write_snapshot

SNAPSHOT, POLICY, CONFIG = "fleet", "policies", "demo.yaml"


def furnish(directory: Path, url: str, as_of: datetime) -> None:
    """Write everything that the commands of the demo read, for a FutureVuls at that address."""
    write_snapshot(directory / SNAPSHOT, contents(as_of))
    for path, text in (*policy_files(PurePosixPath(POLICY)), *schema_files()):
        _write(directory, path, text)
    ids = {machine.name: machine.instance for machine in MACHINES}
    soon, ago = (f"{as_of + timedelta(days=days):%Y-%m-%d}" for days in (120, -3))
    _fill(directory, "overrides.yaml", f"{POLICY}/demo.yaml", {**_bracketed(ids), "<soon>": soon, "<ago>": ago})
    paired = next(server.id for group in groups() for server in group.servers if server.name == PAIRED)
    _fill(directory, "config.yaml", CONFIG, {**_bracketed(ids), "<url>": url, "<paired-server>": str(paired)})


def _bracketed(values: dict[str, str]) -> dict[str, str]:
    return {f"<{name}>": value for name, value in values.items()}


def _fill(directory: Path, name: str, target: str, values: dict[str, str]) -> None:
    """Copy a file of the demo with its `<names>` replaced."""
    text = resources.files("exposurectl.demo").joinpath(f"files/{name}").read_text(encoding="utf-8")
    for bracketed, value in values.items():
        text = text.replace(bracketed, value)
    _write(directory, PurePosixPath(target), settled(text, PurePosixPath(target)))


def _write(directory: Path, path: PurePosixPath, text: str) -> None:
    """Write a file below the directory, and the folders that it is in."""
    target = directory / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
