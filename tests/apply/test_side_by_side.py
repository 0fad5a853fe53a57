"""Groups side by side, each at its token's pace, and the look before each lowering."""

import threading
import time
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from apply.acting import (
    DATA,
    EVIDENCE,
    TOKENS,
    USUAL,
    WEB,
    a_clock,
    emulated,
    execute,
    move_by_hand,
    moves,
    on_disk,
    outcomes,
    plan_for,
    roles,
    roles_page,
    server_row,
    servers_page,
    settings_for,
)
from exposurectl.apply.journal import NAME, Journal
from exposurectl.apply.ledger import Ledger
from exposurectl.apply.receipt import Outcome, Result, begin, verdict
from exposurectl.demo.ledger import Rights
from exposurectl.diagnostics import Exit
from exposurectl.plan.model import Plan
from exposurectl.targets.pacing import Pace
from plan.building import AS_OF, LEGACY, WEB_OPEN, WEB_SMALL, group, planned, server
from targets.scripted import serving

replace = msgspec.structs.replace
APPLIED, NOOP, CONFLICT, GONE, FAILED, UNKNOWN, LEFT = Outcome
OTHER = replace(USUAL, name=DATA)


def lowering(url: str) -> Plan:
    """Return a plan that lowers server 2 and nothing else."""
    return planned(*EVIDENCE, groups=(group(server(2, "i-small", WEB_OPEN)),), settings=settings_for(url))


def test_no_group_waits_for_another(tmp_path: Path) -> None:
    both = threading.Barrier(2, timeout=10)
    waited: set[str] = set()

    def heard(token: str, method: str, _path: str) -> None:
        """Let the first move of each group through only when the other's has come too."""
        if method == "PUT" and token not in waited:
            waited.add(token)
            both.wait()

    with emulated(USUAL, OTHER, heard=heard) as futurevuls:
        finished = execute(plan_for(futurevuls.url, USUAL, OTHER), tmp_path)

    assert outcomes(finished) == [APPLIED] * 10
    assert waited == {TOKENS[WEB], TOKENS[DATA]}


def test_a_group_whose_token_is_revoked_stops_every_group(tmp_path: Path) -> None:
    many = tuple(server(number, "i-open", WEB_SMALL) for number in range(1, 8))
    web, data = replace(USUAL, servers=many), replace(OTHER, servers=many)
    both = threading.Barrier(2, timeout=10)

    def heard(token: str, method: str, path: str) -> None:
        """Revoke one token while the other group is at its third move, which takes longer."""
        if method == "PUT" and (token, path) in {(TOKENS[DATA], "/v1/server/2"), (TOKENS[WEB], "/v1/server/3")}:
            both.wait()
            if token == TOKENS[DATA]:
                futurevuls.permit(token, Rights(read=False))
            else:
                time.sleep(0.2)

    with emulated(web, data, heard=heard) as futurevuls:
        finished = execute(plan_for(futurevuls.url, web, data), tmp_path)

        found = {name: [one.outcome for one in finished.receipt.results if one.group == name] for name in (WEB, DATA)}
        assert len(moves(futurevuls)) == 3 + 2
    assert finished.receipt.stopped == "auth"
    assert found == {WEB: [APPLIED] * 3 + [LEFT] * 4, DATA: [APPLIED, FAILED] + [LEFT] * 5}


def test_all_groups_together_keep_the_limit_of_one_address() -> None:
    clock = a_clock()
    address = Pace(200, clock, burst=200)
    paces = [Pace(20, clock, within=address) for _ in range(15)]

    sent = []
    while clock.monotonic() < 600:
        for pace in paces:
            pace.take()
            sent.append(clock.monotonic())

    in_any_minute = max(sum(1 for one in sent if start <= one < start + 60) for start in sent)
    assert in_any_minute <= 200


