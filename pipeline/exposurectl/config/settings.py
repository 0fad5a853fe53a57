"""Settings: where exposurectl runs, what it reads and writes, and within which limits."""

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from exposurectl.diagnostics import Place
from exposurectl.model import Exposure


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


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """Where plans are reviewed: apply refuses all but the newest plan there, made by the policy there."""

    remote: str
    """The remote's name, such as `origin`."""
    branch: str
    """The branch's name there, such as `main`."""
    plans: str = "plans"
    """The folder of the plans, counted from the top of the repository."""
    policy: str = "policies"
    """The folder of the policy, likewise."""


class Quieted(msgspec.Struct, frozen=True, kw_only=True):
    """A warning that is not to be given, by its id, and why."""

    id: str
    because: str
    place: Place


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
    override_max_days: int = 365
    """How many days an override may hold, counted from the day it is judged."""
    override_expiring_days: int = 14
    """How many days before its last one an override is said to expire soon."""
    quieted: tuple[Quieted, ...] = ()
    review: Review | None = None
    """None where plans are not reviewed in git: then nothing is known to be the newest."""
    digest: str
