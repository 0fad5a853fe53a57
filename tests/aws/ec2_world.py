"""What a world's accounts hold in EC2, ELB and S3, made in moto through boto3."""

import http.client
import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.backends import get_backend
from moto.server import ThreadedMotoServer

from aws.identity import SECRET, access_key
from aws.reports import Delivery
from aws.wire import Reply, Request
from aws.world import Instance, Partition, Rule, World

SERVICES: Final = ("ec2", "elbv2", "s3")
_IMAGE: Final = "ami-02ff980600c693b38"
_CODES: Final = {"pending": 0, "shutting-down": 32, "stopping": 64}
"""States that moto passes through at once, with their codes."""

_HOP_BY_HOP: Final = frozenset({"connection", "date", "server", "transfer-encoding"})


class Moto:
    """Moto's server in a thread of this process. Its state is the process's: one world at a time."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = boto3.Session()

    def client(self, service: str, account: str, region: str) -> Any:
        """Return a boto3 client of an account. Moto takes the account from a header of its own."""
        client = self._session.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=access_key(account),
            aws_secret_access_key=SECRET,
        )

        def name_the_account(request: Any, **_: Any) -> None:
            request.headers["x-moto-account-id"] = account

        client.meta.events.register_first("before-sign.*.*", name_the_account)
        return client

    def forward(self, request: Request, account: str) -> Reply:
        """Return moto's reply to a request that came from this account."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        headers = {name: value for name, value in request.headers.items() if name not in _HOP_BY_HOP}
        headers |= {"x-moto-account-id": account, "content-length": str(len(request.body))}
        try:
            connection.request(request.method, request.path, request.body, headers)
            answer = connection.getresponse()
            kept = {name.title(): value for name, value in answer.getheaders() if name.lower() not in _HOP_BY_HOP}
            return Reply(answer.status, kept, answer.read())
        finally:
            connection.close()

    def deliver(self, delivery: Delivery) -> str:
        """Put a findings report into a bucket."""
        s3 = self.client("s3", delivery.account, delivery.region)
        try:
            s3.put_object(Bucket=delivery.bucket, Key=delivery.key, Body=delivery.body)
        except ClientError:
            return "BUCKET_NOT_FOUND"
        return ""


@contextmanager
def served_by_moto(world: World) -> Iterator[Moto]:
    """Serve moto with nothing in the world's accounts yet, and leave nothing in them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # they take seconds
        patch.setattr(logging.getLogger("werkzeug"), "level", logging.ERROR)
        _forget(world)
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        try:
            yield Moto(f"http://{host}:{port}")
        finally:
            server.stop()
            _forget(world)


def _forget(world: World) -> None:
    for service in SERVICES:
        backends = get_backend(service)
        for account in world.accounts:
            if account.id in backends:
                backends[account.id].reset()


def populate(world: World, moto: Moto) -> World:
    """Make what the world's accounts hold, and return the world with the ids that moto gave."""
    ids: dict[str, str] = {}
    for partition in world.partitions:
        _populate(partition, moto, ids)
    return world.renamed(ids)


def _populate(partition: Partition, moto: Moto, ids: dict[str, str]) -> None:
    ec2 = moto.client("ec2", partition.account, partition.region)
    for number, vpc in enumerate(partition.vpcs):
        ids[vpc.id] = ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"]
        ids[vpc.gateway] = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=ids[vpc.gateway], VpcId=ids[vpc.id])
        for part, subnet in enumerate(vpc.subnets):
            made = ec2.create_subnet(VpcId=ids[vpc.id], CidrBlock=f"10.{number}.{part}.0/24")
            ids[subnet] = made["Subnet"]["SubnetId"]
        (acl,) = ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [ids[vpc.id]]}])["NetworkAcls"]
        ids[vpc.acl] = acl["NetworkAclId"]
        for rule, deny in enumerate(vpc.denies, start=10):
            ec2.create_network_acl_entry(
                NetworkAclId=ids[vpc.acl],
                RuleNumber=rule,
                Protocol="6",
                RuleAction="deny",
                Egress=False,
                CidrBlock=deny.cidr,
                PortRange={"From": deny.begin, "To": deny.end},
            )
    _make_prefix_lists(partition, ec2, ids)
    _make_groups(partition, ec2, ids)
    _make_instances(partition, ec2, ids)
    if partition.balancers:
        _make_balancers(partition, moto.client("elbv2", partition.account, partition.region), ids)


