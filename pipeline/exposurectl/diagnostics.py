"""What went wrong, where, why it matters and what to type: the one shape of every error and warning."""

import enum

import msgspec


class Exit(enum.IntEnum):
    """The exit codes. All others are reserved."""

    DONE = 0
    ERROR = 1
    CHANGES = 2
    BLOCKED = 3
    PARTIAL = 4
    REFUSED = 5
    INTERRUPTED = 130
    TERMINATED = 143


class Severity(enum.Enum):
    """Whether a diagnostic stops the work."""

    ERROR = "error"
    WARNING = "warning"


class Place(msgspec.Struct, frozen=True, order=True):
    """A place in a file that a person wrote. Line and column count from 1; 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Return `file:line:column`, or the file alone."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class Diagnostic(msgspec.Struct, frozen=True, kw_only=True):
    """
    One problem. The summary is short and fixed, so that people learn to recognise it.

    The detail is full sentences with the particulars; the hint is what to type or to edit.
    """

    summary: str
    detail: str = ""
    hint: str = ""
    place: Place | None = None
    severity: Severity = Severity.ERROR


class ExposurectlError(Exception):
    """
    The one error that commands may end in: an exit code, a machine-readable reason, and every problem found.

    Raise it with all the problems of a document at once, sorted by place.
    """

    def __init__(self, *problems: Diagnostic, reason: str = "input", exit_code: Exit = Exit.ERROR) -> None:
        """Keep the problems; the message is their summaries."""
        super().__init__("; ".join(problem.summary for problem in problems))
        self.problems = problems
        self.reason = reason
        self.exit_code = exit_code


def by_place(problem: Diagnostic) -> Place:
    """Return the key that sorts problems by file, line and column."""
    return problem.place or Place("")
