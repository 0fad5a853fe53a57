"""The demo's working directory: the fleet's snapshot, the shipped policy, a few overrides and a config."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path

from exposurectl.demo.fleet import MACHINES, PAIRED, contents, groups
from exposurectl.sources.recording import write_snapshot

SNAPSHOT, POLICY, CONFIG = "fleet", "policies", "demo.yaml"


def furnish(directory: Path, url: str, as_of: datetime) -> None:
    """Write everything that the commands of the demo read, for a FutureVuls at that address."""
    write_snapshot(directory / SNAPSHOT, contents(as_of))
    with _shipped_policy() as policy:
        shutil.copytree(policy, directory / POLICY)
    ids = {machine.name: machine.instance for machine in MACHINES}
    soon, ago = (f"{as_of + timedelta(days=days):%Y-%m-%d}" for days in (120, -3))
    _fill("overrides.yaml", directory / POLICY / "demo.yaml", {**_bracketed(ids), "<soon>": soon, "<ago>": ago})
    paired = next(server.id for group in groups() for server in group.servers if server.name == PAIRED)
    _fill("config.yaml", directory / CONFIG, {**_bracketed(ids), "<url>": url, "<paired-server>": str(paired)})


def _bracketed(values: dict[str, str]) -> dict[str, str]:
    return {f"<{name}>": value for name, value in values.items()}


def _fill(name: str, target: Path, values: dict[str, str]) -> None:
    """Copy a file of the demo with its `<names>` replaced."""
    text = resources.files("exposurectl.demo").joinpath(f"files/{name}").read_text(encoding="utf-8")
    for bracketed, value in values.items():
        text = text.replace(bracketed, value)
    target.write_text(text, encoding="utf-8")


@contextmanager
def _shipped_policy() -> Iterator[Path]:
    """Yield the directory of the shipped policy: in the wheel it lies beside this file, in a clone at the top."""
    shipped = resources.files("exposurectl.demo").joinpath("policies")
    with resources.as_file(shipped) as beside:
        yield beside if beside.is_dir() else Path(__file__).parents[3] / "policies"