def _make_prefix_lists(partition: Partition, ec2: Any, ids: dict[str, str]) -> None:
    for prefixes in partition.prefix_lists:
        made = ec2.create_managed_prefix_list(
            PrefixListName=prefixes.id,
            AddressFamily="IPv4",
            MaxEntries=max(len(prefixes.cidrs), 1),
            Entries=[{"Cidr": cidr} for cidr in prefixes.cidrs],
        )
        ids[prefixes.id] = made["PrefixList"]["PrefixListId"]


def _make_groups(partition: Partition, ec2: Any, ids: dict[str, str]) -> None:
    for group in partition.groups:
        made = ec2.create_security_group(GroupName=group.id, Description="made up", VpcId=ids[group.vpc])
        ids[group.id] = made["GroupId"]
    for group in partition.groups:
        if group.rules:
            permissions = [_permission(rule, ids) for rule in group.rules]
            ec2.authorize_security_group_ingress(GroupId=ids[group.id], IpPermissions=permissions)


def _permission(rule: Rule, ids: Mapping[str, str]) -> dict[str, Any]:
    permission: dict[str, Any] = {"IpProtocol": rule.protocol}
    if rule.protocol != "-1":
        permission |= {"FromPort": rule.begin, "ToPort": rule.end}
    if rule.group:
        return permission | {"UserIdGroupPairs": [{"GroupId": ids[rule.group]}]}
    if rule.prefix_list:
        return permission | {"PrefixListIds": [{"PrefixListId": ids[rule.prefix_list]}]}
    if ":" in rule.cidr:
        return permission | {"Ipv6Ranges": [{"CidrIpv6": rule.cidr}]}
    return permission | {"IpRanges": [{"CidrIp": rule.cidr}]}


def _make_instances(partition: Partition, ec2: Any, ids: dict[str, str]) -> None:
    alike: dict[tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]], list[Instance]] = defaultdict(list)
    for instance in partition.instances:
        alike[instance.subnet, instance.groups, tuple(instance.tags.items())].append(instance)
    for (subnet, groups, tags), instances in alike.items():
        labels = [{"Key": key, "Value": value} for key, value in tags]
        made = ec2.run_instances(
            ImageId=_IMAGE,
            MinCount=len(instances),
            MaxCount=len(instances),
            SubnetId=ids[subnet],
            SecurityGroupIds=[ids[group] for group in groups],
            TagSpecifications=[{"ResourceType": "instance", "Tags": labels}] if labels else [],
        )
        for instance, run in zip(instances, made["Instances"], strict=True):
            ids[instance.id] = run["InstanceId"]
            ids[instance.interface] = run["NetworkInterfaces"][0]["NetworkInterfaceId"]
            _settle(partition, instance, ec2, run["InstanceId"])


def _settle(partition: Partition, instance: Instance, ec2: Any, identity: str) -> None:
    """Give an instance the state and the launch time of the world, for which EC2's API has no call."""
    if instance.state == "stopped":
        ec2.stop_instances(InstanceIds=[identity])
    if instance.state == "terminated":
        ec2.terminate_instances(InstanceIds=[identity])
    held = get_backend("ec2")[partition.account][partition.region].get_instance(identity)
    held.launch_time = instance.launched_at.replace(tzinfo=None)
    if instance.state in _CODES:
        held._state.name, held._state.code = instance.state, _CODES[instance.state]


def _make_balancers(partition: Partition, elb: Any, ids: Mapping[str, str]) -> None:
    for balancer in partition.balancers:
        made = elb.create_load_balancer(
            Name=balancer.name,
            Type="application",
            Scheme="internet-facing",
            Subnets=[ids[subnet] for subnet in balancer.subnets],
            SecurityGroups=[ids[group] for group in balancer.groups],
        )
        vpc = next(vpc.id for vpc in partition.vpcs if balancer.subnets[0] in vpc.subnets)
        port = balancer.port
        targets = elb.create_target_group(Name=f"{balancer.name}-to", Protocol="HTTP", Port=port, VpcId=ids[vpc])
        target = targets["TargetGroups"][0]["TargetGroupArn"]
        elb.register_targets(TargetGroupArn=target, Targets=[{"Id": ids[held]} for held in balancer.targets])
        elb.create_listener(
            LoadBalancerArn=made["LoadBalancers"][0]["LoadBalancerArn"],
            Protocol="HTTP",
            Port=port,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": target}],
        )
