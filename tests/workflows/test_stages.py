"""The check and drift stages, run, and how a signal reaches the program in every stage."""

import os
import signal
import time
from pathlib import Path

import pytest

from workflows.stages import Stage, stage


@pytest.fixture
def drift(tmp_path: Path) -> Stage:
    """The drift stage, in a repository that has recorded a plan."""
    job = stage("drift", "drift", tmp_path)
    job.put("plans/HEAD", "{}\n")
    return job


@pytest.fixture
def policies(tmp_path: Path) -> Stage:
    return stage("check", "policies", tmp_path)


@pytest.fixture
def difference(tmp_path: Path) -> Stage:
    """The comparison of a pull request, checked out as GitHub merges it."""
    job = stage("check", "difference", tmp_path, **{"github.event_name": "pull_request"})
    job.commit("policies/internet.yaml")
    job.git("switch", "--quiet", "--create", "$(touch${IFS}harm);x")
    job.put("policies/internet.yaml", "changed\n")
    job.commit("policies/internet.yaml")
    job.git("switch", "--quiet", "main")
    job.git("merge", "--quiet", "--no-ff", "--message=Merge", "$(touch${IFS}harm);x")
    return job


def test_no_drift_is_shown_and_the_job_goes_well(drift: Stage) -> None:
    drift.run()

    assert (drift.failed, drift.codes["Compare"]) == ("", 0)
    assert drift.summary() == "# Drift\n"


@pytest.mark.parametrize("code", [2, 3])
def test_drift_is_shown_and_fails_the_job(drift: Stage, code: int) -> None:
    drift.run(STUB_EXIT=str(code))

    assert (drift.failed, drift.codes["Compare"]) == ("Compare", code)
    assert drift.summary() == "# Drift\n"


def test_before_the_first_plan_there_is_no_drift_to_look_for(drift: Stage) -> None:
    (drift.folder / "plans/HEAD").unlink()

    drift.run()

    assert (drift.failed, drift.codes) == ("", {})


def test_the_policy_is_validated_and_its_cases_are_run(policies: Stage) -> None:
    policies.run()

    config = ["--config", "config/production.yaml"]
    assert policies.calls() == [
        ["validate", "policies", *config, "--format", "github"],
        ["test", "policies", *config, "--junit", "cases.xml", "--min-coverage", "100"],
    ]
    assert policies.ran[-1] == "Keep the report"


def test_the_cases_are_run_although_the_policy_is_not_valid(policies: Stage) -> None:
    policies.run(STUB_EXIT="3")

    assert policies.failed == "Validate"
    assert [call[0] for call in policies.calls()] == ["validate", "test"]


def test_a_pull_request_shows_what_its_policy_changes(difference: Stage) -> None:
    difference.run()

    call = ["diff", "HEAD^1", "policies", "--config", "config/production.yaml", "--format", "markdown"]
    assert difference.calls() == [call]
    assert difference.git("diff", "--name-only", "HEAD^1") == "policies/internet.yaml"
    assert difference.summary() == "# Diff\n"


def test_a_pull_request_that_brings_the_first_policy_has_nothing_to_compare_it_with(tmp_path: Path) -> None:
    job = stage("check", "difference", tmp_path)
    job.commit("README.md")
    job.commit("policies/internet.yaml")

    job.run()

    assert (job.failed, job.calls()) == ("", [])
    assert job.summary() == "There was no policy before this pull request.\n"


@pytest.mark.parametrize("recorded", [True, False])
def test_recorded_plans_are_audited(tmp_path: Path, recorded: bool) -> None:  # noqa: FBT001 - pytest names it
    job = stage("check", "plans", tmp_path)
    if recorded:
        job.put("plans/HEAD", "{}\n")

    job.run()

    assert (job.failed, job.calls()) == ("", [["audit", "plans"]] if recorded else [])


@pytest.mark.parametrize(
    ("name", "step"), [("plan", "Plan"), ("drift", "Compare"), ("apply", "Apply the plan")], ids=lambda text: text
)
def test_a_signal_to_the_step_reaches_the_program(tmp_path: Path, name: str, step: str) -> None:
    job = stage(name, name, tmp_path)

    with job.start(job.step(step), STUB_WAIT="1") as process:
        started = job.wait_for("waiting")
        process.send_signal(signal.SIGINT)
        code = process.wait(timeout=20)

    assert started
    assert code == 130
    assert (job.folder / "interrupted").read_text(encoding="utf-8") == str(int(signal.SIGINT))


def test_without_exec_the_signal_is_lost(tmp_path: Path) -> None:
    job = stage("apply", "apply", tmp_path)
    step = {**job.step("Apply the plan")}
    step["run"] = step["run"].replace("exec ", "") + "\ntrue\n"

    with job.start(step, STUB_WAIT="1") as process:
        started = job.wait_for("waiting")
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        reached = (job.folder / "interrupted").exists()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)

    assert started
    assert not reached
