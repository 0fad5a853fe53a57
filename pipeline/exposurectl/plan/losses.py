"""How much evidence a plan has, and how much of the previous plan's is missing."""

from exposurectl.model import Inventory, Observed, Unobserved
from exposurectl.plan.limits import Losses
from exposurectl.plan.model import Counts, Plan


def counts_of(inventory: Inventory) -> Counts:
    """Return how much there is."""
    return Counts(
        instances=len(inventory.evidence),
        observed=sum(isinstance(one.coverage, Observed) for one in inventory.evidence),
        findings=sum(finding.counts for one in inventory.evidence for finding in one.findings),
    )


def losses_since(previous: Plan | None, inventory: Inventory) -> Losses | None:
    """Return what is missing since the previous plan; None where there is none to compare with."""
    if previous is None:
        return None
    covered = {row.instance for row in previous.changes if row.observed}
    covered |= {row.instance for row in previous.unchanged if row.observed}
    lost = {one.instance.id for one in inventory.evidence if isinstance(one.coverage, Unobserved)}
    return Losses(before=previous.counts, now=counts_of(inventory), uncovered=len(covered & lost))
