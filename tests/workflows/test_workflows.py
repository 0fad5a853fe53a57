"""The shipped workflows: what each may hold, call and spell."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
PATHS = sorted((GITHUB / "workflows").glob("*.yml"))
APP = "actions/create-github-app-token"
PINNED = re.compile(r"^ *(?:- )?uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")


def loaded(path: Path) -> dict[str, Any]:
    """YAML 1.1 reads the key `on` as true; both spellings are the same key here."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {("on" if key is True else key): value for key, value in content.items()}


WORKFLOWS = {path.stem: loaded(path) for path in PATHS}
JOBS = {f"{name}/{job}": content["jobs"][job] for name, content in sorted(WORKFLOWS.items()) for job in content["jobs"]}
STEPS = {
    f"{job}/{step.get('name', step.get('uses', '').partition('@')[0])}": step
    for job, content in JOBS.items()
    for step in content["steps"]
}
SCRIPTS = {name: step["run"] for name, step in STEPS.items() if "run" in step}


def actions_of(job: str) -> set[str]:
    return {step["uses"].partition("@")[0] for step in JOBS[job]["steps"] if "uses" in step}


def test_the_stages_are_check_plan_apply_drift_and_nightly() -> None:
    assert sorted(WORKFLOWS) == ["apply", "check", "drift", "nightly", "plan"]


