"""YAML bombs: each is refused before it costs anything, and so is the largest file that is wrong throughout."""

import json
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import NamedTuple

import pytest

from documents.bombs import BOMBS, LARGEST, MEMORY, MIB, USUAL, problems_of
from exposurectl.documents import read_yaml

SECONDS = 0.1
LARGEST_SECONDS = 1.0


class Costs(NamedTuple):
    """Processor seconds in a process of 64 MB: of an ordinary policy, and of each bomb."""

    usual: float
    of: dict[str, float | None]


@pytest.fixture(scope="module")
def costs() -> Costs:
    script = Path(__file__).with_name("bombs.py")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, check=True, timeout=100)
    measured = json.loads(done.stdout)
    return Costs(measured["usual"], measured["cost"])


def test_there_are_at_least_twelve_bombs() -> None:
    assert len(BOMBS) >= 12


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_within_a_tenth_of_a_second_and_64_mb(name: str, costs: Costs) -> None:
    cost = costs.of[name]

    assert cost is not None, "it takes more memory"
    # Where even an ordinary policy takes longer, the machine is slow or busy, and no bomb takes longer than that.
    assert cost < max(SECONDS, costs.usual)


@pytest.mark.parametrize("name", LARGEST)
def test_the_largest_file_that_is_wrong_throughout_is_refused_within_a_second_and_64_mb(
    name: str, costs: Costs
) -> None:
    cost = costs.of[name]

    assert cost is not None, "it takes more memory"
    assert cost < max(LARGEST_SECONDS, 10 * costs.usual)


def test_the_measure_itself_is_an_ordinary_policy() -> None:
    assert problems_of(USUAL.encode()) == []
    assert MEMORY == 64 * MIB


@pytest.mark.parametrize("name", [*BOMBS, *LARGEST])
def test_a_bomb_is_refused_in_few_words(name: str) -> None:
    problems = problems_of({**BOMBS, **LARGEST}[name])

    assert 0 < len(problems) <= 102
    assert all(len(detail) < 200 for detail in problems)


@pytest.mark.parametrize("name", ["a billion laughs", "a quadratic blowup", "deep lists in a key", "merged anchors"])
def test_a_bomb_takes_no_more_memory_than_its_text(name: str) -> None:
    tracemalloc.start()

    try:
        read_yaml("a.yaml", BOMBS[name])
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 16 * MIB
