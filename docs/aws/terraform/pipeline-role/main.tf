# exposurectl's pipeline role, one in Inspector's delegated administrator account: the plan stage on GitHub assumes it
# to read findings, and to enter the read role of each member account. The apply stage needs no AWS at all.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  partition    = data.aws_partition.current.partition
  existing_arn = "arn:${local.partition}:iam::${data.aws_caller_identity.current.account_id}:oidc-provider/token.actions.githubusercontent.com"
}

resource "aws_iam_openid_connect_provider" "github" {
  count = var.create_oidc_provider ? 1 : 0

  url            = "https://token.actions.githubusercontent.com"
  client_id_list = [var.audience]
}

data "aws_iam_policy_document" "trust" {
  # checkov:skip=CKV_AWS_358: it reads constants only; these subjects are variables, whose validation admits exact ones

  statement {
    sid     = "ThePlanStage"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [var.create_oidc_provider ? aws_iam_openid_connect_provider.github[0].arn : local.existing_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = [var.audience]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = compact([var.subject, var.immutable_subject])
    }
  }
}

data "aws_iam_policy_document" "inspector_and_own_network" {
  statement {
    sid = "Inspector"
    actions = [
      "inspector2:BatchGetAccountStatus",
      "inspector2:GetDelegatedAdminAccount",
      "inspector2:ListCoverage",
      "inspector2:ListFindings",
      "inspector2:ListMembers",
    ]
    resources = ["*"] # AWS offers no narrower resource for these
  }

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
    resources = ["*"] # the same
  }

  statement {
    sid       = "PrefixLists"
    actions   = ["ec2:GetManagedPrefixListEntries"]
    resources = ["arn:${local.partition}:ec2:*:*:prefix-list/*"] # AWS's own lists belong to no account
  }
}

data "aws_iam_policy_document" "members" {
  count = var.organization_id == null ? 0 : 1

  statement {
    sid       = "ReadRolesOfTheOrganization"
    actions   = ["sts:AssumeRole"]
    resources = ["arn:${local.partition}:iam::*:role/${var.read_role_name}"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceOrgID"
      values   = [var.organization_id]
    }
  }
}

data "aws_iam_policy_document" "reports" {
  count = var.report == null ? 0 : 1

  statement {
    sid       = "FetchReports"
    actions   = ["s3:GetObject"]
    resources = ["arn:${local.partition}:s3:::${var.report.bucket}/${var.report.prefix}*"]
  }

  statement {
    sid       = "DecryptReports"
    actions   = ["kms:Decrypt"]
    resources = [var.report.key_arn]
  }
}

resource "aws_iam_role" "pipeline" {
  name                 = var.role_name
  description          = "Lets exposurectl's plan stage on GitHub read Inspector and the network around instances."
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "inspector_and_own_network" {
  name   = "read-inspector-and-own-network"
  role   = aws_iam_role.pipeline.name
  policy = data.aws_iam_policy_document.inspector_and_own_network.json
}

resource "aws_iam_role_policy" "members" {
  count = var.organization_id == null ? 0 : 1

  name   = "enter-member-accounts"
  role   = aws_iam_role.pipeline.name
  policy = data.aws_iam_policy_document.members[0].json
}

resource "aws_iam_role_policy" "reports" {
  count = var.report == null ? 0 : 1

  name   = "read-findings-reports"
  role   = aws_iam_role.pipeline.name
  policy = data.aws_iam_policy_document.reports[0].json
}
