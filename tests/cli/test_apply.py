"""`exposurectl apply`: exactly what was reviewed, once, and a receipt of it."""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from exposurectl.clock import SystemClock
from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.emulator import Emulator
from exposurectl.demo.fleet import TOKENS
from exposurectl.demo.story import ENVIRONMENT, RECORDED, emulator
from exposurectl.demo.workshop import furnish
from golden import check_golden
from running import PROGRAM, run_inside, run_process, surroundings

Configure = Callable[..., None]
PLAN = ("plan", "--snapshot", "fleet", "--config", "demo.yaml", "--out", "plan.json")
APPLY = ("apply", "plan.json", "--config", "demo.yaml")
WEB = TOKENS["web-platform"]


def receipt(directory: Path, name: str = "receipt.json") -> dict[str, Any]:
    content: dict[str, Any] = json.loads((directory / name).read_bytes())
    return content


@pytest.fixture
def planned(futurevuls: Emulator) -> Emulator:
    assert run_inside(*PLAN).code == 0
    return futurevuls


def test_a_plan_is_applied_as_it_was_shown(planned: Emulator, here: Path, clock: SimulatedClock) -> None:
    ended = run_inside(*APPLY, environ=ENVIRONMENT, clock=clock)

    assert (ended.code, ended.err) == (0, "Wrote receipt.json.\n")
    assert ended.out.endswith("\nApply: 16 applied of 16 changes.\n")
    plan = json.loads((here / "plan.json").read_bytes())
    now = {server.id: server.role for token in TOKENS.values() for server in planned.servers(token)}
    assert [change["after"]["role"] for change in plan["changes"]] == [now[one["server"]] for one in plan["changes"]]
    by_group = sorted(plan["changes"], key=lambda change: change["group"])
    assert [f"/v1/server/{change['server']}" for change in by_group] == [path for _, path, _ in planned.writes]
    assert receipt(here)["plan"] == plan["digest"]


def test_a_second_apply_writes_nothing_and_exits_0(planned: Emulator, here: Path, clock: SimulatedClock) -> None:
    run_inside(*APPLY, environ=ENVIRONMENT, clock=clock)
    writes = planned.writes

    again = run_inside(*APPLY, environ=ENVIRONMENT, clock=clock)

    assert (again.code, again.err) == (0, "Wrote receipt-2.json.\n")
    assert again.out.endswith("\nApply: 16 noop of 16 changes.\n")
    assert writes == planned.writes
    assert {"noop"} == {result["outcome"] for result in receipt(here, "receipt-2.json")["results"]}


