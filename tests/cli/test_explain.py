"""`exposurectl explain`: why one instance has its level, from a plan or straight from evidence."""

from pathlib import Path

import pytest

from exposurectl.demo.fleet import MACHINES
from running import Ended, run_inside

PLAN = ("plan", "--snapshot", "fleet", "--config", "demo.yaml")
FINDINGS = Path("fleet/findings.ndjson")


def explain(name: str, *argv: str | Path) -> Ended:
    return run_inside("explain", next(machine.instance for machine in MACHINES if machine.name == name), *argv)


@pytest.mark.parametrize(
    ("expected", "name"),
    [
        (" is open\n", "wide-range"),
        ("wide-range (web-platform 2008): raise controlled to open\n", "wide-range"),
        (" is controlled\n", "internal-01"),
        ("internal-01 (web-platform 2017): controlled already\n", "internal-01"),
        (" is left alone: unobserved: EXCLUDED_BY_TAG\n", "excluded-01"),
        ("no server: FutureVuls has none with this instance id", "unregistered-01"),
        ("  override vault-isolated  policies/demo.yaml:", "vault-01"),
        ("twice-01 (web-platform 2043): raise controlled to open\n", "twice-01"),
    ],
)
def test_an_instance_is_explained_from_a_plan(here: Path, expected: str, name: str) -> None:
    run_inside(*PLAN, "--out", "plan.json")

    ended = explain(name, "--plan", here / "plan.json")

    assert (ended.code, ended.err) == (0, "")
    assert expected in ended.out
    assert ended.out == explain(name).out  # plan.json is what it looks at by default


def test_an_instance_is_explained_from_findings_or_a_snapshot_without_any_futurevuls(here: Path) -> None:
    (here / "demo.yaml").unlink()

    found, recorded = explain("shop-02", "--findings", FINDINGS), explain("shop-02", "--snapshot", "fleet")

    assert (found.code, found.err) == (0, "")
    assert "(may raise, never lowers: unobserved: " in found.out.splitlines()[0]
    assert "    sources  anywhere (no evidence of sources)\n" in found.out
    assert recorded.out.splitlines()[0].endswith(" is open")
    assert "    sources  0.0.0.0/0\n" in recorded.out
    assert "Were these points not reachable, it would be controlled.\n" in recorded.out


def test_an_instance_id_may_be_typed_in_capitals(here: Path) -> None:
    assert here.is_dir()
    instance = next(machine.instance for machine in MACHINES if machine.name == "shop-02")

    assert run_inside("explain", f" {instance.upper()} ", "--snapshot", "fleet").code == 0


def test_an_unknown_instance_is_not_in_the_plan(here: Path) -> None:
    assert here.is_dir()
    run_inside(*PLAN, "--out", "plan.json")

    ended = run_inside("explain", "i-0")

    assert (ended.code, ended.reason) == (1, "instance-unknown")
    assert "  i-0 is not in plan 1 of demo.\n" in ended.err
