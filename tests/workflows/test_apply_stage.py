"""The apply stage, run: which plan it finds, what it was told to accept, how git may fetch, and where receipts go."""

import base64
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from workflows.stages import DIGEST, Stage, git, stage, with_app

FOLDER = "plans/20261123T030000Z-0012"
RECEIPT = f"{FOLDER}/receipt-17-2.json"
RUN = "https://github.example/acme/exposure/actions/runs/17/attempts/2"
BASIC = base64.b64encode(b"x-access-token:<github>").decode()

FETCHING = f"""#!{sys.executable}
import pathlib, sys
from exposurectl.config import Review
from exposurectl.sources.review import read_tip

pathlib.Path("tip").write_text(repr(read_tip(pathlib.Path.cwd(), Review(remote="origin", branch="main"))))
"""


@pytest.fixture
def apply(tmp_path: Path) -> Stage:
    """The apply stage, in a repository whose last push brought one plan."""
    job = stage("apply", "apply", tmp_path)
    job.event["github.event.before"] = job.commit("README.md")
    head = {"production": {"digest": DIGEST, "plan": f"{FOLDER.removeprefix('plans/')}/plan.json", "sequence": 12}}
    job.put("plans/HEAD", json.dumps(head))
    job.event["github.sha"] = job.commit("plans/HEAD", f"{FOLDER}/plan.json", f"{FOLDER}/plan.md")
    return job


@pytest.fixture
def record(tmp_path: Path) -> Stage:
    """The job that proposes receipts, with what the job before it left."""
    job = stage("apply", "record", tmp_path)
    job.commit("README.md", f"{FOLDER}/plan.json")
    job.put(RECEIPT, "{}\n")
    job.put(f"{FOLDER}/journal-17-2.jsonl", "{}\n")
    return with_app(job)


def pushed(job: Stage, *names: str) -> None:
    """Let the last push be one that brings these files."""
    job.event["github.event.before"] = job.event["github.sha"]
    job.event["github.sha"] = job.commit(*names)


def accepting(job: Stage, content: bytes) -> Stage:
    (job.folder / FOLDER / "accept").write_bytes(content)
    return job


def test_the_merged_plan_is_applied_by_its_digest_and_its_receipt_kept(apply: Stage) -> None:
    apply.run()

    config = ["--config", "config/production.yaml"]
    assert apply.failed == "", apply.errors
    assert apply.calls() == [["apply", f"{FOLDER}/plan.json", *config, "--approve", DIGEST, "--receipt", RECEIPT]]
    kept = apply.value(apply.step("Keep the receipt")["with"]["path"]).splitlines()
    assert [sorted(map(str, apply.folder.glob(pattern))) for pattern in kept] == [
        [str(apply.folder / RECEIPT)],
        [str(apply.folder / FOLDER / "journal-17-2.jsonl")],
    ]


@pytest.mark.parametrize("code", [1, 3, 4, 5, 130, 143])
def test_an_apply_that_is_not_done_fails_the_job_and_still_keeps_its_receipt(apply: Stage, code: int) -> None:
    apply.run(STUB_EXIT=str(code))

    assert (apply.failed, apply.codes["Apply the plan"]) == ("Apply the plan", code)
    assert apply.ran[-2:] == ["Name the journal", "Keep the receipt"]
    assert apply.codes["Name the journal"] == 0


def test_a_refusal_without_a_receipt_fails_nothing_more(apply: Stage) -> None:
    assert apply.step("Keep the receipt")["with"]["if-no-files-found"] == "warn"


def test_a_plan_that_was_changed_by_the_push_is_applied(apply: Stage) -> None:
    apply.put(f"{FOLDER}/plan.json", "changed\n")
    pushed(apply, f"{FOLDER}/plan.json")

    apply.run()

    assert apply.failed == ""
    assert apply.calls()[0][1] == f"{FOLDER}/plan.json"


def test_an_acceptance_that_is_merged_later_applies_the_plan(apply: Stage) -> None:
    accepting(apply, f"plan {DIGEST}\nlowering 3\n".encode())
    pushed(apply, f"{FOLDER}/accept")

    apply.run()

    assert apply.failed == ""
    assert apply.calls()[0][-4:] == ["--accept-lowering", "3", "--receipt", RECEIPT]


