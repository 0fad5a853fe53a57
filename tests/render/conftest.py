"""The demo's plan, and the same plan in the hands of somebody who names things to do harm."""

import contextlib
from pathlib import Path

import msgspec
import pytest

from exposurectl.demo.story import RECORDED
from exposurectl.demo.workshop import furnish
from exposurectl.plan.file import read_plan
from exposurectl.plan.model import Block, Plan
from running import run_inside

EVIL = (
    "`|<img src=x onerror=alert(1)>@octocat #1 [x](http://x.invalid) ![x](http://x.invalid/y.png) \x1b[31m\x1b]8;;http://x"
    "\x07\u202e\u200b\r\n::error::x\n##[error]x | ``` </details><script>x</script>"
)


@pytest.fixture(scope="session")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    directory = tmp_path_factory.mktemp("workshop")
    furnish(directory, "http://127.0.0.1:1", RECORDED)
    with contextlib.chdir(directory):
        ended = run_inside("plan", "--snapshot", "fleet", "--config", "demo.yaml", "--out", "plan.json")
    assert ended.code == 0
    content = Path(directory, "plan.json").read_bytes()
    return msgspec.structs.replace(read_plan("plan.json", content), tool_version="0", digest=f"sha256:{'0' * 64}")


@pytest.fixture(scope="session")
def evil_plan(plan: Plan) -> Plan:
    replace = msgspec.structs.replace
    changes = []
    for change in plan.changes:
        reasons = tuple(
            replace(
                reason, rule=EVIL, because=EVIL, at=EVIL, points=EVIL, path=(EVIL, EVIL), sources=(EVIL,), finding=EVIL
            )
            for reason in change.reasons * 3
        )
        changes.append(replace(change, name=EVIL, group=EVIL, instance=EVIL, reasons=reasons))
    return replace(
        plan,
        environment=EVIL,
        applyable=False,
        blocked_by=(Block(reason=EVIL, detail=EVIL),),
        warnings=(EVIL, f"{'x' * 88} {EVIL}"),
        changes=tuple(changes),
        skipped=tuple(replace(one, why=EVIL, name=EVIL, group=EVIL, instance=EVIL) for one in plan.skipped),
        inputs=replace(plan.inputs, git_commit=EVIL, policy=EVIL),
        digest=EVIL,
    )
