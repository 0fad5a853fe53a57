"""JSON Schemas of every document: those that people write, and those that exposurectl does."""

WRITTEN_BY_PEOPLE = ("policy", "cases", "config")
NAMES = (*WRITTEN_BY_PEOPLE, "plan", "receipt", "snapshot")
"""Each is a file of this folder, and `urn:exposurectl:schema:NAME:1` to everybody else."""