@pytest.mark.parametrize(
    "brought",
    [
        ("docs/index.md",),
        ("plans/0003/plan.json", "plans/0004/plan.json"),
        ("plans/0003/plan.json", "plans/0004/accept"),
        ("plans/0003/again/plan.json",),
        ("plans/0003 $(touch harm)/plan.json",),
        ("plans/0003\nfolder=x/plan.json",),
        ("plans/0003\nfolder=x/accept",),
    ],
    ids=["none", "two", "two ways", "deeper", "with a command", "with a line", "with a line to accept"],
)
def test_a_push_that_does_not_bring_one_plan_applies_nothing(apply: Stage, brought: tuple[str, ...]) -> None:
    pushed(apply, *brought)

    apply.run()

    assert apply.failed == "Find the plan"
    assert apply.errors.startswith("This push must bring exactly one plan, plans/NAME/plan.json. It brings:\n")
    assert apply.calls() == []
    assert not (apply.folder / "harm").exists()
    assert apply.outputs("find") == {}


def test_a_push_whose_beginning_is_not_known_applies_nothing(apply: Stage) -> None:
    apply.event["github.event.before"] = "0" * 40

    apply.run()

    assert apply.failed == "Find the plan"
    assert apply.calls() == []


@pytest.mark.parametrize(
    "head",
    [
        "{}",
        json.dumps({"production": {"digest": DIGEST, "plan": "0003/plan.json"}}),
        json.dumps({"production": {"digest": f"{DIGEST}\nlowering=9", "plan": f"{FOLDER[6:]}/plan.json"}}),
        json.dumps({name: {"digest": DIGEST, "plan": f"{FOLDER[6:]}/plan.json"} for name in "ab"}),
    ],
    ids=["none", "another", "with a line", "twice"],
)
def test_a_plan_that_head_does_not_name_is_not_applied(apply: Stage, head: str) -> None:
    apply.put("plans/HEAD", head)

    apply.run()

    assert (apply.failed, apply.calls(), apply.outputs("find")) == ("Find the plan", [], {})
    assert apply.errors == f"plans/HEAD does not name {FOLDER}/plan.json as the newest plan, so it is not applied.\n"


@pytest.mark.parametrize(
    ("lines", "flags"),
    [
        ("", []),
        ("lowering 3\n", ["--accept-lowering", "3"]),
        ("raising 50000\n", ["--accept-raising", "50000"]),
        ("lowering 0\nraising 12\n", ["--accept-lowering", "0", "--accept-raising", "12"]),
        ("lowering 3", ["--accept-lowering", "3"]),
    ],
)
def test_what_was_accepted_is_handed_on(apply: Stage, lines: str, flags: list[str]) -> None:
    accepting(apply, f"plan {DIGEST}\n{lines}".encode()).run()

    assert apply.failed == "", apply.errors
    assert apply.calls()[0][6:-2] == flags


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"lowering 3\n",
        f"plan sha256:{'8' * 64}\nlowering 3\n".encode(),
        f"plan {DIGEST} \nlowering 3\n".encode(),
        f"plan {DIGEST}\r\nlowering 3\r\n".encode(),
        f"\nplan {DIGEST}\nlowering 3\n".encode(),
        f"plan {DIGEST}\n\nlowering 3\n".encode(),
        f"plan {DIGEST}\nlowering 3\nlowering 4\n".encode(),
        f"plan {DIGEST}\nraising 3\nlowering 4\n".encode(),
        f"plan {DIGEST}\nlowering 123456\n".encode(),
        f"plan {DIGEST}\nlowering -3\n".encode(),
        f"plan {DIGEST}\nlowering 3 --allow-host evil.example\n".encode(),
        f"plan {DIGEST}\nlowering $(touch harm)\n".encode(),
        f"plan {DIGEST}\nlowering `touch harm`\n".encode(),
        f"plan {DIGEST}\nlowering x[$(touch harm)]\n".encode(),
        f"plan {DIGEST}\nlowering 3\x00\n".encode(),
        f"plan {DIGEST}\nlowering \uff13\n".encode(),
        f"plan {DIGEST}\nlowering *\n".encode(),
        f"plan {DIGEST}\nlowering 3\n::set-output name=x::y\n".encode(),
        b"\xff\xfe",
    ],
    ids=repr,
)
def test_what_is_not_exactly_an_acceptance_applies_nothing(apply: Stage, content: bytes) -> None:
    accepting(apply, content).run()

    assert (apply.failed, apply.calls(), apply.outputs("accepted")) == ("Read what was accepted", [], {})
    assert apply.errors == (
        f"{FOLDER}/accept must have these lines, each of the last two where it is needed, and nothing else:\n"
        f"  plan {DIGEST}\n  lowering NUMBER\n  raising NUMBER\n"
    )
    assert not (apply.folder / "harm").exists()


