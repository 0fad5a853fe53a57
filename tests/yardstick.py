"""How slow this machine is here and now: limits in seconds were measured on one that had nothing else to do."""

import json
import time
from collections.abc import Callable

_SECONDS = 0.15
"""What the yardstick takes there."""


def slowness(clock: Callable[[], float] = time.process_time) -> float:
    """
    Return how many times longer a certain piece of work takes than where the limits were measured, at least 1.

    `clock` is `time.process_time` for limits on what a processor does, and `time.monotonic` for those on waiting.
    """
    begin = clock()
    for _ in range(100_000):
        json.loads('{"type": "x", "detail": [1, 2, 3]}')
    return max(1.0, (clock() - begin) / _SECONDS)
