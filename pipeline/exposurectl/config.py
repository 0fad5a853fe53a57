"""Config: where exposurectl runs, what it reads and writes, and within which limits."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from exposurectl.diagnostics import Diagnostic, ExposurectlError, Place, by_place
from exposurectl.documents import Document, check, read_content, read_yaml
from exposurectl.model import Exposure

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_HTTPS = 443
_ADDRESS = re.compile(r"[A-Za-z]+://(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(:[0-9]+)?(/[^\\@?#\s]*)?")
# Names only, and none in Punycode: an address in digits and a look-alike in another script read as nobody's host.
_HOST = re.compile(r"(?!.*xn--)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")
_LONGEST_VALIDITY = timedelta(hours=72)


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """Roles that differ in nothing but their Exposure: a server moves within its family only."""

    name: str
    roles: Mapping[Exposure, str]
    """The name of the role of each level."""
    place: Place


class GroupSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One FutureVuls group: its token's whereabouts and its role families."""

    name: str
    token: str
    """`env:NAME` or `file:PATH`, never the token itself."""
    families: tuple[Family, ...]
    place: Place
    default_role_joins: str = ""
    """The family that servers in the group's default role join; empty leaves them where they are."""
    servers: Mapping[int, str] = {}
    """Server id to instance id, where FutureVuls does not know the instance."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much one plan may change."""

    raise_percent: int = 30
    raise_count: int = 500
    lower_count: int = 0
    min_clear_age: timedelta = timedelta(days=7)
    """How long a closed path holds its instance where it is."""
    plan_valid_for: timedelta = timedelta(hours=24)


class AcceptedGap(msgspec.Struct, frozen=True, kw_only=True):
    """A part of AWS that may be unreadable without blocking a plan. Empty text stands for any."""

    account: str
    region: str
    because: str


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """A whole config file."""

    environment: str
    """The file's name without its ending: `production`."""
    regions: tuple[str, ...]
    organization: bool = False
    """The caller is Inspector's delegated administrator, and every member's findings are meant."""
    evidence_role: str = ""
    """The role to assume in each account; empty where there is none."""
    accepted_gaps: tuple[AcceptedGap, ...] = ()
    anywhere_v4: int
    anywhere_v6: int
    url: str
    requests_per_minute: int
    groups: tuple[GroupSettings, ...]
    limits: Limits
    expired_overrides_block: bool
    digest: str


def load_config(path: Path) -> Settings:
    """Read a config file. Raises ExposurectlError with every problem of it, by place."""
    try:
        content = read_content(path)
    except OSError as error:
        problem = Diagnostic(
            summary="Config not readable",
            place=Place(str(path)),
            detail=f"{error.strerror}.",
            hint="name the file with --config",
        )
        raise ExposurectlError(problem, reason="config-invalid") from error
    document, problems = read_yaml(str(path), content)
    if document and not problems:
        problems = check(document, "config") or list(_problems(document))
    if problems or document is None:
        raise ExposurectlError(*sorted(problems, key=by_place), reason="config-invalid")
    return _settings(document, path.stem, content)


def _settings(document: Document, environment: str, content: bytes) -> Settings:
    data = document.data
    inspector, limits = data.get("inspector", {}), data.get("limits", {})
    return Settings(
        environment=environment,
        regions=tuple(inspector.get("regions", ())),
        organization=inspector.get("organization", False),
        evidence_role=inspector.get("evidence_role", ""),
        accepted_gaps=tuple(_gap(gap) for gap in inspector.get("accepted_gaps", ())),
        anywhere_v4=inspector.get("anywhere_prefix", 8),
        anywhere_v6=inspector.get("anywhere_prefix_v6", 16),
        url=data["futurevuls"]["url"].rstrip("/"),
        requests_per_minute=data["futurevuls"].get("requests_per_minute", 20),
        groups=tuple(_group(document, index, group) for index, group in enumerate(data["futurevuls"]["groups"])),
        limits=_limits(limits),
        expired_overrides_block=data.get("overrides", {}).get("expired", "error") == "error",
        digest=f"sha256:{hashlib.sha256(content).hexdigest()}",
    )


def _gap(given: dict[str, str]) -> AcceptedGap:
    return AcceptedGap(account=given.get("account", ""), region=given.get("region", ""), because=given["because"])


