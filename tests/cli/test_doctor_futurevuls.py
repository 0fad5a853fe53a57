"""`exposurectl doctor`: what the stages need of FutureVuls, asked of the demo's emulated one."""

import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from exposurectl.apply.receipt import Outcome, ended, read_receipt, write_receipt
from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.emulator import Emulator
from exposurectl.demo.fleet import TOKENS
from exposurectl.demo.ledger import Rights
from exposurectl.demo.story import ENVIRONMENT, RECORDED
from golden import check_golden
from running import Ended, Terminal, run_inside

WEB, DATA = TOKENS["web-platform"], TOKENS["data-platform"]
ONLY = ("--only", "futurevuls")
DOCTOR = ("doctor", "--config", "demo.yaml")


REGIONS = "inspector: {regions: [us-east-1]}\n"


def doctor(*words: str, clock: SimulatedClock | None = None, **environ: str) -> Ended:
    return run_inside(*DOCTOR, *(words or ONLY), environ={**ENVIRONMENT, **environ}, clock=clock)


def name_a_region() -> None:
    """Let the demo's config, which needs none, name a region of AWS."""
    with Path("demo.yaml").open("a", encoding="utf-8") as config:
        config.write(f"\n{REGIONS}")


def said(ended: Ended, subject: str) -> str:
    """Return what stands under a subject, on one line, with its state before it."""
    for block in re.split(r"\n(?=good |warning |bad |\n)", ended.out):
        first, _, rest = block.partition("\n")
        state, _, about = first.partition(" ")
        if about.strip() == subject:
            return f"{state}: {' '.join(rest.split())}"
    return ""


def test_the_demo_is_healthy(futurevuls: Emulator, clock: SimulatedClock) -> None:
    ended = doctor(clock=clock)

    assert (ended.code, ended.err) == (0, "")
    check_golden("cli/doctor-futurevuls.txt", ended.out)
    assert futurevuls.writes == ()
    assert set(futurevuls.statuses) == {200}
    # Health, two lists a group, and two requests for each of the seven roles that have servers.
    assert len(futurevuls.statuses) == 1 + 2 * 2 + 2 * 7


def test_it_keeps_the_pace(futurevuls: Emulator, clock: SimulatedClock) -> None:
    doctor(clock=clock)

    assert clock.monotonic() > 20
    assert 429 not in futurevuls.statuses


def test_a_role_that_nobody_configured_is_found(futurevuls: Emulator, clock: SimulatedClock) -> None:
    roles = {server.role for server in futurevuls.servers(WEB)}
    futurevuls.expose(WEB, dict.fromkeys(roles, "controlled"))

    ended = doctor(clock=clock)

    assert (ended.code, ended.reason) == (3, "check-failed")
    assert said(ended, "web-platform: exposure of web-open").startswith("bad: Controlled and not Open, by task ")
    assert said(ended, "web-platform: exposure of web-controlled").startswith("good: ")
    assert "do: set the role's Exposure to Open in FutureVuls" in said(ended, "web-platform: exposure of web-open")
    check_golden("cli/doctor-futurevuls-bad.txt", ended.out)


def test_roles_that_do_not_exist_are_found(futurevuls: Emulator, configure: Callable[..., None]) -> None:
    configure("web-small", "web-tiny")

    ended = doctor()

    assert (ended.code, ended.reason) == (3, "check-failed")
    assert said(ended, "web-platform: roles") == (
        "bad: missing: web-tiny (Exposure Small) do: create what is missing in FutureVuls or correct the config"
    )
    assert said(ended, "data-platform: roles").startswith("good: ")
    assert futurevuls.writes == ()


@pytest.mark.usefixtures("futurevuls")
def test_a_token_that_is_refused_leaves_the_other_groups_alone() -> None:
    ended = doctor(*ONLY, FUTUREVULS_TOKEN_WEB="wrong")

    assert (ended.code, ended.reason) == (3, "check-failed")
    assert said(ended, "web-platform: token").startswith("bad: FutureVuls refused the token: ")
    assert said(ended, "data-platform: token").startswith("good: ")
    assert "wrong" not in ended.out


@pytest.mark.usefixtures("futurevuls")
def test_a_token_that_is_missing_leaves_the_other_groups_alone() -> None:
    environ = {name: value for name, value in ENVIRONMENT.items() if name != "FUTUREVULS_TOKEN_WEB"}

    ended = run_inside(*DOCTOR, *ONLY, environ=environ)

    assert (ended.code, ended.reason) == (3, "check-failed")
    assert said(ended, "web-platform: token") == (
        "bad: The FutureVuls token cannot be used: `env:FUTUREVULS_TOKEN_WEB`: the environment has no such variable. "
        "do: Write `env:NAME` or `file:PATH`, and keep the token itself out of every file under review."
    )
    assert said(ended, "data-platform: token").startswith("good: ")


@pytest.mark.usefixtures("futurevuls")
def test_no_token_at_all_is_bad_and_asks_nothing() -> None:
    ended = run_inside(*DOCTOR, *ONLY)

    assert (ended.code, ended.reason) == (3, "check-failed")
    assert ended.out.endswith("\n\n2 checks, 2 bad, 0 to look at.\n")


def test_a_token_that_cannot_write_is_as_good(futurevuls: Emulator) -> None:
    both = [doctor()]
    for token in (WEB, DATA):
        futurevuls.permit(token, Rights(update=False, scan=False))
    both.append(doctor())

    assert both[0] == both[1]
    assert both[0].code == 0
    assert futurevuls.writes == ()


