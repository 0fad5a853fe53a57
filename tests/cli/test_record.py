"""`exposurectl plan --record`: a folder for each plan, and HEAD that names the newest."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exposurectl.cli.record import Chain
from exposurectl.diagnostics import ExposurectlError
from exposurectl.plan.file import read_plan
from exposurectl.plan.head import HeadEntry, read_head
from exposurectl.plan.model import Plan
from running import PROGRAM, Ended, run_inside, surroundings

Configure = Callable[..., None]
ONE, TWO = "20261123T030000Z-0001", "20261123T030000Z-0002"
LATER = "20261123T040000Z-0001"


def record(*more: str | Path, to: str = "plans") -> Ended:
    return run_inside("plan", "--snapshot", "fleet", "--config", "demo.yaml", "--record", to, *more)


def record_staging() -> Ended:
    """Record a plan of an environment besides the demo's own."""
    shutil.copy("demo.yaml", "staging.yaml")
    return run_inside(
        "plan",
        "--snapshot",
        "fleet",
        "--config",
        "staging.yaml",
        "--as-of",
        "2026-11-23T04:00:00Z",
        "--record",
        "plans",
    )


def recorded(folder: str, plans: str = "plans") -> Plan:
    return read_plan("plan.json", Path(plans, folder, "plan.json").read_bytes())


def head() -> dict[str, HeadEntry]:
    return dict(read_head("HEAD", Path("plans/HEAD").read_bytes()))


def entry(folder: str, plan: Plan, plans: str = "plans") -> HeadEntry:
    assert Path(plans, folder).is_dir()
    return HeadEntry(digest=plan.digest, plan=f"{folder}/plan.json", sequence=plan.sequence)


def names(directory: str = "plans") -> list[str]:
    return sorted(path.name for path in Path(directory).iterdir())


def test_a_plan_is_recorded_with_its_page_and_named_in_head(here: Path) -> None:
    ended = record("--out", "plan.json")

    plan = recorded(ONE)
    assert (ended.code, ended.reason) == (0, "")
    assert ended.err == (f"Recorded plan 1 in plans/{ONE} ({plan.digest}).\nWrote plan.json ({plan.digest}).\n")
    assert names() == [ONE, "HEAD"]
    assert names(f"plans/{ONE}") == ["plan.json", "plan.md"]
    assert (here / "plans" / ONE / "plan.json").read_bytes() == (here / "plan.json").read_bytes()
    page = run_inside("show", f"plans/{ONE}/plan.json", "--format", "markdown").out
    assert (here / "plans" / ONE / "plan.md").read_text(encoding="utf-8") == page
    assert head() == {"demo": entry(ONE, plan)}


def test_the_next_plan_follows_the_one_that_head_names(here: Path) -> None:
    assert here.is_dir()
    record()
    record()

    first, second = recorded(ONE), recorded(TWO)
    assert (second.sequence, second.previous) == (2, first.digest)
    assert head() == {"demo": entry(TWO, second)}


def test_each_environment_has_its_own_chain(here: Path) -> None:
    assert here.is_dir()
    record()

    ended = record_staging()

    assert ended.reason == ""
    other = recorded(LATER)
    assert (other.environment, other.sequence, other.previous) == ("staging", 1, None)
    assert head() == {"demo": entry(ONE, recorded(ONE)), "staging": entry(LATER, other)}


def test_a_blocked_plan_is_recorded_too_and_exits_3(configure: Configure) -> None:
    configure("expired: warn", "expired: error")

    ended = record()

    assert (ended.code, ended.reason) == (3, "override-expired")
    assert head() == {"demo": entry(ONE, recorded(ONE))}


def test_the_previous_plan_is_the_recorded_one_and_no_other(here: Path) -> None:
    assert here.is_dir()

    ended = record("--previous", "plan.json")

    assert (ended.code, ended.reason) == (1, "usage")
    assert "argument --previous: not allowed with argument --record" in ended.err


def test_a_folder_that_exists_is_never_written_over(here: Path) -> None:
    (here / "plans" / ONE).mkdir(parents=True)
    (here / "plans" / "HEAD").write_bytes(b"{\n\n}\n")

    ended = record()

    assert (ended.code, ended.reason) == (5, "recorded-already")
    assert f"plans/{ONE}: error: Folder exists" in ended.err
    assert names() == [ONE, "HEAD"]
    assert names(f"plans/{ONE}") == []


def test_recorded_plans_without_head_are_not_continued(here: Path) -> None:
    record()
    (here / "plans" / "HEAD").unlink()

    ended = record()

    assert (ended.code, ended.reason) == (5, "chain-broken")
    assert "plans/HEAD: error: Chain of plans broken" in ended.err
    assert names() == [ONE]


def test_a_plan_that_is_not_the_one_head_names_is_not_continued(here: Path) -> None:
    record()
    record()
    shutil.copy(here / "plans" / ONE / "plan.json", here / "plans" / TWO / "plan.json")

    ended = record()

    assert (ended.code, ended.reason) == (5, "chain-broken")
    assert f"plans/{TWO}/plan.json: error: Chain of plans broken" in ended.err
    assert "hint: run `exposurectl audit plans` to see what is wrong" in ended.err


@pytest.mark.parametrize(("content", "reason"), [(b"", "head-invalid"), (b"<<<<<<< ours\n", "head-invalid")])
def test_a_head_that_cannot_be_read_is_not_replaced(here: Path, content: bytes, reason: str) -> None:
    record()
    (here / "plans" / "HEAD").write_bytes(content)

    ended = record()

    assert (ended.code, ended.reason) == (5, reason)
    assert (here / "plans" / "HEAD").read_bytes() == content


