"""A plan: which servers would move, from where, to where and why, and everything that binds it to its inputs."""

import enum
from datetime import datetime
from typing import Annotated, ClassVar, TypeAlias

import msgspec

from exposurectl.model import Exposure, Reason

FORMAT_VERSION = 1

Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time with its offset: one without cannot be compared with now."""


class Direction(enum.Enum):
    """
    What a change does to the exposure that people see.

    A server that joins a family from the group's default role had no level that anybody knows.
    """

    RAISE = "raise"
    JOIN = "join"
    LOWER = "lower"


class Cause(enum.Enum):
    """What brought a change about, judged against the previous plan."""

    FIRST_PLAN = "first-plan"
    NEW_SERVER = "new-server"
    POLICY_CHANGED = "policy-changed"
    FINDINGS_CHANGED = "findings-changed"
    COVERAGE_CHANGED = "coverage-changed"
    OVERRIDE_CHANGED = "override-changed"
    OVERRIDE_EXPIRED = "override-expired"
    EDITED_REMOTELY = "edited-remotely"
    REVERTED = "reverted"


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the plan file: a key that this version does not know is an error, never passed over."""


class Placement(_Part, frozen=True, kw_only=True):
    """A server's role together with the level that role stands for; None where nobody knows the role's level."""

    level: Exposure | None
    role: int


class WouldBe(_Part, frozen=True, kw_only=True, rename={"condition": "if"}):
    """The level that the instance would have if something were different."""

    level: Exposure
    condition: str


class Change(_Part, frozen=True, kw_only=True):
    """One server to move. Apply reads ids, before and after; the rest explains."""

    server: int
    name: str
    group: str
    instance: str
    account: str
    region: str
    direction: Direction
    cause: Cause
    before: Placement
    after: Placement
    evidence: str
    """A fingerprint of the instance's evidence, to tell a changed policy from a changed network."""
    observed: bool
    reasons: tuple[Reason, ...]
    would_be: tuple[WouldBe, ...] = ()


class Unchanged(_Part, frozen=True, kw_only=True):
    """One server that is where it belongs."""

    server: int
    name: str
    group: str
    instance: str
    account: str
    region: str
    placement: Placement
    evidence: str
    observed: bool
    reasons: tuple[Reason, ...]


class Skipped(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """A server or an instance that the plan leaves alone, with why."""

    why: str
    server: int | None = None
    name: str = ""
    group: str = ""
    instance: str = ""


class PinnedRole(_Part, frozen=True, kw_only=True):
    """A role of a family as it was when the plan was made: apply refuses where id and name no longer agree."""

    id: int
    name: str
    family: str
    level: Exposure


class TargetGroup(_Part, frozen=True, kw_only=True):
    """A group that the plan was made for."""

    name: str
    roles: tuple[PinnedRole, ...]


class Target(_Part, frozen=True, kw_only=True):
    """The one FutureVuls that the plan is for."""

    url: str
    groups: tuple[TargetGroup, ...]


class Inputs(_Part, frozen=True, kw_only=True):
    """Digests of everything that the plan follows from."""

    policy: str
    config: str
    snapshot: str
    servers: str
    git_commit: str | None


class Summary(_Part, frozen=True, kw_only=True, rename={"raised": "raise"}):
    """The plan in numbers. `requests` and `minutes` are what its apply will take at the configured pace."""

    raised: int
    join: int
    lower: int
    unchanged: int
    skipped: int
    requests: int
    minutes: int


class Block(_Part, frozen=True, kw_only=True):
    """Why the plan is not simply applied: a machine-readable reason, and what to do about it."""

    reason: str
    detail: str
    acknowledge: str = ""
    """What to give `apply` to accept it, such as `--accept-lowering 3`; empty where nothing accepts it."""


class Counts(_Part, frozen=True, kw_only=True):
    """How much evidence the plan follows from, to notice in the next one that much of it is missing."""

    instances: int
    observed: int
    """Instances that Inspector vouches for."""
    findings: int
    """Findings that count towards a level."""


class Plan(_Part, frozen=True, kw_only=True):
    """A whole plan. `digest` is taken over everything else."""

    MAX_BYTES: ClassVar[int] = 64 * 1024 * 1024

    format_version: int
    tool_version: str
    environment: str
    sequence: int
    """Counts the plans of this environment from 1."""
    previous: str | None
    """The digest of the plan that this one was compared with."""
    as_of: Moment
    expires_at: Moment
    applyable: bool
    """Nothing stands in the way that no acknowledgement lifts."""
    blocked_by: tuple[Block, ...]
    warnings: tuple[str, ...]
    inputs: Inputs
    counts: Counts
    target: Target
    summary: Summary
    changes: tuple[Change, ...]
    """In the order in which apply makes them: raises, joins, lowers."""
    unchanged: tuple[Unchanged, ...]
    skipped: tuple[Skipped, ...]
    digest: str = ""
