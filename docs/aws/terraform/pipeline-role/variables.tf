variable "subject" {
  description = "For repositories created before 2026-07-15 and neither renamed nor transferred since: repo:OWNER/REPO:environment:exposure-plan. Null trusts no subject of this form."
  type        = string
  default     = null

  validation {
    condition     = var.subject == null ? true : can(regex("^repo:[A-Za-z0-9-]+/[A-Za-z0-9._-]+:environment:exposure-plan$", var.subject))
    error_message = "subject is null, or repo:OWNER/REPO:environment:exposure-plan."
  }
}

variable "immutable_subject" {
  description = "For all other repositories: repo:OWNER@OWNERID/REPO@REPOID:environment:exposure-plan. Null trusts no subject of this form."
  type        = string
  default     = null

  validation {
    condition     = var.immutable_subject == null ? true : can(regex("^repo:[A-Za-z0-9-]+@[0-9]+/[A-Za-z0-9._-]+@[0-9]+:environment:exposure-plan$", var.immutable_subject))
    error_message = "immutable_subject is null, or repo:OWNER@OWNERID/REPO@REPOID:environment:exposure-plan."
  }

  validation {
    condition     = var.subject != null || var.immutable_subject != null
    error_message = "Give subject or immutable_subject, whichever `exposurectl doctor --oidc` prints."
  }
}

variable "audience" {
  description = "Whom the token is for. Keep it, except in aws-cn."
  type        = string
  default     = "sts.amazonaws.com"
  nullable    = false

  validation {
    condition     = contains(["sts.amazonaws.com", "sts.amazonaws.com.cn"], var.audience)
    error_message = "audience is sts.amazonaws.com or sts.amazonaws.com.cn."
  }
}

variable "create_oidc_provider" {
  description = "Say false where the account has GitHub's OIDC provider already; an account holds at most one."
  type        = bool
  default     = true
  nullable    = false
}

variable "organization_id" {
  description = "The organization whose read roles may be entered, such as o-a1b2c3d4e5. Null enters no other account."
  type        = string
  default     = null

  validation {
    condition     = var.organization_id == null ? true : can(regex("^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "organization_id is null, or the id of an organization, such as o-a1b2c3d4e5."
  }
}

variable "read_role_name" {
  description = "The role_name of read-role."
  type        = string
  default     = "exposurectl-read"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.read_role_name))
    error_message = "read_role_name is the name of a role, without a path."
  }
}

variable "report" {
  description = "Where Inspector's findings reports are: the bucket, a prefix that ends with a slash, and the KMS key that encrypts them. Null grants nothing about reports."
  type = object({
    bucket  = string
    prefix  = optional(string, "exposurectl/")
    key_arn = string
  })
  default = null

  validation {
    condition     = var.report == null ? true : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.report.bucket))
    error_message = "report.bucket is the name of a bucket."
  }

  validation {
    condition     = var.report == null ? true : can(regex("^[A-Za-z0-9._/-]*/$", var.report.prefix))
    error_message = "report.prefix is a prefix of keys that ends with a slash."
  }

  validation {
    condition     = var.report == null ? true : can(regex("^arn:aws(-cn|-us-gov)?:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.report.key_arn))
    error_message = "report.key_arn is the ARN of one key."
  }
}

variable "role_name" {
  description = "The name of the pipeline role."
  type        = string
  default     = "exposurectl-plan"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.role_name))
    error_message = "role_name is the name of a role, without a path."
  }
}