def test_a_server_is_read_again_just_before_it_is_lowered(tmp_path: Path) -> None:
    with serving() as scripted:
        now = server_row(server(2, "i-small", WEB_OPEN))
        scripted.answer(
            scripted.json(roles_page()),
            scripted.json(servers_page(server(2, "i-small", WEB_OPEN))),
            scripted.json(now),
            scripted.json({**now, "serverroleId": WEB_SMALL}),
        )
        finished = execute(lowering(scripted.url), tmp_path)

        assert scripted.lines[2:] == ["GET /v1/server/2", "PUT /v1/server/2"]
    assert outcomes(finished) == [APPLIED]


@pytest.mark.parametrize(
    ("now", "outcome", "detail"),
    [
        ({"serverroleId": LEGACY}, CONFLICT, f"somebody moved it to role {LEGACY} since the plan was made"),
        ({"serverroleId": WEB_SMALL}, NOOP, "there already"),
        (None, GONE, "FutureVuls has this server no longer"),
    ],
)
def test_a_server_that_moved_since_the_listing_is_not_lowered(
    now: dict[str, int] | None, outcome: Outcome, detail: str, tmp_path: Path
) -> None:
    row = server_row(server(2, "i-small", WEB_OPEN))
    with serving() as scripted:
        scripted.answer(
            scripted.json(roles_page()),
            scripted.json(servers_page(server(2, "i-small", WEB_OPEN))),
            scripted.json({**row, **now}) if now else scripted.json({"message": "gone"}, 404),
        )
        finished = execute(lowering(scripted.url), tmp_path)

        assert [line for line in scripted.lines if line.startswith("PUT")] == []
    assert outcomes(finished) == [outcome]
    assert finished.receipt.results[0].detail == detail


def test_a_server_that_cannot_be_read_again_is_not_lowered(tmp_path: Path) -> None:
    with serving() as scripted:
        scripted.answer(
            scripted.json(roles_page()),
            scripted.json(servers_page(server(2, "i-small", WEB_OPEN))),
            scripted.json({"message": "oops"}, 500),
        )
        finished = execute(lowering(scripted.url), tmp_path)

        assert [line for line in scripted.lines if line.startswith("PUT")] == []
    assert outcomes(finished) == [FAILED]
    assert finished.receipt.results[0].detail == "reading it again: answered 500: oops"
    assert (finished.receipt.results[0].status, finished.receipt.results[0].attempts) == (500, 0)


def test_a_token_that_is_refused_before_a_lowering_stops_the_run_and_the_change_failed(tmp_path: Path) -> None:
    many = (server(2, "i-small", WEB_OPEN), server(3, "i-small", WEB_OPEN))
    with serving() as scripted:
        plan = planned(*EVIDENCE, groups=(group(*many),), settings=settings_for(scripted.url))
        scripted.answer(
            scripted.json(roles_page()), scripted.json(servers_page(*many)), scripted.text(401, "no such token")
        )
        finished = execute(plan, tmp_path)

        assert scripted.lines[2:] == ["GET /v1/server/2"]
    assert outcomes(finished) == [FAILED, LEFT]
    assert finished.receipt.results[0].detail == "auth: FutureVuls refused the token"
    assert (finished.receipt.results[0].status, finished.receipt.results[0].attempts) == (None, 0)
    assert finished.receipt.stopped == "auth"
    assert finished.error is not None
    assert finished.error.reason == "auth"


def test_pacing_does_not_fall_between_the_look_and_the_lowering(tmp_path: Path) -> None:
    clock = a_clock()
    moments: list[tuple[str, float]] = []

    def heard(_token: str, method: str, path: str) -> None:
        if path.startswith("/v1/server/"):
            moments.append((method, clock.monotonic()))

    many = group(*(server(number, "i-small", WEB_OPEN) for number in range(1, 31)))
    with emulated(many, clock=clock, heard=heard) as futurevuls:
        plan = planned(*EVIDENCE, groups=(many,), settings=settings_for(futurevuls.url))
        finished = execute(plan, tmp_path, clock=clock, per_minute=20)

    assert outcomes(finished) == [APPLIED] * 30
    assert [kind for kind, _ in moments] == ["GET", "PUT"] * 30
    assert {put - get for (_, get), (_, put) in zip(moments[::2], moments[1::2], strict=True)} == {0.0}


