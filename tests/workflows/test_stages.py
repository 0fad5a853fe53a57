"""
The plan and apply stages, run: each step's shell text as the runner would start it, with a stub as the program.

The runner here knows exactly the conditions and expressions that our workflows use, and stops at any other.
"""

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

WORKFLOWS = Path(__file__).parents[2] / ".github" / "workflows"
SHELL = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail"]

STUB = f"""#!{sys.executable}
import json, os, pathlib, signal, sys, time

def interrupted(number, frame):
    pathlib.Path("interrupted").write_text(str(number))
    sys.exit(130)

signal.signal(signal.SIGINT, interrupted)
command, *rest = sys.argv[1:]
tokens = {{name: value for name, value in os.environ.items() if "TOKEN" in name}}
with open("calls", "a") as calls:
    calls.write(json.dumps([sys.argv[1:], tokens]) + "\\n")
code = int(os.environ.get("STUB_EXIT", "0"))
if command == "show":
    print("# Plan")
    sys.exit(0)
if os.environ.get("STUB_WAIT"):
    pathlib.Path("waiting").touch()
    time.sleep(30)
if command == "plan" and code != 1:
    pathlib.Path(rest[rest.index("--out") + 1]).write_text("{{}}")
if command == "apply" and code != 5:
    pathlib.Path(rest[0]).with_name("receipt.json").write_text("{{}}")
sys.exit(code)
"""


@dataclass
class Stage:
    """One job on one machine: its steps run in order, with the first failure and the outputs remembered."""

    folder: Path
    steps: list[dict[str, Any]]
    event: dict[str, str] = field(default_factory=dict)
    failed: str = ""
    ran: list[str] = field(default_factory=list)
    codes: dict[str, int] = field(default_factory=dict)
    errors: str = ""

    def wants(self, step: dict[str, Any]) -> bool:
        match step.get("if"):
            case None:
                return not self.failed
            case "always()":
                return True
            case "${{ !cancelled() && hashFiles('plan.json') != '' }}":
                return (self.folder / "plan.json").is_file()
            case other:
                raise AssertionError(other)

    def value(self, expression: str) -> str:
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: self.looked_up(found[1]), expression)

    def looked_up(self, name: str) -> str:
        if name.startswith("secrets."):
            return f"<{name}>"
        if name == "steps.find.outputs.folder":
            outputs = (self.folder / "outputs").read_text(encoding="utf-8").splitlines()
            return dict(line.split("=", 1) for line in outputs).get("folder", "")
        return self.event[name]

    def environment(self, step: dict[str, Any], extra: dict[str, str]) -> dict[str, str]:
        return {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "GITHUB_OUTPUT": str(self.folder / "outputs"),
            **{name: self.value(value) for name, value in step.get("env", {}).items()},
            **extra,
        }

    def start(self, step: dict[str, Any], **extra: str) -> "subprocess.Popen[str]":
        script = self.folder / "step.sh"
        script.write_text(step["run"], encoding="utf-8")
        return subprocess.Popen(
            [*SHELL, script],
            cwd=self.folder,
            env=self.environment(step, extra),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )

    def run(self, **extra: str) -> "Stage":
        for step in self.steps:
            name = step.get("name", step.get("uses", ""))
            if not self.wants(step):
                continue
            self.ran.append(name)
            if "run" not in step or name == "Install from the lock":
                continue
            process = self.start(step, **extra)
            self.errors += process.communicate(timeout=30)[1]
            self.codes[name] = process.returncode
            if process.returncode and not self.failed:
                self.failed = name
        return self

    def step(self, name: str) -> dict[str, Any]:
        return next(step for step in self.steps if step.get("name") == name)

    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text(encoding="utf-8").splitlines()


def stage(name: str, folder: Path) -> Stage:
    program = folder / "bin" / "exposurectl"
    program.parent.mkdir()
    program.write_text(STUB, encoding="utf-8")
    program.chmod(0o755)
    (folder / "outputs").touch()
    workflow = yaml.safe_load((WORKFLOWS / f"{name}.yml").read_text(encoding="utf-8"))
    assert workflow["defaults"]["run"]["shell"] == "bash"
    return Stage(folder, workflow["jobs"][name]["steps"])


@pytest.fixture
def plan(tmp_path: Path) -> Stage:
    return stage("plan", tmp_path)


@pytest.fixture
def apply(tmp_path: Path) -> Stage:
    """The apply stage, in a repository whose last push brought one plan."""
    found = stage("apply", tmp_path)
    before = commit(found, "README.md")
    after = commit(found, "plans/0002/plan.json", "plans/0002/plan.md")
    found.event = {"github.event.before": before, "github.sha": after}
    return found


def commit(where: Stage, *names: str) -> str:
    """Commit these files with new content and return the commit's id."""
    for name in names:
        path = where.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.read_text(encoding="utf-8") + "more\n" if path.exists() else "{}\n", encoding="utf-8")
    git(where, "init", "--quiet")
    git(where, "add", "--", *names)
    git(where, "-c", "user.name=T", "-c", "user.email=t@example.com", "commit", "--quiet", "--message=Change")
    return git(where, "rev-parse", "HEAD")


