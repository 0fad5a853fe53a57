"""Read: findings, coverage, instances, servers and roles, from files and from AWS. Nothing here knows a rule."""