def test_an_edit_between_listing_and_lowering_is_not_overwritten(tmp_path: Path) -> None:
    with emulated() as futurevuls:
        plan = plan_for(futurevuls.url)

        def told(number: int, _result: Result) -> None:
            if number == 3:
                move_by_hand(futurevuls.url, 2, LEGACY)

        finished = execute(plan, tmp_path, told=told)

        assert roles(futurevuls)[2] == LEGACY
        assert ("/v1/server/2", WEB_SMALL) not in moves(futurevuls)
    assert outcomes(finished) == [APPLIED, APPLIED, APPLIED, CONFLICT, APPLIED]


def test_a_run_that_lasts_as_long_as_it_may_ends_to_be_gone_on_with(tmp_path: Path) -> None:
    clock = a_clock()
    with emulated(clock=clock) as futurevuls:
        finished = execute(plan_for(futurevuls.url), tmp_path, clock=clock, per_minute=20, longest=timedelta(seconds=4))

    assert outcomes(finished) == [APPLIED] * 3 + [APPLIED, LEFT]
    assert finished.receipt.stopped == "time-limit"
    assert on_disk(tmp_path / "receipt.json")["stopped"] == "time-limit"


def test_what_breaks_one_group_stops_the_others_and_is_kept_with_what_was_done(tmp_path: Path) -> None:
    """A bug is no reason to lose what was done: the receipt is closed, and nothing is sent any more."""
    first, broken = threading.Event(), threading.Event()

    def heard(token: str, method: str, _path: str) -> None:
        """Hold the first move of one group until the other group has broken, or is done as if it had not."""
        if method == "PUT" and token == TOKENS[WEB]:
            first.set()
            broken.wait(timeout=10)
        elif method == "PUT":
            first.wait(timeout=10)

    def told(_number: int, result: Result) -> None:
        if result.group == DATA:
            broken.set()
            raise ValueError("not to be told")

    with emulated(USUAL, OTHER, heard=heard) as futurevuls:
        plan = plan_for(futurevuls.url, USUAL, OTHER)
        with pytest.raises(ValueError, match="not to be told"):
            execute(plan, tmp_path, told=told)
        done = len(futurevuls.writes)

        receipt = on_disk(tmp_path / "receipt.json")
        assert (receipt["stopped"], receipt["outcomes"]["applied"]) == ("bug", done)
        assert done < 10

        assert verdict(execute(plan, tmp_path).receipt) == (Exit.DONE, "")
        assert len(futurevuls.writes) == 10


def test_a_reader_that_is_stuck_keeps_nobody_from_stopping_the_run(tmp_path: Path) -> None:
    plan, read, stuck = plan_for(), threading.Event(), threading.Event()
    journal = Journal.open(tmp_path / NAME, plan)

    def told(_number: int, _result: Result) -> None:
        stuck.set()
        read.wait(timeout=60)

    ledger = Ledger(begin(plan, actor="", run="", now=AS_OF), journal, a_clock(), longest=timedelta(1), told=told)
    result = replace(ledger_result(plan), outcome=APPLIED)
    thread = threading.Thread(target=ledger.settle, args=(0, result))
    thread.start()
    stuck.wait(timeout=10)

    stopping = threading.Thread(target=ledger.stop, args=("interrupted",))
    stopping.start()
    stopping.join(timeout=20)
    was_stopped = not stopping.is_alive()
    read.set()
    thread.join(timeout=60)
    journal.close()

    assert was_stopped
    assert (ledger.close().stopped, ledger.close().results[0].outcome) == ("interrupted", APPLIED)


def ledger_result(plan: Plan) -> Result:
    """Return the result of the first change, as it is before anybody attempts it."""
    return begin(plan, actor="", run="", now=AS_OF).results[0]