def test_zizmor_finds_nothing_of_medium_or_above() -> None:
    ran = subprocess.run(
        [
            Path(sys.executable).parent / "zizmor",
            "--offline",
            "--strict-collection",
            "--persona=auditor",
            "--min-severity=medium",
            "--no-ignores",
            GITHUB,
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_every_action_is_pinned_to_a_commit_and_names_its_version(path: Path) -> None:
    uses = [line for line in path.read_text(encoding="utf-8").splitlines() if re.search(r"\buses:", line)]

    assert uses
    assert [line for line in uses if not PINNED.match(line)] == []


def test_the_same_action_has_the_same_pin_everywhere() -> None:
    pins = {step["uses"] for step in STEPS.values() if "uses" in step}

    assert len(pins) == len({pin.partition("@")[0] for pin in pins})


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_no_script_is_put_together_by_expressions(script: str) -> None:
    assert "${{" not in script


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_no_script_hides_a_failure(script: str) -> None:
    assert re.search(r"\|\| *(true|:)|set \+e", script) is None


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_every_script_is_bash(script: str) -> None:
    ran = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_command_of_the_tree_is_bash() -> None:
    assert subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=False).returncode == 0


@pytest.mark.parametrize("workflow", WORKFLOWS.values(), ids=WORKFLOWS)
def test_a_workflow_grants_nothing_and_names_its_shell(workflow: dict[str, Any]) -> None:
    assert workflow["permissions"] == {}
    assert workflow["defaults"] == {"run": {"shell": "bash"}}
    assert "env" not in workflow


@pytest.mark.parametrize("workflow", WORKFLOWS.values(), ids=WORKFLOWS)
def test_no_workflow_starts_on_what_a_stranger_can_send(workflow: dict[str, Any]) -> None:
    assert set(workflow["on"]) <= {"pull_request", "push", "schedule", "workflow_dispatch"}


@pytest.mark.parametrize("job", JOBS.values(), ids=JOBS)
def test_a_job_ends_in_time_and_has_its_own_permissions(job: dict[str, Any]) -> None:
    assert 0 < job["timeout-minutes"] <= 360
    assert job["permissions"]
    assert job["runs-on"] == "ubuntu-24.04"
    assert "env" not in job


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_no_step_goes_on_after_an_error(step: dict[str, Any]) -> None:
    assert "continue-on-error" not in step


def test_only_plan_and_drift_may_do_more_than_check_out() -> None:
    granted = {name: job["permissions"] for name, job in JOBS.items()}

    for reader in ("plan/plan", "drift/drift"):
        assert granted.pop(reader) == {"contents": "read", "id-token": "write"}
    assert set(map(str, granted.values())) == {"{'contents': 'read'}"}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_every_grant_says_why(path: Path) -> None:
    grants = re.findall(r"^ +(?:contents|id-token): .*$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)

    assert [grant for grant in grants if " # to " not in grant] == []


def test_every_checkout_forgets_its_credential() -> None:
    checkouts = [step for step in STEPS.values() if step.get("uses", "").startswith("actions/checkout@")]

    assert [step["with"]["persist-credentials"] for step in checkouts] == [False] * len(checkouts)


def test_nothing_is_cached() -> None:
    assert [
        name for name, step in STEPS.items() if "cache" in step.get("uses", "") or "cache" in step.get("with", {})
    ] == []


@pytest.mark.parametrize("workflow", ["check", "nightly"])
def test_what_only_tests_holds_no_credential(workflow: str) -> None:
    text = (GITHUB / "workflows" / f"{workflow}.yml").read_text(encoding="utf-8")

    assert "secrets" not in text
    assert "github.token" not in text
    assert "id-token" not in text
    assert [name for name, job in JOBS.items() if name.startswith(f"{workflow}/") and "environment" in job] == []


@pytest.mark.parametrize(
    ("job", "step"),
    [
        ("plan/plan", "Plan"),
        ("plan/propose", APP),
        ("drift/drift", "Compare"),
        ("apply/apply", "Apply the plan"),
        ("apply/record", APP),
    ],
)
def test_a_token_is_given_to_one_step(job: str, step: str) -> None:
    holding = [name for name, content in STEPS.items() if name.startswith(f"{job}/") and "secrets." in str(content)]

    assert holding == [f"{job}/{step}"]
    assert "secrets." not in str({key: value for key, value in JOBS[job].items() if key != "steps"})


def test_plan_and_apply_hold_different_tokens() -> None:
    plan, apply = (
        set(re.findall(r"secrets\.(\w+)", str(STEPS[step]["env"])))
        for step in ("plan/plan/Plan", "apply/apply/Apply the plan")
    )

    assert plan
    assert apply
    assert plan.isdisjoint(apply)


def test_drift_reads_with_what_plan_reads_with() -> None:
    assert STEPS["drift/drift/Compare"]["env"] == STEPS["plan/plan/Plan"]["env"]
    assert JOBS["drift/drift"]["environment"] == JOBS["plan/plan"]["environment"]


def test_drift_starts_by_the_clock_or_by_hand_and_on_no_pull_request() -> None:
    assert set(WORKFLOWS["drift"]["on"]) == {"schedule", "workflow_dispatch"}


@pytest.mark.parametrize("step", ["plan/plan/Plan", "drift/drift/Compare", "apply/apply/Apply the plan"])
def test_a_step_has_every_token_that_the_config_names(step: str) -> None:
    config = (ROOT / "config" / "production.yaml").read_text(encoding="utf-8")
    named = set(re.findall(r"^[^#\n]*token: *env:(\w+)", config, flags=re.MULTILINE))

    assert named
    assert {name for name in STEPS[step]["env"] if name.startswith("FUTUREVULS")} == named


def test_plan_gives_no_credential_to_a_fork() -> None:
    condition = " ".join(JOBS["plan/plan"]["if"].split())

    assert condition == (
        "github.event_name != 'pull_request' || "
        "(github.event.pull_request.head.repo.full_name == github.repository && "
        "github.event.pull_request.user.login != 'dependabot[bot]')"
    )


@pytest.mark.parametrize("workflow", ["plan", "drift", "nightly"])
def test_what_runs_by_the_clock_runs_off_the_hour(workflow: str) -> None:
    minutes = [entry["cron"].split()[0] for entry in WORKFLOWS[workflow]["on"]["schedule"]]

    assert minutes
    assert {"0", "15", "30", "45", "*"}.isdisjoint(minutes)


def test_each_stage_has_its_own_environment() -> None:
    assert {name: job["environment"] for name, job in JOBS.items() if "environment" in job} == {
        "apply/apply": "exposure-apply",
        "apply/record": "exposure-record",
        "drift/drift": "exposure-plan",
        "plan/plan": "exposure-plan",
        "plan/propose": "exposure-record",
    }


PUSHING = ("plan/propose", "apply/record")


@pytest.mark.parametrize("job", PUSHING)
def test_what_pushes_installs_nothing_and_may_only_push_and_propose(job: str) -> None:
    app = STEPS[f"{job}/{APP}"]["with"]

    assert actions_of(job) == {"actions/checkout", "actions/download-artifact", APP}
    assert {name: value for name, value in app.items() if name.startswith("permission-")} == {
        "permission-contents": "write",
        "permission-pull-requests": "write",
    }
    assert [
        name for name, script in SCRIPTS.items() if name.startswith(job) and re.search("pip|exposurectl", script)
    ] == []


def test_only_what_has_the_app_pushes() -> None:
    pushing = {name for name, script in SCRIPTS.items() if re.search(r"git push|gh api", script)}

    assert {name.rpartition("/")[0] for name in pushing} == set(PUSHING)
    assert {STEPS[name]["env"]["GH_TOKEN"] for name in pushing} == {"${{ steps.app.outputs.token }}"}


@pytest.mark.parametrize("job", PUSHING)
def test_without_the_app_nothing_is_tried_and_the_run_says_so(job: str) -> None:
    conditions = [str(step.get("if")) for step in JOBS[job]["steps"]]
    without, with_it = ("vars.EXPOSURE_APP_CLIENT_ID == ''", "vars.EXPOSURE_APP_CLIENT_ID != ''")

    assert without in conditions[0]
    assert [condition for condition in conditions[1:] if with_it not in condition] == []


def test_a_receipt_is_recorded_however_the_apply_ended() -> None:
    assert JOBS["apply/record"]["if"] == "always()"


@pytest.mark.parametrize("job", ["check/all", "check/pythons", "nightly/nightly"])
def test_what_runs_the_tests_can_kill_an_apply_at_each_system_call(job: str) -> None:
    assert any("strace" in step.get("run", "") for step in JOBS[job]["steps"])


def test_every_target_of_make_that_is_run_is_there() -> None:
    named = {target for script in SCRIPTS.values() for target in re.findall(r"\bmake (\w+)", script)}
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))

    assert named == {"fuzz", "nightly", "test"}
    assert named <= targets


