"""A file that a reader finds as it was or as it is now, whole."""

import contextlib
import os
from pathlib import Path

from exposurectl.diagnostics import Diagnostic, ExposurectlError, Place


def write_whole(path: Path, content: bytes, *, what: str, hint: str) -> None:
    """Write the file beside its place and put it there. Raises ExposurectlError where it cannot be written."""
    new = path.parent / f"{path.name}.{os.getpid()}.new"
    try:
        new.write_bytes(content)
        new.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            new.unlink()
        detail = f"{error.strerror}."
        problem = Diagnostic(summary=f"{what} cannot be written", place=Place(str(path)), detail=detail, hint=hint)
        raise ExposurectlError(problem, reason="file") from error
