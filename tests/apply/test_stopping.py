"""What ends a run early: refused tokens, interrupts, unclear answers. What was done is said, and a re-run finishes."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from apply.acting import (
    MOVES,
    SERVERS,
    TOKENS,
    USUAL,
    WEB,
    a_clock,
    emulated,
    execute,
    moves,
    on_disk,
    outcomes,
    plan_for,
    roles_page,
    server_row,
    servers_page,
    writers,
)
from exposurectl.apply.receipt import Outcome, Result, verdict
from exposurectl.demo.clock import SimulatedClock
from exposurectl.diagnostics import Exit, ExposurectlError
from exposurectl.targets.outcomes import UnsettledError
from plan.building import AS_OF, LEGACY, SSH, WEB_OPEN, WEB_SMALL, group, planned, seen, server
from targets.scripted import Reset, Scripted

if TYPE_CHECKING:
    from exposurectl.demo.emulator import Emulator

replace = msgspec.structs.replace
APPLIED, NOOP, CONFLICT, GONE, FAILED, UNKNOWN, LEFT = Outcome
FIRST = SERVERS[0]
REVOKED = {WEB: "fvgs-another"}


@contextlib.contextmanager
def scripted(*answers: bytes | Reset) -> Iterator[Scripted]:
    """Answer the two listings of the usual group, and then these; the last one repeats."""
    server = Scripted()
    server.answer(server.json(roles_page()), server.json(servers_page(*SERVERS)), *answers)
    try:
        yield server
    finally:
        server.close()


def puts(server: Scripted) -> list[str]:
    return [line for line in server.lines if line.startswith("PUT")]


class Interrupting(SimulatedClock):
    """A clock at which somebody presses Ctrl-C, the first time that anyone waits."""

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        raise KeyboardInterrupt


def test_a_token_that_is_refused_from_the_start_means_no_write_and_no_receipt(tmp_path: Path) -> None:
    with emulated(tokens=REVOKED) as futurevuls:
        with pytest.raises(ExposurectlError) as caught:
            execute(plan_for(futurevuls.url), tmp_path)

        assert futurevuls.writes == ()
    assert (caught.value.exit_code, caught.value.reason) == (Exit.ERROR, "auth")
    assert list(tmp_path.iterdir()) == []


def test_a_token_that_is_revoked_midway_stops_the_run(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        futurevuls = stack.enter_context(emulated())
        after: list[Emulator] = []

        def told(number: int, _result: Result) -> None:
            if number == 2:
                port = int(futurevuls.url.rpartition(":")[2])
                futurevuls.close()
                after.append(stack.enter_context(emulated(tokens=REVOKED, port=port)))

        finished = execute(plan_for(futurevuls.url), tmp_path, told=told)

        assert moves(futurevuls) == MOVES[:2]
        assert len(after[0].statuses) == 1
        assert after[0].servers(REVOKED[WEB]) == SERVERS
    assert outcomes(finished) == [APPLIED, APPLIED, FAILED, LEFT, LEFT]
    assert finished.receipt.results[2].detail == "auth: FutureVuls refused the token"
    assert verdict(finished.receipt) == (Exit.PARTIAL, "auth")
    assert finished.error is not None
    assert finished.error.reason == "auth"


def test_a_token_that_may_not_write_stops_the_run_at_its_first_put(tmp_path: Path) -> None:
    with scripted(Scripted.json({"message": "read only"}, 403)) as server:
        finished = execute(plan_for(server.url), tmp_path)

        assert puts(server) == ["PUT /v1/server/1"]
        assert len(server.lines) == 3
    assert outcomes(finished) == [FAILED, LEFT, LEFT, LEFT, LEFT]
    assert finished.receipt.results[0].detail == "permission: The token lacks the permission"
    assert (finished.receipt.results[0].status, finished.receipt.results[0].attempts) == (403, 1)
    assert verdict(finished.receipt) == (Exit.ERROR, "permission")


def test_five_failures_in_a_row_stop_the_run(tmp_path: Path) -> None:
    with scripted(Scripted.json({"message": "no"}, 422)) as server:
        seven = tuple(replace(FIRST, id=number) for number in range(1, 8))
        server.answer(server.json(roles_page()), server.json(servers_page(*seven)), server.json({"message": "no"}, 422))
        finished = execute(plan_for(server.url, replace(USUAL, servers=seven)), tmp_path)

        assert puts(server) == [f"PUT /v1/server/{number}" for number in range(1, 6)]
    assert outcomes(finished) == [FAILED] * 5 + [LEFT] * 2
    assert {one.detail for one in finished.receipt.results} == {"answered 422: no", ""}
    assert (finished.receipt.stopped, finished.error) == ("failing", None)
    assert verdict(finished.receipt) == (Exit.ERROR, "failing")


def test_a_success_between_failures_keeps_the_run_going(tmp_path: Path) -> None:
    nine = tuple(replace(FIRST, id=number) for number in range(1, 10))
    no = Scripted.json({"message": "no"}, 422)
    fifth = Scripted.json(server_row(nine[4], serverroleId=WEB_OPEN))
    with scripted() as server:
        server.answer(server.json(roles_page()), server.json(servers_page(*nine)), *[no] * 4, fifth, no)
        finished = execute(plan_for(server.url, replace(USUAL, servers=nine)), tmp_path)

    assert outcomes(finished) == [FAILED] * 4 + [APPLIED] + [FAILED] * 4
    assert verdict(finished.receipt) == (Exit.PARTIAL, "partial")


def test_failures_without_an_end_of_the_run_are_an_error_where_nothing_was_written(tmp_path: Path) -> None:
    one = replace(USUAL, servers=SERVERS[:1])
    with scripted() as server:
        no = server.json({"message": "no"}, 422)
        server.answer(server.json(roles_page()), server.json(servers_page(FIRST)), no)
        finished = execute(plan_for(server.url, one), tmp_path)

    assert outcomes(finished) == [FAILED]
    assert (finished.receipt.results[0].status, finished.receipt.results[0].attempts) == (422, 1)
    assert verdict(finished.receipt) == (Exit.ERROR, "failed")


def test_a_server_that_went_while_the_run_went_on_is_gone(tmp_path: Path) -> None:
    with scripted(Scripted.json({"message": "server not found"}, 404)) as server:
        finished = execute(plan_for(server.url), tmp_path)

    assert outcomes(finished) == [GONE] * 5
    assert (finished.receipt.results[0].status, finished.receipt.results[0].attempts) == (404, 1)


@pytest.mark.parametrize(("lost", "status"), [(b"", None), (Scripted.text(502), 502)], ids=["closed", "502"])
def test_a_move_that_nobody_can_read_again_is_unknown_and_the_run_goes_on(
    lost: bytes, status: int | None, tmp_path: Path
) -> None:
    broken = Scripted.json({"message": "oops"}, 500)
    with scripted(lost, broken, broken, broken, Scripted.json(server_row(SERVERS[3], serverroleId=WEB_OPEN))) as server:
        plan = plan_for(server.url, replace(USUAL, servers=(FIRST, SERVERS[3])))
        finished = execute(plan, tmp_path)

    assert outcomes(finished) == [UNKNOWN, APPLIED]
    assert finished.receipt.results[0].detail.endswith("reading it again: answered 500: oops")
    assert (finished.receipt.results[0].status, finished.receipt.results[0].attempts) == (status, 1)
    assert verdict(finished.receipt) == (Exit.PARTIAL, "partial")


@pytest.mark.parametrize(("lost", "status"), [(b"", None), (Scripted.text(502), 502)], ids=["closed", "502"])
def test_a_move_that_was_lost_and_whose_server_somebody_moved_elsewhere_is_a_conflict(
    lost: bytes, status: int | None, tmp_path: Path
) -> None:
    with scripted(lost, Scripted.json(server_row(FIRST, serverroleId=LEGACY))) as server:
        plan = plan_for(server.url, replace(USUAL, servers=(FIRST,)))
        finished = execute(plan, tmp_path)

        assert server.lines[2:] == ["PUT /v1/server/1", "GET /v1/server/1"]
    (result,) = finished.receipt.results
    assert (result.outcome, result.detail) == (CONFLICT, "somebody moved it to role 39 meanwhile")
    assert (result.status, result.attempts) == (status, 1)
    assert verdict(finished.receipt) == (Exit.REFUSED, "conflict")


@pytest.mark.parametrize("lost", [b"", Reset(), Scripted.text(502)], ids=["closed", "reset", "502"])
def test_a_move_whose_reading_is_refused_is_unknown_and_stops_the_run(lost: bytes | Reset, tmp_path: Path) -> None:
    with scripted(lost, Scripted.text(401)) as server:
        finished = execute(plan_for(server.url), tmp_path)

        assert server.lines[2:] == ["PUT /v1/server/1", "GET /v1/server/1"]
    assert outcomes(finished) == [UNKNOWN, LEFT, LEFT, LEFT, LEFT]
    assert finished.receipt.results[0].detail == "auth: FutureVuls refused the token"
    assert verdict(finished.receipt) == (Exit.PARTIAL, "auth")


def test_a_move_that_changed_more_than_the_role_is_unknown_and_stops_the_run(tmp_path: Path) -> None:
    renamed = server_row(FIRST, serverroleId=WEB_OPEN, serverName="renamed")
    with scripted(Scripted.json(renamed)) as server:
        finished = execute(plan_for(server.url), tmp_path)

        assert puts(server) == ["PUT /v1/server/1"]
    assert outcomes(finished) == [UNKNOWN, LEFT, LEFT, LEFT, LEFT]
    assert finished.receipt.results[0].detail == "field-changed: More than the role changed"
    assert verdict(finished.receipt) == (Exit.PARTIAL, "field-changed")


def test_a_move_over_which_tls_broke_is_not_called_failed() -> None:
    with scripted() as server:
        url = server.url.replace("http://", "https://")
        target = writers(plan_for(server.url), url, a_clock())[WEB]

        with pytest.raises(UnsettledError) as caught:
            target.move(FIRST, WEB_OPEN)

    assert caught.value.reason == "tls"


@pytest.mark.parametrize(
    ("status", "body"), [(200, "Authorization failed"), (401, ""), (403, '{"message": "no"}'), (307, "")]
)
def test_a_move_that_a_reply_refused_is_failed(status: int, body: str, tmp_path: Path) -> None:
    with scripted(Scripted.text(status, body)) as server:
        finished = execute(plan_for(server.url), tmp_path)

    assert outcomes(finished) == [FAILED, LEFT, LEFT, LEFT, LEFT]
    assert verdict(finished.receipt)[0] is Exit.ERROR


@pytest.mark.parametrize("at", [1, 2, 3, 4, 5])
def test_a_run_that_is_interrupted_between_changes_says_what_it_did(at: int, tmp_path: Path) -> None:
    def told(number: int, _result: Result) -> None:
        if number == at:
            raise KeyboardInterrupt

    with emulated() as futurevuls:
        plan = plan_for(futurevuls.url)
        with pytest.raises(KeyboardInterrupt):
            execute(plan, tmp_path, told=told)
        first = on_disk(tmp_path / "receipt.json")
        done = len(futurevuls.writes)

        finished = execute(plan, tmp_path)

        assert moves(futurevuls) == MOVES
    assert (first["outcomes"]["applied"], first["outcomes"]["not-attempted"], done) == (at, 5 - at, at)
    assert (first["stopped"], first["ended_at"]) == ("interrupted", "2026-11-23T03:00:00Z")
    assert outcomes(finished) == [NOOP] * at + [APPLIED] * (5 - at)
    assert verdict(finished.receipt) == (Exit.DONE, "")


def test_a_change_that_waits_for_its_turn_when_the_run_is_interrupted_is_not_attempted(tmp_path: Path) -> None:
    with emulated() as futurevuls:
        plan = plan_for(futurevuls.url)
        with pytest.raises(KeyboardInterrupt):
            execute(plan, tmp_path, clock=Interrupting(AS_OF), per_minute=20)
        first = on_disk(tmp_path / "receipt.json")

        finished = execute(plan, tmp_path)

        assert moves(futurevuls) == MOVES
    assert [one["outcome"] for one in first["results"]] == ["applied"] * 3 + ["not-attempted"] * 2
    assert (first["stopped"], first["ended_at"]) == ("interrupted", "2026-11-23T03:00:06Z")
    assert outcomes(finished) == [NOOP] * 3 + [APPLIED] * 2


def test_a_change_whose_request_was_sent_when_the_run_is_interrupted_is_unknown(tmp_path: Path) -> None:
    with scripted(Scripted.text(502)) as server:
        with pytest.raises(KeyboardInterrupt):
            execute(plan_for(server.url), tmp_path, clock=Interrupting(AS_OF))

        assert puts(server) == ["PUT /v1/server/1"]
    receipt = on_disk(tmp_path / "receipt.json")
    assert [one["outcome"] for one in receipt["results"]] == ["unknown"] + ["not-attempted"] * 4
    assert receipt["results"][0]["detail"] == "stopped while the request was under way"
    assert receipt["stopped"] == "interrupted"


def test_a_run_that_is_interrupted_while_it_lists_leaves_no_receipt(tmp_path: Path) -> None:
    with scripted(Scripted.text(200)) as server:
        server.answer(server.text(502))
        with pytest.raises(KeyboardInterrupt):
            execute(plan_for(server.url), tmp_path, clock=Interrupting(AS_OF))

    assert list(tmp_path.iterdir()) == []


def test_a_plan_of_another_token_moves_nothing(tmp_path: Path) -> None:
    other = group(server(1, "i-a", WEB_SMALL), name=WEB, roles=())
    with emulated(other) as futurevuls:
        plan = planned(seen("i-a", SSH), servers=(server(1, "i-a", WEB_SMALL),))
        with pytest.raises(ExposurectlError) as caught:
            execute(plan, tmp_path, url=futurevuls.url)

        assert futurevuls.writes == ()
    assert caught.value.reason == "role-changed"


def test_the_tokens_stand_in_no_receipt(tmp_path: Path) -> None:
    with scripted(Scripted.text(401, TOKENS[WEB])) as server:
        execute(plan_for(server.url), tmp_path)

    assert TOKENS[WEB] not in (tmp_path / "receipt.json").read_text()
