"""What collecting, planning and checking call is what the ready-made roles allow, and nothing else."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec
import pytest

from aws.endpoint import Endpoint, aws
from aws.small import ADMIN, MEMBER, OTHER, small_world
from aws.world import NOW, Member, World
from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.emulator import Emulator
from exposurectl.model import Group, Role
from iam.permissions import PIPELINE_ROLE, READ_ROLE
from running import run_inside

CONFIG = """\
version: 1
inspector: {regions: [us-east-1, eu-west-1], organization: true, evidence_role: exposurectl-read}
futurevuls:
  url: URL
  requests_per_minute: 1000
  groups:
    - name: web
      token: env:TOKEN
      families:
        - {name: web, open: open, controlled: controlled, small: small}
"""
ROLES = tuple(Role(id=number, name=name) for number, name in enumerate(("open", "controlled", "small"), start=1))
FREE: Final = "sts:GetCallerIdentity"
"""AWS grants it to everybody, and refuses no policy that does not name it."""


def turned(world: World) -> World:
    """Return the world under the administration of the account with prefix lists and a load balancer."""
    return msgspec.structs.replace(world, admin=MEMBER, members=(Member(ADMIN), Member(OTHER)))


def alone(world: World) -> World:
    """Return the world whose administrator has no members, who is asked who administers."""
    return msgspec.structs.replace(world, members=())


def called(endpoint: Endpoint, admin: str) -> tuple[set[str], set[str]]:
    """Return the permissions of all calls: those of the administrator's own user, and those of assumed roles."""
    own: set[str] = set()
    assumed: set[str] = set()
    for call in endpoint.calls:
        permission = f"{call.asked.service}:{call.asked.operation}"
        (own if call.asked.caller == admin else assumed).add(permission)
    return own - {FREE}, assumed


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    (tmp_path / "policies").symlink_to(Path(__file__).parents[2] / "policies")
    monkeypatch.chdir(tmp_path)
    with Emulator({"made-up": Group(name="web", servers=(), roles=ROLES)}, clock=SimulatedClock(NOW)) as futurevuls:
        (tmp_path / "config.yaml").write_text(CONFIG.replace("URL", futurevuls.url), encoding="utf-8")
        yield tmp_path


RUNS: Final[tuple[tuple[Callable[[World], World], tuple[str, ...]], ...]] = (
    (lambda world: world, ("collect --out snapshot", "doctor")),
    (turned, ("plan",)),
    (alone, ("doctor",)),
)


def called_by(world: World, commands: tuple[str, ...], patch: pytest.MonkeyPatch) -> tuple[set[str], set[str]]:
    """Run the commands in a world, and return the permissions they took."""
    with aws(world) as endpoint:
        for name, value in endpoint.environ.items():
            patch.setenv(name, value)
        for command in commands:
            words = [*command.split(), "--config", "config.yaml"]
            ended = run_inside(*words, environ={"TOKEN": "made-up"}, clock=SimulatedClock(NOW))
            assert ended.code == 0, ended.err
        return called(endpoint, world.admin)


@pytest.mark.usefixtures("place")
def test_the_roles_allow_what_is_called_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    own: set[str] = set()
    assumed: set[str] = set()
    for change, commands in RUNS:
        by_user, by_role = called_by(change(small_world()), commands, monkeypatch)
        own |= by_user
        assumed |= by_role

    assert own == PIPELINE_ROLE
    assert assumed == READ_ROLE
