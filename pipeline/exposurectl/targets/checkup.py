"""Whether a FutureVuls group is ready to be planned for: one question after the other, and nothing is written."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from exposurectl.checks import Check, State
from exposurectl.config import GroupSettings
from exposurectl.diagnostics import ExposurectlError
from exposurectl.model import Exposure, Group, Role, Server
from exposurectl.targets.probing import FutureVulsProbe, Match, Mismatch, Verdict
from exposurectl.targets.skew import MOST_SKEW

_SHOWN = 5
_LOOK = "look at the role in FutureVuls: its Exposure must be {}"


def check_health(client: FutureVulsProbe) -> Check:
    """Return whether FutureVuls says that it is well."""
    if client.health():
        return Check(subject="FutureVuls", state=State.GOOD, detail="it says that it is well")
    advice = "where the groups below can be read, this does not matter; otherwise check the URL and the network"
    return Check(
        subject="FutureVuls", state=State.WARNING, detail="GET /health is not answered with true", advice=advice
    )


def check_clock(skew: timedelta | None) -> Check:
    """Return whether FutureVuls' clock and ours agree, by what its replies said."""
    if skew is None:
        detail = "no reply told the time, so that nothing compares our clock with another"
        return Check(subject="clock", state=State.WARNING, detail=detail, advice="check the time of this machine")
    seconds = round(abs(skew).total_seconds())
    detail = (
        f"FutureVuls' clock is {seconds:,} s {'ahead of' if skew > timedelta(0) else 'behind'} ours"
        if seconds
        else "both agree"
    )
    if abs(skew) > MOST_SKEW:
        advice = f"set the clock of this machine; apply refuses more than {MOST_SKEW.seconds // 60} minutes"
        return Check(subject="clock", state=State.BAD, detail=detail, advice=advice)
    return Check(subject="clock", state=State.GOOD, detail=detail)


def failed(subject: str, error: ExposurectlError) -> Iterator[Check]:
    """Yield what stopped a question from being asked at all."""
    for problem in error.problems:
        yield Check(
            subject=subject, state=State.BAD, detail=f"{problem.summary}: {problem.detail}", advice=problem.hint
        )


def check_group(client: FutureVulsProbe, settings: GroupSettings, moved: Mapping[int, datetime]) -> Iterator[Check]:
    """
    Yield the checks of one group: token, roles, default role, servers, and the exposure of every managed role.

    They take two requests a role beside the two lists, at the token's pace. `moved` says when servers are known to
    have moved: until they are scanned again, their tasks show what their former role had.
    """
    try:
        roles, servers = client.roles(), client.servers_by_system()
    except ExposurectlError as error:
        yield from failed(f"{settings.name}: token", error)
        return
    group = Group(name=settings.name, servers=tuple(server for server, _ in servers), roles=roles)
    yield _token(group)
    yield _roles(group, settings)
    yield _default_role(group, settings)
    yield _servers(servers, settings)
    yield _managed(group, settings)
    try:
        yield from _exposures(client, group, settings, moved)
    except ExposurectlError as error:
        yield from failed(f"{settings.name}: exposures", error)


def _token(group: Group) -> Check:
    read = f"it reads {_counted(len(group.roles), 'role')} and {_counted(len(group.servers), 'server')}"
    # Nothing but a write would tell, and a doctor that writes is none.
    detail = f"{read}; whether it may also update or scan cannot be known without trying, which is not done here"
    return Check(subject=f"{group.name}: token", state=State.GOOD, detail=detail)


def _roles(group: Group, settings: GroupSettings) -> Check:
    names = Counter(role.name for role in group.roles)
    wanted = [(name, level) for family in settings.families for level, name in family.roles.items()]
    missing = [f"{name} (Exposure {level.value.title()})" for name, level in wanted if not names[name]]
    twice = [name for name, _ in wanted if names[name] > 1]
    subject = f"{group.name}: roles"
    if not missing and not twice:
        families = _counted(len(settings.families), "family", "families")
        return Check(
            subject=subject, state=State.GOOD, detail=f"the {len(wanted)} roles of {families} exist, each once"
        )
    parts = [f"missing: {', '.join(missing)}"] if missing else []
    parts += [f"more than one role is named: {', '.join(twice)}"] if twice else []
    advice = "create what is missing in FutureVuls or correct the config" if missing else ""
    unique = "give each role a name of its own" if twice else ""
    return Check(
        subject=subject, state=State.BAD, detail="; ".join(parts), advice="; ".join(filter(None, (advice, unique)))
    )


