"""`exposurectl plan` and `show`: evidence and servers from wherever they are, and the plan file."""

import gzip
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exposurectl.demo.emulator import Emulator
from exposurectl.demo.story import ENVIRONMENT
from exposurectl.plan.file import read_plan
from exposurectl.plan.model import Cause, Plan
from running import run_inside
from saved import SERVERS

Configure = Callable[..., None]
PLAN = ("plan", "--snapshot", "fleet", "--config", "demo.yaml")
SAVED = ("plan", "--config", "demo.yaml", "--servers", *SERVERS)
FINDINGS = Path("fleet/findings.ndjson")


def plan_of(*argv: str | Path, code: int = 0, stdin: bytes = b"") -> Plan:
    """Run a command that writes `out.json`, and return the plan."""
    ended = run_inside(*argv, "--out", "out.json", stdin=stdin)
    assert ended.code == code, ended.err
    return read_plan("out.json", Path("out.json").read_bytes())


def digest_of_the_same(plan: Plan) -> tuple[str, list[tuple[str, str]]]:
    return plan.inputs.snapshot, [(change.name, str(change.after.level)) for change in plan.changes]


@pytest.fixture
def halves(here: Path) -> Iterator[tuple[Path, Path]]:
    rows = (here / FINDINGS).read_bytes().splitlines(keepends=True)
    parts = (here / "one.ndjson", here / "two.ndjson")
    for path, some in zip(parts, (rows[::2], rows[1::2]), strict=True):
        path.write_bytes(b"".join(some))
    return iter([parts])


def test_a_plan_from_a_findings_file(here: Path) -> None:
    assert here.is_dir()

    plan = plan_of(*SAVED, "--findings", FINDINGS)

    raised = {change.name for change in plan.changes}
    assert {"shop-02", "wide-range", "partner-api", "behind-alb"} <= raised
    assert plan.summary.lower == 0  # nothing vouches for what a file does not say
    assert {one.why for one in plan.skipped} >= {"unobserved: NOT_IN_EVIDENCE"}


def test_findings_are_the_same_however_they_are_given(here: Path, halves: Iterator[tuple[Path, Path]]) -> None:
    one, two = next(halves)
    content = (here / FINDINGS).read_bytes()
    (here / "page.json").write_text(json.dumps({"findings": [json.loads(row) for row in content.splitlines()]}))
    (here / "f.gz").write_bytes(gzip.compress(content))
    expected = digest_of_the_same(plan_of(*SAVED, "--findings", FINDINGS))

    for files, stdin in (
        (["f.gz"], b""),
        (["page.json"], b""),
        ([one, two], b""),
        (["-"], content),
        (["-"], gzip.compress(content, mtime=0)),
        ([one, "-"], two.read_bytes()),
    ):
        assert expected == digest_of_the_same(plan_of(*SAVED, "--findings", *files, stdin=stdin))


def test_a_config_of_one_group_needs_no_name_before_the_servers(here: Path) -> None:
    config = (here / "demo.yaml").read_text(encoding="utf-8")
    start, end = config.index("    - name: data-platform"), config.index("limits:")
    (here / "demo.yaml").write_text(config[:start] + config[end:], encoding="utf-8")
    files = [name.partition("=")[2] for name in SERVERS if name.startswith("web-platform=")]

    plan = plan_of("plan", "--config", "demo.yaml", "--findings", FINDINGS, "--servers", *files, code=3)

    assert {"web-platform"} == {change.group for change in plan.changes}


def test_servers_are_asked_of_futurevuls_where_no_file_is_given(futurevuls: Emulator) -> None:
    argv = ("plan", "--config", "demo.yaml", "--findings", FINDINGS, "--out", "live.json")

    ended = run_inside(*argv, environ=ENVIRONMENT)

    assert (ended.code, ended.reason) == (0, "")
    assert futurevuls.writes == ()
    live = read_plan("live.json", Path("live.json").read_bytes())
    assert live.changes == plan_of(*SAVED, "--findings", FINDINGS).changes


def test_a_snapshot_has_its_own_servers_and_its_own_time(here: Path) -> None:
    assert here.is_dir()

    plan = plan_of(*PLAN)

    assert plan.as_of.isoformat() == "2026-11-23T03:00:00+00:00"
    assert (plan.summary.raised, plan.summary.join, plan.summary.lower) == (11, 2, 3)


