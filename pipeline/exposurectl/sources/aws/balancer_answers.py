"""What Elastic Load Balancing answers, parsed once. A part that is not understood is refused."""

from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import Any, Final

import msgspec

from exposurectl.sources.findings import instance_id
from exposurectl.sources.network import LoadBalancer, Target, TargetGroup

_WITHOUT_SENDING: Final = frozenset({"lambda", "alb"})
"""
Targets that no packets of the load balancer's own address reach: a function is called, and before an Application Load
Balancer the client's address is kept, so that the latter's own groups judge it.

Source: Elastic Load Balancing's user guide for Network Load Balancers, "Client IP preservation".
"""


class _Answer(msgspec.Struct, frozen=True, rename="pascal"):
    """Members that are not named are ignored. Source: Elastic Load Balancing's API references, of both versions."""


class _Zone(_Answer, frozen=True):
    subnet_id: str = ""


class _Balancer(_Answer, frozen=True):
    load_balancer_arn: str
    vpc_id: str = ""
    security_groups: tuple[str, ...] = ()
    availability_zones: tuple[_Zone, ...] = ()


class _Balancers(_Answer, frozen=True):
    load_balancers: tuple[_Balancer, ...]


class _Instance(_Answer, frozen=True):
    instance_id: str


class _Listener(_Answer, frozen=True):
    instance_port: int | None = None


class _Listening(_Answer, frozen=True):
    listener: _Listener = _Listener()


class _Classic(_Answer, frozen=True):
    load_balancer_name: str
    instances: tuple[_Instance, ...]
    listener_descriptions: tuple[_Listening, ...] = ()
    security_groups: tuple[str, ...] = ()
    subnets: tuple[str, ...] = ()
    vpc_id: str = msgspec.field(name="VPCId", default="")


class _Classics(_Answer, frozen=True):
    load_balancer_descriptions: tuple[_Classic, ...]


class _TargetGroup(_Answer, frozen=True):
    target_group_arn: str
    load_balancer_arns: tuple[str, ...]
    target_type: str = ""


class _TargetGroups(_Answer, frozen=True):
    target_groups: tuple[_TargetGroup, ...]


class _Target(_Answer, frozen=True):
    id: str
    port: int | None = None


class _Health(_Answer, frozen=True):
    target: _Target


class _Healths(_Answer, frozen=True):
    target_health_descriptions: tuple[_Health, ...]


def balancers(page: Any) -> Iterator[LoadBalancer]:
    """Yield the load balancers of a page of DescribeLoadBalancers of the present generation."""
    for one in msgspec.convert(page, _Balancers).load_balancers:
        yield LoadBalancer(
            id=one.load_balancer_arn,
            groups=tuple(sorted(one.security_groups)),
            subnets=tuple(sorted(zone.subnet_id for zone in one.availability_zones)),
            vpc=one.vpc_id,
        )


def classic_balancers(page: Any) -> Iterator[LoadBalancer]:
    """Yield the load balancers of a page of DescribeLoadBalancers of the Classic generation."""
    for one in msgspec.convert(page, _Classics).load_balancer_descriptions:
        yield LoadBalancer(
            id=one.load_balancer_name,
            groups=tuple(sorted(one.security_groups)),
            subnets=tuple(sorted(one.subnets)),
            vpc=one.vpc_id,
            targets=tuple(_classic_targets(one)),
        )


def _classic_targets(one: _Classic) -> Iterator[Target]:
    """Yield each instance at each port. Where no listener is named, the port is not known."""
    ports = [listening.listener.instance_port for listening in one.listener_descriptions] or [None]
    for held in one.instances:
        yield from (Target(instance=instance_id(held.instance_id), port=port) for port in ports)


def target_groups(page: Any) -> Iterator[TargetGroup]:
    """Yield the target groups of a page of DescribeTargetGroups, with targets only where it is clear there are none."""
    for one in msgspec.convert(page, _TargetGroups).target_groups:
        targets = () if one.target_type in _WITHOUT_SENDING else None
        yield TargetGroup(id=one.target_group_arn, balancers=one.load_balancer_arns, targets=targets)


def targets(answer: Any) -> tuple[Target, ...]:
    """Return the targets of an answer of DescribeTargetHealth, whatever their health. Raises ValueError."""
    return tuple(_targets(health.target for health in msgspec.convert(answer, _Healths).target_health_descriptions))


def _targets(described: Iterable[_Target]) -> Iterator[Target]:
    for one in described:
        if one.id.startswith("i-"):
            yield Target(instance=instance_id(one.id), port=one.port)
        else:
            yield Target(address=ip_address(one.id), port=one.port)
