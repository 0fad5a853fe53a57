"""Overrides through time: what `plan` says before, on and after their last day."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from exposurectl.demo.story import RECORDED
from exposurectl.plan.file import read_plan
from exposurectl.render.markdown import plan_markdown
from running import Ended, run_inside

PLAN = ("plan", "--snapshot", "fleet", "--config", "demo.yaml")
BASTION = "bastion-tokyo"


def planned(days: int) -> tuple[Ended, dict[str, Any]]:
    """Plan as of a day so many days after the fleet was recorded."""
    ended = run_inside(*PLAN, "--as-of", f"{RECORDED + timedelta(days=days):%Y-%m-%d}", "--out", "plan.json")
    plan: dict[str, Any] = json.loads(Path("plan.json").read_bytes())
    return ended, plan


def level_of(plan: dict[str, Any], name: str) -> set[str]:
    lines = [*plan["changes"], *plan["unchanged"]]
    return {(line.get("after") or line["placement"])["level"] for line in lines if line["name"] == name}


@pytest.fixture
def expires_in(here: Path) -> Callable[[int], None]:
    """Write one override, of an instance that is open without it, that holds for so many days."""

    def write(days: int) -> None:
        last = f"{RECORDED + timedelta(days=days):%Y-%m-%d}"
        (here / "policies" / "demo.yaml").write_text(
            f"version: 1\noverrides:\n  - id: {BASTION}\n    match: {{}}\n    level: small\n"
            f"    because: Agreed.\n    approved_by: security-team\n    expires: {last}\n",
            encoding="utf-8",
        )

    return write


def test_a_plan_as_of_a_later_day_shows_the_world_after_an_override_expired(expires_in: Callable[[int], None]) -> None:
    expires_in(30)

    (_, last), (ended, after) = planned(30), planned(31)

    assert level_of(last, "shop-02") == {"small"}
    assert level_of(after, "shop-02") == {"open"}
    assert "warning: policies/demo.yaml:3:5: Override" in ended.out


def test_an_override_that_expires_soon_is_in_the_plan_and_in_its_page(expires_in: Callable[[int], None]) -> None:
    expires_in(15)
    _, before = planned(0)
    ended, plan = planned(1)

    said = f'policies/demo.yaml:3:5: Override "{BASTION}" expires soon: 2026-12-08 is its last day; '
    assert not [warning for warning in before["warnings"] if "expires soon" in warning]
    assert [warning for warning in plan["warnings"] if warning.startswith(said)]
    assert f"- `{said}" in plan_markdown(read_plan("plan.json", Path("plan.json").read_bytes()))
    assert f'Override "{BASTION}" expires soon' in " ".join(ended.out.split())


def test_an_override_that_holds_too_long_blocks_the_plan(
    expires_in: Callable[[int], None], configure: Callable[..., None]
) -> None:
    expires_in(31)
    configure("overrides:\n", "overrides:\n  max_days: 30\n")

    (long, plan), (short, _) = planned(0), planned(1)

    assert (long.code, plan["applyable"]) == (3, False)
    assert "override-too-long" in [block["reason"] for block in plan["blocked_by"]]
    assert "more than 30 days from now; approve it until 2026-12-23 at the latest." in " ".join(long.out.split())
    assert "override-too-long" not in short.out
