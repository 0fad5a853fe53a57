"""`exposurectl drift`: the last plan against FutureVuls and fresh evidence, read-only, with an exit code each."""

import functools
import http.client
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.emulator import Emulator
from exposurectl.demo.fleet import TOKENS
from exposurectl.demo.story import ENVIRONMENT
from exposurectl.plan.file import read_plan
from exposurectl.plan.head import with_newest, write_head
from exposurectl.plan.model import Change, Plan
from running import Ended, run_inside
from saved import SERVERS

CONFIG = ("--config", "demo.yaml")
LIVE = ("--snapshot", "fleet", *CONFIG)


@pytest.fixture
def plan(futurevuls: Emulator) -> Plan:
    """Make the demo's plan."""
    assert futurevuls.writes == ()
    assert run_inside("plan", "--snapshot", "fleet", *CONFIG, "--out", "plan.json").code == 0
    return read_plan("plan.json", Path("plan.json").read_bytes())


@pytest.fixture
def applied(plan: Plan, clock: SimulatedClock) -> Plan:
    """Apply the demo's plan."""
    assert run_inside("apply", "plan.json", *CONFIG, environ=ENVIRONMENT, clock=clock).code == 0
    return plan


class Scene:
    """The demo's plan, applied, and what people do afterwards."""

    def __init__(self, plan: Plan, futurevuls: Emulator, here: Path, clock: SimulatedClock) -> None:
        self.plan, self.futurevuls, self.here, self.clock = plan, futurevuls, here, clock
        self.first = plan.changes[0]

    def drift(self, *argv: str | Path) -> Ended:
        """Compare with the same evidence and the servers as they are now; nothing is written anywhere."""
        _record_servers(self.futurevuls, self.here)
        writes, files = self.futurevuls.writes, contents(self.here)
        ended = run_inside("drift", *argv, *LIVE, "--servers", *_NOW, environ=ENVIRONMENT, clock=self.clock)
        assert writes == self.futurevuls.writes
        assert files == contents(self.here)
        return ended

    def lines(self, *argv: str | Path) -> list[tuple[str, int]]:
        """Return the cause and the server of each line."""
        return lines(self.drift("plan.json", *argv, "--format", "json"))

    def undo(self, change: Change) -> None:
        """Put a server back where it was, as a person would."""
        move(self.futurevuls, change, change.before.role)

    def end(self, outcome: str, name: str = "receipt.json", **members: Any) -> None:
        """Let a receipt say that the first change ended otherwise."""
        receipt: dict[str, Any] = {**json.loads(self.original), **members}
        result = receipt["results"][0]
        receipt["outcomes"][result["outcome"]] -= 1
        receipt["outcomes"][outcome] += 1
        result["outcome"] = outcome
        (self.here / name).write_text(json.dumps(receipt), encoding="utf-8")

    @functools.cached_property
    def original(self) -> bytes:
        """Return the receipt as apply left it."""
        return (self.here / "receipt.json").read_bytes()


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def scene(applied: Plan, futurevuls: Emulator, here: Path, clock: SimulatedClock) -> Scene:
    return Scene(applied, futurevuls, here, clock)


_NOW = [name.replace("-servers", "-servers-now") for name in SERVERS]


def _record_servers(futurevuls: Emulator, here: Path) -> None:
    """Save the servers as they are now beside those of before."""
    for group, token in TOKENS.items():
        page = json.loads((here / f"{group}-servers.json").read_bytes())
        now = {one.id: one.role for one in futurevuls.servers(token)}
        page["servers"] = [_with_role(row, now[row["id"]]) for row in page["servers"] if row["id"] in now]
        page["paging"]["totalCount"] = len(page["servers"])
        (here / f"{group}-servers-now.json").write_text(json.dumps(page), encoding="utf-8")


def _with_role(row: dict[str, Any], role: int) -> dict[str, Any]:
    (member,) = [name for name in row if name.lower() == "serverroleid"]
    return {**row, member: role}


