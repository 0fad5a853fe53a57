"""Starting: asking for help or the version loads nothing that only work needs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(sys.executable).parent / "exposurectl"
ONLY_FOR_WORK = {"boto3", "botocore", "jinja2", "jsonschema", "msgspec", "requests", "rich", "urllib3", "yaml"}


def imported_by(*arguments: str) -> set[str]:
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", SCRIPT, *arguments], capture_output=True, text=True, check=True
    )
    return set(re.findall(r"^import time:.*\| +(\S+)$", ran.stderr, flags=re.MULTILINE))


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_and_version_import_nothing_that_only_work_needs(argument: str) -> None:
    imported = imported_by(argument)

    assert "exposurectl.cli" in imported
    assert imported & ONLY_FOR_WORK == set()
