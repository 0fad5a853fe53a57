"""P16: what only reads cannot write: there is no client with a write method to call, and no class to make one of."""

import ast
import contextlib
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import exposurectl.cli as package
from exposurectl.cli import groups
from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.emulator import Emulator
from exposurectl.demo.story import ENVIRONMENT, RECORDED, emulator
from exposurectl.demo.workshop import furnish
from exposurectl.targets.futurevuls import FutureVuls
from exposurectl.targets.moving import FutureVulsWriter
from running import run_inside, surroundings

READERS = ("plan", "request", "revert", "drift", "show", "explain", "test")
"""The modules of commands that only read, and what they share."""

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
    added = {name for name in vars(FutureVulsWriter) if not name.startswith("_")} - public
    assert added == {"look_again", "move"}  # it reads a server once more just before it lowers it


@pytest.mark.parametrize("command", READERS)
def test_no_command_that_reads_names_the_writer(command: str) -> None:
    assert set() == names_in(command) & {"FutureVulsWriter", "move"}


def test_apply_names_the_writer() -> None:
    assert "FutureVulsWriter" in names_in("apply")


CONFIG = ("--config", "demo.yaml")
FINDINGS = ("--findings", "fleet/findings.ndjson", *CONFIG)
COMMANDS_THAT_READ = {
    "plan": ("plan", *FINDINGS),
    "plan --revert": ("plan", "--revert", "receipt.json", *CONFIG),
    "drift": ("drift", "plan.json", *FINDINGS),
}


@pytest.fixture
def applied(served: Emulator, tmp_path: Path) -> Iterator[Emulator]:
    """Apply the demo's plan, and stay in its folder."""
    furnish(tmp_path, served.url, RECORDED)
    with contextlib.chdir(tmp_path):
        assert run_inside("plan", "--snapshot", "fleet", *CONFIG, "--out", "plan.json").code == 0
        assert run_inside("apply", "plan.json", *CONFIG, environ=ENVIRONMENT).code == 0
        yield served


@pytest.mark.parametrize("argv", COMMANDS_THAT_READ.values(), ids=COMMANDS_THAT_READ)
def test_every_client_of_what_reads_is_one_that_cannot_write(
    applied: Emulator, argv: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[type[Any]] = []
    written, clients = applied.writes, groups.clients

    def remembered(kind: type[Any], *rest: Any, **options: Any) -> Any:
        made.append(kind)
        return clients(kind, *rest, **options)

    monkeypatch.setattr(groups, "clients", remembered)

    ended = run_inside(*argv, environ=ENVIRONMENT)

    assert ended.reason in {"", "drift", "guardrail-lower"}
    assert set(made) == {FutureVuls}
    assert written == applied.writes


LOOK = """
import sys
from exposurectl.cli import main
code = main()
writers = {"exposurectl.apply.run", "exposurectl.targets.moving", "exposurectl.targets.scans"}
held = sorted(writers & sys.modules.keys())
print("held:", held, file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize("argv", COMMANDS_THAT_READ.values(), ids=COMMANDS_THAT_READ)
def test_a_process_that_reads_does_not_even_know_the_writer(
    applied: Emulator, argv: tuple[str, ...], tmp_path: Path
) -> None:
    written = applied.writes

    done = subprocess.run(
        [sys.executable, "-c", LOOK, *argv, "--as-of", "2026-11-23T03:00:00Z"],
        cwd=tmp_path,
        env={**surroundings(tmp_path), **ENVIRONMENT},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.stderr.splitlines()[-1] == "held: []"
    assert done.stdout
    assert written == applied.writes