def test_a_plan_with_one_byte_changed_writes_nothing(planned: Emulator, here: Path) -> None:
    content = (here / "plan.json").read_bytes()

    for place in range(0, len(content), len(content) // 40):
        (here / "plan.json").write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        ended = run_inside(*APPLY, environ=ENVIRONMENT)
        assert (ended.code, ended.reason, ended.out) == (5, "digest-mismatch", "")

    assert planned.writes == ()
    assert planned.statuses == ()
    assert not (here / "receipt.json").exists()


@pytest.mark.parametrize(
    ("reason", "later"), [("plan-expired", timedelta(hours=24)), ("plan-from-future", -timedelta(hours=1))]
)
def test_a_plan_that_is_not_for_now_is_refused(planned: Emulator, here: Path, reason: str, later: timedelta) -> None:
    ended = run_inside(*APPLY, environ=ENVIRONMENT, clock=SimulatedClock(RECORDED + later))

    assert (5, reason, "") == (ended.code, ended.reason, ended.out)
    assert planned.statuses == ()
    assert not (here / "receipt.json").exists()
    check_golden(f"cli/apply-{reason}.txt", ended.err)


def test_a_plan_for_another_target_is_refused(planned: Emulator, configure: Configure) -> None:
    configure("url: http://127.0.0.1", "url: http://localhost")

    ended = run_inside(*APPLY, environ=ENVIRONMENT)

    assert (ended.code, ended.reason, ended.out) == (5, "target-changed", "")
    assert planned.statuses == ()
    port = planned.url.rpartition(":")[2]
    check_golden("cli/apply-target-changed.txt", ended.err.replace(port, "1"))


def test_guardrails_are_counted_again_by_the_config_of_now(planned: Emulator, configure: Configure) -> None:
    configure("lower: {count: 3,", "lower: {count: 2,")

    ended = run_inside(*APPLY, environ=ENVIRONMENT)

    assert (ended.code, ended.reason, ended.out) == (3, "guardrail-lower", "")
    assert planned.statuses == ()
    check_golden("cli/apply-guardrail-lower.txt", ended.err)


def test_a_blocked_plan_is_not_applied(planned: Emulator, configure: Configure) -> None:
    configure("lower: {count: 3,", "lower: {count: 0,")
    assert run_inside(*PLAN).code == 3

    ended = run_inside(*APPLY, environ=ENVIRONMENT)

    assert (ended.code, ended.reason, ended.out) == (3, "guardrail-lower", "")
    assert planned.writes == ()


def test_a_receipt_is_never_overwritten(planned: Emulator, here: Path) -> None:
    (here / "mine.json").write_bytes(b"mine")

    ended = run_inside(*APPLY, "--receipt", "mine.json", environ=ENVIRONMENT)

    assert (ended.code, ended.reason) == (1, "receipt")
    assert planned.writes == ()
    assert (here / "mine.json").read_bytes() == b"mine"


def test_a_server_that_somebody_moved_is_left_where_they_put_it(planned: Emulator, clock: SimulatedClock) -> None:
    moved = next(server for server in planned.servers(WEB) if server.name == "shop-02")
    small = next(server.role for server in planned.servers(WEB) if server.name == "vault-01")
    put(planned, f"/v1/server/{moved.id}", {"roleID": small})

    ended = run_inside(*APPLY, environ=ENVIRONMENT, clock=clock)

    assert (ended.code, ended.reason) == (4, "partial")
    assert f" conflict shop-02          controlled → open · somebody moved it to role {small} since" in ended.out
    assert "\nApply: 15 applied, 1 conflict of 16 changes.\n" in ended.out
    assert small == next(server.role for server in planned.servers(WEB) if server.id == moved.id)


def put(served: Emulator, path: str, body: dict[str, int]) -> None:
    import urllib.request

    request = urllib.request.Request(served.url + path, json.dumps(body).encode(), {"Authorization": WEB}, method="PUT")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200


def test_a_bad_token_writes_nothing(planned: Emulator, here: Path) -> None:
    ended = run_inside(*APPLY, environ={**ENVIRONMENT, "FUTUREVULS_TOKEN_WEB": "nope"})

    assert (ended.code, ended.reason, ended.out) == (1, "auth", "")
    assert planned.writes == ()
    assert not (here / "receipt.json").exists()


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[tuple[Path, Emulator]]:
    """A plan whose apply takes long enough, in real time, to be told to stop: a burst, and then a request a second."""
    now = datetime.now(UTC).replace(microsecond=0)
    with emulator(SystemClock(), port=0, per_minute=None) as served:
        furnish(tmp_path, served.url, now)
        config = tmp_path / "demo.yaml"
        config.write_text(config.read_text().replace("per_minute: 20", "per_minute: 60"), encoding="utf-8")
        assert run_process(*PLAN, cwd=tmp_path).code == 0
        yield tmp_path, served


@pytest.mark.parametrize(("code", "number"), [(130, signal.SIGINT), (143, signal.SIGTERM)])
def test_a_run_that_is_told_to_stop_keeps_its_receipt_and_the_next_one_finishes(
    slow: tuple[Path, Emulator], code: int, number: int
) -> None:
    directory, served = slow
    environ = surroundings(directory, **ENVIRONMENT)
    process = subprocess.Popen(
        [*PROGRAM, *APPLY], cwd=directory, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    until(lambda: len(served.writes) >= 2)

    process.send_signal(number)
    started = time.monotonic()
    _, err = process.communicate(timeout=10)

    assert time.monotonic() - started < 5
    assert code == process.returncode
    assert err.decode() == "Wrote receipt.json.\nInterrupted: run it again to go on.\nreason: interrupted\n"
    first = receipt(directory)
    assert (first["stopped"], sum(first["outcomes"].values())) == ("interrupted", 16)
    assert first["outcomes"]["applied"] + first["outcomes"]["unknown"] >= 2
    assert first["outcomes"]["not-attempted"] > 0
    finish(directory, served)


def finish(directory: Path, served: Emulator) -> None:
    """Apply again, faster, and see that the whole plan is done, each change once."""
    config = directory / "demo.yaml"
    config.write_text(config.read_text().replace("per_minute: 60", "per_minute: 6000"), encoding="utf-8")

    again = run_process(*APPLY, cwd=directory, environ=surroundings(directory, **ENVIRONMENT))

    assert (again.code, again.err) == (0, "Wrote receipt-2.json.\n")
    outcomes = receipt(directory, "receipt-2.json")["outcomes"]
    assert outcomes["applied"] + outcomes["noop"] == 16
    assert len(served.writes) == 16


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_reader_who_has_seen_enough_does_not_stop_an_apply(slow: tuple[Path, Emulator]) -> None:
    directory, served = slow
    config = directory / "demo.yaml"
    config.write_text(config.read_text().replace("per_minute: 60", "per_minute: 6000"), encoding="utf-8")

    done = subprocess.run(
        ["bash", "-c", 'set -o pipefail; "$@" | head -1', "bash", *PROGRAM, *APPLY],
        cwd=directory,
        env=surroundings(directory, **ENVIRONMENT),
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert (done.returncode, done.stderr) == (0, b"Wrote receipt.json.\n")
    assert 16 == receipt(directory)["outcomes"]["applied"] == len(served.writes)
