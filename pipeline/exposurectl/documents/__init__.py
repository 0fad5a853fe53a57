"""
YAML + schema → data that knows its file, line and column.

The only part that knows PyYAML and jsonschema.
"""

from exposurectl.documents.checking import check, did_you_mean, read_as, unreadable
from exposurectl.documents.document import Document, Path
from exposurectl.documents.reading import read_yaml
from exposurectl.documents.scripts import mixed_scripts
from exposurectl.documents.text import read_content

__all__ = [
    "Document",
    "Path",
    "check",
    "did_you_mean",
    "mixed_scripts",
    "read_as",
    "read_content",
    "read_yaml",
    "unreadable",
]
