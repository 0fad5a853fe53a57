"""
How the tests run on a mutant: few examples, none of them made smaller, and the quickest test first.

A plugin of pytest that only `workspace.py` names. The first failing test ends a run.
"""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

TAKEN = Path("mutmut-stats.json")
"""Where mutmut notes how long each test took on the code as it is; it is not there while it measures that."""

settings.register_profile(
    "mutation",
    max_examples=10,
    derandomize=True,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the quick tests first: most mutants need no other."""
    if TAKEN.exists():
        seconds: dict[str, float] = json.loads(TAKEN.read_bytes())["duration_by_test"]
        items.sort(key=lambda item: seconds.get(item.nodeid, 0.0))
