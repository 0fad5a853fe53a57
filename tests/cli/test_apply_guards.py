"""What `exposurectl apply` is given to stand for: a digest, exact numbers, hosts, time, and scans afterwards."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.emulator import Emulator
from exposurectl.demo.fleet import TOKENS
from exposurectl.demo.ledger import Rights
from exposurectl.demo.story import ENVIRONMENT
from golden import check_golden
from running import Ended, run_inside

Configure = Callable[..., None]
PLAN = ("plan", "--snapshot", "fleet", "--config", "demo.yaml", "--out", "plan.json")
APPLY = ("apply", "plan.json", "--config", "demo.yaml")
WEB, DATA = TOKENS["web-platform"], TOKENS["data-platform"]


@pytest.fixture
def planned(futurevuls: Emulator) -> Emulator:
    assert run_inside(*PLAN).code == 0
    return futurevuls


@pytest.fixture
def guarded(futurevuls: Emulator, configure: Configure) -> Emulator:
    """A plan that lowers 3 where none may be lowered without an acknowledgement."""
    configure("lower: {count: 3,", "lower: {count: 0,")
    assert run_inside(*PLAN).code == 3
    return futurevuls


def apply(clock: SimulatedClock, *more: str) -> Ended:
    return run_inside(*APPLY, *more, environ=ENVIRONMENT, clock=clock)


def approval(here: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((here / "receipt.json").read_bytes())["approval"]
    return found


def test_the_digest_that_was_approved_is_applied_and_kept(planned: Emulator, here: Path, clock: SimulatedClock) -> None:
    digest = json.loads((here / "plan.json").read_bytes())["digest"]

    ended = apply(clock, "--approve", digest)

    assert ended.code == 0
    assert approval(here)["digest"] == digest
    assert len(planned.writes) == 16


@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_approval_as_of_a_variable_that_is_not_set_is_none(
    planned: Emulator, clock: SimulatedClock, empty: str
) -> None:
    ended = apply(clock, "--approve", empty)

    assert (ended.code, ended.reason) == (1, "usage")
    assert "empty: name the digest of the plan that was reviewed, sha256:..." in ended.err
    assert planned.writes == ()


def test_another_digest_than_the_approved_one_is_not_applied(planned: Emulator, clock: SimulatedClock) -> None:
    ended = apply(clock, "--approve", "sha256:" + "0" * 64)

    assert (ended.code, ended.reason) == (5, "not-approved")
    assert planned.statuses == ()


def test_a_plan_that_lowers_is_applied_with_its_exact_number(
    guarded: Emulator, here: Path, clock: SimulatedClock
) -> None:
    ended = apply(clock, "--accept-lowering", "3")

    assert ended.code == 0
    assert approval(here)["lowering"] == 3
    assert len(guarded.writes) == 16


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ((), "guardrail-lower"),
        (("--accept-lowering", "2"), "acknowledgement"),
        (("--accept-lowering", "4"), "acknowledgement"),
        (("--accept-raising", "13"), "guardrail-lower"),
        (("--accept-lowering", "3", "--accept-raising", "12"), "acknowledgement"),
    ],
)
def test_any_other_acknowledgement_applies_nothing(
    guarded: Emulator, clock: SimulatedClock, flags: tuple[str, ...], reason: str
) -> None:
    ended = apply(clock, *flags)

    assert (ended.code, ended.reason, ended.out) == (3, reason, "")
    assert guarded.statuses == ()


def test_the_wrong_number_is_told_with_the_right_one(guarded: Emulator, clock: SimulatedClock) -> None:
    assert guarded.statuses == ()

    check_golden("cli/apply-acknowledgement.txt", apply(clock, "--accept-lowering", "2").err)


@pytest.mark.parametrize("number", ["-1", "1.5", "three", "50001", "\u0663", ""])
def test_a_number_that_is_none_is_a_usage_error(guarded: Emulator, clock: SimulatedClock, number: str) -> None:
    ended = apply(clock, "--accept-lowering", number)

    assert (ended.code, ended.reason) == (1, "usage")
    assert guarded.statuses == ()


def test_an_apply_that_would_take_too_long_is_not_begun(planned: Emulator, clock: SimulatedClock) -> None:
    ended = apply(clock, "--max-duration", "1")

    assert (ended.code, ended.reason) == (3, "too-long")
    assert planned.statuses == ()
    check_golden("cli/apply-too-long.txt", ended.err)


def test_an_apply_that_is_given_the_time_keeps_it(planned: Emulator, here: Path, clock: SimulatedClock) -> None:
    assert apply(clock, "--max-duration", "2").code == 0
    assert approval(here)["max_minutes"] == 2
    assert len(planned.writes) == 16


def test_a_token_goes_to_no_host_that_the_command_line_does_not_name(here: Path, configure: Configure) -> None:
    configure("http://127.0.0.1:1", "https://rest.example.com")
    assert run_inside(*PLAN).code == 0

    ended = apply(SimulatedClock(_recorded(here)))

    assert (ended.code, ended.reason, ended.out) == (1, "host-not-allowed", "")
    check_golden("cli/apply-host.txt", ended.err)


def _recorded(here: Path) -> Any:
    from datetime import datetime

    return datetime.fromisoformat(json.loads((here / "plan.json").read_bytes())["as_of"])


def scans(served: Emulator) -> list[str]:
    return [path for method, path, _ in served.writes if method == "POST"]


def test_what_was_raised_is_scanned_where_that_is_asked_for(
    planned: Emulator, here: Path, clock: SimulatedClock
) -> None:
    ended = apply(clock, "--scan")

    raised = [
        one["server"] for one in json.loads((here / "plan.json").read_bytes())["changes"] if one["direction"] != "lower"
    ]
    assert sorted(scans(planned)) == sorted(f"/v1/server/scan/{server}" for server in raised)
    assert ended.code == 0
    assert ended.err == "Wrote receipt.json.\nAsked FutureVuls to scan 13 servers.\n"


def test_nothing_is_scanned_unasked(planned: Emulator, clock: SimulatedClock) -> None:
    apply(clock)

    assert scans(planned) == []


def test_what_was_done_before_is_not_scanned_again(planned: Emulator, clock: SimulatedClock) -> None:
    apply(clock)

    ended = apply(clock, "--scan")

    assert scans(planned) == []
    assert ended.err.endswith("Asked FutureVuls to scan 0 servers.\n")


def test_a_token_that_may_not_scan_is_a_warning_for_its_group(planned: Emulator, clock: SimulatedClock) -> None:
    planned.permit(WEB, Rights(scan=False))

    ended = apply(clock, "--scan")

    assert ended.code == 0
    assert ended.err.count("warning: no scan of ") == 1
    assert len(scans(planned)) >= 1


def test_moves_and_scans_share_the_pace_of_their_token(planned: Emulator, clock: SimulatedClock) -> None:
    apply(clock, "--scan")

    assert clock.monotonic() >= 60
    assert set(planned.statuses) == {200}


def test_scans_count_towards_the_time_that_a_run_may_take(planned: Emulator, clock: SimulatedClock) -> None:
    class Slow(SimulatedClock):
        """A clock by which FutureVuls takes 25 s to answer each request for a scan."""

        def monotonic(self) -> float:
            return super().monotonic() + 25 * len(scans(planned))

    slow = Slow(clock.now())

    ended = run_inside(*APPLY, "--scan", "--max-duration", "2", environ=ENVIRONMENT, clock=slow)

    made = len(scans(planned))
    assert (ended.code, 0 < made < 13) == (0, True)
    assert 120 <= slow.monotonic() < 120 + 25
    assert ended.err.splitlines()[1:] == [
        f"warning: no scan of {13 - made} servers: the run's time is over, and FutureVuls scans by itself",
        f"Asked FutureVuls to scan {made} servers.",
    ]


def test_a_run_that_was_stopped_asks_for_no_scan(planned: Emulator, clock: SimulatedClock) -> None:
    class Revoking(SimulatedClock):
        """A clock at which the token is revoked, the first time that anyone waits."""

        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            planned.permit(WEB, Rights(read=False))

    ended = run_inside(*APPLY, "--scan", environ=ENVIRONMENT, clock=Revoking(clock.now()))

    assert (ended.code, ended.reason) == (4, "auth")
    assert scans(planned) == []
    assert "to scan" not in ended.err


def test_a_bug_loses_nothing_of_what_was_done(planned: Emulator, here: Path, clock: SimulatedClock) -> None:
    class Broken(io.StringIO):
        """A stream that breaks once, in a way that no stream should."""

        broken = False

        def write(self, text: str) -> int:
            if " 3/16 " in text and not self.broken:
                self.broken = True
                raise ValueError("I/O operation on closed file")
            return super().write(text)

    ended = run_inside(*APPLY, environ=ENVIRONMENT, clock=clock, stdout=Broken())

    assert (ended.code, ended.reason) == (4, "bug")
    assert "error: this is a bug in exposurectl: ValueError\n" in ended.err
    kept = json.loads((here / "receipt.json").read_bytes())
    assert (kept["stopped"], kept["ended_at"] is not None) == ("bug", True)
    assert kept["outcomes"]["applied"] == len(planned.writes) >= 1
    assert kept["outcomes"]["unknown"] == 0