def move(futurevuls: Emulator, change: Change, role: int) -> None:
    """Move a server as a person would."""
    connection = http.client.HTTPConnection(futurevuls.url.removeprefix("http://"), timeout=5)
    headers = {"Authorization": TOKENS[change.group]}
    connection.request("PUT", f"/v1/server/{change.server}", body=json.dumps({"roleID": role}), headers=headers)
    assert connection.getresponse().status == 200
    connection.close()


def lines(ended: Ended) -> list[tuple[str, int]]:
    return [(line["cause"], line["server"]) for line in json.loads(ended.out)["lines"]]


def test_right_after_an_apply_nothing_has_drifted(scene: Scene) -> None:
    ended = scene.drift("plan.json")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        "demo · plan 1 of 2026-11-23 03:00 UTC against servers and evidence as of 2026-11-23 03:00 UTC\n\nNo drift.\n"
    )


def test_a_server_that_somebody_moved_is_drift(scene: Scene) -> None:
    scene.undo(scene.first)

    ended = scene.drift("plan.json")

    assert (ended.code, ended.reason) == (2, "drift")
    assert ended.out.splitlines()[2:] == [
        "edited-remotely: somebody moved it since the plan",
        "  notebook-01  open (batch-open) → controlled (batch-controlled); the policy puts it into open",
        "               (batch-open) · data-platform 1007",
        "",
        "Drift: 1 edited-remotely.",
    ]
    assert scene.lines() == [("edited-remotely", scene.first.server)]


def test_a_policy_that_changed_is_drift_with_its_cause(scene: Scene, here: Path) -> None:
    policy = here / "policies/internet.yaml"
    policy.write_text(policy.read_text().replace("level: controlled", "level: open"), encoding="utf-8")

    assert {cause for cause, _ in scene.lines()} == {"policy-changed"}


def test_a_server_that_is_gone_is_drift(scene: Scene, here: Path) -> None:
    server = scene.plan.unchanged[0]
    path = here / f"{server.group}-servers.json"
    page = json.loads(path.read_bytes())
    page["servers"] = [row for row in page["servers"] if row["id"] != server.server]
    path.write_text(json.dumps(page), encoding="utf-8")

    assert scene.lines() == [("gone", server.server)]


def test_markdown_for_a_job_summary(scene: Scene) -> None:
    scene.undo(scene.first)

    ended = scene.drift("plan.json", "--format", "markdown")

    assert ended.code == 2
    assert ended.out.startswith("## Drift of `demo`\n\n**Drift: 1 edited-remotely.** Plan 1 of 2026-11-23 03:00 UTC ")


def test_what_a_plan_proposed_and_nobody_made_is_drift_without_being_an_edit(plan: Plan) -> None:
    ended = run_inside("drift", "plan.json", *LIVE, "--format", "json", environ=ENVIRONMENT)

    assert (ended.code, ended.reason) == (2, "drift")
    assert sorted(lines(ended)) == sorted(("first-plan", change.server) for change in plan.changes)
    assert json.loads(ended.out)["receipts"] == 0


def test_without_a_receipt_nobody_takes_an_apply_for_an_edit(scene: Scene, here: Path) -> None:
    (here / "receipt.json").unlink()
    assert scene.drift("plan.json").code == 0

    scene.undo(scene.plan.changes[1])

    ended = scene.drift("plan.json")
    assert "first-plan: the plan proposed it already, and it is not made\n" in ended.out
    assert "note: no receipt of the plan is known" in ended.out


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [
        ("applied", "edited-remotely"),
        ("noop", "edited-remotely"),
        ("unknown", "first-plan"),
        ("failed", "first-plan"),
        ("conflict", "first-plan"),
        ("not-attempted", "first-plan"),
        ("gone", "first-plan"),
    ],
)
def test_a_change_is_expected_where_its_receipt_says(scene: Scene, outcome: str, cause: str) -> None:
    scene.end(outcome)
    scene.undo(scene.first)

    assert scene.lines() == [(cause, scene.first.server)]


