"""Faults that a test puts in the way of calls: where, which, and how often."""

import hashlib
from collections import Counter
from enum import Enum
from typing import Final

import msgspec

from aws.calls import Asked
from aws.replies import error_reply
from aws.wire import Ending, Reply

RETRY_AFTER: Final = {"Retry-After": "1"}


class Kind(Enum):
    DELAYED = "delayed"
    """Answered as usual, `seconds` later."""
    THROTTLED = "throttled"
    FAILED = "failed"
    """500, which clients try again."""
    DENIED = "denied"
    RESET = "reset"
    HANGING = "hanging"
    TRUNCATED = "truncated"


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What goes wrong, and for which calls. What is not given matches every call."""

    kind: Kind
    operation: str = ""
    """As the API names it. `ListFindings`, `AssumeRole`, `DescribeInstances`, …"""
    account: str = ""
    """One that the call asks about: of its filter, or else the caller's."""
    region: str = ""
    page: int = 0
    """Counted from 1."""
    times: int = 0
    """How many matching calls it hits; 0 is all."""
    seconds: float = 0.0
    """How much later than the latency says."""

    def hits(self, asked: Asked) -> bool:
        return (
            self.operation in ("", asked.operation)
            and (not self.account or self.account in asked.accounts)
            and self.region in ("", asked.region)
            and self.page in (0, asked.page)
        )


class Faults:
    """The faults of a server. They may be changed while it serves."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._hit: Counter[int] = Counter()
        self._rate = 0.0
        self._seed = 0
        self._asked: Counter[Asked] = Counter()

    def add(self, *faults: Fault) -> None:
        self._faults.extend(faults)

    def throttle(self, rate: float, *, seed: int = 0) -> None:
        """
        Throttle this share of all calls to every service.

        Which ones depends on the seed and on the call, not on the order of calls: two runs that ask the same are
        throttled at the same places.
        """
        self._rate, self._seed = rate, seed

    def clear(self) -> None:
        self._faults.clear()
        self._hit.clear()
        self._rate = 0.0

    def due(self, asked: Asked) -> list[Fault]:
        """Return what goes wrong with this call, and count it."""
        due = []
        for index, fault in enumerate(self._faults):
            if fault.hits(asked) and not 0 < fault.times <= self._hit[index]:
                self._hit[index] += 1
                due.append(fault)
        self._asked[asked] += 1
        if self._draw(asked) < self._rate:
            due.append(Fault(kind=Kind.THROTTLED))
        return due

    def _draw(self, asked: Asked) -> float:
        drawn = hashlib.sha256(f"{self._seed} {asked} {self._asked[asked]}".encode()).digest()
        return int.from_bytes(drawn[:8], "big") / (1 << 64)


_THROTTLED: Final = {
    "ec2": (503, "RequestLimitExceeded"),
    "inspector2": (429, "ThrottlingException"),
    "s3": (503, "SlowDown"),
}
_FAILED: Final = {"ec2": "InternalError", "inspector2": "InternalServerException", "s3": "InternalError"}
_DENIED: Final = {"ec2": "UnauthorizedOperation", "inspector2": "AccessDeniedException"}
_ENDINGS: Final = {Kind.RESET: Ending.RESET, Kind.HANGING: Ending.HANGING, Kind.TRUNCATED: Ending.TRUNCATED}


def broken(fault: Fault, asked: Asked, reply: Reply) -> Reply:
    """Return what becomes of a call's reply."""
    service = asked.service
    match fault.kind:
        case Kind.DELAYED:
            return reply
        case Kind.THROTTLED:
            status, code = _THROTTLED.get(service, (400, "Throttling"))
            throttled = error_reply(service, status, code, "Rate exceeded")
            return throttled._replace(headers={**throttled.headers, **RETRY_AFTER})
        case Kind.FAILED:
            return error_reply(service, 500, _FAILED.get(service, "InternalFailure"), "An internal error occurred")
        case Kind.DENIED:
            message = f"User is not authorized to perform: {service}:{asked.operation}"
            return error_reply(service, 403, _DENIED.get(service, "AccessDenied"), message)
        case Kind.RESET | Kind.HANGING | Kind.TRUNCATED:
            return reply._replace(ending=_ENDINGS[fault.kind])
