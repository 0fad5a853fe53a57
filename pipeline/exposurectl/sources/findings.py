"""One finding as Inspector wrote it, turned into a Finding and its Instance; or what it is instead."""

import functools
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Final, TypeAlias

import msgspec

from exposurectl.model import (
    HIGHEST_PORT,
    LOWEST_PORT,
    Component,
    Finding,
    FindingStatus,
    Instance,
    PortRange,
    Protocol,
)
from exposurectl.sources.shapes import Ec2, Head, NetworkPath, Record, Resource, Targets, UsualRecord
from exposurectl.sources.timestamps import read_timestamp

NETWORK_REACHABILITY: Final = "NETWORK_REACHABILITY"
EC2_INSTANCE: Final = "AWS_EC2_INSTANCE"


class Sighting(msgspec.Struct, frozen=True, gc=False):
    """A network finding, and its instance as the finding describes it."""

    finding: Finding
    instance: Instance


class PassedOver(msgspec.Struct, frozen=True):
    """A record about something else, which says nothing about exposure. It is counted, never dropped in silence."""

    kind: str
    """The finding type, or `NETWORK_REACHABILITY on` a resource type that is no EC2 instance."""


class Damaged(msgspec.Struct, frozen=True):
    """A record that cannot be understood, with every reason, each as `key: why`."""

    problems: tuple[str, ...]


Decoded: TypeAlias = Sighting | PassedOver | Damaged


_usual = msgspec.json.Decoder(UsualRecord)

_STATUSES = {status.value: status for status in FindingStatus}
_PROTOCOLS = {protocol.value: protocol for protocol in Protocol}
_MISSING = "Object missing required field "
_SHOWN = 120
_REGION = 3
"""Where an ARN has its region: `arn:partition:service:region:…`."""


def decode_text(text: bytes | msgspec.Raw) -> Decoded:
    """Decode one finding from JSON text, as `decode_record` decodes its value, and faster where it is a usual one."""
    try:
        record = _usual.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _decode_value_of(text)
    if record.type != NETWORK_REACHABILITY or [one.type for one in record.resources] != [EC2_INSTANCE]:
        return _decode_value_of(text)
    return _checked(record, record.resources[0], 0)


def _decode_value_of(text: bytes | msgspec.Raw) -> Decoded:
    try:
        return decode_record(msgspec.json.decode(text))
    except msgspec.DecodeError as error:
        return Damaged((describe(error),))
    except UnicodeDecodeError:
        return Damaged(("$: not UTF-8",))
    except RecursionError:
        return Damaged(("$: nested too deeply",))


def decode_record(value: object) -> Decoded:
    """
    Decode one finding, as ListFindings, the AWS CLI, a findings report or an EventBridge event's `detail` has it.

    Unknown keys and unknown component types are accepted. Source: Finding in Amazon Inspector's API reference.
    """
    try:
        return _decode(value)
    except msgspec.ValidationError as error:
        return Damaged((describe(error),))


def describe(error: msgspec.DecodeError, key: str = "") -> str:
    """Return `key: why` for a value that has the wrong shape, the key as a path from the record down."""
    message, _, at = str(error).replace("JSON is malformed", "Malformed JSON").partition(" - at `$")
    path = f"{key}{at.rstrip('`')}".removeprefix(".")
    if message.startswith(_MISSING):
        return f"{path}.{message.removeprefix(_MISSING).strip('`')}: missing".removeprefix(".")
    return f"{path or '$'}: {message[:1].lower()}{message[1:]}"


def _decode(value: object) -> Decoded:
    kind = msgspec.convert(value, Head).type
    if not kind:
        return Damaged(("type: empty",))
    if kind != NETWORK_REACHABILITY:
        return PassedOver(kind)
    types = [resource.type for resource in msgspec.convert(value, Targets).resources]
    if types and EC2_INSTANCE not in types:
        return PassedOver(f"{kind} on {min(types)}")
    if types.count(EC2_INSTANCE) != 1:
        return Damaged((f"resources: expected one {EC2_INSTANCE}, got {types.count(EC2_INSTANCE)}",))
    return _network_finding(msgspec.convert(value, Record), types.index(EC2_INSTANCE))


