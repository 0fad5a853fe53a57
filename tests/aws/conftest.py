"""A world that is served, for one test at a time."""

from collections.abc import Iterator

import pytest

from aws.endpoint import Endpoint, aws
from aws.small import small_world


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """Serve the small world without EC2, three rows a page, every answer checked against Inspector's model."""
    with aws(small_world(), ec2=False, largest_page=3) as served:
        served.checks_answers = True
        yield served
        assert served.problems == []


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return how long botocore waited between attempts, without waiting."""
    waited: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", waited.append)
    return waited
