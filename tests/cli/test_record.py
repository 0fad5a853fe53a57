"""`exposurectl plan --record`: a folder for each plan, and HEAD that names the newest."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from exposurectl.cli.record import Chain
from exposurectl.diagnostics import ExposurectlError
from exposurectl.plan.file import read_plan
from exposurectl.plan.head import HeadEntry, read_head
from exposurectl.plan.model import Plan
from running import Ended, run_inside

Configure = Callable[..., None]
ONE, TWO = "20261123T030000Z-0001", "20261123T030000Z-0002"


def record(*more: str | Path, to: str = "plans") -> Ended:
    return run_inside("plan", "--snapshot", "fleet", "--config", "demo.yaml", "--record", to, *more)


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
    record()
    shutil.copy(here / "demo.yaml", here / "staging.yaml")

    config = ("--config", "staging.yaml", "--as-of", "2026-11-23T04:00:00Z")
    ended = run_inside("plan", "--snapshot", "fleet", *config, "--record", "plans")

    assert ended.reason == ""
    other = recorded("20261123T040000Z-0001")
    assert (other.environment, other.sequence, other.previous) == ("staging", 1, None)
    assert head() == {"demo": entry(ONE, recorded(ONE)), "staging": entry("20261123T040000Z-0001", other)}


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


def test_of_two_at_once_the_second_is_told_to_begin_again(here: Path) -> None:
    assert here.is_dir()
    run_inside("plan", "--snapshot", "fleet", "--config", "demo.yaml", "--out", "plan.json")
    plan = read_plan("plan.json", Path("plan.json").read_bytes())
    slower = Chain(Path("plans"), "demo")
    record("--as-of", "2026-11-23T03:30:00Z")
    before = names()

    with pytest.raises(ExposurectlError) as raised:
        slower.record(plan)

    assert (raised.value.reason, raised.value.exit_code) == ("plan-not-newest", 5)
    assert before == names()


def test_a_file_in_the_place_of_the_directory_is_said(here: Path) -> None:
    (here / "plans").write_bytes(b"")

    ended = record()

    assert (ended.code, ended.reason) == (1, "file")
    assert "Traceback" not in ended.err


def test_where_nothing_can_be_written_nothing_is_left(here: Path) -> None:
    record()
    chain = Chain(here / "plans", "demo")
    assert chain.newest
    shutil.rmtree(here / "plans")
    (here / "plans").symlink_to("/proc/self")

    with pytest.raises(ExposurectlError) as raised:
        chain.record(chain.newest)

    assert (raised.value.reason, raised.value.exit_code) == ("file", 1)
    assert str(raised.value) == "Plan cannot be recorded"
