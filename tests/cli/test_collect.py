"""`exposurectl collect`, and what `plan` makes of it: the command line, AWS over HTTP, and an emulated FutureVuls."""

import io
import json
import os
import pty
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aws.endpoint import Endpoint, aws
from aws.faults import Fault, Kind
from aws.small import ADMIN, HERE, THERE, small_world
from aws.world import NOW, ROLE
from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.emulator import Emulator
from exposurectl.model import Group, Role, Server
from exposurectl.plan.file import read_plan
from exposurectl.plan.model import Plan
from exposurectl.sources.snapshot import read_snapshot
from running import PROGRAM, Ended, Terminal, run_inside, run_process, surroundings

TOKEN = "made-up-token-1"
FAMILY = {"open": 11, "controlled": 12, "small": 13}
SERVERS = {
    "open": "open",
    "controlled": "open",
    "quiet": "open",
    "suppressed": "small",
    "stopped": "open",
    "behind-a-balancer": "open",
    "controlled-by-prefix-list": "open",
    "closed-just-now": "open",
}
"""The level that each situation's server has."""

CONFIG = """\
version: 1

inspector:
  regions: [us-east-1, eu-west-1]
  organization: true
  evidence_role: exposurectl-read

futurevuls:
  url: URL
  requests_per_minute: 1000
  groups:
    - name: web
      token: env:TOKEN
      families:
        - {name: web, open: open, controlled: controlled, small: small}

limits:
  raise: {percent: 100, count: 100}
  lower: {count: 100, min_clear_age: 7d}
"""


@pytest.fixture(scope="module")
def served() -> Iterator[Endpoint]:
    with aws(small_world()) as endpoint:
        yield endpoint


@pytest.fixture
def endpoint(served: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """Serve the small world to this process, too."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in served.environ.items():
        monkeypatch.setenv(name, value)
    served.calls.clear()
    yield served
    served.faults.clear()
    assert served.problems == []


@pytest.fixture
def place(endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work in a directory with a config and the shipped policy, where FutureVuls has a server for some situations."""
    directory = tmp_path / "place"
    directory.mkdir()
    (directory / "policies").symlink_to(Path(__file__).parents[2] / "policies")
    roles = tuple(Role(id=number, name=name) for name, number in FAMILY.items())
    servers = tuple(
        Server(id=number, uuid=f"u{number}", name=name, role=FAMILY[level], instance=endpoint.world.named(name).id)
        for number, (name, level) in enumerate(SERVERS.items(), start=1)
    )
    monkeypatch.chdir(directory)
    with Emulator({TOKEN: Group(name="web", servers=servers, roles=roles)}, clock=SimulatedClock(NOW)) as futurevuls:
        (directory / "config.yaml").write_text(CONFIG.replace("URL", futurevuls.url), encoding="utf-8")
        yield directory


def run(*argv: str | Path, **how: Any) -> Ended:
    return run_inside(*argv, environ={"TOKEN": TOKEN}, clock=SimulatedClock(NOW), **how)


def collect(*argv: str, out: str = "snapshot") -> Ended:
    return run("collect", "--config", "config.yaml", "--out", out, *argv)


def plan(*argv: str) -> Ended:
    shipped = ("--policy", "policies", "--config", "config.yaml")
    return run("plan", *shipped, "--out", "plan.json", *argv)


def the_plan() -> Plan:
    return read_plan("plan.json", Path("plan.json").read_bytes())


def changes() -> dict[str, str]:
    return {change.name: f"{change.direction.value} to {change.after.level}" for change in the_plan().changes}


def change_config(old: str, new: str) -> None:
    config = Path("config.yaml")
    text = config.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    config.write_text(text.replace(old, new), encoding="utf-8")


MOVES = {
    "controlled": "lower to controlled",
    "quiet": "lower to controlled",
    "suppressed": "raise to open",
    "controlled-by-prefix-list": "lower to controlled",
}


@pytest.mark.usefixtures("place")
def test_collect_writes_a_snapshot_that_a_plan_is_made_of() -> None:
    ended = collect()

    assert ended == (0, "", "Wrote snapshot.\n")
    assert read_snapshot(Path("snapshot")).as_of == NOW
    assert [path.name for path in Path().iterdir() if path.name.startswith(".")] == []
    assert plan("--snapshot", "snapshot").code == 0
    assert changes() == MOVES


@pytest.mark.usefixtures("place")
def test_a_plan_without_arguments_is_that_of_a_snapshot(endpoint: Endpoint) -> None:
    collect()
    plan("--snapshot", "snapshot")
    recorded = Path("plan.json").read_bytes()
    endpoint.calls.clear()

    ended = plan()

    assert ended.code == 0, ended.err
    assert Path("plan.json").read_bytes() == recorded
    assert endpoint.calls.count("ListFindings")
    assert sorted(path.name for path in Path().iterdir()) == [
        *("config.yaml", "plan.json", "policies", "snapshot"),
    ]


def test_a_plan_without_arguments_as_a_process(endpoint: Endpoint, place: Path) -> None:
    """By the real clock, the path that has closed has been closed for long."""
    environ = surroundings(place, **endpoint.environ, TOKEN=TOKEN, TMPDIR=str(place))

    ended = run_process("plan", "--config", "config.yaml", "--out", "plan.json", cwd=place, environ=environ)

    assert ended.code == 0, ended.err
    assert ended.err == f"Wrote plan.json ({the_plan().digest}).\n"
    assert changes() == MOVES | {"closed-just-now": "lower to controlled"}
    assert not list(place.glob(".exposurectl-*"))


@pytest.mark.usefixtures("place")
def test_a_gap_blocks_the_plan_unless_the_config_accepts_it(endpoint: Endpoint) -> None:
    endpoint.faults.add(Fault(kind=Kind.DENIED, operation="ListFindings", region=THERE))
    assert collect().code == 0

    blocked = plan("--snapshot", "snapshot")

    assert (blocked.code, blocked.reason) == (3, "evidence-incomplete")
    assert {block.reason for block in the_plan().blocked_by} == {"evidence-incomplete"}
    assert [block.detail.split(": ")[0] for block in the_plan().blocked_by] == [
        f"{account} {THERE} could not be read" for account in ("111111111111", "222222222222", "333333333333")
    ]
    assert "ListFindings: AccessDeniedException" in blocked.out
    assert "stopped" not in changes()

    change_config(
        "  evidence_role: exposurectl-read\n",
        "  evidence_role: exposurectl-read\n"
        "  accepted_gaps:\n"
        f"    - {{region: {THERE}, because: It is being closed.}}\n",
    )
    accepted = plan("--snapshot", "snapshot")

    assert accepted.code == 0, accepted.err
    assert the_plan().applyable
    assert sum("Accepted: It is being closed." in warning for warning in the_plan().warnings) == 3


@pytest.mark.usefixtures("place", "_no_waits")
@pytest.mark.parametrize("kind", [Kind.FAILED, Kind.DENIED])
def test_a_region_that_fails_for_good_blocks_the_plan_and_nobody_there_is_lowered(
    endpoint: Endpoint, kind: Kind
) -> None:
    endpoint.faults.add(Fault(kind=kind, region=HERE))

    assert collect().code == 0
    ended = plan("--snapshot", "snapshot")

    assert (ended.code, ended.reason) == (3, "evidence-incomplete")
    assert changes() == {}


@pytest.fixture
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)