def test_the_guide_names_every_environment_variable_and_secret() -> None:
    guide = (ROOT / "docs" / "github.md").read_text(encoding="utf-8")
    text = "".join(path.read_text(encoding="utf-8") for path in PATHS)
    names = set(re.findall(r"(?:vars|secrets)\.(\w+)", text)) - {"FUTUREVULS_READ_", "FUTUREVULS_UPDATE_"}
    environments = {job["environment"] for job in JOBS.values() if "environment" in job}

    assert [name for name in sorted(names | environments) if f"`{name}`" not in guide] == []


def test_apply_starts_only_from_main() -> None:
    paths = ["plans/**/plan.json", "plans/**/accept"]

    assert WORKFLOWS["apply"]["on"] == {"push": {"branches": ["main"], "paths": paths}}


def test_what_proposes_on_main_is_never_cut_off() -> None:
    cancelled = "${{ github.event_name == 'pull_request' }}"

    assert WORKFLOWS["plan"]["concurrency"]["cancel-in-progress"] == cancelled


def test_one_apply_runs_at_a_time_and_is_never_cut_off() -> None:
    assert WORKFLOWS["apply"]["concurrency"] == {"group": "exposure-apply", "cancel-in-progress": False}


def test_apply_uses_only_the_three_actions_of_github() -> None:
    assert actions_of("apply/apply") == {"actions/checkout", "actions/setup-python", "actions/upload-artifact"}


def test_what_decides_and_what_runs_has_owners() -> None:
    owners = dict(
        line.split(maxsplit=1)
        for line in (GITHUB / "CODEOWNERS").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    )

    assert {"/policies/", "/plans/", "/config/", "/.github/", "/requirements/"} == set(owners)
    assert set(owners.values()) == {"@example-org/security-team"}


def test_updates_wait_a_week() -> None:
    updates = yaml.safe_load((GITHUB / "dependabot.yml").read_text(encoding="utf-8"))["updates"]

    assert {update["package-ecosystem"]: update["cooldown"]["default-days"] for update in updates} == {
        "pip": 7,
        "github-actions": 7,
    }
