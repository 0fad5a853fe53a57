"""F32, F33: of two applies of one plan at once, one wins, each change is made once, and a crash leaves no lock."""

import contextlib
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from apply.acting import EVIDENCE, TOKENS, WEB, moves, on_disk, settings_for
from apply.acting import emulated as serving
from exposurectl.apply.journal import NAME
from exposurectl.clock import SystemClock
from exposurectl.demo.emulator import Emulator
from exposurectl.plan.file import write_plan
from faults.killing import PROGRAM, apply, environ
from faults.relay import Relay
from plan.building import WEB_OPEN, WEB_SMALL, group, planned, server
from promises.stage import put_config

MOVES = 100
FLEET = group(*(server(number, "i-open", WEB_SMALL) for number in range(1, MOVES + 1)))
APPLY = (*PROGRAM, "apply", "plan.json", "--config", "production.yaml")
PAUSE = {"requests_per_minute_6000": "requests_per_minute: 1500"}
"""So that a hundred moves take seconds, and two processes really meet."""


@pytest.fixture
def futurevuls(tmp_path: Path) -> Iterator[Emulator]:
    with serving(FLEET, clock=SystemClock()) as it:
        put_plan(tmp_path, it.url)
        yield it


def put_plan(folder: Path, url: str) -> None:
    """Write a plan of as many moves, and a config, for the FutureVuls at that address."""
    now = datetime.now(UTC).replace(microsecond=0)
    plan = planned(*EVIDENCE, groups=(FLEET,), settings=settings_for(url), as_of=now)
    (folder / "plan.json").write_bytes(write_plan(plan))
    put_config(folder, url, **PAUSE)


@contextlib.contextmanager
def started(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Apply in a process that is gone when the block ends."""
    with subprocess.Popen(
        APPLY, cwd=folder, env=environ(folder), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def finish(process: "subprocess.Popen[bytes]") -> tuple[int, str]:
    _, err = process.communicate(timeout=60)
    return process.returncode, err.decode()


def until_moving(futurevuls: Emulator, count: int = 1) -> None:
    deadline = time.monotonic() + 30
    while len(futurevuls.writes) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def receipts(folder: Path) -> list[dict[str, Any]]:
    return [on_disk(path) for path in sorted(folder.glob("receipt*.json"))]


def test_of_two_that_start_together_one_wins_and_each_change_is_made_once(tmp_path: Path, futurevuls: Emulator) -> None:
    with started(tmp_path) as one, started(tmp_path) as other:
        ends = sorted(map(finish, [one, other]))

    assert [code for code, _ in ends] == [0, 5], ends
    assert ends[1][1].endswith("reason: locked\n")
    assert Counter(path for path, _ in moves(futurevuls)) == {
        f"/v1/server/{number}": 1 for number in range(1, MOVES + 1)
    }
    assert {one.role for one in futurevuls.servers(TOKENS[WEB])} == {WEB_OPEN}
    (receipt,) = receipts(tmp_path)
    assert receipt["outcomes"]["applied"] == MOVES


def test_the_loser_ends_within_a_second_and_names_who_holds_the_plan_and_since_when(
    tmp_path: Path, futurevuls: Emulator
) -> None:
    put_config(tmp_path, futurevuls.url, requests_per_minute_6000="requests_per_minute: 300")
    with started(tmp_path) as winner:
        until_moving(futurevuls)
        lost = [lose(tmp_path) for _ in range(3)]

        since = receipts(tmp_path)[0]["started_at"][:16].replace("T", " ")
        for _, code, err in lost:
            assert (code, err.splitlines()[-1]) == (5, "reason: locked"), err
            assert f"Process {winner.pid} has been applying this plan since {since}" in err
        # Starting Python takes most of it, and these machines do other things at the same time.
        assert min(took for took, _, _ in lost) <= 1.0 + starting(tmp_path)
        winner.send_signal(signal.SIGINT)
        assert finish(winner)[0] == 130

    put_config(tmp_path, futurevuls.url)
    assert apply(tmp_path).code == 0
    assert len(futurevuls.writes) == MOVES


def test_who_holds_the_plan_is_known_while_its_servers_are_listed(tmp_path: Path, futurevuls: Emulator) -> None:
    listing, over = threading.Event(), threading.Event()

    def held_up(line: str) -> bool:
        if line.startswith("GET /v1/servers"):
            listing.set()
            over.wait(60)
        return False

    relay = Relay(futurevuls.url, held_up, None)
    put_plan(tmp_path, relay.url)
    with started(tmp_path) as winner:
        assert listing.wait(30)
        _, code, err = lose(tmp_path)
        over.set()
        assert finish(winner)[0] == 0
    relay.close()

    assert (code, err.splitlines()[-1]) == (5, "reason: locked"), err
    assert f"Process {winner.pid} has been applying this plan since" in err


def lose(folder: Path) -> tuple[float, int, str]:
    before = time.monotonic()
    with started(folder) as process:
        code, err = finish(process)
    return time.monotonic() - before, code, err


def starting(folder: Path) -> float:
    """Return what starting the program takes here and now, with everything that apply needs."""
    before = time.monotonic()
    subprocess.run([*APPLY[:-3], "nowhere.json"], cwd=folder, env=environ(folder), check=False, capture_output=True)
    return time.monotonic() - before


def test_what_a_killed_process_held_is_free_at_once(tmp_path: Path, futurevuls: Emulator) -> None:
    with started(tmp_path):
        until_moving(futurevuls, 3)
    assert (tmp_path / NAME).exists()

    ended = apply(tmp_path)

    assert ended.code == 0, ended.err
    assert "Closed receipt.json: its run was killed." in ended.err
    made = Counter(path for path, _ in moves(futurevuls))
    assert len(made) == MOVES
    assert set(made.values()) == {1}
    first, second = receipts(tmp_path)[1], receipts(tmp_path)[0]
    assert {first["stopped"], second["stopped"]} == {"killed", ""}


def test_two_copies_of_a_plan_in_two_folders_overwrite_nothing(tmp_path: Path, futurevuls: Emulator) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for name in ("plan.json", "production.yaml"):
        (other / name).write_bytes((tmp_path / name).read_bytes())

    with started(tmp_path) as one, started(other) as two:
        ends = [finish(one), finish(two)]

    # No lock spans two machines: there FutureVuls' own state decides, and a move to the same role is no other effect.
    assert [code for code, _ in ends] == [0, 0], ends
    assert {one.role for one in futurevuls.servers(TOKENS[WEB])} == {WEB_OPEN}
    for receipt in (*receipts(tmp_path), *receipts(other)):
        assert receipt["outcomes"]["applied"] + receipt["outcomes"]["noop"] == MOVES