GAPS = {
    "AssumeRole": "AssumeRole: AccessDenied",
    "DescribeSecurityGroupRules": "DescribeSecurityGroupRules: UnauthorizedOperation",
    "ListMembers": "ListMembers: AccessDeniedException",
}


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(("operation", "why"), GAPS.items(), ids=GAPS)
def test_each_missing_permission_stands_in_the_plan(endpoint: Endpoint, operation: str, why: str) -> None:
    endpoint.faults.add(Fault(kind=Kind.DENIED, operation=operation))

    ended = plan()

    assert (ended.code, ended.reason) == (3, "evidence-incomplete")
    assert all(why in block.detail for block in the_plan().blocked_by)
    before = {name: move for name, move in changes().items() if move.startswith("lower")}
    assert before.items() <= MOVES.items()


@pytest.mark.usefixtures("place")
def test_a_snapshot_is_never_written_over_anything() -> None:
    Path("snapshot").mkdir()

    ended = collect()

    assert (ended.code, ended.reason) == (1, "snapshot")
    assert ended.err == (
        "snapshot: error: Snapshot exists\n  A snapshot is never written over anything.\n"
        "  hint: name a directory that does not exist yet\nreason: snapshot\n"
    )
    assert list(Path("snapshot").iterdir()) == []


@pytest.mark.usefixtures("place")
def test_directories_above_the_snapshot_are_made() -> None:
    assert collect(out="kept/today").code == 0
    assert [path.name for path in Path("kept").iterdir()] == ["today"]


