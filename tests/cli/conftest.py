"""The demo's working directory to run commands in, with and without a FutureVuls that answers."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.emulator import Emulator
from exposurectl.demo.story import RECORDED, emulator
from exposurectl.demo.workshop import furnish
from saved import save_servers

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("furnished")
    furnish(directory, NOWHERE, RECORDED)
    save_servers(directory)
    return directory


@pytest.fixture
def here(furnished: Path, tmp_path: Path) -> Iterator[Path]:
    """Work in a copy of the demo's directory, whose FutureVuls is at an address where nobody answers."""
    directory = tmp_path / "here"
    shutil.copytree(furnished, directory)
    with contextlib.chdir(directory):
        yield directory


@pytest.fixture(autouse=True)
def _usual_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let argparse write its usage as wide as anywhere, whatever terminal the tests run in."""
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(RECORDED)


@pytest.fixture
def futurevuls(here: Path, clock: SimulatedClock) -> Iterator[Emulator]:
    """Serve the demo's FutureVuls, and name its address in the config."""
    with emulator(clock, port=0, per_minute=None) as served:
        config = here / "demo.yaml"
        config.write_text(config.read_text(encoding="utf-8").replace(NOWHERE, served.url), encoding="utf-8")
        yield served


@pytest.fixture
def configure(here: Path) -> Callable[..., None]:
    """Change the text of the config."""

    def change(old: str, new: str) -> None:
        config = here / "demo.yaml"
        text = config.read_text(encoding="utf-8")
        assert text.count(old) == 1, old
        config.write_text(text.replace(old, new), encoding="utf-8")

    return change
