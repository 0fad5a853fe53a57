"""The JSON objects of the FutureVuls API, made up around our servers and roles."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import msgspec

from exposurectl.model import Role, Server

Shape: TypeAlias = dict[str, Any]
"""JSON about to leave; its members are those of `tests/fixtures/futurevuls-openapi.yaml`."""

_EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
_NAMESPACE = uuid.UUID("8c7a9c2e-6d6a-4c7e-9a6b-0f1f5a3f2b10")
PRIORITY = "high"
"""Of every emulated task; not the SSVC priority."""
_PRIORITIES = {"open": "immediate", "controlled": "out_of_cycle"}


class Scanned(msgspec.Struct, frozen=True, kw_only=True):
    """What a server's last scan left: when it was, and which exposure its role had then."""

    at: str
    exposure: str
    """A word as FutureVuls would show it; empty where SSVC derived nothing."""


def server_in_list(server: Server, role_name: str, group: str, scanned_at: str = "") -> Shape:
    """Return a server as `GET /v1/servers` shows it; without a time, it was scanned once."""
    base = _base(server, role_name, scanned_at)
    return {**base, **_platform(server, group), "successScanCount": server.id % 50 + 1}


def server_detail(server: Server, role_name: str, group: str, scanned_at: str = "") -> Shape:
    """Return a server as `GET /v1/server/{serverID}` shows it, without tasks."""
    return {**_base(server, role_name, scanned_at), **_platform(server, group), "tasks": []}


def task_in_list(number: int, status: str, server: Server, role_name: str, scanned: Scanned) -> Shape:
    """Return a task as `GET /v1/tasks` shows it: the SSVC priority, and nothing that it was derived from."""
    return {
        **_task(number, status, server, role_name, scanned),
        "serverID": server.id,
        "serverUuid": server.uuid or _made_up("server", server.id),
        "serverName": server.name,
        "serverTags": ["demo"],
        "osFamily": "amazon",
        "osVersion": "2023",
    }


def task_detail(number: int, status: str, server: Server, role_name: str, scanned: Scanned) -> Shape:
    """Return a task as `GET /v1/task/{taskID}` shows it, with the points of its SSVC decision."""
    shape = _task(number, status, server, role_name, scanned)
    if scanned.exposure:
        shape |= {
            "ssvcDecisionPointExposure": scanned.exposure,
            "ssvcDecisionPointExploitation": "poc",
            "ssvcDecisionPointUtility": "efficient",
            "ssvcDecisionPointUtilityAutomatable": "true",
            "ssvcDecisionPointUtilityDensity": "diffuse",
            "ssvcDecisionHumanImpact": "high",
        }
    return shape


def role_in_list(role: Role, server_count: int) -> Shape:
    """Return a role as `GET /v1/roles` shows it."""
    return {**_role(role), "serverCount": server_count}


def role_detail(role: Role, servers: Sequence[Server]) -> Shape:
    """Return a role as `GET /v1/role/{roleID}` shows it, with its servers in their embedded form."""
    return {
        **_role(role),
        "servers": [_embedded(server, role.name) for server in servers],
        "envMetricV2s": [],
        "envMetricV3s": [],
    }


def paging(*, page: int, limit: int, offset: int, total: int) -> Shape:
    """Return the paging object of a list."""
    return {"page": page, "limit": limit, "offset": offset, "totalCount": total, "totalPage": -(-total // limit)}


def error(message: str) -> Shape:
    """Return an error body, in the shape of the Goa framework that FutureVuls seems to be built on."""
    return {"name": "error", "message": message, "temporary": False, "timeout": False, "fault": False}


def cve_of(task: int) -> str:
    """Return the CVE that a task is about."""
    return f"CVE-2026-{task:04}"


def first_scan(server: Server) -> str:
    """Return when a server was scanned that nobody has scanned since."""
    return _time(server.id + 2)


def time_shown(moment: datetime) -> str:
    """Return a time as FutureVuls writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _task(number: int, status: str, server: Server, role_name: str, scanned: Scanned) -> Shape:
    shape: Shape = {
        "id": number,
        "cveID": cve_of(number),
        "status": status,
        "priority": PRIORITY,
        "ignore": False,
        "isImportant": False,
        "server": _embedded(server, role_name, scanned.at),
        "createdAt": _time(server.id),
        "updatedAt": scanned.at,
    }
    if scanned.exposure:
        shape["ssvcPriority"] = _PRIORITIES.get(scanned.exposure, "scheduled")
    return shape


def _embedded(server: Server, role_name: str, scanned_at: str = "") -> Shape:
    return {**_base(server, role_name, scanned_at), "tags": ["demo"]}


def _base(server: Server, role_name: str, scanned_at: str = "") -> Shape:
    shape: Shape = {
        "id": server.id,
        "serverUuid": server.uuid or _made_up("server", server.id),
        "hostUuid": _made_up("host", server.id),
        "serverName": server.name,
        "serverroleId": server.role,
        "serverroleName": role_name,
        "osFamily": "amazon",
        "osVersion": "2023",
        "needKernelRestart": server.id % 7 == 0,
        "lastScannedAt": scanned_at or first_scan(server),
        "lastUploadedAt": _time(server.id + 1),
        "createdAt": _time(server.id),
        "updatedAt": _time(server.id + 2),
    }
    if server.default_user is not None:
        shape |= {"defaultUserId": server.default_user, "defaultUserName": f"user {server.default_user}"}
    return shape


def _platform(server: Server, group: str) -> Shape:
    return {
        "serverIpv4": f"10.{server.id // 65_536 % 256}.{server.id // 256 % 256}.{server.id % 256}",
        "platformName": "aws" if server.instance else "other",
        "platformInstanceId": server.instance,
        "tags": [{"id": server.id, "name": "demo"}],
        "group": {"ID": 1, "groupName": group},
    }


def _role(role: Role) -> Shape:
    return {
        "id": role.id,
        "name": role.name,
        "isDefault": role.is_default,
        "newTaskCount": 0,
        "allTaskCount": 0,
        "createdAt": _time(role.id),
        "updatedAt": _time(role.id),
    }


def _made_up(kind: str, number: int) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{kind} {number}"))


def _time(number: int) -> str:
    return time_shown(_EPOCH + timedelta(hours=number % 10_000))
