"""From a config file to Settings."""

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from exposurectl.config.durations import duration
from exposurectl.config.problems import problems_of
from exposurectl.config.settings import AcceptedGap, Family, GroupSettings, Limits, Quieted, Review, Settings
from exposurectl.diagnostics import Diagnostic, ExposurectlError, Place, ProblemId, by_place
from exposurectl.documents import Document, read_as, read_content
from exposurectl.model import Exposure


class ConfigFile(msgspec.Struct, frozen=True, kw_only=True):
    """A config file as far as it could be read: its settings, or every problem of it."""

    document: Document
    content: bytes
    settings: Settings | None
    problems: tuple[Diagnostic, ...]
    """By place; empty where there are settings."""


def load_config(path: Path) -> Settings:
    """Read a config file. Raises ExposurectlError with every problem of it, by place."""
    file = read_config(path)
    if file.settings is None:
        raise ExposurectlError(*file.problems, reason="config-invalid")
    return file.settings


def read_config(path: Path) -> ConfigFile:
    """Read a config file as far as that is possible. Raises ExposurectlError where there is no file to read."""
    try:
        content = read_content(path)
    except OSError as error:
        problem = Diagnostic(
            id=ProblemId.FILE_NOT_READABLE,
            summary="Config not readable",
            place=Place(str(path)),
            detail=f"{error.strerror}.",
            hint="name the file with --config",
        )
        raise ExposurectlError(problem, reason="config-invalid") from error
    document, found = read_as("config", str(path), content)
    problems = tuple(sorted([*found, *problems_of(document)], key=by_place))
    settings = None if problems else _settings(document, path.stem, content)
    return ConfigFile(document=document, content=content, settings=settings, problems=problems)


def _settings(document: Document, environment: str, content: bytes) -> Settings:
    data = document.data
    inspector, limits, overrides = (data.get(key, {}) for key in ("inspector", "limits", "overrides"))
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
        expired_overrides_block=overrides.get("expired", "error") == "error",
        override_max_days=overrides.get("max_days", 365),
        override_expiring_days=overrides.get("expiring_days", 14),
        quieted=tuple(_quieted(document, index, one) for index, one in enumerate(data.get("warnings", ()))),
        review=_review(data["review"]) if "review" in data else None,
        digest=f"sha256:{hashlib.sha256(content).hexdigest()}",
    )


def _gap(given: dict[str, str]) -> AcceptedGap:
    return AcceptedGap(account=given.get("account", ""), region=given.get("region", ""), because=given["because"])


def _quieted(document: Document, index: int, given: dict[str, str]) -> Quieted:
    return Quieted(id=given["id"], because=given["because"], place=document.place("warnings", index))


def _review(given: dict[str, str]) -> Review:
    remote, _, branch = given["branch"].partition("/")
    usual = Review(remote=remote, branch=branch)
    return Review(
        remote=remote,
        branch=branch,
        plans=given.get("plans", usual.plans),
        policy=given.get("policy", usual.policy),
    )


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
        min_clear_age=duration(lowering["min_clear_age"]) if "min_clear_age" in lowering else usual.min_clear_age,
        plan_valid_for=duration(given["plan_valid_for"]) if "plan_valid_for" in given else usual.plan_valid_for,
    )