def test_an_edited_newest_plan_is_not_continued(here: Path) -> None:
    record()
    path = here / "plans" / ONE / "plan.json"
    path.write_bytes(path.read_bytes().replace(b"open", b"Open", 1))

    assert (record().code, record().reason) == (5, "digest-mismatch")


def made(*more: str) -> Plan:
    """Make a plan of the demo that is not recorded."""
    run_inside("plan", "--snapshot", "fleet", "--config", "demo.yaml", "--out", "plan.json", *more)
    return read_plan("plan.json", Path("plan.json").read_bytes())


def assert_whole() -> None:
    ended = run_inside("audit", "plans")
    assert (ended.code, ended.reason) == (0, ""), ended.out


def test_of_two_at_once_the_second_is_told_to_begin_again(here: Path) -> None:
    assert here.is_dir()
    plan = made()
    slower = Chain(Path("plans"), "demo")
    record("--as-of", "2026-11-23T03:30:00Z")
    before, newest = names(), head()

    with pytest.raises(ExposurectlError) as raised:
        slower.record(plan)

    assert (raised.value.reason, raised.value.exit_code) == ("plan-not-newest", 5)
    assert (names(), head()) == (before, newest)
    assert_whole()


def test_of_two_at_once_with_one_time_the_second_is_told_the_same(here: Path) -> None:
    assert here.is_dir()
    plan = made()
    slower = Chain(Path("plans"), "demo")
    record()

    with pytest.raises(ExposurectlError) as raised:
        slower.record(plan)

    assert raised.value.reason == "plan-not-newest"
    assert names() == [ONE, "HEAD"]
    assert_whole()


def test_a_plan_of_another_environment_meanwhile_stays_in_head(here: Path) -> None:
    assert here.is_dir()
    record()
    second = made("--previous", f"plans/{ONE}/plan.json")
    slower = Chain(Path("plans"), "demo")
    record_staging()

    assert slower.record(second) == Path("plans", TWO)

    assert head() == {"demo": entry(TWO, second), "staging": entry(LATER, recorded(LATER))}
    assert names() == [ONE, TWO, LATER, "HEAD"]
    assert_whole()


@contextlib.contextmanager
def locked(directory: str) -> Iterator[None]:
    opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def test_a_plan_waits_until_another_is_recorded(here: Path) -> None:
    plan = made()
    slower = Chain(Path("plans"), "demo")
    (here / "plans").mkdir()
    waiting = threading.Thread(target=slower.record, args=[plan], daemon=True)

    with locked("plans"):
        waiting.start()
        waiting.join(0.5)
        assert (waiting.is_alive(), names()) == (True, [])
    waiting.join(60)

    assert head() == {"demo": entry(ONE, plan)}


def test_a_plan_that_is_just_being_recorded_is_no_broken_chain(here: Path) -> None:
    record()
    newest = (here / "plans" / "HEAD").read_bytes()
    (here / "plans" / "HEAD").unlink()
    begun: list[Chain] = []
    waiting = threading.Thread(target=lambda: begun.append(Chain(Path("plans"), "demo")), daemon=True)

    with locked("plans"):
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
        (here / "plans" / "HEAD").write_bytes(newest)
    waiting.join(60)

    assert [chain.newest for chain in begun] == [recorded(ONE)]


def together(*commands: tuple[str, ...]) -> list[Ended]:
    """Run commands in processes that start at the same time."""
    processes = [
        subprocess.Popen(
            [*PROGRAM, *command],
            env=surroundings(Path.cwd()),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for command in commands
    ]
    said = [process.communicate(timeout=60) for process in processes]
    return [Ended(process.returncode, *texts) for process, texts in zip(processes, said, strict=True)]


def test_processes_that_race_leave_the_chain_whole(here: Path) -> None:
    assert here.is_dir()
    words = ("plan", "--snapshot", "fleet", "--config", "demo.yaml", "--record", "plans", "--as-of")
    count = 0

    for hour in range(4, 8):
        at = (f"2026-11-23T{hour:02}:00:00Z", f"2026-11-23T{hour:02}:30:00Z")
        ends = together(*((*words, time) for time in at))

        assert sorted((one.code, one.reason) for one in ends) in ([(0, "")] * 2, [(0, ""), (5, "plan-not-newest")]), (
            ends
        )
        count += sum(one.code == 0 for one in ends)
        assert (head()["demo"].sequence, len(names())) == (count, count + 1)
        assert_whole()


def test_processes_that_race_for_two_environments_are_both_recorded(here: Path) -> None:
    shutil.copy(here / "demo.yaml", "staging.yaml")

    for hour in range(4, 8):
        one, other = f"2026-11-23T{hour:02}:00:00Z", f"2026-11-23T{hour:02}:30:00Z"
        words = ("plan", "--snapshot", "fleet", "--record", "plans", "--config")
        ends = together((*words, "demo.yaml", "--as-of", one), (*words, "staging.yaml", "--as-of", other))

        assert [(ended.code, ended.reason) for ended in ends] == [(0, "")] * 2, ends
        assert {name: entry.sequence for name, entry in head().items()} == {"demo": hour - 3, "staging": hour - 3}
    assert_whole()


def test_a_file_in_the_place_of_the_directory_is_said(here: Path) -> None:
    (here / "plans").write_bytes(b"")

    ended = record()

    assert (ended.code, ended.reason) == (1, "file")
    assert "Traceback" not in ended.err


def test_where_nothing_can_be_written_nothing_is_left(here: Path) -> None:
    (here / "plans").symlink_to("/proc/self")

    ended = record()

    assert (ended.code, ended.reason) == (1, "file")
    assert f"plans/{ONE}: error: Plan cannot be recorded" in ended.err
