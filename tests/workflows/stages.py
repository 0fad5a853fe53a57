"""
A runner of our workflows' jobs: each step's shell text as GitHub would start it, with stubs as the programs.

It knows exactly the conditions and expressions that our workflows use, and stops at any other.
"""

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

WORKFLOWS = Path(__file__).parents[2] / ".github" / "workflows"
SHELL = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail"]
NAME = "20261123T030000Z-0012"
"""The folder of the plan that the stub records."""
DIGEST = f"sha256:{'7' * 64}"
PLAN = {
    "applyable": True,
    "as_of": "2026-11-23T03:00:00Z",
    "blocked_by": [],
    "changes": [{"group": "web", "server": 812, "before": {"role": 31}, "after": {"role": 30}}],
    "digest": DIGEST,
    "expires_at": "2026-11-24T03:00:00Z",
    "inputs": {"policy": "sha256:p", "config": "sha256:c"},
    "previous": "sha256:0",
    "sequence": 12,
    "summary": {"raise": 1, "join": 0, "lower": 0},
}

EXPOSURECTL = f"""#!{sys.executable}
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
if command in {{"show", "drift", "diff"}}:
    print("# " + command.title())
if command == "show":
    sys.exit(0)
if os.environ.get("STUB_WAIT"):
    pathlib.Path("waiting").touch()
    for _ in range(300):  # a signal that comes just before a sleep does not end it
        time.sleep(0.1)
if command == "plan" and code != 1:
    plan = os.environ.get("STUB_PLAN") or {json.dumps(PLAN)!r}
    pathlib.Path(rest[rest.index("--out") + 1]).write_text(plan)
    folder = pathlib.Path(rest[rest.index("--record") + 1]) / "{NAME}"
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text(plan)
    (folder / "plan.md").write_text("## Plan\\n")
    (folder.parent / "HEAD").write_text('{{"production": {{"plan": "{NAME}/plan.json"}}}}')
if command == "apply" and code not in {{3, 5}}:
    receipt = pathlib.Path(rest[rest.index("--receipt") + 1])
    receipt.write_text("{{}}")
    receipt.with_name("journal.jsonl").write_text("{{}}\\n")
if command == "test":
    pathlib.Path(rest[rest.index("--junit") + 1]).touch()
sys.exit(code)
"""

GH = f"""#!{sys.executable}
import json, os, pathlib, sys

def told(word):
    name, at, path = word.partition("=@")
    return name + "=" + pathlib.Path(path).read_text() if at else word

with open("requests", "a") as requests:
    requests.write(json.dumps([*map(told, sys.argv[1:])]) + "\\n")
if os.environ["GH_TOKEN"] != "<app>":
    sys.exit("no token")
if "--jq" in sys.argv:
    print(os.environ.get("STUB_OPEN", ""))
"""