@pytest.mark.usefixtures("place")
def test_a_config_without_regions_has_nothing_to_collect(endpoint: Endpoint) -> None:
    text = Path("config.yaml").read_text(encoding="utf-8")
    before, _, after = text.partition("inspector:")
    Path("config.yaml").write_text(before + after[after.index("futurevuls:") :], encoding="utf-8")

    for ended in (collect(), plan()):
        assert (ended.code, ended.out, ended.reason) == (1, "", "no-evidence")
    checked = run("doctor", "--config", "config.yaml", "--only", "aws")
    assert (checked.code, checked.reason) == (3, "check-failed")
    assert checked.out.startswith("bad      regions\n")
    assert len(endpoint.calls) == 0


@pytest.mark.usefixtures("place", "endpoint")
def test_without_credentials_it_says_how_to_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    for ended in (collect(), plan()):
        assert (ended.code, ended.out, ended.reason) == (1, "", "aws")
        assert ended.err == (
            "error: AWS cannot be read\n  GetCallerIdentity: NoCredentialsError: Unable to locate credentials.\n"
            "  hint: sign in as the AWS CLI would: AWS_PROFILE, `aws sso login`, or a role of the machine\n"
            "reason: aws\n"
        )
    assert not Path("snapshot").exists()
    assert not list(Path().glob(".exposurectl-*"))


@pytest.mark.usefixtures("place", "endpoint")
def test_a_profile_that_is_not_there_says_how_to_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    for ended in (collect(), plan(), run("doctor", "--config", "config.yaml")):
        assert (ended.code, ended.reason) == (1, "aws")
        assert "The config profile (nobody) could not be found." in ended.err


@pytest.mark.usefixtures("place", "endpoint")
def test_credentials_of_nobody_say_how_to_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANOBODY")

    ended = collect()

    assert (ended.code, ended.reason) == (1, "aws")
    assert "GetCallerIdentity: InvalidClientTokenId" in ended.err


@pytest.mark.usefixtures("place")
def test_progress_is_shown_on_a_terminal_and_cleared_at_the_end() -> None:
    world_err = Terminal()

    ended = run_with_stderr(world_err)

    assert ended == 0
    shown = world_err.getvalue()
    assert shown.startswith("\rRead ")
    parts = re.findall(r"\rRead (\d+) of (\d+) parts, (\d+) findings\x1b\[K", shown)
    assert parts[-1] == (parts[-1][1], parts[-1][1], "16")
    assert shown.endswith("\r\x1b[KWrote snapshot.\n")


def run_with_stderr(stderr: io.StringIO) -> int:
    from exposurectl.cli import run as run_command
    from exposurectl.cli.world import World

    world = World(
        environ={"TOKEN": TOKEN},
        stdin=io.BytesIO(),
        stdout=io.StringIO(),
        stderr=stderr,
        clock=SimulatedClock(NOW),
        jitter=lambda _: 0.0,
    )
    return run_command(["collect", "--config", "config.yaml", "--out", "snapshot"], world)


def test_a_real_terminal_sees_progress(endpoint: Endpoint, place: Path) -> None:
    ours, theirs = pty.openpty()
    try:
        environ = surroundings(place, **endpoint.environ, TOKEN=TOKEN)
        command = [*PROGRAM, "collect", "--config", "config.yaml", "--out", "snapshot"]
        done = subprocess.run(command, cwd=place, env=environ, stderr=theirs, check=False, timeout=60)
        shown = os.read(ours, 1 << 16).decode()
    finally:
        os.close(ours)
        os.close(theirs)

    assert done.returncode == 0
    assert "\rRead " in shown
    assert shown.endswith("\r\x1b[KWrote snapshot.\r\n")


def open_findings(endpoint: Endpoint) -> list[Any]:
    """Return the active network findings as Inspector has them."""
    rows = endpoint.inspector._rows.findings
    found = [json.loads(row.body) for held in rows.values() for row in held.candidates([])]
    return [one for one in found if one["status"] == "ACTIVE" and one["type"] == "NETWORK_REACHABILITY"]


@pytest.fixture
def bucket(served: Endpoint) -> Iterator[Any]:
    assert served._moto is not None
    s3 = served._moto.client("s3", ADMIN, HERE)
    s3.create_bucket(Bucket="reports")
    yield s3
    for held in s3.list_objects_v2(Bucket="reports").get("Contents", ()):
        s3.delete_object(Bucket="reports", Key=held["Key"])
    s3.delete_bucket(Bucket="reports")


