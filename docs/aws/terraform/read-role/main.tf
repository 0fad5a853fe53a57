# exposurectl's read role, one in every member account: the pipeline assumes it to list instances and to read who may
# send to them.

data "aws_partition" "current" {}

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "ThePipelineRole"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [var.pipeline_role_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalOrgID"
      values   = [var.organization_id]
    }

    dynamic "condition" {
      for_each = var.external_id == null ? [] : [var.external_id]

      content {
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = [condition.value]
      }
    }
  }
}

data "aws_iam_policy_document" "network" {
  statement {
    sid = "InstancesAndWhoMaySend"
    actions = [
      "ec2:DescribeInstances",
      "ec2:DescribeNetworkAcls",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSecurityGroupRules",
      "ec2:DescribeSecurityGroups",
      "elasticloadbalancing:DescribeLoadBalancers",
      "elasticloadbalancing:DescribeTargetGroups",
      "elasticloadbalancing:DescribeTargetHealth",
    ]
    resources = ["*"] # AWS offers no narrower resource for these
  }

  statement {
    sid       = "PrefixLists"
    actions   = ["ec2:GetManagedPrefixListEntries"]
    resources = ["arn:${data.aws_partition.current.partition}:ec2:*:*:prefix-list/*"] # AWS's own belong to no account
  }
}

resource "aws_iam_role" "read" {
  name                 = var.role_name
  description          = "Lets exposurectl list instances and read who may send to them. It can change nothing."
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "network" {
  name   = "read-network-evidence"
  role   = aws_iam_role.read.name
  policy = data.aws_iam_policy_document.network.json
}
