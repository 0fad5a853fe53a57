variable "pipeline_role_arn" {
  description = "The output role_arn of pipeline-role. It must exist already, or IAM refuses the trust policy."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws(-cn|-us-gov)?:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$", var.pipeline_role_arn))
    error_message = "pipeline_role_arn is the ARN of one role."
  }
}

variable "organization_id" {
  description = "The organization that the caller must belong to, such as o-a1b2c3d4e5."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "organization_id is the id of an organization, such as o-a1b2c3d4e5."
  }
}

variable "external_id" {
  description = "An external id that the caller must send. Leave it out for exposurectl, which sends none."
  type        = string
  default     = null

  validation {
    condition     = var.external_id == null ? true : can(regex("^[A-Za-z0-9_+=,.@:/-]{2,1224}$", var.external_id))
    error_message = "external_id is null, or an external id of STS."
  }
}

variable "role_name" {
  description = "The name that the config gives as inspector.evidence_role. It is the same in every account."
  type        = string
  default     = "exposurectl-read"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.role_name))
    error_message = "role_name is the name of a role, without a path."
  }
}
