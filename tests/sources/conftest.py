"""Findings made by hand, in the shape of the real ones."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).parents[1] / "fixtures" / "inspector"


@pytest.fixture(scope="session")
def samples() -> Path:
    return SAMPLES


@pytest.fixture(scope="session")
def made_finding() -> Callable[..., dict[str, Any]]:
    """Return AWS's own example as the API has it, with another number in its ARN and instance, and other changes."""

    def make(number: int = 1, **changes: Any) -> dict[str, Any]:
        text = (SAMPLES / "04-aws-doc-eventbridge-igw-ssh-2026-multicloud.json").read_text(encoding="utf-8")
        finding: dict[str, Any] = json.loads(text)["detail"]
        finding["findingArn"] = f"arn:aws:inspector2:eu-central-1:123456789012:finding/{number:032x}"
        finding["resources"][0]["id"] = f"i-{number:017x}"
        return finding | changes

    return make
