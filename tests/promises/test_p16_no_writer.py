"""P16: what plans, shows, explains and tests cannot write: there is no client with a write method to call."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import exposurectl.cli as package
from exposurectl.cli import groups
from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.emulator import Emulator
from exposurectl.demo.fleet import TOKENS
from exposurectl.demo.story import ENVIRONMENT, RECORDED, emulator
from exposurectl.demo.workshop import furnish
from exposurectl.targets.futurevuls import FutureVuls, FutureVulsWriter
from running import run_inside

READERS = ("plan", "show", "explain", "test")
COMMANDS = Path(package.__file__).parent


@pytest.fixture
def served() -> Iterator[Emulator]:
    with emulator(SimulatedClock(RECORDED), port=0, per_minute=None) as it:
        yield it


def names_in(command: str) -> set[str]:
    """Return every name that a command's module imports or says."""
    tree = ast.parse((COMMANDS / f"{command}.py").read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    return imported | {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def test_only_the_writer_has_a_method_that_writes() -> None:
    public = {name for name, _ in inspect.getmembers(FutureVuls, callable) if not name.startswith("_")}

    assert "move" not in public
    assert {"move"} == {name for name in vars(FutureVulsWriter) if not name.startswith("_")} - public


@pytest.mark.parametrize("command", READERS)
def test_no_command_that_reads_names_the_writer(command: str) -> None:
    assert set() == names_in(command) & {"FutureVulsWriter", "writers", "move"}


def test_apply_names_the_writer() -> None:
    assert "writers" in names_in("apply")


def test_every_client_that_a_plan_makes_is_one_that_cannot_write(
    served: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[type[Any]] = []
    client = groups._client

    def remembered(kind: type[Any], *rest: Any) -> Any:
        made.append(kind)
        return client(kind, *rest)

    monkeypatch.setattr(groups, "_client", remembered)
    monkeypatch.chdir(tmp_path)
    furnish(tmp_path, served.url, RECORDED)

    ended = run_inside("plan", "--findings", "fleet/findings.ndjson", "--config", "demo.yaml", environ=ENVIRONMENT)

    assert ended.code == 0
    assert [FutureVuls] * len(TOKENS) == made
    assert served.writes == ()