@pytest.mark.usefixtures("futurevuls")
@pytest.mark.parametrize(
    ("minutes", "code", "answer"),
    [
        (9, 0, "good: FutureVuls' clock is 516 s ahead of ours"),
        (12, 3, "bad: FutureVuls' clock is 696 s ahead of ours do: set the clock of this machine; "),
        (-12, 3, "bad: FutureVuls' clock is 744 s behind ours do: set the clock of this machine; "),
    ],
)
def test_clocks_that_are_far_apart_are_bad(minutes: int, code: int, answer: str) -> None:
    # Only ours goes on while the pace makes us wait: 24 s, by the last reply of the first group.
    ended = doctor(clock=SimulatedClock(RECORDED - timedelta(minutes=minutes)))

    assert ended.code == code
    assert said(ended, "clock").startswith(answer)


@pytest.mark.usefixtures("here")
def test_a_futurevuls_that_does_not_answer_is_bad_and_said_of_every_group() -> None:
    ended = doctor()

    assert (ended.code, ended.reason) == (3, "check-failed")
    assert said(ended, "FutureVuls").startswith("warning: GET /health is not answered with true")
    for name in TOKENS:
        assert said(ended, f"{name}: token").startswith("bad: FutureVuls gave no usable answer: ")


@pytest.mark.usefixtures("here")
def test_a_host_that_may_not_have_the_token_is_never_asked(configure: Callable[..., None]) -> None:
    configure("http://127.0.0.1:1", "https://futurevuls.invalid")

    ended = doctor()

    assert (ended.code, ended.reason) == (3, "check-failed")
    assert "--allow-host futurevuls.invalid" in said(ended, "FutureVuls")
    assert ended.out.endswith("\n\n1 check, 1 bad, 0 to look at.\n")


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Be nobody to AWS."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.mark.usefixtures("futurevuls", "nobody")
def test_without_aws_credentials_futurevuls_is_checked_all_the_same() -> None:
    name_a_region()

    ended = doctor("--config", "demo.yaml")

    assert (ended.code, ended.reason) == (3, "check-failed")
    assert said(ended, "identity").startswith("bad: ")
    assert said(ended, "web-platform: token").startswith("good: ")
    assert said(ended, "clock").startswith("good: ")


@pytest.mark.usefixtures("nobody", "here")
def test_one_half_can_be_asked_alone() -> None:
    name_a_region()

    aws = doctor("--only", "aws")
    futurevuls = doctor()

    assert "identity" in aws.out
    assert "platform" not in aws.out
    assert "identity" not in futurevuls.out


@pytest.mark.usefixtures("futurevuls", "nobody")
def test_a_config_without_regions_stops_the_aws_half_only() -> None:
    ended = doctor("--config", "demo.yaml")

    assert said(ended, "regions").startswith("bad: ")
    assert said(ended, "web-platform: token").startswith("good: ")


@pytest.mark.usefixtures("futurevuls")
def test_a_terminal_gets_colours() -> None:
    out = Terminal()

    run_inside(*DOCTOR, *ONLY, environ={**ENVIRONMENT, "TERM": "xterm"}, stdout=out)

    assert "\x1b[32mgood" in out.getvalue()


@pytest.fixture
def applied(futurevuls: Emulator, here: Path, clock: SimulatedClock) -> Path:
    """Record the demo's plan, apply it, and return its receipt."""
    config = ("--config", "demo.yaml")
    assert futurevuls.writes == ()
    assert run_inside("plan", "--snapshot", "fleet", *config, "--record", "plans", clock=clock).code == 0
    (plan,) = (here / "plans").glob("*/plan.json")
    assert run_inside("apply", plan, *config, environ=ENVIRONMENT, clock=clock).code == 0
    return plan.with_name("receipt.json")


def test_servers_that_an_apply_has_moved_prove_nothing_until_they_are_scanned(
    applied: Path, clock: SimulatedClock
) -> None:
    knowing = doctor(clock=clock)
    applied.rename(applied.with_name("other.json"))
    unaware = doctor(clock=clock)

    assert (knowing.code, unaware.code, unaware.reason) == (0, 3, "check-failed")
    wrong = [line.split(maxsplit=1)[1] for line in unaware.out.splitlines() if line.startswith("bad ")]
    assert wrong
    for subject in wrong:
        assert not said(knowing, subject).startswith("bad: ")


@pytest.mark.parametrize("damage", [b"{}", b"\xff", b""])
def test_a_receipt_that_cannot_be_read_does_not_keep_doctor_from_asking(
    applied: Path, clock: SimulatedClock, damage: bytes
) -> None:
    applied.write_bytes(damage)

    ended = doctor(clock=clock)

    assert (ended.code, ended.reason) == (3, "check-failed")
    assert said(ended, "web-platform: token").startswith("good: ")


def test_what_a_run_has_moved_that_was_killed_or_goes_on_is_not_known(applied: Path, clock: SimulatedClock) -> None:
    receipt = read_receipt("receipt.json", applied.read_bytes())
    unknown = [replace(one, outcome=Outcome.NOT_ATTEMPTED, at=None) for one in receipt.results]
    applied.write_bytes(write_receipt(replace(ended(receipt, unknown, stopped="", now=RECORDED), ended_at=None)))

    assert doctor(clock=clock).code == 0


def test_the_moves_of_another_environment_are_none_of_this_one(applied: Path, clock: SimulatedClock) -> None:
    assert applied.exists()
    Path("demo.yaml").rename("other.yaml")

    ended = run_inside("doctor", "--config", "other.yaml", *ONLY, environ=ENVIRONMENT, clock=clock)

    assert (ended.code, ended.reason) == (3, "check-failed")