def _default_role(group: Group, settings: GroupSettings) -> Check:
    """Return what becomes of new servers, which land in the group's default role."""
    subject = f"{group.name}: default role"
    default = [role for role in group.roles if role.is_default]
    if len(default) != 1:
        detail = f"{len(default)} roles are marked as the default one"
        advice = "choose one in Group settings; until then nobody knows where new servers land"
        return Check(subject=subject, state=State.WARNING, detail=detail, advice=advice)
    (role,) = default
    waiting = _counted(len(_members(group, role)), "server")
    if role.name in _managed_names(settings):
        detail = f"it is {role.name}, which a family lists; {waiting} in it"
        return Check(subject=subject, state=State.GOOD, detail=detail)
    if settings.default_role_joins:
        detail = f"it is {role.name}; {waiting} in it, to join {settings.default_role_joins}"
        return Check(subject=subject, state=State.GOOD, detail=detail)
    detail = f"it is {role.name}; {waiting} in it, to be left there"
    if not _members(group, role):
        return Check(subject=subject, state=State.GOOD, detail=detail)
    advice = "name the family that new servers belong to as default_role_joins in the config"
    return Check(subject=subject, state=State.WARNING, detail=detail, advice=advice)


def _servers(servers: Sequence[tuple[Server, str]], settings: GroupSettings) -> Check:
    """Return how many servers name the instance that they are, which is how evidence finds them."""
    subject = f"{settings.name}: servers"
    without = [system for server, system in servers if not server.instance and server.id not in settings.servers]
    paired = sum(server.id in settings.servers for server, _ in servers)
    known = f"{len(servers) - len(without)} of {_counted(len(servers), 'server')} have an instance id"
    known += f", {paired} of them by the config" if paired else ""
    if not without and servers:
        return Check(subject=subject, state=State.GOOD, detail=known)
    counts = Counter(system or "no system named" for system in without).most_common()
    kinds = ", ".join(f"{count} {system}" for system, count in counts[:_SHOWN])
    detail = f"{known}; without: {kinds}" if without else "there are none"
    advice = "let their scanner read the instance metadata, or pair them in the config's servers; until then they stay"
    return Check(subject=subject, state=State.WARNING, detail=detail, advice=advice if without else "register servers")


def _managed(group: Group, settings: GroupSettings) -> Check:
    """Return how many servers are in roles that are managed, and where the others are."""
    names = {role.id: role.name for role in group.roles}
    defaults = {role.id for role in group.roles if role.is_default} if settings.default_role_joins else set()
    managed = _managed_names(settings)
    others = Counter(
        names.get(server.role, f"role {server.role}")
        for server in group.servers
        if names.get(server.role) not in managed and server.role not in defaults
    )
    count = len(group.servers) - others.total()
    detail = f"{count} of {_counted(len(group.servers), 'server')} are in managed roles"
    if others:
        elsewhere = ", ".join(f"{number} in {name}" for name, number in others.most_common(_SHOWN))
        detail += f"; left alone: {elsewhere}"
    subject = f"{group.name}: managed roles"
    if group.servers and not count:
        advice = "move servers into roles of a family, or list their roles in one: as it is, nothing would ever change"
        return Check(subject=subject, state=State.WARNING, detail=detail, advice=advice)
    return Check(subject=subject, state=State.GOOD, detail=detail)


def _exposures(
    client: FutureVulsProbe, group: Group, settings: GroupSettings, moved: Mapping[int, datetime]
) -> Iterator[Check]:
    """Yield for every managed role whether it has the exposure that the config says it has."""
    for family in settings.families:
        for level, name in family.roles.items():
            found = [role for role in group.roles if role.name == name]
            if len(found) == 1:  # any other number is said above
                members = [server.id for server in _members(group, found[0])]
                verdict = client.probe(found[0], level, members, moved=moved)
                yield _exposure(group, name, level, verdict)


def _exposure(group: Group, role: str, level: Exposure, verdict: Verdict) -> Check:
    subject, wanted = f"{group.name}: exposure of {role}", level.value.title()
    if isinstance(verdict, Match):
        detail = f"{wanted}, by task {verdict.task} of {_named(group, verdict.server)}"
        return Check(subject=subject, state=State.GOOD, detail=detail)
    if isinstance(verdict, Mismatch):
        when = f"{verdict.scanned_at:%Y-%m-%d %H:%M} UTC" if verdict.scanned_at else "an unknown time"
        shown = f"{verdict.shown.value.title()} and not {wanted}"
        detail = f"{shown}, by task {verdict.task} of {_named(group, verdict.server)}, which was scanned at {when}"
        advice = (
            f"set the role's Exposure to {wanted} in FutureVuls; if the server moved there since, scan it and ask again"
        )
        return Check(subject=subject, state=State.BAD, detail=detail, advice=advice)
    return Check(subject=subject, state=State.WARNING, detail=f"not known: {verdict.why}", advice=_LOOK.format(wanted))


def _members(group: Group, role: Role) -> list[Server]:
    return [server for server in group.servers if server.role == role.id]


def _named(group: Group, server: int) -> str:
    return next(
        (f"server {server}, {one.name}" for one in group.servers if one.id == server and one.name), f"server {server}"
    )


def _managed_names(settings: GroupSettings) -> set[str]:
    return {name for family in settings.families for name in family.roles.values()}


def _counted(count: int, noun: str, several: str = "") -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {several or f'{noun}s'}"
