"""Plans to apply, the FutureVuls to apply them to, and one run from beginning to end."""

import contextlib
import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from exposurectl.apply.journal import NAME
from exposurectl.apply.receipt import Outcome, Result, begin
from exposurectl.apply.receipt_file import ReceiptFile
from exposurectl.apply.run import Finished, Run, run_plan
from exposurectl.clock import Clock
from exposurectl.config import Settings
from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.emulator import Emulator
from exposurectl.demo.ledger import Heard
from exposurectl.model import Group, Server
from exposurectl.plan.model import Plan
from exposurectl.targets.moving import FutureVulsWriter
from exposurectl.targets.pacing import Pace
from exposurectl.targets.token import Token
from plan.building import (
    AS_OF,
    DEFAULT,
    SSH,
    WEB_CONTROLLED,
    WEB_OPEN,
    WEB_SMALL,
    group,
    group_settings,
    planned,
    seen,
    server,
    settings,
)

URL = "https://rest.vuls.biz"
WEB, DATA = "web-platform", "data-platform"
TOKENS = {WEB: "fvgs-web", DATA: "fvgs-data"}
EVIDENCE = (seen("i-open", SSH), seen("i-small"))
SERVERS = (
    server(1, "i-open", WEB_SMALL),
    server(2, "i-small", WEB_OPEN),
    server(3, "i-open", DEFAULT),
    server(4, "i-open", WEB_CONTROLLED),
    server(5, "i-small", WEB_CONTROLLED),
    server(6, "i-open", WEB_OPEN),
)
"""Two to raise (1, 4), one that joins (3), two to lower (2, 5), and one that is where it belongs (6)."""
MOVES = (
    ("/v1/server/1", WEB_OPEN),
    ("/v1/server/4", WEB_OPEN),
    ("/v1/server/3", WEB_OPEN),
    ("/v1/server/2", WEB_SMALL),
    ("/v1/server/5", WEB_SMALL),
)
"""What applying the usual plan does, in its order."""
USUAL = group(*SERVERS)


def a_clock() -> SimulatedClock:
    return SimulatedClock(AS_OF)


def settings_for(url: str = URL, *names: str, **others: Any) -> Settings:
    groups = tuple(group_settings(name, joins="web") for name in names or (WEB,))
    return msgspec.structs.replace(settings(*groups, **others), url=url)


def plan_for(url: str = URL, *groups: Group) -> Plan:
    """Return the plan that puts every server of the groups where it belongs."""
    groups = groups or (USUAL,)
    return planned(*EVIDENCE, groups=groups, settings=settings_for(url, *(one.name for one in groups)))


@contextlib.contextmanager
def emulated(
    *groups: Group,
    tokens: Mapping[str, str] = TOKENS,
    clock: Clock | None = None,
    port: int = 0,
    per_minute: int | None = None,
    heard: Heard = lambda _token, _method, _path: None,
) -> Iterator[Emulator]:
    """Serve the groups, the usual one where none is given, each to its own token."""
    by_token = {tokens[one.name]: one for one in groups or (USUAL,)}
    with Emulator(by_token, clock=clock or a_clock(), port=port, per_minute=per_minute, heard=heard) as running:
        yield running


def writers(plan: Plan, url: str, clock: SimulatedClock, per_minute: float = 600_000) -> dict[str, FutureVulsWriter]:
    return {
        name: FutureVulsWriter(
            url,
            Token(TOKENS[name]),
            group=name,
            clock=clock,
            pace=Pace(per_minute, clock, burst=5 if per_minute < 600 else 10_000),
            jitter=lambda ceiling: ceiling,
        )
        for name in (one.name for one in plan.target.groups)
    }


def nobody(_number: int, _result: Result) -> None:
    """Be told, and do nothing."""


def execute(
    plan: Plan,
    directory: Path,
    *,
    url: str = "",
    clock: SimulatedClock | None = None,
    told: Callable[[int, Result], None] = nobody,
    per_minute: float = 600_000,
    longest: timedelta = timedelta(hours=5),
    receipt: Path | None = None,
) -> Finished:
    """Run a plan from beginning to end, with its receipt in a directory unless it is named."""
    clock = clock or a_clock()
    run = Run(
        plan=plan,
        targets=writers(plan, url or plan.target.url, clock, per_minute),
        clock=clock,
        journal=directory / NAME,
        file=lambda: ReceiptFile(receipt) if receipt else ReceiptFile.beside(directory / "plan.json"),
        told=told,
        longest=longest,
    )
    finished = run_plan(run, begin(plan, actor="alice", run="https://github.example/run/1", now=clock.now()))
    if finished.interrupt:
        raise finished.interrupt
    return finished


def outcomes(finished: Finished) -> list[Outcome]:
    return [result.outcome for result in finished.receipt.results]


def moves(emulator: Emulator, since: int = 0) -> tuple[tuple[str, int], ...]:
    """Return every PUT that reached the emulator: its path and the role asked for. Nothing else may be asked for."""
    found = []
    for method, path, body in emulator.writes[since:]:
        assert method == "PUT"
        (member,) = json.loads(body).items()
        assert member[0] == "roleID"
        found.append((path, member[1]))
    return tuple(found)


def roles(emulator: Emulator, name: str = WEB) -> dict[int, int]:
    """Return the role of each server as it is now."""
    return {one.id: one.role for one in emulator.servers(TOKENS[name])}


def move_by_hand(url: str, number: int, role: int, name: str = WEB) -> None:
    """Move a server as a person would, beside exposurectl."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
    body = json.dumps({"roleID": role})
    connection.request("PUT", f"/v1/server/{number}", body=body, headers={"Authorization": TOKENS[name]})
    assert connection.getresponse().status == 200
    connection.close()


def on_disk(path: Path) -> dict[str, Any]:
    """Return a receipt as the file has it. Whatever happened, it is whole and adds up."""
    receipt: dict[str, Any] = json.loads(path.read_bytes())
    assert sum(receipt["outcomes"].values()) == len(receipt["results"])
    for outcome, count in receipt["outcomes"].items():
        assert count == sum(result["outcome"] == outcome for result in receipt["results"])
    return receipt


def servers_page(*servers: Server) -> dict[str, Any]:
    """Return what FutureVuls answers to a list of servers."""
    return {
        "paging": {"totalCount": len(servers), "totalPage": 1},
        "servers": [server_row(one) for one in servers],
    }


def server_row(of: Server, **others: Any) -> dict[str, Any]:
    return {
        "id": of.id,
        "serverUuid": of.uuid,
        "serverName": of.name,
        "serverroleId": of.role,
        "platformInstanceId": of.instance,
        **others,
    }


def roles_page(of: Group = USUAL) -> dict[str, Any]:
    rows = [{"id": role.id, "name": role.name, "isDefault": role.is_default} for role in of.roles]
    return {"paging": {"totalCount": len(rows), "totalPage": 1}, "roles": rows}
