"""What a snapshot says around each instance, looked up: its partition, its coverage and its row in the inventory."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from exposurectl.model import Coverage, Finding, Instance
from exposurectl.sources.findings import EC2_INSTANCE, instance_id
from exposurectl.sources.observed import Circumstances, CoverageRow, InstanceState, Partition, judge
from exposurectl.sources.rows import Covered, InstanceRow

ACCOUNT: Final = "AWS_ACCOUNT"
"""The resource type of the row that stands for network scans of a whole account; AWS's own enumeration lacks it."""


class Surroundings:
    """Everything that was read, indexed by account, region and instance."""

    def __init__(
        self,
        *,
        as_of: datetime,
        statuses: Iterable[str],
        partitions: Iterable[Partition],
        covered: Iterable[tuple[str, Covered]],
        instances: Iterable[InstanceRow],
        findings: Iterable[Finding],
    ) -> None:
        """Index what was read; `covered` are regions and the rows of ListCoverage there."""
        self._as_of = as_of
        self._statuses = frozenset(statuses)
        # What is not complete comes first, so that it wins over a second word on the same account and region.
        self._partitions = sorted(partitions, key=lambda partition: partition.complete)
        self._rows: dict[tuple[str, str, str], list[CoverageRow]] = defaultdict(list)
        for region, row in covered:
            if row.resource_type in {ACCOUNT, EC2_INSTANCE}:
                self._rows[row.account_id, region, instance_id(row.resource_id)].append(row.as_coverage())
        self._states: dict[tuple[str, str, str], InstanceState] = {}
        for known in instances:
            self._states[known.account, known.region, instance_id(known.id)] = known.as_state()
        arns = {(finding.account, finding.region, finding.arn) for finding in findings}
        self._findings = Counter((account, region) for account, region, _ in arns)

    def coverage_of(self, instance: Instance) -> Coverage:
        """Return whether Inspector vouches for the instance."""
        place = (instance.account, instance.region)
        return judge(
            Circumstances(
                as_of=self._as_of,
                statuses=self._statuses,
                partition=self._partition_of(*place),
                findings=self._findings[place],
                account_rows=tuple(self._rows.get((*place, instance.account), ())),
                instance_rows=tuple(self._rows.get((*place, instance.id), ())),
                instance=self._states.get((*place, instance.id)),
            )
        )

    def _partition_of(self, account: str, region: str) -> Partition | None:
        """Return the partition, or one that failed for all accounts or all regions, which is written as empty text."""
        for partition in self._partitions:
            everywhere = () if partition.complete else ("",)
            if partition.account in {account, *everywhere} and partition.region in {region, *everywhere}:
                return partition
        return None
