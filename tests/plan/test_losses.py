"""What is missing since the previous plan."""

from datetime import timedelta

from exposurectl.model import Inventory
from exposurectl.plan.limits import Losses
from exposurectl.plan.losses import counts_of, losses_since
from exposurectl.plan.model import Counts
from plan.building import AS_OF, SSH, WEB_OPEN, finding, planned, seen, server, unseen


def test_instances_observed_ones_and_findings_that_count_are_counted() -> None:
    evidence = (
        seen("i-a", SSH),
        unseen("i-b", SSH),
        seen("i-c", findings=(finding("i-c", SSH, closed=timedelta(days=1)),)),
    )

    found = counts_of(Inventory(as_of=AS_OF, evidence=evidence, digest="sha256:0"))

    assert found == Counts(instances=3, observed=2, findings=2)


def test_without_a_previous_plan_nothing_is_compared() -> None:
    assert losses_since(None, Inventory(as_of=AS_OF, evidence=(), digest="sha256:0")) is None


def test_an_instance_that_was_observed_and_is_not_now_is_uncovered() -> None:
    before = (seen("i-a", SSH), seen("i-b"), seen("i-c", SSH), seen("i-gone", SSH))
    servers = tuple(server(number, one.instance.id, WEB_OPEN) for number, one in enumerate(before))
    previous = planned(*before, servers=servers)
    now = (unseen("i-a", SSH), unseen("i-b"), seen("i-c", SSH))

    losses = losses_since(previous, Inventory(as_of=AS_OF, evidence=now, digest="sha256:0"))

    assert losses == Losses(
        before=Counts(instances=4, observed=4, findings=3),
        now=Counts(instances=3, observed=1, findings=2),
        uncovered=2,
    )
