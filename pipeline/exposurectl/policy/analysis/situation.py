"""One concrete situation that a policy judges."""

import msgspec

from exposurectl.model import Component, Instance, Protocol
from exposurectl.policy.sources import Admitted


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """One port of an instance that can be reached along a path."""

    protocol: Protocol
    port: int
    path: tuple[Component, ...]
    networks: Admitted
    """Whom the port admits, merged; None where there is no evidence."""


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """
    An instance with at most one reachable port.

    An instance with more of them has the highest level that it would have with any of them, so that two policies
    which agree on all situations agree on everything.
    """

    instance: Instance
    reached: Reached | None
    observed: bool = True
    """Whether silence means anything. Where a port is reached, it makes no difference that single ports do not show."""
