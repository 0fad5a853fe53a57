"""COMPARE: what the policy decides against where the servers are, as a plan that people review."""