def _network_finding(record: Record, place: int) -> Sighting | Damaged:
    try:
        resource = msgspec.convert(record.resources[place], Resource)
    except msgspec.ValidationError as error:
        return Damaged((describe(error, f"resources[{place}]"),))
    return _checked(record, resource, place)


def _checked(record: Record, resource: Resource, place: int) -> Sighting | Damaged:
    """Return what a record of the right shape says, unless its values are wrong."""
    updated_at, unreadable = _updated_at(record)
    problems = (*_problems(record, resource, place), *unreadable)
    return Damaged(problems) if problems else _sighting(record, resource, updated_at)


def _updated_at(record: Record) -> tuple[datetime | None, list[str]]:
    """Return when the record last changed, if it says so, and what is wrong with its times."""
    read: list[datetime] = []
    unreadable: list[str] = []
    for key, written in (("updatedAt", record.updated_at), ("lastObservedAt", record.last_observed_at)):
        if written is None or (read and written == record.updated_at):
            continue
        try:
            read.append(read_timestamp(written))
        except ValueError as error:
            unreadable.append(f"{key}: cannot read {shown(written)} as a time: {error}")
    return next(iter(read), None), unreadable


def _problems(record: Record, resource: Resource, place: int) -> Iterator[str]:
    """Say what is wrong with the values of a record that has the right shape."""
    if not record.finding_arn.strip():
        yield "findingArn: empty"
    if not record.aws_account_id.strip():
        yield "awsAccountId: empty"
    if record.status not in _STATUSES:
        yield f"status: expected ACTIVE, SUPPRESSED or CLOSED, got {shown(record.status)}"
    if not resource.id.strip():
        yield f"resources[{place}].id: empty"
    reachability = record.network_reachability_details
    if reachability.protocol.lower() not in _PROTOCOLS:
        yield f"networkReachabilityDetails.protocol: expected TCP or UDP, got {shown(reachability.protocol)}"
    ports = reachability.open_port_range
    if not LOWEST_PORT <= ports.begin <= ports.end <= HIGHEST_PORT:
        got = f"got {ports.begin} to {ports.end}"
        yield f"networkReachabilityDetails.openPortRange: expected begin <= end within 0 to 65535, {got}"


def shown(value: object) -> str:
    """Return an outside value as a message may quote it: ASCII, one line, not long."""
    text = ascii(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _sighting(record: Record, resource: Resource, updated_at: datetime | None) -> Sighting:
    instance = _instance(record, resource)
    reachability = record.network_reachability_details
    finding = Finding(
        arn=record.finding_arn.strip(),
        account=instance.account,
        region=instance.region,
        instance=instance.id,
        status=_STATUSES[record.status],
        protocol=_PROTOCOLS[reachability.protocol.lower()],
        ports=PortRange(reachability.open_port_range.begin, reachability.open_port_range.end),
        path=_components(reachability.network_path),
        updated_at=updated_at,
    )
    return Sighting(finding, instance)


def _instance(record: Record, resource: Resource) -> Instance:
    ec2 = (resource.details and resource.details.aws_ec2_instance) or Ec2()
    return Instance(
        id=instance_id(resource.id),
        account=record.aws_account_id.strip(),
        region=(resource.region or "").strip() or _region_of(record.finding_arn),
        vpc=ec2.vpc_id or "",
        subnet=ec2.subnet_id or "",
        tags=tuple(sorted((key, value or "") for key, value in (resource.tags or {}).items())),
    )


def instance_id(written: str) -> str:
    """Return an EC2 instance id in the one form that everything compares: trimmed, in lower case."""
    return written.strip().lower()


def _region_of(arn: str) -> str:
    """Return the fourth part of an ARN; nothing where the text has no such part."""
    parts = arn.strip().split(":")
    return parts[_REGION] if len(parts) > _REGION else ""


def _components(path: NetworkPath | None) -> tuple[Component, ...]:
    steps = path.steps if path and path.steps else ()
    return tuple([_component(step.component_id or "", step.component_type or "") for step in steps])


@functools.lru_cache(maxsize=1 << 14)
def _component(identity: str, kind: str) -> Component:
    """Return one value for the gateways, lists and groups that most findings of a network share."""
    return Component(identity, sys.intern(kind))
