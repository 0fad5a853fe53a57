"""DECIDE: what a policy says about an instance. Everything here is a function of values."""