@pytest.mark.parametrize("outcome", ["failed", "conflict", "not-attempted"])
def test_a_change_that_was_not_made_is_an_edit_where_somebody_made_it(scene: Scene, outcome: str) -> None:
    scene.end(outcome)

    assert scene.lines() == [("edited-remotely", scene.first.server)]


@pytest.mark.parametrize(
    ("first", "second", "cause"),
    [
        ("applied", "conflict", "edited-remotely"),
        ("applied", "not-attempted", "edited-remotely"),
        ("failed", "applied", "edited-remotely"),
        ("unknown", "not-attempted", "first-plan"),
        ("failed", "not-attempted", "first-plan"),
    ],
)
def test_several_runs_of_one_plan_are_read_in_their_order(scene: Scene, first: str, second: str, cause: str) -> None:
    scene.end(first, "receipt-2.json")
    scene.end(second, started_at="2026-11-23T05:00:00Z")
    scene.undo(scene.first)

    assert scene.lines() == [(cause, scene.first.server)]
    assert json.loads(scene.drift("plan.json", "--format", "json").out)["receipts"] == 2


def test_what_one_run_does_not_know_and_the_next_did_not_try_stays_unknown(scene: Scene) -> None:
    scene.end("unknown")
    scene.end("not-attempted", "receipt-2.json", started_at="2026-11-23T05:00:00Z")

    assert scene.lines() == []


def test_a_later_run_settles_what_an_earlier_one_does_not_know_whatever_their_files_are_called(scene: Scene) -> None:
    scene.end("unknown")
    scene.end("failed", "receipt-2.json", started_at="2026-11-23T05:00:00Z")

    assert scene.lines() == [("edited-remotely", scene.first.server)]


def test_a_run_that_was_killed_may_have_made_its_changes_or_not(scene: Scene) -> None:
    scene.end("not-attempted", ended_at=None)
    assert scene.lines() == []

    scene.undo(scene.first)

    assert scene.lines() == [("first-plan", scene.first.server)]


def test_a_receipt_beside_the_plan_may_be_called_anything(plan: Plan, scene: Scene, here: Path) -> None:
    assert plan == scene.plan
    told = (here / "journal.jsonl").read_text(encoding="utf-8").replace("receipt.json", "done.json")
    (here / "journal.jsonl").write_text(told, encoding="utf-8")
    (here / "receipt.json").rename(here / "done.json")

    assert scene.drift("plan.json").code == 0


def test_a_receipt_may_be_elsewhere(scene: Scene, here: Path) -> None:
    (here / "elsewhere").mkdir()
    (here / "receipt.json").rename(here / "elsewhere/receipt.json")

    ended = scene.drift("plan.json", "--receipt", "elsewhere/receipt.json", "--format", "json")

    assert (ended.code, json.loads(ended.out)["receipts"]) == (0, 1)


def test_receipts_of_other_plans_count_only_where_they_are_named_and_then_are_refused(scene: Scene) -> None:
    scene.end("applied", plan="sha256:other")

    beside = scene.drift("plan.json", "--format", "json")
    named = scene.drift("plan.json", "--receipt", "receipt.json")

    assert json.loads(beside.out)["receipts"] == 0
    assert (named.code, named.reason, named.out) == (5, "receipt-other", "")
    assert f"  It is of sha256:other, and the plan is {scene.plan.digest}.\n" in named.err


