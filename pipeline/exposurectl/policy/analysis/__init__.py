"""PROVE: what can be said of a policy, and of two, for every input there can be at once."""