@dataclass
class Stage:
    """One job on one machine: its steps run in order, with the first failure and the outputs remembered."""

    folder: Path
    job: dict[str, Any]
    event: dict[str, str] = field(default_factory=dict)
    failed: str = ""
    ran: list[str] = field(default_factory=list)
    codes: dict[str, int] = field(default_factory=dict)
    said: str = ""
    errors: str = ""

    @property
    def steps(self) -> list[dict[str, Any]]:
        steps: list[dict[str, Any]] = self.job["steps"]
        return steps

    def wants(self, step: dict[str, Any]) -> bool:
        """Tell whether the runner would run a step now; without a word about failures, it wants none."""
        condition = step.get("if", "success()").removeprefix("${{ ").removesuffix(" }}")
        terms = condition.split(" && ")
        told = any(term.removeprefix("!") in {"success()", "always()", "cancelled()", "failure()"} for term in terms)
        return all(self.holds(term) for term in (terms if told else ["success()", *terms]))

    def holds(self, term: str) -> bool:
        if term in {"always()", "!cancelled()"}:
            return True
        if term in {"success()", "failure()"}:
            return bool(self.failed) is (term == "failure()")
        if found := re.fullmatch(r"hashFiles\('([^']+)'\) != ''", term):
            return (self.folder / found[1]).is_file()
        found = re.fullmatch(r"([\w.-]+) (==|!=) '([^']*)'", term)
        assert found, term
        return (self.looked_up(found[1]) == found[3]) is (found[2] == "==")

    def value(self, expression: str) -> str:
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: self.looked_up(found[1]), expression)

    def looked_up(self, name: str) -> str:
        if name in self.event:
            return self.event[name]
        if name.startswith("secrets."):
            return f"<{name}>"
        assert name.startswith("steps."), name
        _, step, _, output = name.split(".")
        return self.outputs(step).get(output, "")

    def outputs(self, step: str) -> dict[str, str]:
        file = self.folder / "outputs" / step
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return dict(line.split("=", 1) for line in lines)

    def environment(self, step: dict[str, Any], extra: dict[str, str]) -> dict[str, str]:
        ways = (str(self.folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"])
        return {
            "PATH": os.pathsep.join(ways),
            "HOME": str(self.folder),
            "RUNNER_TEMP": str(self.folder / "temporary"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "GITHUB_OUTPUT": str(self.folder / "outputs" / step.get("id", "unnamed")),
            "GITHUB_REPOSITORY": "acme/exposure",
            "GITHUB_REPOSITORY_OWNER": "acme",
            "GITHUB_RUN_ATTEMPT": "2",
            "GITHUB_RUN_ID": "17",
            "GITHUB_SERVER_URL": "https://github.example",
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
            name = step.get("name") or step["uses"].partition("@")[0]
            if not self.wants(step):
                continue
            self.ran.append(name)
            if "run" not in step or name == "Install from the lock":
                continue
            process = self.start(step, **extra)
            said, errors = process.communicate(timeout=30)
            self.said, self.errors = self.said + said, self.errors + errors
            self.codes[name] = process.returncode
            if process.returncode and not self.failed:
                self.failed = name
        return self

    def step(self, name: str) -> dict[str, Any]:
        return next(step for step in self.steps if step.get("name") == name)

    def calls(self) -> list[list[str]]:
        """Return what the program was called with, each time."""
        return [call for call, _ in self.told("calls")]

    def tokens(self) -> list[dict[str, str]]:
        """Return the tokens that the program could see, each time."""
        return [tokens for _, tokens in self.told("calls")]

    def requests(self) -> list[list[str]]:
        """Return what GitHub was asked, each time."""
        return self.told("requests")

    def told(self, name: str) -> list[Any]:
        file = self.folder / name
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []

    def summary(self) -> str:
        file = self.folder / "summary"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def put(self, name: str, content: str) -> None:
        """Write a file of the checkout."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")

    def git(self, *arguments: str) -> str:
        return git(self.folder, *arguments)

    def commit(self, *names: str) -> str:
        """Commit these files, with new content where they have none, and return the commit's id."""
        for name in names:
            if not (self.folder / name).exists():
                self.put(name, "{}\n")
        self.git("add", "--", *names)
        self.git("commit", "--quiet", "--message=Change")
        return self.git("rev-parse", "HEAD")

    def wait_for(self, name: str) -> bool:
        """Wait until a file is there."""
        deadline = time.monotonic() + 20
        while not (self.folder / name).exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        return (self.folder / name).exists()


def stage(workflow: str, job: str, folder: Path, **event: str) -> Stage:
    """Return a job on a machine of its own, whose checkout is an empty repository."""
    for name, text in {"exposurectl": EXPOSURECTL, "gh": GH}.items():
        program = folder / "bin" / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(text, encoding="utf-8")
        program.chmod(0o755)
    for name in ("outputs", "temporary"):
        (folder / name).mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    content = yaml.safe_load((WORKFLOWS / f"{workflow}.yml").read_text(encoding="utf-8"))
    assert content["defaults"]["run"]["shell"] == "bash"
    context = {
        "github.run_id": "17",
        "github.run_attempt": "2",
        "github.token": "<github>",
        "vars.EXPOSURE_APP_CLIENT_ID": "",
        **event,
    }
    return Stage(folder, content["jobs"][job], context)


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody, without what this machine configures."""
    somebody = {f"GIT_{who}_{what}": "t@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), **somebody}
    ran = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True, env=environ)
    return ran.stdout.strip()


def with_app(job: Stage) -> Stage:
    """Return a job of a repository with the GitHub App, and with a bare repository as its remote."""
    job.event |= {"vars.EXPOSURE_APP_CLIENT_ID": "Iv1", "steps.app.outputs.token": "<app>"}
    job.event["steps.app.outputs.app-slug"] = "acme-exposure"
    remote = job.folder / "remote.git"
    git(job.folder, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
    job.git("remote", "add", "origin", str(remote))
    job.git("push", "--quiet", "origin", "HEAD:refs/heads/main")
    return job
