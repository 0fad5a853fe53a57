"""P22: the worst inputs cost at most 256 MB and ten seconds."""

import pytest

from fuzz.worst import MEMORY, SECONDS, WORST, cost

KNOWN = {
    "an endless text": "a document is held whole, up to 2 GiB",
    "an endless list": "a document is held whole, up to 2 GiB",
    "findings that are numbers": "the members of a list are split all at once",
    "findings that are empty": "the members of a list are split all at once",
}
"""What costs more, and why. A test that passes all the same fails: then the entry goes."""


@pytest.mark.parametrize("name", WORST)
def test_the_worst_input_costs_at_most_256_mb_and_ten_seconds(name: str, request: pytest.FixtureRequest) -> None:
    if name in KNOWN:
        request.applymarker(pytest.mark.xfail(reason=KNOWN[name]))

    costs = cost(WORST[name])

    assert costs is not None, "it takes more than 256 MB, or 30 s"
    assert costs[1] < SECONDS


def test_what_takes_more_memory_than_it_may_is_noticed() -> None:
    assert cost(lambda: bytearray(2 * MEMORY)) is None
