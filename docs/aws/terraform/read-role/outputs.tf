output "role_arn" {
  description = "The read role of this account."
  value       = aws_iam_role.read.arn
}
