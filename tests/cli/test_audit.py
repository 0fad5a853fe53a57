"""`exposurectl audit`: what it says of plans that the program recorded, in git and outside."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditing import PLANS, SNAPSHOTS, plan_in, receipt_of, record, write_receipt_beside, write_story
from exposurectl import __version__
from exposurectl.apply.receipt import Approval, Outcome, write_receipt
from exposurectl.audit.breaks import Kind
from exposurectl.cli.groups import recorded_groups
from exposurectl.config import load_config
from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.story import ENVIRONMENT, RECORDED, emulator
from exposurectl.plan.file import seal, write_plan
from exposurectl.plan.head import with_newest, write_head
from exposurectl.plan.model import Direction, Plan
from exposurectl.sources.recording import with_groups
from exposurectl.sources.snapshot import read_groups
from golden import check_golden
from repository import ALONE, Repository
from running import Ended, run_inside
from saved import SERVERS, save_servers

ROOT = Path(__file__).parents[2]
ONE, TWO, THREE = PLANS
FOUR = "20261123T060000Z-0004"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("story")
    write_story(directory)
    return directory


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ALONE.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def story(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a copy of the repository, beside which the snapshots are."""
    directory = Path(shutil.copytree(written, tmp_path / "story"))
    monkeypatch.chdir(directory / "repository")
    return directory


def folder(name: str) -> Path:
    return Path("plans", name)


def audit(*more: str, code: int = 0, reason: str = "") -> dict[str, Any]:
    """Return what the audit of `plans` says as JSON."""
    ended = run_inside("audit", *more, "--format", "json")
    assert (ended.code, ended.reason) == (code, reason), ended.err
    report: dict[str, Any] = json.loads(ended.out)
    return report


def said(*more: str) -> str:
    """Return what the audit of `plans` says as text, on one line."""
    return " ".join(run_inside("audit", *more).out.split())


def environment(report: dict[str, Any]) -> dict[str, Any]:
    (one,) = report["environments"]
    assert isinstance(one, dict)
    return one


def replayed(report: dict[str, Any]) -> list[tuple[int, str, str]]:
    return [(one["sequence"], one["outcome"], one["detail"]) for one in report["replayed"]]


def replace_plan(name: str, change: Callable[[Plan], Plan]) -> Plan:
    """Put another plan into the last folder, with a digest and a HEAD to match."""
    plan = seal(change(plan_in(folder(name))))
    (folder(name) / "plan.json").write_bytes(write_plan(plan))
    Path("plans/HEAD").write_bytes(write_head(with_newest({}, plan)))
    return plan


def test_the_whole_answer(story: Path) -> None:
    ended = run_inside("audit", "--replay", story / "snapshots")

    assert (ended.code, ended.err) == (0, "")
    check_golden("cli/audit.txt", re.sub(r"\b[0-9a-f]{12}\b", "c0ffeec0ffee", ended.out))


def test_the_guide_shows_that_answer() -> None:
    guide = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    answer = (ROOT / "tests" / "golden" / "cli" / "audit.txt").read_text(encoding="utf-8")

    assert f"```console\n$ exposurectl audit plans --replay snapshots\n{answer}```\n" in guide


def test_the_guide_tells_of_every_break() -> None:
    guide = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")

    assert [kind.value for kind in Kind if f"`{kind.value}`" not in guide] == []


def test_the_sums_are_those_of_the_story(story: Path) -> None:
    report = audit("plans", "--replay", str(story / "snapshots"))

    assert report["summary"] == {
        "intact": True,
        "first_break": None,
        "plans": 3,
        "receipts": 1,
        "unsigned_commits": 4,
        "expired_yet_applied": 0,
        "replays": {"identical": 3, "differs": 0, "impossible": 0},
    }
    one = environment(report)
    assert (one["first"], one["last"], one["breaks"]) == (1, 3, [])
    assert one["outcomes"]["applied"] == 16
    assert one["without_receipt"] == [{"sequence": 2, "plan": f"{TWO}/plan.json", "changes": 2, "made": 2}]


