"""The fleet of the stateful test: what is known of its instances, its policies, and where each server belongs."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from exposurectl.config import Limits, Settings
from exposurectl.model import Evidence, Exposure, Group, PortRange
from exposurectl.policy.model import Match, Policy
from plan.building import (
    AS_OF,
    DEFAULT,
    HTTPS,
    INTERNET_SSH,
    SSH,
    WEB_CONTROLLED,
    WEB_OPEN,
    WEB_SMALL,
    finding,
    group,
    group_settings,
    policy,
    seen,
    server,
    settings,
    unseen,
)

WEB, DATA = "web-platform", "data-platform"
TOKENS = {WEB: "fvgs-web", DATA: "fvgs-data"}
INSTANCES = tuple(f"i-{number}" for number in range(4))
STATES = ("ssh", "https", "nothing", "closed", "unseen", "absent")
"""What is known of an instance: the one port that is reachable, or that none is, lately or at all, or nothing."""
PORTS = (SSH, HTTPS, 0)
"""A policy calls one port open; 0 stands for a policy without rules."""
LEVELS = {WEB_SMALL: Exposure.SMALL, WEB_CONTROLLED: Exposure.CONTROLLED, WEB_OPEN: Exposure.OPEN, DEFAULT: None}
"""The roles in which servers are managed. Nobody knows the level of the default role."""
_CLOSED_FOR = timedelta(days=1)
_HELD_UNTIL = AS_OF - _CLOSED_FOR + timedelta(days=7)
_REACHABLE = {"ssh": SSH, "https": HTTPS}


def groups(places: Mapping[int, int]) -> tuple[Group, Group]:
    """Return both groups with servers in these roles, by id; from 10 on they are in the second one."""
    servers = [server(number, INSTANCES[number % len(INSTANCES)], role) for number, role in sorted(places.items())]
    return (
        group(*(one for one in servers if one.id < 10), name=WEB),
        group(*(one for one in servers if one.id >= 10), name=DATA),
    )


def settings_at(url: str) -> Settings:
    """Return a config whose guardrails let everything pass but more than two lowerings at once."""
    limits = Limits(raise_percent=100, lower_count=2)
    made = settings(*(group_settings(name, joins="web") for name in (WEB, DATA)), limits=limits)
    return msgspec.structs.replace(made, url=url)


def policy_of(port: int) -> Policy:
    """Return the policy that calls this port open, any other controlled, and none at all small."""
    if not port:
        return msgspec.structs.replace(policy(rules=(), digest="sha256:without-rules"), cuts=())
    rule = msgspec.structs.replace(INTERNET_SSH, match=Match(ports=(PortRange(port, port),)))
    return msgspec.structs.replace(policy(rules=(rule,), digest=f"sha256:port-{port}"), cuts=(port, port + 1))


def evidence_of(states: Mapping[str, str]) -> tuple[Evidence, ...]:
    """Return what the readers of AWS would have found."""
    return tuple(_evidence(name, state) for name, state in sorted(states.items()) if state != "absent")


def _evidence(instance: str, state: str) -> Evidence:
    match state:
        case "closed":
            return seen(instance, findings=(finding(instance, 3389, closed=_CLOSED_FOR),))
        case "unseen":
            return unseen(instance)
        case "nothing":
            return seen(instance)
        case port:
            return seen(instance, _REACHABLE[port])


def belongs(role: int, state: str, port: int, as_of: datetime) -> int:
    """
    Return the role that a server in some role belongs in, told from the policy's words and not by the product's code.

    `state` is what is known of its instance, `port` the one that the policy calls open.
    """
    if role not in LEVELS or state in {"unseen", "absent"}:
        return role
    level = _level(state, port)
    if state == "closed" and as_of < _HELD_UNTIL and LEVELS[role] is not level:
        return role
    return next(number for number, of_role in LEVELS.items() if of_role is level)


def _level(state: str, port: int) -> Exposure:
    if state not in _REACHABLE:
        return Exposure.SMALL
    return Exposure.OPEN if _REACHABLE[state] == port else Exposure.CONTROLLED
