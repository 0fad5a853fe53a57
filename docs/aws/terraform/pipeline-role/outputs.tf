output "role_arn" {
  description = "EXPOSURE_PLAN_ROLE of the GitHub environment exposure-plan, and pipeline_role_arn of read-role."
  value       = aws_iam_role.pipeline.arn
}