def test_a_plan_that_was_not_applied_is_told_from_one_that_was(story: Path) -> None:
    third = record(story, 2)
    assert third.code == 0  # nothing is left to do
    policy = Path("policies/internet.yaml")
    policy.write_text(policy.read_text(encoding="utf-8").replace("level: open", "level: small"), encoding="utf-8")
    record(story, 2, "--as-of", "2026-11-23T06:00:00Z")
    record(story, 2, "--as-of", "2026-11-23T07:00:00Z")

    without = environment(audit())["without_receipt"]

    assert [(one["sequence"], one["made"]) for one in without] == [(2, 2), (5, 0)]
    assert "plan 5: " in said()


def test_a_lowering_names_who_accepted_and_who_merged_it(story: Path) -> None:
    repository = Repository(story / "repository")
    repository.git("switch", "--quiet", "--create", "plan-4")
    made = record(story, 0, "--as-of", "2026-11-23T06:00:00Z")
    assert made.code == 0, made.err
    repository.commit("Plan 4", GIT_AUTHOR_NAME="Pipeline", GIT_AUTHOR_EMAIL="bot@example.com")
    repository.git("switch", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "--no-edit", "plan-4", GIT_AUTHOR_NAME="Rea Reviewer")
    four = folder("20261123T060000Z-0004")
    lowering = next(n for n, change in enumerate(plan_in(four).changes) if change.direction is Direction.LOWER)
    write_receipt_beside(four, outcomes={lowering: Outcome.UNKNOWN}, actor="")
    write_receipt_beside(four, "receipt-2.json", now=plan_in(four).as_of + timedelta(hours=1), approval=Approval())

    done = dict.fromkeys(range(len(plan_in(four).changes)), Outcome.NOOP)
    write_receipt_beside(four, "receipt-3.json", now=plan_in(four).as_of + timedelta(hours=2), outcomes=done)

    _, first, second = environment(audit())["lowerings"]

    assert (first["planned"], first["made"], first["accepted"]) == (2, 1, 2)
    assert (first["brought"]["author"], first["brought"]["merged_by"]) == (
        "Pipeline <bot@example.com>",
        "Rea Reviewer <ada@example.com>",
    )
    assert (second["made"], second["accepted"], second["approved"]) == (2, None, "")
    text = said()
    assert (
        "plan 4: 1 and perhaps 1 more of 2, 2 accepted, digest approved; merged by Rea Reviewer <ada@example.com> in "
        in text
    )
    assert ", written by Pipeline <bot@example.com> plan 4: 2 of 2 by octocat, no count accepted; merged" in text


def test_outside_git_it_says_what_is_not_known(story: Path, tmp_path: Path) -> None:
    shutil.copytree(story / "repository" / "plans", tmp_path / "alone")

    report = audit(str(tmp_path / "alone"))

    assert report["summary"]["intact"]
    assert report["summary"]["unsigned_commits"] is None
    assert "not a git repository" in report["history"]["why"]
    assert environment(report)["lowerings"][0]["brought"] is None
    assert "reviewer unknown" in said(str(tmp_path / "alone"))


def test_a_run_after_the_plan_expired_is_an_end_of_its_own(story: Path) -> None:
    assert story.is_dir()
    plan = plan_in(folder(ONE))
    write_receipt_beside(folder(ONE), "receipt-2.json", now=plan.expires_at)
    write_receipt_beside(folder(ONE), "receipt-3.json", now=plan.expires_at - timedelta(seconds=1))

    report = audit(code=5, reason="expired-applied")

    assert (report["summary"]["intact"], report["summary"]["expired_yet_applied"]) == (True, 1)
    assert f"expired {ONE}/receipt-2.json began 2026-11-24 03:00 UTC; the plan was valid until" in said()
    assert "chain intact, 1 expired yet applied." in said()


def test_changes_that_took_two_runs_count_once(story: Path) -> None:
    assert story.is_dir()
    plan = plan_in(folder(ONE))
    write_receipt_beside(folder(ONE), outcomes=dict.fromkeys(range(10, 16), Outcome.NOT_ATTEMPTED))
    later = plan.as_of + timedelta(hours=1)
    ends = {**dict.fromkeys(range(10), Outcome.NOOP), 15: Outcome.GONE}
    write_receipt_beside(folder(ONE), "receipt-2.json", now=later, outcomes=ends)

    outcomes = environment(audit())["outcomes"]

    assert {name: count for name, count in outcomes.items() if count} == {"applied": 15, "gone": 1}


