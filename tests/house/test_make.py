"""The commands of the tree: what `make` offers, and that `.ci/run` can be run."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = [
    *("help", "demo", "test", "check", "scan", "fuzz", "mutation", "nightly"),
    *("lock", "benchmark", "picture", "reference", "build", "clean"),
]


def make(*arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    ran = subprocess.run(["make", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return ran.stdout


def test_make_alone_lists_every_target_with_one_line_each() -> None:
    listed = re.findall(r"^make (\w+) +\S.*$", make(), flags=re.MULTILINE)

    assert listed == TARGETS
    assert make() == make("help")


def test_every_target_is_always_made() -> None:
    found = re.search(r"^\.PHONY: (.*)$", MAKEFILE, flags=re.MULTILINE)

    assert found is not None
    assert found[1].split() == TARGETS


@pytest.mark.parametrize(
    ("stamp", "locks"),
    [(".venv/.runtime", {"build", "runtime"}), (".venv/.dev", {"dev"})],
)
def test_a_changed_lock_installs_anew(stamp: str, locks: set[str]) -> None:
    found = re.search(rf"^{re.escape(stamp)}: (.*)$", MAKEFILE, flags=re.MULTILINE)

    assert found is not None
    assert set(re.findall(r"requirements/(\w+)\.lock", found[1])) == locks


def test_the_command_of_continuous_integration_can_be_run() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
