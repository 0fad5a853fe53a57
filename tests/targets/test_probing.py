"""Whether a role has the exposure that its name claims: what a task proves, and what proves nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.emulator import Emulator
from exposurectl.diagnostics import ExposurectlError
from exposurectl.model import Exposure, Group, Role, Server
from exposurectl.targets.moving import FutureVulsWriter
from exposurectl.targets.pacing import Pace
from exposurectl.targets.probing import FutureVulsProbe, Match, Mismatch, Unknown
from exposurectl.targets.scans import FutureVulsScanner
from exposurectl.targets.tasks import plain
from exposurectl.targets.token import Token
from targets.scripted import CANARY, Scripted

OPEN = Role(id=5, name="web-open")
SMALL = Role(id=6, name="web-small")
LIST, DETAIL = "GET /v1/tasks?filterRoleID=5&limit=20", "GET /v1/task/71"
SCANNED = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)


@pytest.fixture
def probe(scripted: Scripted, clock: SimulatedClock) -> FutureVulsProbe:
    return probe_of(scripted.url, clock)


def probe_of(url: str, clock: SimulatedClock, token: str = CANARY) -> FutureVulsProbe:
    pace = Pace(600_000, clock, burst=10_000)
    return FutureVulsProbe(url, Token(token), group="prod", clock=clock, pace=pace, jitter=lambda _: 0.0)


def task(number: int = 71, *, role: int = 5, server: int = 7, at: str = "2026-11-01T10:00:00Z", **more: Any) -> Any:
    embedded = {"id": server, "serverroleId": role, "lastScannedAt": at}
    return {"id": number, "serverID": server, "ssvcPriority": "immediate", "server": embedded, **more}


def detail(exposure: object = "open", number: int = 71, *, role: int = 5, server: int = 7) -> Any:
    return {**task(number, role=role, server=server), "ssvcDecisionPointExposure": exposure}


def test_a_task_with_the_expected_exposure_is_a_match(scripted: Scripted, probe: FutureVulsProbe) -> None:
    scripted.answer(scripted.json({"tasks": [task()]}), scripted.json(detail()))

    assert probe.probe(OPEN, Exposure.OPEN, {7}) == Match(task=71, server=7, scanned_at=SCANNED)
    assert scripted.lines == [LIST, DETAIL]


def test_a_task_with_another_exposure_is_a_mismatch(scripted: Scripted, probe: FutureVulsProbe) -> None:
    scripted.answer(scripted.json({"tasks": [task()]}), scripted.json(detail("controlled")))

    verdict = probe.probe(OPEN, Exposure.OPEN, {7})

    assert verdict == Mismatch(shown=Exposure.CONTROLLED, task=71, server=7, scanned_at=SCANNED)


@pytest.mark.parametrize("word", ["open", "Open", "OPEN", " open", "o-p_e n"])
def test_an_exposure_is_read_however_it_is_spelled(scripted: Scripted, probe: FutureVulsProbe, word: str) -> None:
    scripted.answer(scripted.json({"tasks": [task()]}), scripted.json(detail(word)))

    assert isinstance(probe.probe(OPEN, Exposure.OPEN, {7}), Match)


@pytest.mark.parametrize("word", ["out of cycle", "Out-of-Cycle", "OutOfCycle", "out_of_cycle"])
def test_the_vendors_spellings_are_one_word(word: str) -> None:
    assert plain(word) == "outofcycle"


def test_a_role_without_servers_is_not_asked_about(scripted: Scripted, probe: FutureVulsProbe) -> None:
    assert probe.probe(OPEN, Exposure.OPEN, ()) == Unknown(why="no server is in it, so no task shows its exposure")
    assert scripted.requests == []


NOT_OF_THE_ROLE = {
    "another role": task(role=9),
    "another server": task(server=8),
    "a role by itself": task(roleID=9),
    "two servers": task(serverID=1),
    "no server": {"id": 71, "ssvcPriority": "immediate"},
    "a server that is no number": {"id": 71, "serverID": "7", "ssvcPriority": "immediate"},
    "a server that is true": {"id": 71, "serverID": True, "ssvcPriority": "immediate"},
}


@pytest.mark.parametrize("row", NOT_OF_THE_ROLE.values(), ids=list(NOT_OF_THE_ROLE))
def test_a_filter_that_is_ignored_proves_nothing(scripted: Scripted, probe: FutureVulsProbe, row: Any) -> None:
    scripted.answer(scripted.json({"tasks": [row]}))

    assert probe.probe(OPEN, Exposure.OPEN, {1, 7}) == Unknown(why="no task that came back is its own")
    assert scripted.lines == [LIST]


@pytest.mark.parametrize(
    "row",
    [
        {"id": 71, "serverID": 7, "ssvcPriority": "immediate"},
        {"id": 71, "serverID": 7, "ssvcPriority": "immediate", "roleID": 5},
        {"id": 71, "serverId": 7, "ssvcPriority": "immediate", "server": None},
        {"id": 71, "ssvcPriority": "immediate", "server": {"id": 7, "serverroleID": 5}},
    ],
)
def test_a_row_that_says_little_is_enough(scripted: Scripted, probe: FutureVulsProbe, row: Any) -> None:
    scripted.answer(scripted.json({"tasks": [row]}), scripted.json({"id": 71, "ssvcDecisionPointExposure": "open"}))

    assert probe.probe(OPEN, Exposure.OPEN, {7}) == Match(task=71, server=7, scanned_at=None)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([], "none of its servers has an open task"),
        ([7, None, {}, {"id": "71"}, {"id": True}], "none of its servers has an open task"),
        ([task(ssvcPriority="")], "its tasks have no SSVC priority: SSVC is off, or no scan has derived one yet"),
        ([task(ssvcPriority=None)], "its tasks have no SSVC priority: SSVC is off, or no scan has derived one yet"),
    ],
)
def test_tasks_that_show_nothing_leave_it_unknown(
    scripted: Scripted, probe: FutureVulsProbe, rows: list[Any], why: str
) -> None:
    scripted.answer(scripted.json({"tasks": rows}))

    assert probe.probe(OPEN, Exposure.OPEN, {7}) == Unknown(why=why)


def test_an_empty_list_may_lack_its_key(scripted: Scripted, probe: FutureVulsProbe) -> None:
    scripted.answer(scripted.json({"paging": {}}))

    assert probe.probe(OPEN, Exposure.OPEN, {7}) == Unknown(why="none of its servers has an open task")


def test_a_server_that_has_moved_since_its_scan_is_passed_over(scripted: Scripted, probe: FutureVulsProbe) -> None:
    scripted.answer(scripted.json({"tasks": [task()]}))

    verdict = probe.probe(OPEN, Exposure.OPEN, {7}, moved={7: SCANNED})

    assert verdict == Unknown(why="none of its servers was scanned since it moved there")


@pytest.mark.parametrize("at", ["", "soon", None, "0001-01-01T00:00:00Z"])
def test_a_server_that_moved_and_may_never_have_been_scanned_is_passed_over(
    scripted: Scripted, probe: FutureVulsProbe, at: Any
) -> None:
    scripted.answer(scripted.json({"tasks": [task(at=at)]}))

    assert isinstance(probe.probe(OPEN, Exposure.OPEN, {7}, moved={7: SCANNED}), Unknown)


def test_a_server_that_was_scanned_after_its_move_counts(scripted: Scripted, probe: FutureVulsProbe) -> None:
    scripted.answer(scripted.json({"tasks": [task()]}), scripted.json(detail()))

    assert isinstance(probe.probe(OPEN, Exposure.OPEN, {7}, moved={7: SCANNED - timedelta(seconds=1)}), Match)


def test_of_several_servers_the_one_scanned_last_is_asked_about(scripted: Scripted, probe: FutureVulsProbe) -> None:
    rows = [
        task(11, server=1, at="2026-11-01T09:00:00Z"),
        task(72, at="2026-11-01T10:00:00"),
        task(71),
        task(81, server=8, at=""),
    ]
    scripted.answer(scripted.json({"tasks": rows}), scripted.json(detail()))

    probe.probe(OPEN, Exposure.OPEN, {1, 7, 8})

    assert scripted.lines == [LIST, DETAIL]


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (detail(number=72), "GET /v1/task/71: answered with something that is not this task"),
        ([], "GET /v1/task/71: answered with something that is not this task"),
        ({}, "GET /v1/task/71: answered with something that is not this task"),
        ({"message": "no"}, "GET /v1/task/71: answered with an error: no"),
        (detail(role=9), "task 71 is of another server or role than its row says"),
        (detail(server=8), "task 71 is of another server or role than its row says"),
        (detail(None), "task 71 has an SSVC priority and no exposure"),
        (detail(5), "task 71 has an SSVC priority and no exposure"),
        (detail(""), "task 71 has an SSVC priority and no exposure"),
        (detail("public"), "task 71 shows the exposure `public`, which is none of SSVC's"),
        (detail("x" * 99), f"task 71 shows the exposure `{'x' * 40}`, which is none of SSVC's"),
    ],
)
def test_a_detail_that_proves_nothing_leaves_it_unknown(
    scripted: Scripted, probe: FutureVulsProbe, reply: Any, why: str
) -> None:
    scripted.answer(scripted.json({"tasks": [task()]}), scripted.json(reply))

    assert probe.probe(OPEN, Exposure.OPEN, {7}) == Unknown(why=why)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ((404, "{}"), "answered 404"),
        ((500, '{"message": "boom"}'), "answered 500: boom"),
        ((503, ""), "answered 503 without a body"),
        ((400, "{}"), "answered 400: {}"),
        ((200, "[]"), "answered with something that is no list of tasks"),
        ((200, '{"tasks": 5}'), "answered with something that is no list of tasks"),
        ((200, '{"message": "boom"}'), "answered with an error: boom"),
        ((200, '{"id": '), "the reply was cut or garbled"),
    ],
)
def test_trouble_with_one_request_leaves_it_unknown(
    scripted: Scripted, probe: FutureVulsProbe, reply: tuple[int, str], why: str
) -> None:
    scripted.answer(scripted.text(*reply))

    assert probe.probe(OPEN, Exposure.OPEN, {7}) == Unknown(why=f"{LIST}: {why}")


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [(401, "", "auth"), (200, "Authorization failed", "auth"), (403, "{}", "permission"), (302, "", "redirect")],
)
@pytest.mark.parametrize("first", [True, False])
def test_trouble_that_every_request_would_meet_is_an_error(
    scripted: Scripted, probe: FutureVulsProbe, *, status: int, body: str, reason: str, first: bool
) -> None:
    scripted.answer(*([] if first else [scripted.json({"tasks": [task()]})]), scripted.text(status, body))

    with pytest.raises(ExposurectlError) as caught:
        probe.probe(OPEN, Exposure.OPEN, {7})

    assert caught.value.reason == reason
    request = LIST if first else DETAIL
    assert caught.value.problems[0].detail.startswith(f"Group `prod`, {request}: answered ")


def test_servers_come_with_their_operating_systems(scripted: Scripted, probe: FutureVulsProbe) -> None:
    rows = [{"id": number, "serverroleId": 3, "platformInstanceId": "", "osFamily": system}
            for number, system in ((9, "pseudo"), (7, None), (8, 5))]  # fmt: skip
    scripted.answer(scripted.json({"servers": rows}))

    found = probe.servers_by_system()

    assert [(server.id, system) for server, system in found] == [(7, ""), (8, ""), (9, "pseudo")]


def test_a_probe_can_neither_move_nor_scan() -> None:
    assert not hasattr(FutureVulsProbe, "move")
    assert not hasattr(FutureVulsProbe, "scan")
    assert not hasattr(FutureVulsScanner, "move")


TOKEN = "fvgs-demo"
GROUP = Group(
    name="prod",
    servers=(
        Server(id=7, uuid="", name="web", role=5, instance="i-07"),
        Server(id=8, uuid="", name="db", role=6, instance="i-08"),
    ),
    roles=(OPEN, SMALL),
)


@pytest.fixture
def emulator(clock: SimulatedClock) -> Iterator[Emulator]:
    with Emulator({TOKEN: GROUP}, clock=clock) as running:
        running.expose(TOKEN, {5: "open", 6: "small"})
        yield running


def test_two_requests_settle_a_role(emulator: Emulator, clock: SimulatedClock) -> None:
    probe = probe_of(emulator.url, clock, TOKEN)

    assert isinstance(probe.probe(OPEN, Exposure.OPEN, {7}), Match)
    assert probe.requests == 2
    assert isinstance(probe.probe(SMALL, Exposure.SMALL, {8}), Match)
    assert emulator.writes == ()


def test_a_role_that_nobody_configured_has_the_groups_exposure(emulator: Emulator, clock: SimulatedClock) -> None:
    emulator.expose(TOKEN, {6: "small"})

    verdict = probe_of(emulator.url, clock, TOKEN).probe(OPEN, Exposure.OPEN, {7})

    assert isinstance(verdict, Mismatch)
    assert verdict.shown is Exposure.CONTROLLED


def test_a_server_that_moved_lately_proves_nothing_until_it_is_scanned(
    emulator: Emulator, clock: SimulatedClock
) -> None:
    pace = Pace(600_000, clock, burst=10_000)
    writer = FutureVulsWriter(emulator.url, Token(TOKEN), group="prod", clock=clock, pace=pace, jitter=lambda _: 0.0)
    scanner = FutureVulsScanner(emulator.url, Token(TOKEN), group="prod", clock=clock, pace=pace, jitter=lambda _: 0.0)
    probe = probe_of(emulator.url, clock, TOKEN)
    writer.move(GROUP.servers[1], OPEN.id)
    moved = {8: clock.now()}

    before = probe.probe(OPEN, Exposure.OPEN, {8}, moved=moved)
    unaware = probe.probe(OPEN, Exposure.OPEN, {8})
    clock.sleep(60)
    scanner.scan(8)
    after = probe.probe(OPEN, Exposure.OPEN, {8}, moved=moved)

    assert before == Unknown(why="none of its servers was scanned since it moved there")
    assert isinstance(unaware, Mismatch)
    assert isinstance(after, Match)