def git(where: Stage, *arguments: str) -> str:
    ran = subprocess.run(["git", *arguments], cwd=where.folder, check=True, capture_output=True, text=True)
    return ran.stdout.strip()


def waiting(folder: Path) -> bool:
    deadline = time.monotonic() + 20
    while not (folder / "waiting").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return (folder / "waiting").exists()


def test_a_plan_is_shown_and_kept(plan: Stage) -> None:
    plan.run()

    assert plan.failed == ""
    assert (plan.folder / "summary").read_text(encoding="utf-8") == "# Plan\n"
    assert plan.ran[-1] == "Keep the plan"


def test_a_blocked_plan_is_shown_and_kept_and_fails_the_job(plan: Stage) -> None:
    plan.run(STUB_EXIT="3")

    assert (plan.failed, plan.codes["Plan"]) == ("Plan", 3)
    assert (plan.folder / "summary").read_text(encoding="utf-8") == "# Plan\n"
    assert plan.ran[-1] == "Keep the plan"


def test_an_error_leaves_no_plan_to_show_and_fails_the_job(plan: Stage) -> None:
    plan.run(STUB_EXIT="1")

    assert (plan.failed, plan.codes["Plan"]) == ("Plan", 1)
    assert plan.ran[-1] == "Plan"
    assert not (plan.folder / "summary").exists()


def test_only_the_planning_step_sees_a_token(plan: Stage) -> None:
    plan.run()

    planning, showing = plan.calls()
    assert "secrets.FUTUREVULS_READ_TOKEN" in planning
    assert "secrets." not in showing


def test_the_merged_plan_is_applied_and_its_receipt_kept(apply: Stage) -> None:
    apply.run()

    assert apply.failed == ""
    assert '[["apply", "plans/0002/plan.json", "--config", "config/production.yaml"]' in apply.calls()[0]
    assert apply.value(apply.step("Keep the receipt")["with"]["path"]) == "plans/0002/receipt.json"
    assert (apply.folder / "plans/0002/receipt.json").is_file()


@pytest.mark.parametrize("code", [1, 3, 4, 5, 130, 143])
def test_an_apply_that_is_not_done_fails_the_job_and_still_keeps_its_receipt(apply: Stage, code: int) -> None:
    apply.run(STUB_EXIT=str(code))

    assert (apply.failed, apply.codes["Apply the plan"]) == ("Apply the plan", code)
    assert apply.ran[-1] == "Keep the receipt"


def test_a_plan_that_was_changed_by_the_push_is_applied(apply: Stage) -> None:
    before = apply.event["github.sha"]
    apply.event = {"github.event.before": before, "github.sha": commit(apply, "plans/0002/plan.json")}

    apply.run()

    assert apply.failed == ""
    assert "plans/0002/plan.json" in apply.calls()[0]


@pytest.mark.parametrize(
    "brought",
    [
        ("docs/index.md",),
        ("plans/0003/plan.json", "plans/0004/plan.json"),
        ("plans/0003/again/plan.json",),
        ("plans/0003 $(touch harm)/plan.json",),
        ("plans/0003\nfolder=x/plan.json",),
    ],
    ids=["none", "two", "deeper", "with a command", "with a line"],
)
def test_a_push_that_does_not_bring_one_plan_applies_nothing(apply: Stage, brought: tuple[str, ...]) -> None:
    before = apply.event["github.sha"]
    apply.event = {"github.event.before": before, "github.sha": commit(apply, *brought)}

    apply.run()

    assert apply.failed == "Find the plan"
    assert apply.errors.startswith("This push must bring exactly one plan, plans/NAME/plan.json. It brings:\n")
    assert not (apply.folder / "calls").exists()
    assert not (apply.folder / "harm").exists()
    assert (apply.folder / "outputs").read_text(encoding="utf-8") == ""


def test_a_push_whose_beginning_is_not_known_applies_nothing(apply: Stage) -> None:
    apply.event["github.event.before"] = "0" * 40

    apply.run()

    assert apply.failed == "Find the plan"
    assert not (apply.folder / "calls").exists()


@pytest.mark.parametrize("name", ["plan", "apply"])
def test_a_signal_to_the_step_reaches_the_program(request: pytest.FixtureRequest, name: str) -> None:
    job: Stage = request.getfixturevalue(name)
    (job.folder / "outputs").write_text("folder=plans/0002\n", encoding="utf-8")
    step = job.step({"plan": "Plan", "apply": "Apply the plan"}[name])

    with job.start(step, STUB_WAIT="1") as process:
        started = waiting(job.folder)
        process.send_signal(signal.SIGINT)
        code = process.wait(timeout=5)

    assert started
    assert code == 130
    assert (job.folder / "interrupted").read_text(encoding="utf-8") == str(int(signal.SIGINT))


def test_without_exec_the_signal_is_lost(apply: Stage) -> None:
    (apply.folder / "outputs").write_text("folder=plans/0002\n", encoding="utf-8")
    step = {**apply.step("Apply the plan")}
    step["run"] = step["run"].replace("exec ", "") + "\ntrue\n"

    with apply.start(step, STUB_WAIT="1") as process:
        started = waiting(apply.folder)
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        reached = (apply.folder / "interrupted").exists()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)

    assert started
    assert not reached
