"""
YAML + schema → data that knows its file, line and column.

The only part that knows PyYAML and jsonschema.
"""

from exposurectl.documents.checking import check, did_you_mean
from exposurectl.documents.reading import Document, Path, read_yaml
from exposurectl.documents.text import read_content

__all__ = ["Document", "Path", "check", "did_you_mean", "read_content", "read_yaml"]