@pytest.mark.usefixtures("place")
def test_findings_of_a_report_raise_and_lower_nobody(endpoint: Endpoint, bucket: Any) -> None:
    body = json.dumps({"findings": open_findings(endpoint)}).encode()
    bucket.put_object(Bucket="reports", Key="a/report.json", Body=body)
    endpoint.calls.clear()

    ended = collect("--report", "s3://reports/a/report.json")

    assert ended == (0, "", "Wrote snapshot.\n")
    assert endpoint.calls.count("ListFindings") == 0
    snapshot = read_snapshot(Path("snapshot"))
    found = {evidence.instance.id: evidence for evidence in snapshot.inventory.evidence}
    assert len(found[endpoint.world.named("open").id].findings) == 1
    assert found[endpoint.world.named("open").id].findings[0].ingress
    assert {getattr(evidence.coverage, "why", "") for evidence in found.values()} <= {
        "SUPPRESSED_NOT_READ",
        "ACCOUNT_DISABLED",
    }
    assert plan("--snapshot", "snapshot").code == 0
    assert changes() == {}


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    "address", ["report.json", "s3://bucket", "s3://bucket/", "s3://bucket/folder/", "https://bucket.s3/report.json"]
)
def test_an_address_that_is_no_object_is_a_mistake_of_usage(endpoint: Endpoint, address: str) -> None:
    ended = collect("--report", address)

    assert (ended.code, ended.reason) == (1, "usage")
    assert "--report must be the address of one object, such as s3://bucket/prefix/report.json" in ended.err
    assert len(endpoint.calls) == 0


@pytest.mark.usefixtures("place", "bucket")
def test_a_report_that_is_not_there_says_so() -> None:
    ended = collect("--report", "s3://reports/none.json")

    assert (ended.code, ended.reason) == (1, "aws")
    assert ended.err.startswith(
        "s3://reports/none.json: error: Report cannot be read\n"
        "  GetObject: NoSuchKey: The specified key does not exist.\n"
    )
    assert not Path("snapshot").exists()


@pytest.mark.usefixtures("place")
def test_a_report_that_is_none_says_what_it_is(bucket: Any) -> None:
    bucket.put_object(Bucket="reports", Key="x.json", Body=b"<html>")

    ended = collect("--report", "s3://reports/x.json")

    assert ended.code == 1
    assert "s3://reports/x.json:1:1: error: Invalid JSON" in ended.err
    assert not Path("snapshot").exists()


def as_event(finding: dict[str, Any]) -> dict[str, Any]:
    times = dict.fromkeys(("firstObservedAt", "lastObservedAt", "updatedAt"), "Feb 28, 2026, 12:00:00 PM")
    return {
        "version": "0",
        "id": "66a7a279-5f92-971c-6d3e-c92da0950992",
        "detail-type": "Inspector2 Finding",
        "source": "aws.inspector2",
        "account": finding["awsAccountId"],
        "time": "2026-02-28T12:00:00Z",
        "region": HERE,
        "resources": ["i-0"],
        "detail": finding | times,
    }


@pytest.mark.usefixtures("place")
def test_findings_of_kept_events_raise_and_lower_nobody(endpoint: Endpoint) -> None:
    for number, finding in enumerate(open_findings(endpoint)):
        Path(f"events/{number % 2}").mkdir(parents=True, exist_ok=True)
        Path(f"events/{number % 2}/{number}.json").write_text(json.dumps(as_event(finding)), encoding="utf-8")

    ended = collect("--events", "events")

    assert ended == (0, "", "Wrote snapshot.\n")
    assert endpoint.calls.count("ListFindings") == 0
    assert sum(len(evidence.findings) for evidence in read_snapshot(Path("snapshot")).inventory.evidence) == len(
        open_findings(endpoint)
    )
    assert plan("--snapshot", "snapshot").code == 0
    assert changes() == {}


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("made", [False, True])
def test_a_folder_of_events_that_is_none_says_so(endpoint: Endpoint, *, made: bool) -> None:
    if made:
        Path("events").write_text("{}", encoding="utf-8")

    ended = collect("--events", "events")

    assert (ended.code, ended.reason) == (1, "file")
    assert ended.err.startswith("events: error: No folder of events\n")
    assert len(endpoint.calls) == 0


@pytest.mark.usefixtures("place", "endpoint")
def test_a_damaged_event_is_named() -> None:
    Path("events").mkdir()
    Path("events/one.json").write_text("{", encoding="utf-8")

    ended = collect("--events", "events")

    assert ended.code == 1
    assert ended.err.startswith("events/one.json:1:")


@pytest.mark.usefixtures("place")
def test_report_and_events_exclude_each_other() -> None:
    assert collect("--report", "s3://b/k.json", "--events", "events").reason == "usage"


@pytest.mark.usefixtures("endpoint")
def test_the_role_of_the_tests_is_that_of_the_config() -> None:
    assert f"evidence_role: {ROLE}\n" in CONFIG
