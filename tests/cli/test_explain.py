"""`exposurectl explain`: why one instance has its level, from a plan or straight from evidence."""

import json
from pathlib import Path

import pytest

from exposurectl.demo.fleet import MACHINES
from golden import check_golden
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
    assert (
        "\n\nWhat would lower it:\n"
        "  controlled  if tcp/22 admitted only 203.0.113.0/24\n"
        "  controlled  if tcp/22 were not reachable\n"
        "  controlled  if the path igw-"
    ) in recorded.out


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


def test_the_whole_story_is_told_when_asked_for(here: Path) -> None:
    assert here.is_dir()

    for name in ("wide-range", "vault-01", "excluded-01", "internal-01"):
        ended = explain(name, "--snapshot", "fleet", "--full")

        assert (ended.code, ended.err) == (0, "")
        assert ended.out.startswith(explain(name, "--snapshot", "fleet").out)
        check_golden(f"cli/explain-full-{name}.txt", ended.out)


def test_the_whole_story_as_json(here: Path) -> None:
    assert here.is_dir()

    ended = explain("wide-range", "--snapshot", "fleet", "--format", "json")

    told = json.loads(ended.out)
    vault = json.loads(explain("vault-01", "--snapshot", "fleet", "--format", "json").out)
    assert (ended.code, ended.err, told["format"]) == (0, "", "exposurectl-explain/1")
    assert {"instance", "level", "reasons", "lowering", "findings", "overrides", "floor"} <= set(told)
    assert [one["override"] for one in vault["overrides"] if one["holds_for"]] == ["vault-isolated"]
    assert {tried["rule"] for tried in told["findings"][0]["tried"]} >= {"internet-anyone", "peers"}
    assert ended.out.isascii()


def test_every_instance_of_the_fleet_is_a_case_that_holds(here: Path) -> None:
    everything = [explain(machine.name, "--snapshot", "fleet", "--as-case") for machine in MACHINES]
    entries = [ended for ended in everything if ended.reason != "instance-unknown"]
    (here / "policies/cases/fleet.yaml").write_text(
        "version: 1\ncases:\n" + "".join(entry.out for entry in entries), encoding="utf-8"
    )

    ended = run_inside("test")

    assert {(entry.code, entry.err) for entry in entries} == {(0, "")}
    assert len(entries) > 20
    assert (ended.code, ended.err) == (0, "")


def test_a_case_is_readable(here: Path) -> None:
    assert here.is_dir()

    check_golden("cli/explain-as-case.txt", explain("wide-range", "--snapshot", "fleet", "--as-case").out)


@pytest.mark.parametrize("asked", [["--full"], ["--as-case"], ["--format", "json"]])
def test_what_needs_evidence_is_not_told_from_a_plan(here: Path, asked: list[str]) -> None:
    assert here.is_dir()

    ended = explain("wide-range", *asked)

    assert (ended.code, ended.reason) == (1, "usage")
    assert f"error: {' '.join(asked)} needs evidence: add --snapshot DIR or --findings FILE\n" in ended.err


def test_one_form_is_told_at_a_time(here: Path) -> None:
    assert here.is_dir()

    assert explain("wide-range", "--snapshot", "fleet", "--full", "--as-case").reason == "usage"


def test_without_a_plan_it_is_said_what_to_add(here: Path) -> None:
    assert here.is_dir()

    ended = explain("shop-02")

    assert (ended.code, ended.reason) == (1, "usage")
    assert "there is no plan.json here: add --plan PLAN, --snapshot DIR or --findings FILE" in ended.err
