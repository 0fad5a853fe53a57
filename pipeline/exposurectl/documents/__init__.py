"""
YAML + schema → data that knows its file, line and column.

The only part that knows PyYAML and jsonschema.
"""

from exposurectl.documents.checking import check, did_you_mean
from exposurectl.documents.reading import Document, Path, read_yaml

__all__ = ["Document", "Path", "check", "did_you_mean", "read_yaml"]
