"""Checking one group: every question with every answer that it can have."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from exposurectl.checks import Check, State
from exposurectl.config import Family, GroupSettings
from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.emulator import Emulator
from exposurectl.demo.ledger import Rights
from exposurectl.diagnostics import Place
from exposurectl.model import Exposure, Group, Role, Server
from exposurectl.targets.checkup import check_clock, check_group, check_health
from exposurectl.targets.pacing import Pace
from exposurectl.targets.probing import FutureVulsProbe
from exposurectl.targets.token import Token
from targets.scripted import CANARY, Scripted

HERE = Place("config.yaml", 9, 1)
DEFAULT, OPEN, CONTROLLED, SMALL = (
    Role(id=1, name="default", is_default=True),
    Role(id=2, name="web-open"),
    Role(id=3, name="web-controlled"),
    Role(id=4, name="web-small"),
)
ROLES = (DEFAULT, OPEN, CONTROLLED, SMALL)
WEB = Family(
    name="web",
    roles={Exposure.OPEN: "web-open", Exposure.CONTROLLED: "web-controlled", Exposure.SMALL: "web-small"},
    place=HERE,
)
SETTINGS = GroupSettings(name="prod", token="env:T", families=(WEB,), place=HERE, default_role_joins="web")
LEVELS = {2: "open", 3: "controlled", 4: "small"}


def server(number: int, role: int, instance: str | None = None) -> Server:
    return Server(
        id=number,
        uuid="",
        name=f"web-{number}",
        role=role,
        instance=f"i-{number}" if instance is None else instance,
    )


SERVERS = (server(1, 1), server(2, 2), server(3, 3), server(4, 4))


def probe_of(url: str, clock: SimulatedClock) -> FutureVulsProbe:
    pace = Pace(600_000, clock, burst=10_000)
    return FutureVulsProbe(url, Token(CANARY), group="prod", clock=clock, pace=pace, jitter=lambda _: 0.0)


Ask = Callable[..., dict[str, Check]]


@pytest.fixture
def ask(clock: SimulatedClock) -> Ask:
    """Check a group that an emulator serves, and return the checks by what they are about."""

    def asked(
        servers: tuple[Server, ...] = SERVERS,
        roles: tuple[Role, ...] = ROLES,
        settings: GroupSettings = SETTINGS,
        *,
        levels: dict[int, str] = LEVELS,
        rights: Rights | None = None,
    ) -> dict[str, Check]:
        group = Group(name="prod", servers=servers, roles=roles)
        with Emulator({CANARY: group}, clock=clock) as emulator:
            emulator.expose(CANARY, levels)
            emulator.permit(CANARY, rights or Rights())
            checks = list(check_group(probe_of(emulator.url, clock), settings, {}))
            assert emulator.writes == ()
        assert all(check.subject.startswith("prod: ") for check in checks)
        assert all(bool(check.advice) == (check.state is not State.GOOD) for check in checks)
        return {check.subject.removeprefix("prod: "): check for check in checks}

    return asked


def test_a_group_that_is_as_it_should_be(ask: Ask) -> None:
    checks = ask()

    assert {check.state for check in checks.values()} == {State.GOOD}
    assert {subject: check.detail for subject, check in checks.items()} == {
        "token": "it reads 4 roles and 4 servers; "
        "whether it may also update or scan cannot be known without trying, which is not done here",
        "roles": "the 3 roles of 1 family exist, each once",
        "default role": "it is default; 1 server in it, to join web",
        "servers": "4 of 4 servers have an instance id",
        "managed roles": "4 of 4 servers are in managed roles",
        "exposure of web-open": "Open, by task 21 of server 2, web-2",
        "exposure of web-controlled": "Controlled, by task 31 of server 3, web-3",
        "exposure of web-small": "Small, by task 41 of server 4, web-4",
    }


def test_what_a_token_may_do_besides_is_not_tried(ask: Ask) -> None:
    assert ask(rights=Rights(update=False, scan=False)) == ask(rights=Rights())


def test_a_token_that_is_refused_ends_the_questions_of_its_group(ask: Ask) -> None:
    checks = ask(rights=Rights(read=False))

    assert list(checks) == ["token"]
    assert checks["token"] == Check(
        subject="prod: token",
        state=State.BAD,
        detail="FutureVuls refused the token: Group `prod`, GET /v1/roles?page=1&limit=100: "
        "answered in plain text: Authorization failed.",
        advice="Check that it is a group token, enabled, and given without `Bearer `; "
        "regenerate it in Group settings > Tokens if need be.",
    )


def test_a_token_without_permission_is_bad(scripted: Scripted, clock: SimulatedClock) -> None:
    scripted.answer(scripted.json({"message": "no permission"}, 403))

    (check,) = check_group(probe_of(scripted.url, clock), SETTINGS, {})

    assert (check.subject, check.state) == ("prod: token", State.BAD)
    assert check.detail.startswith("The token lacks the permission: Group `prod`, GET /v1/roles?page=1&limit=100")
    assert len(scripted.requests) == 1


def test_roles_that_are_missing_or_ambiguous_are_all_named(ask: Ask) -> None:
    checks = ask((), (DEFAULT, OPEN, Role(id=9, name="web-open")))

    assert (checks["roles"].state, checks["roles"].detail) == (
        State.BAD,
        (
            "missing: web-controlled (Exposure Controlled), web-small (Exposure Small); "
            "more than one role is named: web-open"
        ),
    )
    assert checks["roles"].advice == (
        "create what is missing in FutureVuls or correct the config; give each role a name of its own"
    )
    assert not any(subject.startswith("exposure") for subject in checks)


DEFAULTS: dict[str, tuple[tuple[Role, ...], str, State, str]] = {
    "joins": (ROLES, "web", State.GOOD, "it is default; 1 server in it, to join web"),
    "stays": (ROLES, "", State.WARNING, "it is default; 1 server in it, to be left there"),
    "none": (ROLES[1:], "web", State.WARNING, "0 roles are marked as the default one"),
    "two": (
        (*ROLES, Role(id=9, name="other", is_default=True)),
        "web",
        State.WARNING,
        "2 roles are marked as the default one",
    ),
    "managed": (
        (Role(id=2, name="web-open", is_default=True), CONTROLLED, SMALL),
        "",
        State.GOOD,
        "it is web-open, which a family lists; 1 server in it",
    ),
    "empty": (
        (*ROLES[1:], Role(id=9, name="elsewhere", is_default=True)),
        "",
        State.GOOD,
        "it is elsewhere; 0 servers in it, to be left there",
    ),
}


@pytest.mark.parametrize(("roles", "joins", "state", "detail"), DEFAULTS.values(), ids=list(DEFAULTS))
def test_what_becomes_of_new_servers(ask: Ask, roles: tuple[Role, ...], joins: str, state: State, detail: str) -> None:
    settings = GroupSettings(name="prod", token="env:T", families=(WEB,), place=HERE, default_role_joins=joins)

    check = ask(roles=roles, settings=settings)["default role"]

    assert (check.state, check.detail) == (state, detail)


def test_servers_without_an_instance_are_counted_by_system(scripted: Scripted, clock: SimulatedClock) -> None:
    def row(number: int, system: str | None, instance: str = "") -> dict[str, Any]:
        return {"id": number, "serverroleId": 1, "platformInstanceId": instance, "osFamily": system}

    rows = [row(1, "pseudo"), row(2, "pseudo"), row(3, "amazon"), row(4, None), row(5, "amazon", "i-5")]
    scripted.answer(scripted.json({"roles": []}), scripted.json({"servers": rows}))
    settings = GroupSettings(name="prod", token="env:T", families=(), place=HERE, servers={3: "i-3"})

    checks = {check.subject: check for check in check_group(probe_of(scripted.url, clock), settings, {})}

    check = checks["prod: servers"]
    assert (check.state, check.detail) == (
        State.WARNING,
        "2 of 5 servers have an instance id, 1 of them by the config; without: 2 pseudo, 1 no system named",
    )
    assert check.advice.startswith("let their scanner read the instance metadata, or pair them")


def test_a_group_without_servers_is_to_look_at(ask: Ask) -> None:
    checks = ask(())

    assert (checks["servers"].state, checks["servers"].detail) == (State.WARNING, "there are none")
    assert checks["managed roles"].state is State.GOOD
    assert {check.detail for subject, check in checks.items() if subject.startswith("exposure")} == {
        "not known: no server is in it, so no task shows its exposure"
    }


def test_servers_that_nothing_would_ever_move_are_to_look_at(ask: Ask) -> None:
    settings = GroupSettings(name="prod", token="env:T", families=(WEB,), place=HERE)
    legacy = Role(id=9, name="legacy")

    check = ask((server(1, 9), server(2, 9), server(3, 1)), (*ROLES, legacy), settings)["managed roles"]

    assert (check.state, check.detail) == (
        State.WARNING,
        "0 of 3 servers are in managed roles; left alone: 2 in legacy, 1 in default",
    )


def test_a_server_in_a_role_that_the_list_lacks_is_left_alone(ask: Ask) -> None:
    check = ask((server(1, 77), server(2, 2)))["managed roles"]

    assert (check.state, check.detail) == (
        State.GOOD,
        "1 of 2 servers are in managed roles; left alone: 1 in role 77",
    )


def test_a_role_with_another_exposure_is_bad(ask: Ask) -> None:
    check = ask(levels={3: "controlled", 4: "small"})["exposure of web-open"]

    assert check == Check(
        subject="prod: exposure of web-open",
        state=State.BAD,
        detail="Controlled and not Open, by task 21 of server 2, web-2, which was scanned at 2024-01-01 04:00 UTC",
        advice="set the role's Exposure to Open in FutureVuls; if the server moved there since, scan it and ask again",
    )


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("", "its tasks have no SSVC priority: SSVC is off, or no scan has derived one yet"),
        ("public", "task 21 shows the exposure `public`, which is none of SSVC's"),
    ],
)
def test_an_exposure_that_nothing_tells_is_to_look_at(ask: Ask, word: str, why: str) -> None:
    check = ask(levels={**LEVELS, 2: word})["exposure of web-open"]

    assert (check.state, check.detail) == (State.WARNING, f"not known: {why}")
    assert check.advice == "look at the role in FutureVuls: its Exposure must be Open"


def test_a_token_revoked_meanwhile_ends_the_probing(scripted: Scripted, clock: SimulatedClock) -> None:
    roles = [{"id": role.id, "name": role.name, "isDefault": role.is_default} for role in ROLES]
    rows = [{"id": one.id, "serverroleId": one.role, "platformInstanceId": one.instance} for one in SERVERS]
    scripted.answer(scripted.json({"roles": roles}), scripted.json({"servers": rows}), scripted.text(401))

    checks = list(check_group(probe_of(scripted.url, clock), SETTINGS, {}))

    assert [check.subject for check in checks if check.state is State.BAD] == ["prod: exposures"]
    assert len(scripted.requests) == 3


@pytest.mark.parametrize(("body", "state"), [("true", State.GOOD), ("false", State.WARNING), ("", State.WARNING)])
def test_health_is_asked_for_once(scripted: Scripted, clock: SimulatedClock, body: str, state: State) -> None:
    scripted.answer(scripted.text(200, body))

    assert check_health(probe_of(scripted.url, clock)).state is state
    assert scripted.lines == ["GET /health"]


@pytest.mark.parametrize(
    ("seconds", "state", "detail"),
    [
        (None, State.WARNING, "no reply told the time, so that nothing compares our clock with another"),
        (0, State.GOOD, "both agree"),
        (0.4, State.GOOD, "both agree"),
        (7, State.GOOD, "FutureVuls' clock is 7 s ahead of ours"),
        (-600, State.GOOD, "FutureVuls' clock is 600 s behind ours"),
        (601, State.BAD, "FutureVuls' clock is 601 s ahead of ours"),
        (-86_400, State.BAD, "FutureVuls' clock is 86,400 s behind ours"),
    ],
)
def test_clocks_may_be_ten_minutes_apart(seconds: float | None, state: State, detail: str) -> None:
    check = check_clock(None if seconds is None else timedelta(seconds=seconds))

    assert (check.state, check.detail) == (state, detail)
    assert bool(check.advice) == (state is not State.GOOD)