def test_a_receipt_of_a_run_that_was_killed_is_read(story: Path) -> None:
    assert story.is_dir()
    receipt = receipt_of(plan_in(folder(ONE)), outcomes=dict.fromkeys(range(16), Outcome.NOT_ATTEMPTED))
    (folder(ONE) / "receipt-2.json").write_bytes(write_receipt(msgspec.structs.replace(receipt, ended_at=None)))

    assert audit()["summary"]["receipts"] == 2


def test_several_environments_are_told_apart(story: Path) -> None:
    shutil.copy("config/demo.yaml", "config/staging.yaml")
    words = (
        "plan",
        "--snapshot",
        story / "snapshots" / "first",
        "--config",
        "config/staging.yaml",
        "--record",
        "plans",
    )
    assert run_inside(*words, "--as-of", "2026-11-23T06:00:00Z").reason == ""

    report = audit()

    assert [(one["name"], one["plans"], one["breaks"]) for one in report["environments"]] == [
        ("demo", 3, []),
        ("staging", 1, []),
    ]
    assert "demo · plans 1 to 3 · 3 plans, 1 receipt" in said()
    assert "staging · plan 1 · 1 plan, 0 receipts" in said()


def test_a_file_that_no_environment_claims_is_a_break_of_its_own(story: Path) -> None:
    shutil.copy("config/demo.yaml", "config/staging.yaml")
    words = (
        "plan",
        "--snapshot",
        story / "snapshots" / "first",
        "--config",
        "config/staging.yaml",
        "--record",
        "plans",
    )
    run_inside(*words, "--as-of", "2026-11-23T06:00:00Z")
    (folder(THREE) / "plan.json").write_bytes(b"torn")

    report = audit(code=5, reason="chain-broken")

    names = [(one["name"], [found["kind"] for found in one["breaks"]]) for one in report["environments"]]
    assert names == [("", ["plan-changed"]), ("demo", ["plan-missing"]), ("staging", [])]
    assert "(no environment) · plan 3 · 1 plan, 0 receipts" in said()


def test_a_chain_that_begins_later_says_so(story: Path) -> None:
    assert story.is_dir()
    shutil.rmtree(folder(ONE))

    report = audit()

    assert environment(report)["first"] == 2
    assert "begins with plan 2: nothing here tells of those before it" in said()


def test_a_folder_that_holds_nothing_of_a_plan_is_said(story: Path) -> None:
    assert story.is_dir()
    Path("plans/drafts").mkdir()

    assert audit()["passed_over"] == ["drafts"]
    assert "passed over: drafts holds neither a plan nor a receipt" in said()


def test_where_no_plan_is_recorded_yet_all_is_well(tmp_path: Path) -> None:
    (tmp_path / "plans").mkdir()

    ended = run_inside("audit", tmp_path / "plans")

    assert ended.code == 0
    assert ended.out.endswith("\n0 plans, 0 receipts: no plan is recorded here, 0 expired yet applied.\n")


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    ended = run_inside("audit", tmp_path / "plans")

    assert (ended.code, ended.reason) == (1, "file")
    assert "plans: error: File not readable\n  No such file or directory." in ended.err


def journal(*records: dict[str, object]) -> bytes:
    """Return a journal of these records, each of which follows the one before it."""
    last, lines = hashlib.sha256(b"exposurectl-journal/v1\0").hexdigest(), []
    for one in records:
        line = json.dumps({**one, "prev": last}, sort_keys=True, separators=(",", ":")).encode()
        last = hashlib.sha256(line).hexdigest()
        lines.append(line + b"\n")
    return b"".join(lines)


def begins(digest: str, receipt: str = "receipt.json") -> dict[str, object]:
    return {"record": "begin", "plan": digest, "receipt": receipt, "pid": 7, "at": "2026-11-23T03:10:00Z"}


def result(change: int, outcome: str) -> dict[str, object]:
    return {"record": "result", "change": change, "outcome": outcome, "detail": "", "attempts": 1, "at": None}


def all_applied() -> list[dict[str, object]]:
    """Return what a journal tells of a run of the first plan that made every change."""
    return [result(number, "applied") for number in range(len(plan_in(folder(ONE)).changes))]


