"""The shapes of Inspector's findings on the wire, with the members that are read. Source: Inspector's API reference."""

from typing import Any

import msgspec


class Head(msgspec.Struct, frozen=True, gc=False):
    """What says whether a record is a network finding at all."""

    type: str


class ResourceHead(msgspec.Struct, frozen=True, gc=False):
    """What says whether a resource is an EC2 instance."""

    type: str


class Targets(msgspec.Struct, frozen=True, gc=False):
    """What a record is about."""

    resources: tuple[ResourceHead, ...]


class Ec2(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The instance's network."""

    vpc_id: str | None = None
    subnet_id: str | None = None


class Details(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Details of a resource, of which only EC2's are read."""

    aws_ec2_instance: Ec2 | None = None


class Resource(msgspec.Struct, frozen=True, gc=False):
    """One resource of a record."""

    type: str
    id: str = ""
    region: str | None = None
    tags: dict[str, str | None] | None = None
    details: Details | None = None


class Step(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One hop of the path; either member may be null."""

    component_id: str | None = None
    component_type: str | None = None


class NetworkPath(msgspec.Struct, frozen=True, gc=False):
    """The path, origin first; it may have no steps."""

    steps: tuple[Step, ...] | None = None


class OpenPorts(msgspec.Struct, frozen=True, gc=False):
    """The reachable ports, both ends included."""

    begin: int
    end: int


class Reachability(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """What a network finding says."""

    protocol: str
    open_port_range: OpenPorts
    network_path: NetworkPath | None = None


class Record(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """A network finding."""

    network_reachability_details: Reachability
    resources: tuple[Any, ...]
    status: str
    finding_arn: str
    aws_account_id: str
    updated_at: float | str | None = None
    last_observed_at: float | str | None = None


class UsualRecord(Record, frozen=True, gc=False, kw_only=True, rename="camel"):
    """A record of the kind that a listing with our filter returns, decoded in one go."""

    type: str
    resources: tuple[Resource, ...]
