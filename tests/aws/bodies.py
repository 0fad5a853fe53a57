"""What the world's values look like in Inspector's JSON."""

from typing import Any

import msgspec

from aws.world import Finding, Instance, Partition, Scan, aws_partition

_REMEDY = "You can restrict access to your instance by modifying the Security Groups or ACLs in the network path."


def finding_body(finding: Finding, account: str, resource: msgspec.Raw) -> bytes:
    """Return a Finding of Amazon Inspector's API, in the shape of AWS's own example; times are epoch seconds."""
    seen_at = finding.updated_at.timestamp()
    network = finding.type == "NETWORK_REACHABILITY"
    body: dict[str, Any] = {
        "awsAccountId": account,
        "description": _description(finding) if network else "A package with a known vulnerability.",
        "findingArn": finding.arn,
        "firstObservedAt": seen_at - 3600.5,
        "lastObservedAt": seen_at,
        "remediation": {"recommendation": {"text": _REMEDY}},
        "resources": [resource],
        "severity": finding.severity,
        "status": finding.status,
        "title": _title(finding) if network else "CVE-2026-0001 - openssl",
        "type": finding.type,
        "updatedAt": seen_at,
    }
    if network:
        body["networkReachabilityDetails"] = _reachability(finding)
    return msgspec.json.encode(body)


def _description(finding: Finding) -> str:
    steps = finding.path or ()
    gateway, interface = (steps[0].id, steps[-2].id) if len(steps) > 1 else ("", "")
    ports = f"the port range {finding.begin}-{finding.end} is reachable from the InternetGateway {gateway}"
    return f"On the instance {finding.instance}, {ports} from an attached ENI {interface}."


def _title(finding: Finding) -> str:
    ports = str(finding.begin) if finding.begin == finding.end else f"{finding.begin}-{finding.end}"
    return f"Port {ports} is reachable from an Internet Gateway - {finding.protocol}"


def _reachability(finding: Finding) -> dict[str, Any]:
    path: dict[str, Any] = {}
    if finding.path:
        path["steps"] = [{"componentId": step.id, "componentType": step.type} for step in finding.path]
    return {
        "networkPath": path,
        "openPortRange": {"begin": finding.begin, "end": finding.end},
        "protocol": finding.protocol,
    }


def resource_body(identity: str, kind: str, partition: Partition, instance: Instance | None = None) -> msgspec.Raw:
    """Return the Resource of a finding; many findings have the same one."""
    resource: dict[str, Any] = {
        "id": identity,
        "partition": aws_partition(partition.region),
        "provider": "AWS",
        "providerAccountId": partition.account,
        "region": partition.region,
        "type": kind,
    }
    if instance is not None:
        resource["details"] = _details(instance)
        if instance.tags:
            resource["tags"] = instance.tags
    return msgspec.Raw(msgspec.json.encode(resource))


def _details(instance: Instance) -> dict[str, Any]:
    shared = {
        "type": "t3.small",
        "ipV4Addresses": ["10.0.0.10", "203.0.113.20"],
        "ipV6Addresses": [],
        "launchedAt": instance.launched_at.timestamp(),
        "platform": "UBUNTU_22_04",
    }
    profile = "arn:aws:iam::123456789012:instance-profile/AmazonSSMRoleForInstancesQuickSetup"
    image = "ami-02ff980600c693b38"
    ec2 = {"imageId": image, "vpcId": instance.vpc, "subnetId": instance.subnet, "iamInstanceProfileArn": profile}
    vm = {
        "vmImageReference": image,
        "networkId": instance.vpc,
        "subnetIds": [instance.subnet],
        "executionRole": profile,
    }
    return {"awsEc2Instance": shared | ec2, "vm": shared | vm}


def account_row(partition: Partition, scan: Scan) -> dict[str, Any]:
    """Return the row of ListCoverage for network scans, which real accounts have once for the whole account."""
    return {
        "accountId": partition.account,
        "resourceId": partition.account,
        "resourceType": "AWS_ACCOUNT",
        "scanStatus": {"statusCode": scan.status, "reason": scan.reason},
        "scanType": "NETWORK",
    }


def instance_row(partition: Partition, instance: Instance, scan: Scan) -> dict[str, Any]:
    """Return the row of ListCoverage for an instance, which is about its packages."""
    return {
        "accountId": partition.account,
        "lastScannedAt": instance.launched_at.timestamp() + 7200,
        "resourceId": instance.id,
        "resourceMetadata": {"ec2": {"amiId": "ami-02ff980600c693b38", "platform": "LINUX", "tags": instance.tags}},
        "resourceType": "AWS_EC2_INSTANCE",
        "scanMode": "EC2_SSM_AGENT_BASED",
        "scanStatus": {"statusCode": scan.status, "reason": scan.reason},
        "scanType": "PACKAGE",
    }
