"""How the demo's machines are described, and what Amazon Inspector and EC2 would say of each."""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from exposurectl.sources.rows import CoverageEntry, IngressRow, InstanceRow

ANYWHERE = ("0.0.0.0/0",)

_COMPONENTS = {
    "igw": "AWS::EC2::InternetGateway",
    "pcx": "AWS::EC2::VPCPeeringConnection",
    "vgw": "AWS::EC2::VPNGateway",
    "tgw": "AWS::EC2::TransitGateway",
    "vpce": "AWS::EC2::VPCEndpoint",
    "dxgw": "AWS::DirectConnect::Gateway",
    "app": "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "acl": "AWS::EC2::NetworkAcl",
    "sg": "AWS::EC2::SecurityGroup",
    "eni": "AWS::EC2::NetworkInterface",
    "i": "AWS::EC2::Instance",
}


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """One path that Inspector reports into a machine."""

    ports: tuple[int, int]
    origin: str = "igw"
    """An id prefix, or another component type with its id after a colon."""
    protocol: str = "TCP"
    sources: dict[str, tuple[str, ...]] | None = None
    """Port or port range to the networks admitted; None where the security groups could not be read."""
    balanced: bool = False
    """A load balancer stands between the origin and the machine."""
    status: str = "ACTIVE"
    changed: timedelta = timedelta(days=30)
    """How long ago the status last changed."""


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """One instance of the demo's fleet and the servers that FutureVuls has of it."""

    name: str
    roles: tuple[str, ...]
    """The role of each of its servers, as `group/role`."""
    opens: tuple[Open, ...] = ()
    account: str = "111122223333"
    region: str = "ap-northeast-1"
    reason: str = "SUCCESSFUL"
    """Inspector's reason for the instance in its coverage; empty where the instance is not covered."""
    state: str = "running"
    age: timedelta = timedelta(days=90)
    tags: dict[str, str] = {}
    unknown_to: tuple[str, ...] = ()
    """`futurevuls`: its servers have no instance id; `ec2`: the inventory does not have it."""

    @property
    def instance(self) -> str:
        """Return its instance id, which follows from its name."""
        return f"i-{_hex(self.name, 17)}"

    def instance_row(self, as_of: datetime) -> InstanceRow:
        """Return what EC2's inventory says of it."""
        return InstanceRow(
            id=self.instance,
            account=self.account,
            region=self.region,
            vpc=f"vpc-{_hex(self.account + self.region, 17)}",
            subnet=f"subnet-{_hex(self.account + self.region, 17)}",
            state=self.state,
            launched_at=as_of - self.age,
            tags={"Name": self.name, **self.tags},
        )

    def coverage(self) -> Iterator[CoverageEntry]:
        """Yield Inspector's coverage row of the instance. It is about packages: network coverage is per account."""
        if self.reason:
            status = {"statusCode": "ACTIVE" if self.reason == "SUCCESSFUL" else "INACTIVE", "reason": self.reason}
            yield covered(self.account, self.region, ("AWS_EC2_INSTANCE", self.instance), "PACKAGE", status)

    def findings(self, as_of: datetime) -> Iterator[bytes]:
        """Yield its network findings as the API would return them."""
        for index, path in enumerate(self.opens):
            yield json.dumps(self._finding(index, path, as_of), sort_keys=True).encode()

    def ingress(self) -> Iterator[IngressRow]:
        """Yield whom its security groups admit, where they could be read."""
        for index, path in enumerate(self.opens):
            for ports, cidrs in (path.sources or {}).items():
                group = f"sg-{_hex(self.name, 17)}"
                yield IngressRow(finding=self._arn(index), ports=ports, cidrs=cidrs, groups=(group,))

    def _arn(self, index: int) -> str:
        return f"arn:aws:inspector2:{self.region}:{self.account}:finding/{_hex(f'{self.name}/{index}', 32)}"

    def _finding(self, index: int, path: Open, as_of: datetime) -> dict[str, Any]:
        begin, end = path.ports
        changed = (as_of - path.changed).isoformat()
        return {
            "findingArn": self._arn(index),
            "awsAccountId": self.account,
            "type": "NETWORK_REACHABILITY",
            "status": path.status,
            "severity": "MEDIUM",
            "title": f"Port {begin} is reachable - {path.protocol}",
            "description": f"On the instance {self.instance}, the port range {begin}-{end} is reachable.",
            "remediation": {"recommendation": {"text": "Restrict the security groups or ACLs in the network path."}},
            "firstObservedAt": (as_of - timedelta(days=60)).isoformat(),
            "lastObservedAt": changed,
            "updatedAt": changed,
            "networkReachabilityDetails": {
                "openPortRange": {"begin": begin, "end": end},
                "protocol": path.protocol,
                "networkPath": {"steps": list(self._steps(path))},
            },
            "resources": [
                {
                    "type": "AWS_EC2_INSTANCE",
                    "id": self.instance,
                    "partition": "aws",
                    "region": self.region,
                    "tags": {"Name": self.name, **self.tags},
                }
            ],
        }

    def _steps(self, path: Open) -> Iterator[dict[str, str]]:
        kind, _colon, named = path.origin.partition(":")
        yield _step(named or _COMPONENTS[kind], f"{kind}-{_hex(self.account, 8)}")
        if path.balanced:
            yield _step(_COMPONENTS["app"], f"app/front/{_hex(self.name, 16)}")
        for hop in ("acl", "sg", "eni"):
            yield _step(_COMPONENTS[hop], f"{hop}-{_hex(self.name, 17)}")
        yield _step(_COMPONENTS["i"], self.instance)


def covered(account: str, region: str, resource: tuple[str, str], scan: str, status: dict[str, str]) -> CoverageEntry:
    """Return a row of ListCoverage about a resource, given by its type and id."""
    kind, identity = resource
    row = {
        "resourceType": kind,
        "resourceId": identity,
        "accountId": account,
        "scanType": scan,
        "scanStatus": status,
    }
    return CoverageEntry(account=account, region=region, covered=msgspec.Raw(json.dumps(row, sort_keys=True).encode()))


def _step(kind: str, identity: str) -> dict[str, str]:
    return {"componentType": kind, "componentId": identity}


def _hex(seed: str, digits: int) -> str:
    """Return an id's digits that follow from a name, as AWS's ids look: `0` and hexadecimal."""
    return "0" + hashlib.sha256(seed.encode()).hexdigest()[: digits - 1]