def test_what_is_shown_is_what_show_shows(here: Path) -> None:
    made = run_inside(*PLAN, "--out", "plan.json")
    content = (here / "plan.json").read_bytes()

    assert made.out == run_inside("show", "plan.json").out
    assert content.decode() == run_inside("show", "plan.json", "--format", "json").out
    assert run_inside("show", "plan.json", "--format", "markdown").out.startswith("## Exposure plan 1 for `demo`\n")


def test_out_replaces_the_file_whole_and_leaves_nothing_else(here: Path) -> None:
    (here / "plan.json").write_bytes(b"old")
    before = {path.name for path in here.iterdir()}

    ended = run_inside(*PLAN, "--out", "plan.json")

    digest = read_plan("plan.json", (here / "plan.json").read_bytes()).digest
    assert ended.err == f"Wrote plan.json ({digest}).\n"
    assert before == {path.name for path in here.iterdir()}


def test_the_same_inputs_give_the_same_bytes(here: Path) -> None:
    run_inside(*PLAN, "--out", "one.json")
    run_inside(*PLAN, "--out", "two.json")

    assert (here / "one.json").read_bytes() == (here / "two.json").read_bytes()


def test_detailed_exitcode_tells_changes_from_none(here: Path) -> None:
    changed = run_inside(*PLAN, "--detailed-exitcode")
    (here / "empty.json").write_text('{"findings": []}')
    idle = run_inside(*SAVED, "--findings", "empty.json", "--detailed-exitcode")

    assert (changed.code, changed.reason) == (2, "changes")
    assert (idle.code, idle.err) == (0, "")
    assert "No changes: every server is where it belongs.\n" in idle.out


def test_a_blocked_plan_is_written_shown_and_exits_3(here: Path, configure: Configure) -> None:
    configure("lower: {count: 3,", "lower: {count: 0,")

    ended = run_inside(*PLAN, "--out", "plan.json", "--detailed-exitcode")

    assert (ended.code, ended.reason) == (3, "guardrail-lower")
    assert "acknowledge: The plan lowers 3, and limits.lower.count is 0" in ended.out
    assert ended.out.endswith(" It is applied only with\n--accept-lowering 3.\n")
    assert read_plan("plan.json", (here / "plan.json").read_bytes()).applyable


def test_an_expired_override_blocks_unless_the_config_only_warns(configure: Configure) -> None:
    configure("expired: warn", "expired: error")

    ended = run_inside(*PLAN)

    assert (ended.code, ended.reason) == (3, "override-expired")


def test_an_override_holds_on_its_last_day_and_expires_on_the_next(here: Path) -> None:
    (expires,) = re.findall(r"id: bastion-tokyo.*?expires: (\S+)", (here / "policies/demo.yaml").read_text(), re.DOTALL)
    assert expires == "2027-03-23"

    last = plan_of(*PLAN, "--as-of", "2027-03-23", code=3)
    after = plan_of(*PLAN, "--as-of", "2027-03-24", code=3)

    assert "bastion-tokyo" not in {change.name for change in last.changes}
    assert {("bastion-tokyo", "open")} <= {(change.name, str(change.after.level)) for change in after.changes}
    assert [one for one in after.warnings if 'Override "bastion-tokyo" held until 2027-03-23' in one]


def test_a_plan_continues_the_previous_one(here: Path) -> None:
    first = plan_of(*PLAN)
    (here / "out.json").rename(here / "first.json")
    policy = here / "policies/internet.yaml"
    policy.write_text(policy.read_text().replace("level: controlled", "level: open"), encoding="utf-8")

    second = plan_of(*PLAN, "--previous", "first.json")

    assert (first.sequence, first.previous) == (1, None)
    assert (2, first.digest) == (second.sequence, second.previous)
    assert {Cause.FIRST_PLAN} == {change.cause for change in first.changes}
    causes = {change.name: change.cause for change in second.changes}
    assert Cause.POLICY_CHANGED is causes["admin-01"]
    assert Cause.FIRST_PLAN is causes["shop-02"]


def test_an_as_of_without_a_time_is_midnight_utc(here: Path) -> None:
    assert here.is_dir()

    days = [plan_of(*PLAN, "--as-of", day, code=3).as_of for day in ("2026-12-01", "2026-12-01T09:00:00+09:00")]

    assert [day.isoformat() for day in days] == ["2026-12-01T00:00:00+00:00"] * 2
