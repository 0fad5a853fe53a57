"""
The process is really killed at every write, fsync, rename and send of a five-change apply, and the next run finishes.

Once with the journal kept and once with it deleted, as on a runner that is thrown away: each change is made once.
"""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from apply.acting import MOVES, emulated, moves, on_disk, roles
from apply.test_run import PLANNED
from exposurectl.apply.journal import NAME
from exposurectl.clock import SystemClock
from faults.killing import CALLS, ONE_BY_ONE, PROGRAM, apply, apply_inside, can_trace, counted, injecting, prepare

SIGKILL = 137
needs_strace = pytest.mark.skipif(
    not can_trace(), reason="strace is not installed or may not trace: crash points were NOT tried"
)
pytestmark = [needs_strace, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """Return how often an undisturbed apply makes each call."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with emulated(clock=SystemClock()) as futurevuls:
        prepare(folder, futurevuls)
        return counted(folder)


def receipts(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.glob("receipt*.json"))


def crash(folder: Path, call: str, number: int, *, keep: bool, program: tuple[str, ...], threads: bool) -> list[str]:
    """Kill an apply at one call, run another, and return what is not as it should be."""
    folder.mkdir()
    with emulated(clock=SystemClock()) as futurevuls:
        prepare(folder, futurevuls)
        killed = apply(folder, program, before=injecting(call, "signal=KILL", number, threads=threads))
        if not keep:
            (folder / NAME).unlink(missing_ok=True)
        ended = apply_inside(folder)

        made, now = moves(futurevuls), roles(futurevuls)
    return [
        f"{call} {number}, journal {'kept' if keep else 'deleted'}: {what}"
        for what, holds in (
            (f"exit {killed.code} instead of {SIGKILL}", killed.code in {SIGKILL, -9}),
            (f"then exit {ended.code}: {ended.err}", ended.code == 0),
            (f"moves {made}", Counter(made) == Counter(MOVES)),
            (f"roles {now}", now == PLANNED),
            *_of_receipts(folder, keep=keep),
        )
        if not holds
    ]


def _of_receipts(folder: Path, *, keep: bool) -> Iterator[tuple[str, bool]]:
    found = [on_disk(path) for path in receipts(folder)]
    yield "no receipt", bool(found)
    yield "an open receipt", not keep or all(one["ended_at"] for one in found)
    applied = Counter(one["server"] for receipt in found for one in receipt["results"] if one["outcome"] == "applied")
    yield f"applied {applied}", max(applied.values(), default=0) <= 1
    yield "leftovers", not list(folder.glob("*.new"))


def test_an_apply_makes_every_kind_of_call(calls: dict[str, int]) -> None:
    assert calls["sendto"] >= 2 + 5 + 2  # lists, moves, looks
    assert calls["fsync"] >= 2 * 5 + 4  # intents and results, and those of the files and their folder
    assert calls["rename"] == 2  # the receipt, when the run begins and when it ends


@pytest.mark.parametrize("keep", [True, False], ids=["journal kept", "journal deleted"])
def test_wherever_the_process_is_killed_the_next_run_finishes(
    calls: dict[str, int],
    tmp_path: Path,
    *,
    keep: bool,
) -> None:
    points = [(call, number) for call in CALLS for number in range(1, calls[call] + 1)]

    with ThreadPoolExecutor(4) as pool:
        wrong = pool.map(
            lambda point: crash(
                tmp_path / f"{point[0]}-{point[1]}", *point, keep=keep, program=ONE_BY_ONE, threads=False
            ),
            points,
        )
        assert [one for some in wrong for one in some] == []
    assert len(points) >= 40


@pytest.mark.parametrize("number", [1, 4, 8, 10])
def test_with_its_threads_too(number: int, tmp_path: Path) -> None:
    assert crash(tmp_path / "it", "fsync", number, keep=True, program=PROGRAM, threads=True) == []


@pytest.mark.parametrize(("call", "error"), [("fsync", "EIO"), ("write", "ENOSPC"), ("rename", "EACCES")])
def test_whichever_call_fails_no_put_goes_out_without_its_intent_on_disk(
    calls: dict[str, int], call: str, error: str, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(4) as pool:
        wrong = pool.map(lambda number: fail(tmp_path / str(number), call, error, number), range(1, calls[call] + 1))
        assert [one for some in wrong for one in some] == []


def fail(folder: Path, call: str, error: str, number: int) -> list[str]:
    """Let one call fail, and return what is not as it should be."""
    folder.mkdir()
    with emulated(clock=SystemClock()) as futurevuls:
        prepare(folder, futurevuls)
        ended = apply(folder, ONE_BY_ONE, before=injecting(call, f"error={error}", number))
        sent = len(moves(futurevuls))
        again = apply_inside(folder)

        made, now = moves(futurevuls), roles(futurevuls)
    lines = (folder / NAME).read_bytes().splitlines()
    intents = sum(json.loads(line)["record"] == "intent" for line in lines)
    return [
        f"{call} {number} {error}: {what}"
        for what, holds in (
            (f"{sent} moves with {intents} intents", sent <= intents),
            (f"exit {ended.code}: {ended.err}", ended.code in {0, 1, 4} and "Traceback" not in ended.err),
            (f"exit 0 with {sent} moves", ended.code != 0 or sent == len(MOVES)),
            (f"then exit {again.code}: {again.err}", again.code == 0),
            (f"moves {made}", Counter(made) == Counter(MOVES)),
            (f"roles {now}", now == PLANNED),
        )
        if not holds
    ]