@pytest.mark.parametrize("target", ["elsewhere", "/dev/zero", "nowhere"])
def test_no_link_is_followed_to_an_acceptance(apply: Stage, target: str) -> None:
    apply.put(f"{FOLDER}/elsewhere", f"plan {DIGEST}\nlowering 3\n")
    (apply.folder / FOLDER / "accept").symlink_to(target)

    apply.run()

    assert (apply.failed, apply.calls()) == ("Read what was accepted", [])


def test_the_applying_step_alone_sees_tokens_and_the_program_none_of_githubs(apply: Stage) -> None:
    apply.run()

    assert apply.tokens() == [{"FUTUREVULS_TOKEN_WEB": "<secrets.FUTUREVULS_UPDATE_TOKEN_WEB>"}]
    assert apply.said == f"::add-mask::{BASIC}\n"
    assert [step["name"] for step in apply.steps if "github.token" in str(step)] == ["Apply the plan"]


class Guarded(SimpleHTTPRequestHandler):
    """A repository that only those may read who show the token."""

    def do_GET(self) -> None:
        if self.headers["Authorization"] == f"basic {BASIC}":
            super().do_GET()
        else:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it has there
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Guarded, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("token", ["<github>", "another"])
def test_the_program_can_fetch_the_newest_plan_with_the_steps_token_and_not_without(apply: Stage, token: str) -> None:
    apply.commit("policies/internet.yaml")
    (apply.folder / "bin/exposurectl").write_text(FETCHING, encoding="utf-8")
    served_folder = apply.folder / "served"
    git(apply.folder, "clone", "--quiet", "--bare", ".", str(served_folder / "acme/exposure.git"))
    git(served_folder / "acme/exposure.git", "update-server-info")
    apply.event["github.token"] = token

    with served(served_folder) as address:
        apply.git("remote", "add", "origin", f"{address}/acme/exposure.git")
        apply.run(GITHUB_SERVER_URL=address, NO_PROXY="127.0.0.1", GIT_ASKPASS="", SSH_ASKPASS="")

    tip = (apply.folder / "tip").read_text(encoding="utf-8")
    assert apply.failed == "", apply.errors
    assert tip.startswith("Tip(" if token == "<github>" else "NoTip(missing=<Missing.BRANCH"), tip
    assert "extraheader" not in apply.git("config", "--list")


def test_receipt_and_journal_are_pushed_and_proposed(record: Stage) -> None:
    record.put("plans/other/receipt-16-1.json", "{}\n")
    record.put(f"{FOLDER}/plan.json", "changed\n")

    record.run()

    remote = record.folder / "remote.git"
    changed = git(remote, "diff", "--name-only", "main", "exposure/receipt-17-2").splitlines()
    assert record.failed == "", record.errors
    assert changed == [f"{FOLDER}/journal-17-2.jsonl", RECEIPT]
    assert record.requests() == [
        [
            *("api", "--silent", "--method", "POST", "repos/acme/exposure/pulls"),
            *("-f", "head=exposure/receipt-17-2", "-f", "base=main", "-f", "title=Receipt of run 17-2"),
            *("-f", f"body=What [this run]({RUN}) did with its plan, and its journal, for the audit."),
        ]
    ]
    assert "<app>" not in record.said + record.errors + record.git("config", "--list")


def test_a_plan_that_was_refused_leaves_nothing_to_record(record: Stage) -> None:
    for name in (RECEIPT, f"{FOLDER}/journal-17-2.jsonl"):
        (record.folder / name).unlink()

    record.run()

    assert (record.failed, record.requests()) == ("", [])
    assert record.summary() == "The plan was refused before its first change: there is no receipt.\n"


def test_without_the_app_a_receipt_stays_an_artifact_and_the_run_says_so(record: Stage) -> None:
    record.event["vars.EXPOSURE_APP_CLIENT_ID"] = ""

    record.run()

    assert record.ran == ["Say that nobody records it"]
    assert record.summary() == (
        "No GitHub App is set up (`EXPOSURE_APP_CLIENT_ID`), so the receipt is not proposed.\n"
        "Where there is one, it is in the artifact `receipt-17-2`: unpack that into `plans/` and commit it.\n"
    )
