"""The instances that an account has in a region, whether or not anything was found about them."""

from collections.abc import Iterator
from typing import Any

from exposurectl.sources.aws.access import held
from exposurectl.sources.findings import instance_id
from exposurectl.sources.rows import InstanceRow

_INSTANCES_A_PAGE = 1000


def instances(client: Any, account: str, region: str) -> Iterator[InstanceRow]:
    """Yield every instance that EC2's DescribeInstances returns. Raises what botocore raises."""
    pages = client.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": _INSTANCES_A_PAGE})
    for page in pages:
        for reservation in held(page, "Reservations"):
            for instance in held(reservation, "Instances"):
                yield _row(instance, account, region)


def _row(instance: dict[str, Any], account: str, region: str) -> InstanceRow:
    return InstanceRow(
        id=instance_id(held(instance, "InstanceId")),
        account=account,
        region=region,
        vpc=instance.get("VpcId", ""),
        subnet=instance.get("SubnetId", ""),
        state=instance.get("State", {}).get("Name", ""),
        launched_at=instance.get("LaunchTime"),
        tags={tag["Key"]: tag.get("Value", "") for tag in instance.get("Tags", ())},
    )
