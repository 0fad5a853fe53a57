"""The world that the stateful test plays in: FutureVuls, the clocks, and a memory of what people did."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import NamedTuple, TypeAlias

import msgspec

from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.ledger import Heard, Rights
from exposurectl.model import Role, Server
from plan.building import AS_OF, ROLES, WEB_OPEN, WEB_SMALL, server
from properties.busy import BusyAccount, BusyFutureVuls
from properties.fleet import TOKENS, groups
from properties.mishaps import WrongClock

Key: TypeAlias = tuple[str, int]
"""A group's name and a server's id."""
_NAMES = {token: name for name, token in TOKENS.items()}
_MOST_SERVERS = 12


class Hand(NamedTuple):
    """A person moved a server."""

    when: int
    role: int


class World:
    """Everything outside of exposurectl. It counts moments: each act of a person and each plan is one."""

    def __init__(self, places: Mapping[int, int], per_minute: int) -> None:
        self.true = SimulatedClock(AS_OF)
        self.wall = WrongClock(self.true)
        self.per_minute = per_minute
        """How many requests a token may send within any minute."""
        self.moment = 0
        self.hands: dict[Key, Hand] = {}
        """The last move of each server that a person made."""
        self.wrongs: list[str] = []
        """What FutureVuls saw that must not be."""
        self._next = 20
        self.watch()
        self.futurevuls = BusyFutureVuls(
            {TOKENS[one.name]: one for one in groups(places)},
            clock=self.true,
            per_minute=per_minute,
            heard=self._hear,
            moved=self._see,
        )

    def watch(self, heard: Heard | None = None, moved: Callable[[Key, Server, Server], None] | None = None) -> None:
        """Have somebody watch FutureVuls; nobody may use it while nobody does."""
        self._heard = heard or (lambda _token, _method, path: self.wrong(f"{path} was asked for outside of a run"))
        self._moved = moved or (lambda key, _before, _after: self.wrong(f"{key} was moved outside of a run"))

    def _hear(self, token: str, method: str, path: str) -> None:
        self._heard(token, method, path)

    def _see(self, token: str, before: Server, after: Server) -> None:
        self._moved((_NAMES[token], after.id), before, after)

    def wrong(self, what: str) -> None:
        """Note what must not be."""
        self.wrongs.append(what)

    def passes(self) -> int:
        """Return the next moment."""
        self.moment += 1
        return self.moment

    def desk(self, token: str) -> BusyAccount:
        """Return what the token leads to."""
        return self.futurevuls.accounts[token]

    def servers(self) -> dict[Key, Server]:
        """Return all servers as they are now."""
        desks = ((name, self.desk(token)) for name, token in TOKENS.items())
        return {(name, server.id): server for name, desk in desks for server in desk.servers}

    def server(self, key: Key) -> Server | None:
        """Return a server as it is now, or None where it is gone."""
        return self.desk(TOKENS[key[0]]).server(key[1])

    def pick(self, number: int) -> Key | None:
        """Return one of the servers that there are, if there is any."""
        keys = sorted(self.servers())
        return keys[number % len(keys)] if keys else None

    def edit(self, key: Key, role: int) -> None:
        """Move a server by hand."""
        self.desk(TOKENS[key[0]]).keep(msgspec.structs.replace(self.servers()[key], role=role))
        self.hands[key] = Hand(self.passes(), role)

    def delete(self, key: Key | None) -> None:
        """Delete a server."""
        if key:
            self.desk(TOKENS[key[0]]).drop(key[1])
            self.passes()

    def add(self, name: str, instance: str, role: int) -> None:
        """Add a server of an instance, while there are not too many. FutureVuls gives no id twice."""
        if len(self.servers()) < _MOST_SERVERS:
            self.desk(TOKENS[name]).keep(server(self._next, instance, role))
            self._next += 1
            self.passes()

    def revoke(self, token: str, *, entirely: bool) -> None:
        """Take a token's right to update away, or all of them."""
        read = self.desk(token).rights.read and not entirely
        self.futurevuls.permit(token, Rights(read=read, update=False))

    def give_back(self, token: str) -> None:
        """Let a token do everything again."""
        self.futurevuls.permit(token, Rights())

    def rename(self, token: str) -> None:
        """Give a role that the config names another name."""
        renamed = (msgspec.structs.replace(role, name="web-wide") if role.id == WEB_OPEN else role for role in ROLES)
        self.desk(token).settle_roles(tuple(renamed))

    def duplicate(self, token: str) -> None:
        """Make a second role with a name that the config names."""
        twin = next(role.name for role in ROLES if role.id == WEB_SMALL)
        self.desk(token).settle_roles((*ROLES, Role(id=90, name=twin)))

    def restore(self, token: str) -> None:
        """Let the roles be what they were."""
        self.desk(token).settle_roles(ROLES)

    def has_wrong_roles(self, name: str) -> bool:
        """Tell whether a role's name is not what it was, or not its own."""
        return self.desk(TOKENS[name]).group.roles != ROLES

    def jump(self, minutes: int) -> None:
        """Set the machine's clock to so much ahead of the true time."""
        self.wall.ahead = timedelta(minutes=minutes)

    def calm(self) -> None:
        """Put everything right that keeps a run from going through."""
        self.jump(0)
        for token in TOKENS.values():
            self.give_back(token)
            self.restore(token)
            self.desk(token).storm = []
