"""The file of a receipt: made before the first write, closed when the run ends, by the next run where it was killed."""

import contextlib
import errno
import os
from pathlib import Path

from exposurectl.apply.receipt import Receipt, write_receipt
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError, Place

HALF = ".new"
"""What the name of a file ends in that is not written whole yet."""

_MOST = 10_000


class ReceiptFile:
    """
    The file that a receipt is kept in.

    It is created before the first write to FutureVuls and never overwrites another run's: what was done is not lost.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def beside(cls, plan: Path) -> "ReceiptFile":
        """Return a file in the plan's folder that does not exist yet: `receipt.json`, else `receipt-2.json`, …."""
        names = ("receipt.json", *(f"receipt-{number}.json" for number in range(2, _MOST)))
        return cls(next(path for path in map(plan.with_name, names) if not os.path.lexists(path)))

    def check_absent(self) -> None:
        """Raise ExposurectlError where there is such a file: it is another run's."""
        if os.path.lexists(self.path):
            raise self._unmade(os.strerror(errno.EEXIST))

    def create(self, receipt: Receipt) -> None:
        """Write the first state, durably. Raises ExposurectlError where the file cannot be made or is another run's."""
        # Whoever writes receipts beside this plan holds the journal's lock: nobody comes in between.
        self.check_absent()
        try:
            self._write(receipt)
        except OSError as error:
            raise self._unmade(error.strerror) from error

    def _unmade(self, why: str | None) -> ExposurectlError:
        problem = Diagnostic(
            summary="Receipt cannot be written",
            place=Place(str(self.path)),
            detail=f"{why}. Nothing is applied that cannot be recorded.",
            hint="name another file with --receipt",
        )
        return ExposurectlError(problem, reason="receipt")

    def keep(self, receipt: Receipt) -> None:
        """
        Replace the state, durably.

        Raises ExposurectlError with exit code 4 where that fails: changes may have been made by then.
        """
        try:
            self._write(receipt)
        except OSError as error:
            problem = Diagnostic(
                summary="Receipt cannot be written",
                place=Place(str(self.path)),
                detail=f"{error.strerror}. The journal beside it has what was done, and the next run writes it again.",
                hint="make room for it, then apply the plan again: what is done already stays as it is",
            )
            raise ExposurectlError(problem, reason="receipt", exit_code=Exit.PARTIAL) from error

    def _write(self, receipt: Receipt) -> None:
        """Write so that a reader finds the old state or the new one, whole, whenever the machine stops."""
        new = self.path.with_name(f"{self.path.name}{HALF}")
        try:
            new.unlink(missing_ok=True)
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(write_receipt(receipt))
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.path)
        except OSError:
            with contextlib.suppress(OSError):
                new.unlink()
            raise
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