def test_missing_evidence_is_never_taken_for_no_drift(scene: Scene, here: Path, futurevuls: Emulator) -> None:
    _record_servers(futurevuls, here)
    (here / "empty.json").write_text('{"findings": []}', encoding="utf-8")
    argv = ("drift", "plan.json", *CONFIG, "--findings", "empty.json", "--servers", *_NOW)

    ended = run_inside(*argv, clock=scene.clock)

    assert (ended.code, ended.reason) == (3, "evidence-incomplete")
    assert "unknown: evidence is missing, so that these may have drifted or not\n" in ended.out
    assert "No drift found, but not all could be judged. " in ended.out
    assert "No drift.\n" not in ended.out


def test_servers_are_asked_of_futurevuls_where_no_file_is_given(scene: Scene, futurevuls: Emulator) -> None:
    scene.undo(scene.first)
    writes = futurevuls.writes
    argv = ("drift", "plan.json", *CONFIG, "--findings", "fleet/findings.ndjson", "--format", "json")

    ended = run_inside(*argv, environ=ENVIRONMENT, clock=scene.clock)

    assert ("edited-remotely", scene.first.server) in lines(ended)
    assert (ended.code, writes) == (2, futurevuls.writes)


def record(plan: Plan, here: Path, digest: str) -> None:
    """Keep the plan as the newest of its environment, with its receipt; HEAD says that it has this digest."""
    head = with_newest({}, plan)
    folder = here / "plans" / Path(head[plan.environment].plan).parent
    folder.mkdir(parents=True)
    for name in ("plan.json", "receipt.json"):
        shutil.copy(here / name, folder / name)
    (here / "plans/HEAD").write_bytes(write_head(head).replace(plan.digest.encode(), digest.encode()))


def test_the_newest_recorded_plan_is_compared_where_none_is_named(scene: Scene, here: Path) -> None:
    record(scene.plan, here, scene.plan.digest)

    ended = scene.drift("--format", "json")

    found = json.loads(ended.out)
    assert (ended.code, found["plan"], found["receipts"]) == (0, scene.plan.digest, 1)


def test_a_recorded_plan_must_be_the_one_that_head_names(scene: Scene, here: Path) -> None:
    other = f"sha256:{'0' * 64}"
    record(scene.plan, here, other)

    ended = scene.drift()

    assert (ended.code, ended.reason, ended.out) == (5, "digest-mismatch", "")
    assert f"  Its digest is {scene.plan.digest}, and plans/HEAD says {other}.\n" in ended.err


def test_where_no_plan_is_recorded_one_must_be_named(here: Path) -> None:
    assert here.is_dir()

    ended = run_inside("drift", *LIVE)

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "plans/HEAD: error: No plan to compare with\n"
        '  No plan of "demo" is recorded here.\n'
        "  hint: name the plan that was applied last: exposurectl drift PLAN\n"
        "reason: no-plan\n"
    )


def test_a_plan_of_another_environment_is_refused(plan: Plan, here: Path) -> None:
    (here / "demo.yaml").rename(here / "other.yaml")

    ended = run_inside("drift", "plan.json", "--snapshot", "fleet", "--config", "other.yaml")

    assert (ended.code, ended.reason) == (5, "target-changed")
    assert f'  It is of "{plan.environment}", and the config is "other".\n' in ended.err


def test_the_servers_of_a_snapshot_from_before_the_apply_are_not_taken_for_those_of_now(
    plan: Plan, clock: SimulatedClock
) -> None:
    clock.sleep(60)
    assert run_inside("apply", "plan.json", *CONFIG, environ=ENVIRONMENT, clock=clock).code == 0

    ended = run_inside("drift", "plan.json", *LIVE, environ=ENVIRONMENT, clock=clock)

    assert plan.changes
    assert (ended.code, ended.reason, ended.out) == (1, "snapshot-old", "")
    assert ended.err == (
        "fleet: error: Snapshot older than the apply\n"
        "  It was recorded at 2026-11-23 03:00:00 UTC, and the plan was applied from 2026-11-23 03:01:00 on: "
        "its servers are where they were before.\n"
        "  hint: leave --snapshot out to collect now, or name the servers of now with --servers\n"
        "reason: snapshot-old\n"
    )
