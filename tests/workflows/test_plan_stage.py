"""The plan stage, run: what it shows and keeps, and the pull request that it proposes."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from workflows.stages import DIGEST, NAME, PLAN, Stage, git, stage, with_app

PULLS = "repos/acme/exposure/pulls"
ASKED = ["api", f"{PULLS}?state=open&base=main&head=acme:exposure/plan", "--jq", ".[].number"]
MERGING = "Merging this applies exactly this plan, as long as it is valid and the newest."
LOWERED = PLAN | {"blocked_by": [{"reason": "guardrail-lower", "detail": "...", "acknowledge": "--accept-lowering 3"}]}


@pytest.fixture
def plan(tmp_path: Path) -> Stage:
    return stage("plan", "plan", tmp_path, **{"github.event_name": "schedule", "github.ref": "refs/heads/main"})


@pytest.fixture
def propose(tmp_path: Path) -> Stage:
    """The job that proposes a plan, with what the job before it recorded."""
    job = stage("plan", "propose", tmp_path)
    job.event |= {"needs.plan.outputs.fate": "propose", "needs.plan.outputs.folder": f"plans/{NAME}"}
    job.commit("README.md")
    recorded(job, PLAN)
    return with_app(job)


def recorded(job: Stage, plan: dict[str, Any], name: str = NAME, page: str = "## Plan\n") -> None:
    job.put(f"plans/{name}/plan.json", json.dumps(plan))
    job.put(f"plans/{name}/plan.md", page)
    job.put("plans/HEAD", json.dumps({"production": {"plan": f"{name}/plan.json"}}))


def proposed_before(job: Stage, plan: dict[str, Any], *more: str) -> str:
    """Push a branch that proposes a plan already, and return its commit."""
    name = "20261122T210000Z-0012"
    new = {path: (job.folder / path).read_text(encoding="utf-8") for path in ("plans/HEAD", f"plans/{NAME}/plan.json")}
    job.git("switch", "--quiet", "--create", "before")
    recorded(job, plan, name)
    commit = job.commit(f"plans/{name}/plan.json", "plans/HEAD", *more)
    job.git("push", "--quiet", "origin", "HEAD:refs/heads/exposure/plan")
    job.git("switch", "--quiet", "main")
    for path, text in new.items():
        job.put(path, text)
    return commit


def tip(job: Stage) -> str:
    return git(job.folder / "remote.git", "rev-parse", "exposure/plan")


def posted(job: Stage) -> dict[str, str]:
    """Return the fields of the last request."""
    return dict(word.split("=", 1) for word in job.requests()[-1] if re.match("[a-z]+=", word))


def test_a_plan_is_recorded_shown_and_kept(plan: Stage) -> None:
    plan.run()

    config = ["--config", "config/production.yaml", "--policy", "policies"]
    assert plan.failed == ""
    assert plan.calls()[0] == ["plan", *config, "--record", "plans", "--out", "plan.json"]
    assert plan.summary() == "# Show\n"
    assert plan.ran[-3:] == ["Keep the plan", "Find what to propose", "Keep what was recorded"]
    assert plan.outputs("find") == {"folder": f"plans/{NAME}", "fate": "propose"}


def test_a_blocked_plan_is_shown_and_kept_and_fails_the_job(plan: Stage) -> None:
    plan.run(STUB_EXIT="3", STUB_PLAN=json.dumps(PLAN | {"applyable": False}))

    assert (plan.failed, plan.codes["Plan"]) == ("Plan", 3)
    assert plan.summary() == "# Show\n"
    assert "Keep the plan" in plan.ran
    assert plan.outputs("find")["fate"] == ""
    assert "Keep what was recorded" not in plan.ran


def test_a_plan_that_a_reviewer_can_acknowledge_fails_the_job_and_is_proposed(plan: Stage) -> None:
    plan.run(STUB_EXIT="3", STUB_PLAN=json.dumps(LOWERED))

    assert plan.failed == "Plan"
    assert plan.outputs("find")["fate"] == "propose"
    assert plan.ran[-1] == "Keep what was recorded"


def test_a_plan_without_changes_withdraws_what_was_proposed(plan: Stage) -> None:
    plan.run(STUB_PLAN=json.dumps(PLAN | {"changes": []}))

    assert (plan.failed, plan.outputs("find")["fate"]) == ("", "withdraw")
    assert "Keep what was recorded" not in plan.ran


def test_an_error_leaves_no_plan_to_show_and_fails_the_job(plan: Stage) -> None:
    plan.run(STUB_EXIT="1")

    assert (plan.failed, plan.codes["Plan"]) == ("Plan", 1)
    assert plan.ran[-1] == "Plan"
    assert plan.summary() == ""


@pytest.mark.parametrize(
    "event",
    [
        {"github.event_name": "pull_request", "github.ref": "refs/pull/7/merge"},
        {"github.event_name": "pull_request", "github.ref": "refs/heads/main"},
        {"github.event_name": "workflow_dispatch", "github.ref": "refs/heads/other"},
    ],
)
def test_only_a_plan_by_the_policy_of_main_is_proposed(plan: Stage, event: dict[str, str]) -> None:
    plan.event |= event

    plan.run()

    assert plan.failed == ""
    assert plan.ran[-1] == "Keep the plan"
    assert plan.outputs("find") == {}


def test_only_the_planning_step_sees_a_token(plan: Stage) -> None:
    plan.run()

    assert plan.tokens() == [{"FUTUREVULS_TOKEN_WEB": "<secrets.FUTUREVULS_READ_TOKEN_WEB>"}, {}]


def test_without_the_app_a_plan_stays_an_artifact_and_the_run_says_so(propose: Stage) -> None:
    propose.event["vars.EXPOSURE_APP_CLIENT_ID"] = ""

    propose.run()

    assert propose.ran == ["Say that nobody proposes it"]
    assert propose.summary() == (
        "No GitHub App is set up (`EXPOSURE_APP_CLIENT_ID`), so this plan is not proposed.\n"
        "It is in the artifact `recorded-17-2`: unpack that into `plans/` and open a pull request with it.\n"
    )


def test_a_plan_is_pushed_and_proposed(propose: Stage) -> None:
    propose.run()

    remote = propose.folder / "remote.git"
    changed = git(remote, "diff", "--name-only", "main", "exposure/plan").splitlines()
    assert propose.failed == "", propose.errors
    assert changed == ["plans/" + name for name in (f"{NAME}/plan.json", f"{NAME}/plan.md", "HEAD")]
    assert git(remote, "log", "-1", "--format=%s by %an", "exposure/plan") == (
        "Plan 12: 1 to raise, 0 to join, 0 to lower by acme-exposure[bot]"
    )
    assert propose.requests() == [
        ASKED,
        [
            *("api", "--silent", "--method", "POST", PULLS, "-f", "head=exposure/plan", "-f", "base=main"),
            *("-F", "title=Plan 12: 1 to raise, 0 to join, 0 to lower"),
            *("-F", f"body=## Plan\n\n---\n\n{MERGING}\n"),
        ],
    ]


def test_what_pushes_is_the_token_of_the_app_and_no_log_shows_it(propose: Stage) -> None:
    propose.run()

    assert propose.said.startswith("::add-mask::eC1hY2Nlc3MtdG9rZW46PGFwcD4=\n")
    assert "<app>" not in propose.said + propose.errors + propose.summary()
    assert "eC1hY2Nlc3MtdG9rZW46PGFwcD4=" not in propose.git("config", "--list")


def test_a_guardrail_is_accepted_by_a_file_that_is_ready_to_commit(propose: Stage) -> None:
    recorded(propose, LOWERED)

    propose.run()

    body = posted(propose)["body"]
    link = re.search(r"\((https://\S+)\)", body)
    assert link
    address = urlsplit(link[1])
    assert address.path == "/acme/exposure/new/exposure/plan"
    accept = f"plan {DIGEST}\nlowering 3\n"
    assert parse_qs(address.query) == {"filename": [f"plans/{NAME}/accept"], "value": [accept]}
    assert f"as `plans/{NAME}/accept`, before it is merged:\n\n```text\n{accept}```\n" in body


def test_a_plan_too_long_for_github_is_shown_by_its_beginning(propose: Stage) -> None:
    recorded(propose, PLAN, page="## Plan\n\n**One sentence.**\n\n### To lower\n\n" + "雪" * 60_000)

    propose.run()

    start = f"## Plan\n\n**One sentence.**\n\n\nThe plan is too long to show here: read `plans/{NAME}/plan.md`"
    assert posted(propose)["body"].startswith(start)


def test_a_plan_that_asks_for_the_same_stays_as_it_is_reviewed(propose: Stage) -> None:
    before = proposed_before(propose, PLAN | {"as_of": "2026-11-22T21:00:00Z", "expires_at": "2026-11-23T21:00:00Z"})

    propose.run(STUB_OPEN="7")

    assert propose.failed == "", propose.errors
    assert tip(propose) == before
    assert propose.requests() == [ASKED]
    assert propose.summary() == "Pull request #7 asks for the same changes and stays as it is.\n"


@pytest.mark.parametrize(
    "old",
    [
        {"changes": []},
        {"inputs": {"policy": "sha256:q", "config": "sha256:c"}},
        {"previous": "sha256:1"},
        {"expires_at": "2026-11-23T14:59:59Z"},
        {"expires_at": "tomorrow"},
        {"expires_at": None},
    ],
    ids=str,
)
def test_a_plan_that_asks_for_something_else_or_grows_old_is_replaced(propose: Stage, old: dict[str, Any]) -> None:
    before = proposed_before(propose, {**PLAN, "expires_at": "2026-11-23T21:00:00Z", **old}, "plans/other")

    propose.run(STUB_OPEN="7")

    assert propose.failed == "", propose.errors
    assert tip(propose) != before
    assert propose.requests()[1][:5] == ["api", "--silent", "--method", "PATCH", f"{PULLS}/7"]
    assert git(propose.folder / "remote.git", "diff", "--name-only", "main", "exposure/plan", "--", "plans/other") == ""


def test_a_plan_whose_pull_request_was_closed_is_proposed_anew(propose: Stage) -> None:
    before = proposed_before(propose, PLAN)

    propose.run()

    assert tip(propose) != before
    assert posted(propose)["head"] == "exposure/plan"


@pytest.mark.parametrize("number", ["7", ""])
def test_what_is_no_longer_asked_for_is_withdrawn(propose: Stage, number: str) -> None:
    propose.event["needs.plan.outputs.fate"] = "withdraw"

    propose.run(STUB_OPEN=number)

    closed = [["api", "--silent", "--method", "PATCH", f"{PULLS}/7", "-f", "state=closed"]]
    assert propose.failed == "", propose.errors
    assert propose.requests() == [ASKED, *(closed if number else [])]
    assert "Propose the plan" not in propose.ran
