"""JSON Schemas of the documents that people write: policy, cases and config."""