def journal_break(content: bytes) -> tuple[str, str, str]:
    (folder(ONE) / "journal.jsonl").write_bytes(content)
    first = audit(code=5, reason="chain-broken")["summary"]["first_break"]
    return first["place"].removeprefix(f"{ONE}/"), first["kind"], first["detail"]


def test_a_journal_that_tells_the_same_is_no_break(story: Path) -> None:
    assert story.is_dir()
    digest = plan_in(folder(ONE)).digest
    told = journal(begins(digest), {"record": "intent", "change": 0}, *all_applied(), {"record": "end"})
    elsewhere = journal(begins(digest, "/elsewhere/receipt.json"), result(0, "failed"))
    killed = journal(begins(digest), *all_applied(), begins(digest, "receipt-2.json"))
    before_its_receipt = journal({**begins(digest), "at": "2026-11-23T01:00:00Z"}, begins(digest), *all_applied())

    for content in (b"", told, told + b'{"torn', elsewhere, killed, before_its_receipt):
        (folder(ONE) / "journal.jsonl").write_bytes(content)
        assert audit()["summary"]["intact"]


def test_a_journal_tells_of_a_receipt_that_was_deleted_or_changed(story: Path) -> None:
    assert story.is_dir()
    digest = plan_in(folder(ONE)).digest

    place, kind, _ = journal_break(
        journal(begins(digest), *all_applied(), begins(digest, "receipt-2.json"), result(0, "noop"))
    )
    assert (place, kind) == ("receipt-2.json", "receipt-missing")

    place, kind, detail = journal_break(journal(begins(digest), result(3, "failed")))
    assert (place, kind) == ("journal.jsonl", "journal-changed")
    assert detail == "Of change 4 the journal says failed, and receipt.json says applied."

    _, _, detail = journal_break(journal(begins(digest), result(99, "applied")))
    assert detail == "Of change 100 the journal says applied, and receipt.json says no such change."


def test_a_journal_whose_end_was_taken_is_a_break_where_the_receipt_knows_more(story: Path) -> None:
    assert story.is_dir()
    digest = plan_in(folder(ONE)).digest
    whole = journal(begins(digest), *all_applied(), {"record": "end"}).splitlines(keepends=True)
    last = len(whole) - 2

    for lines, change in ((whole[:1], 1), (whole[:3], 3), (whole[:last], last)):
        place, kind, detail = journal_break(b"".join(lines))
        assert (place, kind) == ("journal.jsonl", "journal-changed")
        said = f"Of change {change} the journal says nothing, and receipt.json says how it ended: its end is missing."
        assert detail == said


def test_a_journal_that_ends_where_the_disk_failed_is_no_break(story: Path) -> None:
    assert story.is_dir()
    receipt = msgspec.structs.replace(write_receipt_beside(folder(ONE)), stopped="journal")
    (folder(ONE) / "receipt.json").write_bytes(write_receipt(receipt))
    (folder(ONE) / "journal.jsonl").write_bytes(journal(begins(receipt.plan), result(0, "applied")))

    assert audit()["summary"]["intact"]


def test_what_apply_itself_leaves_is_whole(story: Path) -> None:
    plan = f"plans/{ONE}/plan.json"
    clock = SimulatedClock(RECORDED)
    with emulator(clock, port=0, per_minute=None) as futurevuls:
        config = Path("config/demo.yaml")
        settings = config.read_text(encoding="utf-8").replace("http://127.0.0.1:1", futurevuls.url)
        config.write_text(settings, encoding="utf-8")
        shutil.rmtree("plans")
        assert record(story, 0).reason == ""
        digest = plan_in(folder(ONE)).digest
        for more in (("--accept-lowering", "2", "--approve", digest), ()):
            ended = run_inside("apply", plan, "--config", config, *more, environ=ENVIRONMENT, clock=clock)
            assert ended.code == 0, ended.err

    report = audit()

    assert (folder(ONE) / "journal.jsonl").stat().st_size > 0
    assert (report["summary"]["intact"], report["summary"]["receipts"]) == (True, 2)
    (lowering,) = environment(report)["lowerings"]
    assert (lowering["made"], lowering["accepted"], lowering["approved"]) == (2, 2, digest)


