"""The demo's working directory, with everything that a user would have saved in it."""

from pathlib import Path

import pytest

from exposurectl.demo.story import RECORDED
from exposurectl.demo.workshop import furnish
from saved import save_servers


@pytest.fixture
def here(tmp_path: Path) -> Path:
    furnish(tmp_path, "http://127.0.0.1:1", RECORDED)
    save_servers(tmp_path)
    return tmp_path