def _group(document: Document, index: int, group: dict[str, Any]) -> GroupSettings:
    here = ("futurevuls", "groups", index)
    return GroupSettings(
        name=group["name"],
        token=group["token"],
        families=tuple(
            Family(
                name=family["name"],
                roles={level: family[level.value] for level in Exposure},
                place=document.place(*here, "families", at),
            )
            for at, family in enumerate(group["families"])
        ),
        place=document.place(*here),
        default_role_joins=group.get("default_role_joins", ""),
        servers={pairing["server"]: pairing["instance"] for pairing in group.get("servers", ())},
    )


def _limits(given: dict[str, Any]) -> Limits:
    usual = Limits()
    raising, lowering = given.get("raise", {}), given.get("lower", {})
    return Limits(
        raise_percent=raising.get("percent", usual.raise_percent),
        raise_count=raising.get("count", usual.raise_count),
        lower_count=lowering.get("count", usual.lower_count),
        min_clear_age=_duration(lowering["min_clear_age"]) if "min_clear_age" in lowering else usual.min_clear_age,
        plan_valid_for=_duration(given["plan_valid_for"]) if "plan_valid_for" in given else usual.plan_valid_for,
    )


def _duration(written: str) -> timedelta:
    """Return what `24h` or `7d` means."""
    return timedelta(**{_UNITS[written[-1]]: int(written[:-1])})


def _problems(document: Document) -> Iterator[Diagnostic]:
    """Yield what a schema cannot see: the address, names that stand twice, families that do not exist."""
    yield from _url_problems(document)
    valid_for = document.data.get("limits", {}).get("plan_valid_for")
    if valid_for and not timedelta(0) < _duration(valid_for) <= _LONGEST_VALIDITY:
        place = document.place("limits", "plan_valid_for")
        yield _wrong(place, f"A plan may be valid for 1s to 72h, not {valid_for}: evidence grows old.")
    groups = document.data["futurevuls"]["groups"]
    yield from _repeated(document, ("futurevuls", "groups"), [group["name"] for group in groups], "Group")
    for index, group in enumerate(groups):
        yield from _group_problems(document, index, group)


def _url_problems(document: Document) -> Iterator[Diagnostic]:
    """Yield what is wrong with the address: a token goes to it, so it is https, and a host and nothing else."""
    written = document.data["futurevuls"]["url"]
    place = document.place("futurevuls", "url")
    try:
        parts = urlsplit(written)
        port = parts.port
    except ValueError:
        yield _wrong(place, "This is not an address.")
        return
    local = parts.hostname in LOOPBACK
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        yield _wrong(place, "The address must begin with https://: a token is sent to it.")
    if not _ADDRESS.fullmatch(written) or not (local or _HOST.fullmatch(parts.hostname or "")):
        yield _wrong(place, "The address must be a plain host name, without a user, a query or a fragment.")
    if parts.path not in {"", "/"}:
        yield _wrong(place, f'The address must not have a path: exposurectl adds "/v1/…" to it, not to {parts.path}.')
    if port not in {None, _HTTPS} and not local:
        yield _wrong(place, f"The address must not name port {port}.")


def _group_problems(document: Document, index: int, group: dict[str, Any]) -> Iterator[Diagnostic]:
    """Yield the names that stand twice within one group, and a default family that is none."""
    here = ("futurevuls", "groups", index)
    names = [family["name"] for family in group["families"]]
    yield from _repeated(document, (*here, "families"), names, "Family")
    uses = Counter(family[level.value] for family in group["families"] for level in Exposure)
    for at, family in enumerate(group["families"]):
        for level in Exposure:
            if uses[family[level.value]] > 1:
                place = document.place(*here, "families", at, level.value)
                yield _wrong(place, f'The role "{family[level.value]}" stands for more than one level or family.')
    joins = group.get("default_role_joins")
    if joins and joins not in names:
        place = document.place(*here, "default_role_joins")
        yield _wrong(place, f'The group has no family "{joins}". Its families are: {", ".join(names)}.')
    servers = [str(pairing["server"]) for pairing in group.get("servers", ())]
    yield from _repeated(document, (*here, "servers"), servers, "Server")


def _repeated(document: Document, path: tuple[str | int, ...], names: list[str], what: str) -> Iterator[Diagnostic]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield _wrong(document.place(*path, index), f'{what} "{name}" stands here a second time.')


def _wrong(place: Place, detail: str) -> Diagnostic:
    return Diagnostic(summary="Wrong value", place=place, detail=detail)
