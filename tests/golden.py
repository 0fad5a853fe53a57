"""Compare output with a golden file. `UPDATE_GOLDEN=1 pytest …` writes the files anew; CI never does."""

import os
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"


def check_golden(name: str, got: str) -> None:
    """Assert that output is what `tests/golden/NAME` says, byte for byte."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        assert not os.environ.get("CI"), "golden files are updated by people, in a commit of their own"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(got.encode())
    assert path.exists(), f"run `UPDATE_GOLDEN=1 pytest {os.environ.get('PYTEST_CURRENT_TEST', '')}` and read {path}"

    assert path.read_bytes().decode() == got