@pytest.fixture
def live(story: Path) -> Iterator[Callable[..., Ended]]:
    """Record plan 1 anew, and return what applies it to the demo's emulated FutureVuls."""
    clock = SimulatedClock(RECORDED)
    config = Path("config/demo.yaml")
    with emulator(clock, port=0, per_minute=None) as futurevuls:
        settings = config.read_text(encoding="utf-8").replace("http://127.0.0.1:1", futurevuls.url)
        config.write_text(settings, encoding="utf-8")
        shutil.rmtree("plans")
        assert record(story, 0).reason == ""

        def apply(*more: str | Path) -> Ended:
            words = ("apply", folder(ONE) / "plan.json", "--config", config, "--accept-lowering", "2", *more)
            return run_inside(*words, environ=ENVIRONMENT, clock=clock)

        yield apply


def test_an_apply_that_was_refused_because_its_receipt_is_there_leaves_no_trace(live: Callable[..., Ended]) -> None:
    receipt = folder(ONE) / "receipt-a.json"
    assert live("--receipt", receipt).code == 0
    before = {path.name: path.read_bytes() for path in folder(ONE).iterdir()}

    again = live("--receipt", receipt)

    assert (again.code, again.reason) == (1, "receipt")
    assert {path.name: path.read_bytes() for path in folder(ONE).iterdir()} == before
    assert audit()["summary"]["intact"]


def test_a_run_that_began_after_the_receipt_had_ended_is_not_the_receipts(live: Callable[..., Ended]) -> None:
    assert live().code == 0
    told = (folder(ONE) / "journal.jsonl").read_bytes()
    digest = plan_in(folder(ONE)).digest
    records = [json.loads(line) for line in told.splitlines()]

    (folder(ONE) / "journal.jsonl").write_bytes(journal(*records, {**begins(digest), "at": "2026-11-23T09:00:00Z"}))
    assert audit()["summary"]["intact"]

    (folder(ONE) / "journal.jsonl").write_bytes(journal(*records[:1]))
    assert audit(code=5, reason="chain-broken")["summary"]["first_break"]["kind"] == "journal-changed"


@pytest.mark.parametrize("absolute", [False, True])
def test_a_receipt_may_be_called_anything_beside_its_plan(
    live: Callable[..., Ended],
    absolute: bool,  # noqa: FBT001 - pytest names it
) -> None:
    receipt = folder(ONE) / "done.json"
    assert live("--receipt", receipt.absolute() if absolute else receipt).code == 0

    summary = audit()["summary"]
    assert (summary["intact"], summary["receipts"]) == (True, 1)

    receipt.unlink()
    found = audit(code=5, reason="chain-broken")["summary"]["first_break"]
    assert (found["place"], found["kind"]) == (f"{ONE}/done.json", "receipt-missing")


def test_a_journal_that_was_changed_is_a_break(story: Path) -> None:
    assert story.is_dir()
    digest = plan_in(folder(ONE)).digest
    whole = journal(begins(digest), result(0, "applied"), {"record": "end"})
    lines = whole.splitlines(keepends=True)

    for content, detail in (
        (lines[0] + lines[2], "Line 2 does not follow the one before it: "),
        (b"".join(lines[1:]), "Line 1 does not follow the one before it: "),
        (whole.replace(b"applied", b"unknown"), "Line 3 does not follow the one before it: "),
        (b"{}\n", "Line 1 is no record."),
        (journal(begins(plan_in(folder(TWO)).digest)), "It tells of the plan sha256:"),
    ):
        assert journal_break(content)[2].startswith(detail)


def test_replay_takes_each_plan_from_its_own_evidence(story: Path) -> None:
    assert story.is_dir()

    report = audit("--replay", "../snapshots")

    assert replayed(report) == [(1, "identical", ""), (2, "identical", ""), (3, "identical", "")]
    assert "Replay · 3 plans made again identical 3 differs none impossible none" in said("--replay", "../snapshots")


def test_without_replay_nothing_is_said_of_it(story: Path) -> None:
    assert story.is_dir()

    assert audit()["replayed"] is None
    assert "Replay" not in said()


