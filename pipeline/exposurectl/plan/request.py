"""Everything that a plan follows from."""

from datetime import datetime

import msgspec

from exposurectl.config import Settings
from exposurectl.model import Group, Inventory
from exposurectl.plan.model import Plan
from exposurectl.policy.model import Policy


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a plan follows from."""

    inventory: Inventory
    groups: tuple[Group, ...]
    policy: Policy
    settings: Settings
    as_of: datetime
    previous: Plan | None = None
    git_commit: str | None = None
