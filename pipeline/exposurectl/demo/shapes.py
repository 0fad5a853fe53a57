"""The JSON objects of the FutureVuls API, made up around our servers and roles."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from exposurectl.model import Role, Server

Shape: TypeAlias = dict[str, Any]
"""JSON about to leave; its members are those of `tests/fixtures/futurevuls-openapi.yaml`."""

_EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
_NAMESPACE = uuid.UUID("8c7a9c2e-6d6a-4c7e-9a6b-0f1f5a3f2b10")


def server_in_list(server: Server, role_name: str, group: str) -> Shape:
    """Return a server as `GET /v1/servers` shows it."""
    return {**_base(server, role_name), **_platform(server, group), "successScanCount": server.id % 50 + 1}


def server_detail(server: Server, role_name: str, group: str) -> Shape:
    """Return a server as `GET /v1/server/{serverID}` shows it, without tasks."""
    return {**_base(server, role_name), **_platform(server, group), "tasks": []}


def role_in_list(role: Role, server_count: int) -> Shape:
    """Return a role as `GET /v1/roles` shows it."""
    return {**_role(role), "serverCount": server_count}


def role_detail(role: Role, servers: Sequence[Server]) -> Shape:
    """Return a role as `GET /v1/role/{roleID}` shows it, with its servers in their embedded form."""
    embedded = [{**_base(server, role.name), "tags": ["demo"]} for server in servers]
    return {**_role(role), "servers": embedded, "envMetricV2s": [], "envMetricV3s": []}


def paging(*, page: int, limit: int, offset: int, total: int) -> Shape:
    """Return the paging object of a list."""
    return {"page": page, "limit": limit, "offset": offset, "totalCount": total, "totalPage": -(-total // limit)}


def error(message: str) -> Shape:
    """Return an error body, in the shape of the Goa framework that FutureVuls seems to be built on."""
    return {"name": "error", "message": message, "temporary": False, "timeout": False, "fault": False}


def _base(server: Server, role_name: str) -> Shape:
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
        "lastScannedAt": _time(server.id + 2),
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
    return (_EPOCH + timedelta(hours=number % 10_000)).strftime("%Y-%m-%dT%H:%M:%SZ")
