"""P13: no write happens before its intent is on disk: seen from FutureVuls' side, as each request arrives."""

import json
from pathlib import Path
from typing import Any

import pytest

from apply.acting import MOVES, SERVERS, emulated
from exposurectl.apply.journal import NAME
from exposurectl.demo.clock import SimulatedClock
from faults.relay import Relay
from plan.building import AS_OF
from promises.stage import apply, put_plan

LAST = len(MOVES) - 1


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


class Watch:
    """Looks into the journal whenever a request arrives."""

    def __init__(self, folder: Path) -> None:
        self.seen: list[tuple[str, list[dict[str, Any]]]] = []
        self._journal = folder / NAME

    def __call__(self, _token: str, method: str, path: str) -> None:
        self.seen.append((f"{method} {path}", lines_of(self._journal)))

    @property
    def moves(self) -> list[tuple[str, dict[str, Any]]]:
        """Return each move with the last line of the journal at that time."""
        return [(line, records[-1]) for line, records in self.seen if line.startswith("PUT")]


def test_when_a_move_arrives_its_intent_is_the_last_line_of_the_journal(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    with emulated(heard=watch) as futurevuls:
        put_plan(tmp_path, futurevuls.url, *SERVERS)
        assert apply(tmp_path).code == 0

    assert [(f"PUT /v1/server/{last['server']}", last["role"]) for _, last in watch.moves] == [
        (f"PUT {path}", role) for path, role in MOVES
    ]
    assert [line for line, _ in watch.moves] == [f"PUT {path}" for path, _ in MOVES]
    assert {last["record"] for _, last in watch.moves} == {"intent"}


def test_before_the_first_move_the_run_itself_is_on_disk_and_so_is_its_receipt(tmp_path: Path) -> None:
    receipts = []

    def heard(_token: str, method: str, _path: str) -> None:
        if method == "PUT":
            receipts.append(json.loads((tmp_path / "receipt.json").read_bytes()))

    with emulated(heard=heard) as futurevuls:
        plan = put_plan(tmp_path, futurevuls.url, *SERVERS)
        apply(tmp_path)

    assert [(one["plan"], one["ended_at"]) for one in receipts] == [(plan.digest, None)] * 5
    begin = lines_of(tmp_path / NAME)[0]
    assert (begin["record"], begin["plan"], begin["receipt"]) == ("begin", plan.digest, "receipt.json")


@pytest.mark.parametrize(
    "reply", [None, b"", b"HTTP/1.1 502 x\r\nContent-Length: 0\r\n\r\n"], ids=["reset", "cut", "502"]
)
def test_a_move_that_is_sent_again_has_an_intent_of_its_own(tmp_path: Path, reply: bytes | None) -> None:
    seen: list[list[dict[str, Any]]] = []

    def strikes(line: str) -> bool:
        """Strike the first try of the last change."""
        if line.startswith("PUT"):
            seen.append(lines_of(tmp_path / NAME))
        return line.startswith("PUT") and len(seen) == len(MOVES)

    clock = SimulatedClock(AS_OF)
    with emulated(clock=clock) as futurevuls:
        relay = Relay(futurevuls.url, strikes, reply)
        put_plan(tmp_path, relay.url, *SERVERS)
        ended = apply(tmp_path, clock=clock)
        relay.close()

    assert ended.code == 0, ended.err
    assert len(seen) == len(MOVES) + 1
    assert [records[-1]["record"] for records in seen] == ["intent"] * len(seen)
    assert [sum(one["record"] == "intent" for one in records) for records in seen] == [1, 2, 3, 4, 5, 6]
    assert [records[-1]["change"] for records in seen] == [0, 1, 2, 3, LAST, LAST]


def test_where_the_journal_cannot_be_kept_nothing_is_sent(tmp_path: Path) -> None:
    with emulated() as futurevuls:
        put_plan(tmp_path, futurevuls.url, *SERVERS)
        (tmp_path / NAME).symlink_to("/dev/full")

        ended = apply(tmp_path)

        assert (ended.code, ended.reason) == (1, "journal")
        assert futurevuls.writes == ()
