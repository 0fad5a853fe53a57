"""What a user would have saved from FutureVuls and from Inspector, of the demo's fleet."""

import json
from collections.abc import Iterable
from pathlib import Path

from exposurectl.demo.fleet import groups
from exposurectl.demo.shapes import paging, role_in_list, server_in_list
from exposurectl.model import Group

SERVERS = [
    f"{group}={group}-{kind}.json" for group in ("web-platform", "data-platform") for kind in ("servers", "roles")
]
"""What `--servers` is given."""


def save_servers(directory: Path, fleet: Iterable[Group] = (), *, backwards: bool = False) -> None:
    """
    Write what GET /v1/servers and GET /v1/roles return for each group, each to a file that `SERVERS` names.

    The groups are those of the demo as they are at first, unless the fleet says otherwise.
    """
    step = -1 if backwards else 1
    for group in fleet or groups():
        names = {role.id: role.name for role in group.roles}
        pages = {
            "servers": [server_in_list(server, names[server.role], group.name) for server in group.servers],
            "roles": [role_in_list(role, 1) for role in group.roles],
        }
        for kind, rows in pages.items():
            page = {"paging": paging(page=1, limit=1000, offset=0, total=len(rows)), kind: rows[::step]}
            (directory / f"{group.name}-{kind}.json").write_text(json.dumps(page), encoding="utf-8")