def test_a_plan_that_its_evidence_does_not_give_is_named_with_the_member(story: Path) -> None:
    assert story.is_dir()
    replace_plan(THREE, lambda plan: msgspec.structs.replace(plan, warnings=(*plan.warnings, "x"), unchanged=()))

    report = audit("--replay", "../snapshots", code=5, reason="replay-differs")

    assert report["summary"]["intact"]
    number, outcome, detail = replayed(report)[2]
    assert (number, outcome) == (3, "differs")
    assert detail.startswith("unchanged[0] is absent in the plan, and {")
    assert detail.endswith("… by its evidence.")
    assert "chain intact, 0 expired yet applied, 1 not what its evidence gives." in said("--replay", "../snapshots")


def test_a_plan_of_another_policy_than_its_commit_has_differs_in_its_inputs(story: Path) -> None:
    assert story.is_dir()
    older = plan_in(folder(ONE)).inputs.git_commit

    def of_older(plan: Plan) -> Plan:
        inputs = msgspec.structs.replace(plan.inputs, git_commit=older)
        return msgspec.structs.replace(plan, inputs=inputs)

    plan = replace_plan(THREE, of_older)

    _, outcome, detail = replayed(audit("--replay", "../snapshots", code=5, reason="replay-differs"))[2]

    assert outcome == "differs"
    assert detail.startswith(f'inputs.policy is "{plan.inputs.policy}" in the plan, and "sha256:')


def impossible(change: Callable[[Plan], Plan] = lambda plan: plan, *more: str, snapshots: str = "../snapshots") -> str:
    """Return why plan 3 cannot be made again, with something else in it."""
    replace_plan(THREE, change)
    report = audit("--replay", snapshots, *more)
    number, outcome, detail = replayed(report)[-1]
    assert (number, outcome) == (3, "impossible")
    assert report["summary"]["replays"]["impossible"] >= 1
    return detail


def with_inputs(**changes: object) -> Callable[[Plan], Plan]:
    return lambda plan: msgspec.structs.replace(plan, inputs=msgspec.structs.replace(plan.inputs, **changes))


def test_what_cannot_be_made_again_says_why_and_is_counted(story: Path) -> None:
    assert story.is_dir()
    plan = plan_in(folder(THREE))
    nowhere = "0" * 40

    assert impossible(lambda plan: msgspec.structs.replace(plan, tool_version="0.0.1")) == (
        f"exposurectl 0.0.1 made it, and this is {__version__}: install that one to replay it."
    )
    replace_plan(THREE, lambda _: plan)
    assert impossible(with_inputs(git_commit=None)).startswith("It names no commit: ")
    assert impossible(with_inputs(git_commit="--help")) == "What it names as its commit is none."
    assert impossible(with_inputs(git_commit=nowhere)).startswith(f"Its policy cannot be read from {nowhere}: ")
    replace_plan(THREE, lambda _: plan)
    assert impossible(with_inputs(config="sha256:0")) == (
        f'No config of "demo" in config at {plan.inputs.git_commit} is sha256:0.'
    )
    replace_plan(THREE, lambda _: plan)
    assert impossible(with_inputs(snapshot="sha256:0")) == "No usable snapshot here has the evidence sha256:0."
    replace_plan(THREE, lambda _: plan)
    assert impossible(with_inputs(servers="sha256:0")) == (
        "The snapshot has other servers or roles than those that the plan was made with."
    )


def test_other_folders_of_policy_and_config_have_to_be_named(story: Path) -> None:
    assert story.is_dir()

    assert "Its config cannot be read from " in impossible(lambda plan: plan, "--configs", "settings")
    assert "Its policy cannot be read from " in impossible(lambda plan: plan, "--policy", "rules")


