"""The emulator: the documented shapes, the known oddities, and nothing that a server must not do."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.emulator import Emulator
from exposurectl.demo.ledger import Rights
from exposurectl.model import Group, Role, Server

DOCUMENT = Path(__file__).parents[1] / "fixtures" / "futurevuls-openapi.yaml"
CONTRACT = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
SUPPORTED = [
    "getHealth",
    "listServers",
    "getServer",
    "updateServer",
    "scanServer",
    "listRoles",
    "getRole",
    "listTasks",
    "getTask",
]
TOKEN = "fvgs-demo"
PROD = Group(
    name="prod",
    servers=tuple(
        Server(
            id=n,
            uuid="",
            name=f"web-{n}",
            role=1 + n % 2,
            instance=f"i-{n:017x}" if n % 3 else "",
            default_user=4 if n % 5 == 0 else None,
        )
        for n in range(1, 31)
    ),
    roles=(Role(id=1, name="default", is_default=True), Role(id=2, name="open"), Role(id=3, name="unused")),
)
EMPTY = Group(name="empty", servers=(), roles=())


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def value(self) -> Any:
        return json.loads(self.body)


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC))


@pytest.fixture
def emulator(clock: SimulatedClock) -> Iterator[Emulator]:
    with Emulator({TOKEN: PROD, "fvgs-empty": EMPTY}, clock=clock) as running:
        yield running


def ask(
    emulator: Emulator, method: str, path: str, body: bytes | None = None, token: str = TOKEN, **headers: str
) -> Reply:
    connection = http.client.HTTPConnection(emulator.url.removeprefix("http://"), timeout=5)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body=body, headers={"Authorization": token, **named})
    response = connection.getresponse()
    reply = Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
    connection.close()
    return reply


def conforms(value: object, shape: str) -> None:
    """Validate against a shape of the contract, with every member that the contract knows."""
    schema = {"$ref": f"#/components/schemas/{shape}", "components": CONTRACT["components"]}
    jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker()).validate(value)


# Without its `security`: what a bad token leads to is no error by status, and has its own test.
contract = schemathesis.openapi.from_dict({**CONTRACT, "security": []})


@contract.include(operation_id=SUPPORTED).parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_emulator_keeps_the_contract(case: schemathesis.Case[Any], emulator: Emulator) -> None:
    case.call_and_validate(
        base_url=emulator.url,
        headers={"Authorization": TOKEN},
        checks=[not_a_server_error, status_code_conformance, response_schema_conformance, negative_data_rejection],
    )


def test_a_list_of_servers_has_the_documented_shape(emulator: Emulator) -> None:
    reply = ask(emulator, "GET", "/v1/servers?page=2&limit=12")

    conforms(reply.value, "ServerPage")
    assert reply.headers["content-type"] == "application/json"
    assert reply.value["paging"] == {"page": 2, "limit": 12, "offset": 0, "totalCount": 30, "totalPage": 3}
    assert [row["id"] for row in reply.value["servers"]] == list(range(13, 25))
    assert {key for row in reply.value["servers"] for key in row} == set(
        CONTRACT["components"]["schemas"]["ServerBase"]["properties"]
    ) | {"serverIpv4", "platformName", "platformInstanceId", "successScanCount", "tags", "group"}


def test_a_server_has_the_documented_shape(emulator: Emulator) -> None:
    reply = ask(emulator, "GET", "/v1/server/10")

    conforms(reply.value, "ServerDetail")
    assert (reply.value["id"], reply.value["serverroleId"], reply.value["serverroleName"]) == (10, 1, "default")
    assert (reply.value["platformName"], reply.value["platformInstanceId"]) == ("aws", "i-0000000000000000a")
    assert (reply.value["defaultUserId"], reply.value["defaultUserName"]) == (4, "user 4")
    assert "successScanCount" not in reply.value


def test_a_server_without_an_instance_is_not_on_aws(emulator: Emulator) -> None:
    server = ask(emulator, "GET", "/v1/server/9").value

    assert (server["platformName"], server["platformInstanceId"]) == ("other", "")
    assert "defaultUserId" not in server


def test_a_list_of_roles_has_the_documented_shape(emulator: Emulator) -> None:
    reply = ask(emulator, "GET", "/v1/roles")

    conforms(reply.value, "RolePage")
    assert [(row["id"], row["isDefault"], row["serverCount"]) for row in reply.value["roles"]] == [
        (1, True, 15),
        (2, False, 15),
        (3, False, 0),
    ]


def test_a_role_embeds_its_servers_in_their_own_shape(emulator: Emulator) -> None:
    role = ask(emulator, "GET", "/v1/role/2").value

    conforms(role, "RoleDetail")
    assert [server["id"] for server in role["servers"]] == list(range(1, 31, 2))
    assert not any("platformInstanceId" in server or "serverIpv4" in server for server in role["servers"])
    assert {tag for server in role["servers"] for tag in server["tags"]} == {"demo"}


def test_the_same_group_is_always_shown_in_the_same_way(clock: SimulatedClock) -> None:
    shown = []
    for _ in range(2):
        with Emulator({TOKEN: PROD}, clock=clock) as running:
            shown.append([ask(running, "GET", path).body for path in ("/v1/servers?limit=1000", "/v1/roles")])

    assert shown[0] == shown[1]


@pytest.mark.parametrize("token", ["", "fvgs-other", f"Bearer {TOKEN}", TOKEN.upper()])
@pytest.mark.parametrize("path", ["/v1/servers", "/v1/server/1", "/v1/roles", "/v1/nothing"])
def test_a_bad_token_is_answered_with_success_and_text(emulator: Emulator, token: str, path: str) -> None:
    reply = ask(emulator, "GET", path, token=token)

    assert (reply.status, reply.body[:1]) == (200, b"A")
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"


def test_a_bad_token_changes_nothing(emulator: Emulator) -> None:
    ask(emulator, "PUT", "/v1/server/1", b'{"roleID": 3}', token="wrong")

    assert emulator.servers(TOKEN) == PROD.servers


def test_health_needs_no_token(emulator: Emulator) -> None:
    assert ask(emulator, "GET", "/health", token="").value is True


@pytest.mark.parametrize("path", ["/v1/servers", "/v1/roles", "/v1/tasks", "/v1/servers?page=9"])
def test_an_empty_list_lacks_its_key(emulator: Emulator, path: str) -> None:
    assert set(ask(emulator, "GET", path, token="fvgs-empty").value) == {"paging"}


def test_an_empty_list_has_no_pages(emulator: Emulator) -> None:
    paging = ask(emulator, "GET", "/v1/servers", token="fvgs-empty").value["paging"]

    assert (paging["totalCount"], paging["totalPage"]) == (0, 0)


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=-1", "page=", "page=x", "page=1.0", "limit=0", "limit=1001", "offset=-1", "filterRoleID=0"],
)
@pytest.mark.parametrize("path", ["/v1/servers", "/v1/roles", "/v1/tasks"])
def test_a_query_outside_the_documented_range_is_refused(emulator: Emulator, path: str, query: str) -> None:
    reply = ask(emulator, "GET", f"{path}?{query}")

    assert reply.status == 400
    assert reply.value["message"] == f"invalid value of {query.partition('=')[0]}"


def test_a_list_starts_at_its_offset(emulator: Emulator) -> None:
    rows = ask(emulator, "GET", "/v1/servers?page=2&limit=10&offset=5").value["servers"]

    assert [row["id"] for row in rows] == list(range(16, 26))


def test_servers_can_be_filtered_by_role(emulator: Emulator) -> None:
    reply = ask(emulator, "GET", "/v1/servers?filterRoleID=2&filterTagName=x&unknown=1&limit=1000").value

    assert {row["serverroleId"] for row in reply["servers"]} == {2}
    assert reply["paging"]["totalCount"] == 15


def tasks(emulator: Emulator, query: str = "limit=1000") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = ask(emulator, "GET", f"/v1/tasks?{query}").value.get("tasks", [])
    return rows


def shown(emulator: Emulator, task: int) -> Any:
    return ask(emulator, "GET", f"/v1/task/{task}").value.get("ssvcDecisionPointExposure")


def test_a_list_of_tasks_has_the_documented_shape(emulator: Emulator) -> None:
    reply = ask(emulator, "GET", "/v1/tasks?limit=12")

    conforms(reply.value, "TaskPage")
    assert reply.value["paging"]["totalCount"] == 30
    assert [row["id"] for row in reply.value["tasks"]] == list(range(11, 131, 10))
    assert {row["status"] for row in reply.value["tasks"]} == {"new"}
    assert {row["ssvcPriority"] for row in reply.value["tasks"]} == {"out_of_cycle"}
    assert not any("ssvcDecisionPointExposure" in row for row in reply.value["tasks"])


def test_a_task_has_the_documented_shape_and_shows_an_exposure(emulator: Emulator) -> None:
    task = ask(emulator, "GET", "/v1/task/101").value

    conforms(task, "TaskDetail")
    assert (task["id"], task["server"]["id"], task["server"]["serverroleId"]) == (101, 10, 1)
    assert (task["ssvcPriority"], task["ssvcDecisionPointExposure"]) == ("out_of_cycle", "controlled")
    assert set(task) >= set(CONTRACT["components"]["schemas"]["TaskDetail"]["properties"]) - {
        "deadlineOn",
        "group",
        "newedAt",
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("filterRoleID=2&limit=3", [11, 31, 51]),
        ("filterServerID=7", [71]),
        ("filterServerID=7&filterStatus=patch_applied", [72]),
        ("filterServerID=7&filterStatus=patch_applied&filterStatus=new", [71, 72]),
        ("filterServerID=7&filterPriority=high", [71]),
        ("filterServerID=7&filterPriority=low", []),
        ("filterServerID=7&filterCveID=CVE-2026-0071", [71]),
        ("filterServerID=7&filterCveID=CVE-2026-0072", []),
        ("filterServerID=7&filterIgnore=true", [71]),
        ("filterServerID=7&filterMainUserIDs=4", []),
        ("filterServerID=7&filterPkgID=4", []),
        ("filterServerID=7&filter_role_id=3", [71]),
        ("filterRoleID=3", []),
    ],
)
def test_tasks_can_be_filtered(emulator: Emulator, query: str, expected: list[int]) -> None:
    assert [row["id"] for row in tasks(emulator, query)] == expected


@pytest.mark.parametrize(
    "query", ["filterStatus=open", "filterStatus=", "filterPriority=urgent", "filterIgnore=yes", "filterServerID=0",
              "filterMainUserIDs=me", "filterPkgID=x", "filterCpeID=0"],
)  # fmt: skip
def test_a_filter_of_tasks_that_makes_no_sense_is_refused(emulator: Emulator, query: str) -> None:
    reply = ask(emulator, "GET", f"/v1/tasks?{query}")

    assert (reply.status, reply.value["message"]) == (400, f"invalid value of {query.partition('=')[0]}")


def test_the_exposure_of_a_role_can_be_set(emulator: Emulator) -> None:
    emulator.expose(TOKEN, {1: "open", 2: ""})

    assert [shown(emulator, task) for task in (101, 111)] == ["open", None]
    assert {row["id"]: row.get("ssvcPriority") for row in tasks(emulator, "limit=2")} == {11: None, 21: "immediate"}


def test_a_server_that_moved_shows_its_old_exposure_until_it_is_scanned(
    emulator: Emulator, clock: SimulatedClock
) -> None:
    emulator.expose(TOKEN, {1: "small", 3: "open"})

    ask(emulator, "PUT", "/v1/server/10", b'{"roleID": 3}')
    moved = ask(emulator, "GET", "/v1/task/101").value
    clock.sleep(60)
    reply = ask(emulator, "POST", "/v1/server/scan/10")
    scanned = ask(emulator, "GET", "/v1/task/101").value

    assert (reply.status, reply.body, reply.headers["content-length"]) == (200, b"", "0")
    assert (moved["server"]["serverroleId"], moved["ssvcDecisionPointExposure"]) == (3, "small")
    assert (scanned["server"]["serverroleId"], scanned["ssvcDecisionPointExposure"]) == (3, "open")
    assert scanned["server"]["lastScannedAt"] == "2026-11-02T03:05:05Z"
    assert ask(emulator, "GET", "/v1/server/10").value["lastScannedAt"] == "2026-11-02T03:05:05Z"


def test_a_token_without_a_right_is_refused_as_json(emulator: Emulator) -> None:
    emulator.permit(TOKEN, Rights(update=False, scan=False))

    move = ask(emulator, "PUT", "/v1/server/10", b'{"roleID": 3}')
    scan = ask(emulator, "POST", "/v1/server/scan/10")

    assert (move.status, move.value["message"]) == (403, "this token may not update")
    assert (scan.status, scan.value["message"]) == (403, "this token may not scan")
    assert ask(emulator, "GET", "/v1/server/10").value["serverroleId"] == 1


def test_a_token_that_may_not_even_read_is_answered_like_none(emulator: Emulator) -> None:
    emulator.permit(TOKEN, Rights(read=False))

    assert ask(emulator, "GET", "/v1/roles").body == b"Authorization failed"


def test_a_move_changes_the_role_and_nothing_else(emulator: Emulator) -> None:
    before = ask(emulator, "GET", "/v1/server/10").value

    reply = ask(emulator, "PUT", "/v1/server/10", b'{"roleID": 3}')

    assert reply.status == 200
    conforms(reply.value, "ServerDetail")
    assert reply.value == {**before, "serverroleId": 3, "serverroleName": "unused"}
    assert ask(emulator, "GET", "/v1/server/10").value == reply.value
    assert emulator.writes == (("PUT", "/v1/server/10", b'{"roleID": 3}'),)
    changed = [server for server in emulator.servers(TOKEN) if server not in PROD.servers]
    assert [(server.id, server.role) for server in changed] == [(10, 3)]


def test_an_update_leaves_out_what_it_does_not_name(emulator: Emulator) -> None:
    ask(emulator, "PUT", "/v1/server/10", b'{"serverName": "new", "defaultUserID": 8, "additionalInfo": "x"}')

    server = emulator.servers(TOKEN)[9]
    assert (server.name, server.default_user, server.role) == ("new", 8, 1)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{}", b"[]", b"null", b'{"roleID": "3"}', b'{"roleID": null}', b'{"roleID": 99}', b'{"roleID": 3.5}',
     b'{"serverroleId": 3}', b'{"roleID": 3, "tags": []}', b'{"serverName": 5}', b"\xff", b"[" * 100_000],
)  # fmt: skip
def test_an_update_that_makes_no_sense_is_refused(emulator: Emulator, body: bytes) -> None:
    reply = ask(emulator, "PUT", "/v1/server/10", body)

    assert reply.status == 400
    conforms(reply.value, "Error")
    assert reply.value["message"]
    assert emulator.servers(TOKEN) == PROD.servers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/server/31", 404),
        ("GET", "/v1/server/-1", 404),
        ("GET", "/v1/server/999999999999999999999", 400),
        ("GET", "/v1/server/ten", 400),
        ("GET", "/v1/role/4", 404),
        ("GET", "/v1/task/319", 404),
        ("GET", "/v1/task/13", 404),
        ("GET", "/v1/task/one", 400),
        ("GET", "/v1/cves", 404),
        ("PUT", "/v1/task/11", 405),
        ("POST", "/v1/tasks", 405),
        ("GET", "/v1/server/1/more", 404),
        ("GET", "/", 404),
        ("PUT", "/v1/role/2", 405),
        ("DELETE", "/v1/role/2", 405),
        ("DELETE", "/v1/server/2", 405),
        ("PATCH", "/v1/server/2", 405),
        ("POST", "/v1/servers", 405),
        ("POST", "/v1/server/scan/31", 404),
        ("POST", "/v1/server/scan/two", 400),
        ("GET", "/v1/server/scan/2", 405),
        ("OPTIONS", "/v1/roles", 405),
        ("POST", "/health", 405),
        ("QUERY", "/v1/roles", 405),
    ],
)
def test_what_the_emulator_does_not_know_is_refused_as_json(
    emulator: Emulator, method: str, path: str, status: int
) -> None:
    reply = ask(emulator, method, path)

    assert reply.status == status
    conforms(reply.value, "Error")
    assert reply.value["message"]
    assert ("allow" in reply.headers) == (status == 405)
    assert emulator.servers(TOKEN) == PROD.servers


def test_an_update_of_an_unknown_server_is_not_found(emulator: Emulator) -> None:
    assert ask(emulator, "PUT", "/v1/server/31", b'{"roleID": 3}').status == 404


def test_every_request_that_could_write_is_remembered(emulator: Emulator) -> None:
    ask(emulator, "DELETE", "/v1/role/2")
    ask(emulator, "GET", "/v1/roles")
    ask(emulator, "POST", "/v1/server/scan/2", b"body")

    assert emulator.writes == (("DELETE", "/v1/role/2", b""), ("POST", "/v1/server/scan/2", b"body"))
    assert emulator.statuses == (405, 200, 200)


@pytest.mark.parametrize("length", ["many", "9999999", "-1"])
def test_a_body_without_a_usable_length_is_refused(emulator: Emulator, length: str) -> None:
    assert ask(emulator, "PUT", "/v1/server/1", Content_Length=length).status == 400


def test_the_limiter_lets_so_many_through_within_any_minute(clock: SimulatedClock) -> None:
    statuses = []
    with Emulator({TOKEN: PROD, "other": PROD}, clock=clock, per_minute=2) as running:
        for pause in (0, 30, 15, 14, 1, 1, 29):
            clock.sleep(pause)
            statuses.append(ask(running, "GET", "/v1/roles").status)
        refused = ask(running, "GET", "/v1/roles")
        other = ask(running, "GET", "/v1/roles", token="other")
        health = ask(running, "GET", "/health")

    assert statuses == [200, 200, 429, 429, 200, 429, 200]
    assert (refused.status, refused.headers["retry-after"]) == (429, "30")
    conforms(refused.value, "Error")
    assert (other.status, health.status) == (200, 200)


def test_replies_are_dated_by_the_given_clock(emulator: Emulator) -> None:
    assert ask(emulator, "GET", "/health").headers["date"] == "Mon, 02 Nov 2026 03:04:05 GMT"


def test_one_connection_serves_many_requests_quickly(emulator: Emulator) -> None:
    connection = http.client.HTTPConnection(emulator.url.removeprefix("http://"), timeout=5)
    start = time.monotonic()

    for _ in range(200):
        connection.request("PUT", "/v1/server/10", body=b'{"roleID": 3}', headers={"Authorization": TOKEN})
        assert connection.getresponse().read()
    connection.close()

    # Nagle's algorithm with delayed acknowledgements would take 8 s.
    assert time.monotonic() - start < 4


def test_closing_ends_idle_connections_and_frees_the_port(clock: SimulatedClock) -> None:
    running = Emulator({TOKEN: PROD}, clock=clock)
    host, port = running.url.removeprefix("http://").split(":")
    idle = socket.create_connection((host, int(port)), timeout=5)
    idle.sendall(b"GET /health HTTP/1.1\r\n\r\n")
    assert idle.recv(65_536)

    running.close()

    assert idle.recv(1) == b""
    idle.close()
    with Emulator({TOKEN: PROD}, clock=clock, port=int(port)) as again:
        assert again.url == running.url


def test_the_emulator_is_silent(emulator: Emulator, capfd: pytest.CaptureFixture[str]) -> None:
    ask(emulator, "GET", "/v1/roles")
    ask(emulator, "QUERY", "/v1/roles")

    assert capfd.readouterr() == ("", "")


def test_moves_at_the_same_time_are_all_kept(emulator: Emulator) -> None:
    threads = [
        threading.Thread(target=ask, args=(emulator, "PUT", f"/v1/server/{n}", b'{"roleID": 3}')) for n in range(1, 31)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {server.role for server in emulator.servers(TOKEN)} == {3}
