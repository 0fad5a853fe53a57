"""The plan of the demo's fleet, byte for byte. The file is read in review as any other: nothing in it is masked."""

from pathlib import Path

from exposurectl.config import load_config
from exposurectl.demo.story import RECORDED
from exposurectl.demo.workshop import CONFIG, POLICY, SNAPSHOT, furnish
from exposurectl.plan.build import build_plan
from exposurectl.plan.file import read_plan, write_plan
from exposurectl.plan.model import Plan
from exposurectl.plan.request import Request
from exposurectl.policy.files import load_policy
from exposurectl.sources.snapshot import read_snapshot
from golden import GOLDEN, check_golden

DEMO = GOLDEN / "plans" / "demo.json"


def demo_plan(directory: Path) -> Plan:
    """Make the plan of the demo's directory, for a FutureVuls at a fixed address."""
    furnish(directory, "http://127.0.0.1:8765", RECORDED)
    snapshot = read_snapshot(directory / SNAPSHOT)
    return build_plan(
        Request(
            inventory=snapshot.inventory,
            groups=snapshot.groups,
            policy=load_policy(directory / POLICY),
            settings=load_config(directory / CONFIG),
            as_of=RECORDED,
        )
    )


def test_the_plan_of_the_demo_is_the_golden_one(tmp_path: Path) -> None:
    content = write_plan(demo_plan(tmp_path))

    check_golden("plans/demo.json", content.decode("ascii"))


def test_the_golden_plan_can_be_read() -> None:
    plan = read_plan(str(DEMO), DEMO.read_bytes())

    assert plan.applyable


def test_the_directory_that_a_plan_is_made_in_leaves_no_trace(tmp_path: Path) -> None:
    plans = []
    for name in ("here", "elsewhere"):
        (tmp_path / name).mkdir()
        plans.append(write_plan(demo_plan(tmp_path / name)))

    assert plans[0] == plans[1]
    assert str(tmp_path).encode() not in plans[0]
