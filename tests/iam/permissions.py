"""What each role of docs/aws may do. A role that grants less fails its caller, and one that grants more is refused."""

from typing import Final

NETWORK: Final = frozenset(
    {
        "ec2:DescribeInstances",
        "ec2:DescribeNetworkAcls",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroupRules",
        "ec2:DescribeSecurityGroups",
        "ec2:GetManagedPrefixListEntries",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
    }
)
"""What is read in the account of an instance, whether it is the pipeline's own or entered through the read role."""

READ_ROLE: Final[frozenset[str]] = NETWORK
"""In each member account."""

PIPELINE_ROLE: Final[frozenset[str]] = NETWORK | {
    "inspector2:BatchGetAccountStatus",
    "inspector2:GetDelegatedAdminAccount",
    "inspector2:ListCoverage",
    "inspector2:ListFindings",
    "inspector2:ListMembers",
    "sts:AssumeRole",
}
"""In the delegated administrator account. GetCallerIdentity is called too, and AWS grants it to everybody."""

REPORT: Final[frozenset[str]] = frozenset({"kms:Decrypt", "s3:GetObject"})
"""What the pipeline role may do besides, where findings reports are switched on."""