def test_outside_git_there_is_no_policy_to_make_a_plan_by(story: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.move(story / "repository" / "plans", story / "plans")
    monkeypatch.chdir(story)

    assert impossible(snapshots="snapshots").startswith("There is no repository to take its policy from: ")


def test_a_plan_whose_previous_one_is_not_here_cannot_be_made_again(story: Path) -> None:
    assert story.is_dir()
    previous = plan_in(folder(TWO)).digest
    shutil.rmtree(folder(ONE))
    shutil.rmtree(folder(TWO))

    assert impossible() == f"The plan before it, {previous}, is not here."


def test_a_damaged_snapshot_is_no_evidence(story: Path) -> None:
    manifest = json.loads((story / "snapshots" / SNAPSHOTS[1] / "manifest.json").read_bytes())
    for name in ("first", "second", "third"):
        (story / "snapshots" / name / "findings.ndjson").write_bytes(b"{}\n")
    (story / "snapshots" / "second" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (story / "snapshots" / "notes").mkdir()

    assert impossible().endswith(" Damaged here: first, second, third.")


def test_one_snapshot_may_be_named_itself(story: Path) -> None:
    assert story.is_dir()

    report = audit("--replay", "../snapshots/first")

    assert [outcome for _, outcome, _ in replayed(report)] == ["identical", "impossible", "impossible"]


def gone_back(story: Path) -> Plan:
    """Record a fourth plan, the way back of plan 1, by servers that a fourth snapshot has as well."""
    third = story / "snapshots" / SNAPSHOTS[2]
    save_servers(Path(), read_groups(third))
    with_groups(third, recorded_groups(SERVERS, load_config(Path("config/demo.yaml"))), third.with_name("fourth"))
    ended = run_inside(
        *("plan", "--revert", f"plans/{ONE}/receipt.json", "--servers", *SERVERS, "--config", "config/demo.yaml"),
        *("--record", "plans", "--as-of", (RECORDED + timedelta(hours=3)).isoformat()),
    )
    assert (ended.code, ended.reason) == (3, "guardrail-lower"), ended.err
    return plan_in(folder(FOUR))


def test_a_plan_that_goes_back_is_made_again_from_the_receipt_and_where_the_servers_were(story: Path) -> None:
    assert gone_back(story).changes

    assert replayed(audit("--replay", "../snapshots"))[3] == (4, "identical", "")

    replace_plan(FOUR, lambda plan: msgspec.structs.replace(plan, changes=plan.changes[1:]))
    _, outcome, detail = replayed(audit("--replay", "../snapshots", code=5, reason="replay-differs"))[3]
    assert outcome == "differs"
    assert detail.startswith("changes[0].")


def test_a_plan_that_goes_back_cannot_be_made_again_without_the_servers_or_by_a_receipt_that_is_none(
    story: Path,
) -> None:
    receipt = gone_back(story).inputs.snapshot
    (story / "snapshots" / "fourth" / "servers.ndjson").write_bytes(b"{}\n")

    number, outcome, detail = replayed(audit("--replay", "../snapshots"))[3]

    assert (number, outcome) == (4, "impossible")
    assert detail == "No usable snapshot here has its servers and roles. Damaged here: fourth."

    (folder(ONE) / "receipt.json").write_bytes(b"{}")
    digest = f"sha256:{hashlib.sha256(b'{}').hexdigest()}"
    replace_plan(FOUR, with_inputs(snapshot=digest))
    _, outcome, detail = replayed(audit("--replay", "../snapshots", code=5, reason="chain-broken"))[3]
    assert (outcome, digest != receipt) == ("impossible", True)
    assert detail.startswith("The receipt that it goes back on cannot be read: ")


def test_a_plan_that_is_not_what_was_written_is_a_break_and_not_made_again(story: Path) -> None:
    assert story.is_dir()
    (folder(TWO) / "plan.json").write_bytes(b"{}")

    report = audit("--replay", "../snapshots", code=5, reason="chain-broken")

    assert [(number, outcome) for number, outcome, _ in replayed(report)] == [(1, "identical"), (3, "impossible")]


def test_many_rows_are_counted_and_left_to_the_json(story: Path) -> None:
    repository = Repository(story / "repository")
    for number in range(18):
        repository.write("plans/README.md", str(number))
        repository.commit(f"Note {number}")

    assert audit()["summary"]["unsigned_commits"] == 22
    assert "and 2 more, which --format json lists" in said()


def test_text_from_outside_is_neutral(story: Path) -> None:
    assert story.is_dir()
    receipt = receipt_of(plan_in(folder(ONE)), actor="eve\x1b[31m\u202e::warning::")
    (folder(ONE) / "receipt.json").write_bytes(write_receipt(receipt))
    Path("plans/\x1b]8;;").mkdir()

    out: Ended = run_inside("audit")

    assert "\x1b" not in out.out
    assert "\u202e" not in out.out
    assert "::warning::" not in out.out
    assert "passed over: \\u{1b}]8;;" in out.out
