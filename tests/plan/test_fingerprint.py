"""Fingerprints: they differ where a decision could, and nowhere else."""

import hashlib
import re
from ipaddress import ip_network

import msgspec
import pytest

from exposurectl.model import (
    Component,
    Evidence,
    FindingStatus,
    Group,
    Ingress,
    PortRange,
    Protocol,
    Role,
    Unobserved,
)
from exposurectl.plan.fingerprint import of_evidence, of_groups
from plan.building import AS_OF, ROLES, SSH, finding, group, seen, server

replace = msgspec.structs.replace
PATH = finding("i-a", SSH)
ANYONE, OFFICE = ip_network("0.0.0.0/0"), ip_network("203.0.113.0/24")
BASE = seen("i-a", findings=(PATH, finding("i-a", 443)), name="shop")


def with_path(**changes: object) -> Evidence:
    return replace(BASE, findings=(replace(PATH, **changes), *BASE.findings[1:]))


def test_a_fingerprint_is_short_and_says_how_it_was_made() -> None:
    assert re.fullmatch(r"sha256:[0-9a-f]{16}", of_evidence(BASE))


@pytest.mark.parametrize(
    "other",
    [
        replace(BASE, coverage=Unobserved("EC2_INSTANCE_STOPPED")),
        replace(BASE, instance=replace(BASE.instance, tags=(("Name", "other"),))),
        replace(BASE, instance=replace(BASE.instance, vpc="vpc-1")),
        replace(BASE, findings=BASE.findings[:1]),
        with_path(status=FindingStatus.CLOSED),
        with_path(protocol=Protocol.UDP),
        with_path(ports=PortRange(22, 23)),
        with_path(path=PATH.path[1:]),
        with_path(path=(Component("igw-2", PATH.path[0].type), *PATH.path[1:])),
        with_path(path=(Component("igw-1", "AWS::EC2::VPCPeeringConnection"), *PATH.path[1:])),
        with_path(ingress=(Ingress(PortRange(22, 22), (ANYONE,)),)),
        with_path(ingress=(Ingress(PortRange(22, 22), ()),)),
    ],
)
def test_what_can_steer_a_decision_changes_the_fingerprint(other: Evidence) -> None:
    assert of_evidence(other) != of_evidence(BASE)


@pytest.mark.parametrize(
    "other",
    [
        replace(BASE, findings=BASE.findings[::-1]),
        replace(BASE, findings=(*BASE.findings, finding("i-a", 80, closed=AS_OF - AS_OF))),
        with_path(arn="arn:other"),
        with_path(status=FindingStatus.SUPPRESSED),
        with_path(updated_at=AS_OF),
    ],
)
def test_what_cannot_steer_a_decision_leaves_the_fingerprint_alone(other: Evidence) -> None:
    assert of_evidence(other) == of_evidence(BASE)


def test_the_detail_of_missing_coverage_does_not_matter() -> None:
    told = [replace(BASE, coverage=Unobserved("ACCESS_DENIED", detail)) for detail in ("", "at 10:00")]

    assert of_evidence(told[0]) == of_evidence(told[1])


def test_the_order_of_networks_and_entries_does_not_matter() -> None:
    entries = Ingress(PortRange(22, 22), (ANYONE, OFFICE)), Ingress(PortRange(23, 23), (OFFICE,))
    turned = Ingress(PortRange(23, 23), (OFFICE,)), Ingress(PortRange(22, 22), (OFFICE, ANYONE))

    assert of_evidence(with_path(ingress=entries)) == of_evidence(with_path(ingress=turned))


WEB, DATA = group(server(1, "i-a"), server(2, "i-b")), group(server(1, "i-c"), name="data-platform")


def test_groups_have_one_digest() -> None:
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", of_groups((WEB, DATA)))


def test_the_order_of_groups_servers_and_roles_does_not_matter() -> None:
    turned = replace(WEB, servers=WEB.servers[::-1], roles=WEB.roles[::-1])

    assert of_groups((DATA, turned)) == of_groups((WEB, DATA))


@pytest.mark.parametrize(
    "other",
    [
        replace(WEB, name="web"),
        replace(WEB, servers=WEB.servers[:1]),
        replace(WEB, servers=(replace(WEB.servers[0], role=31), WEB.servers[1])),
        replace(WEB, roles=(*ROLES, Role(id=40, name="new"))),
        replace(WEB, roles=(replace(ROLES[0], is_default=False), *ROLES[1:])),
    ],
)
def test_a_changed_group_changes_the_digest(other: Group) -> None:
    assert of_groups((other, DATA)) != of_groups((WEB, DATA))


def test_a_fingerprint_is_of_ascii_whatever_a_group_is_called() -> None:
    compact = b'[["\\u5e97",[],[]]]'

    assert of_groups([Group(name="\u5e97", servers=(), roles=())]) == f"sha256:{hashlib.sha256(compact).hexdigest()}"
