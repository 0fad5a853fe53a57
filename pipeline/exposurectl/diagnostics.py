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


class ProblemId(enum.StrEnum):
    """
    Every problem that a policy, its cases or a config can have, by the name that stays the same for ever.

    Each has a section in `docs/problems.md`.
    """

    # A file that cannot be read as a document.
    NO_POLICY_FILES = "no-policy-files"
    WRONG_FILE_NAME = "wrong-file-name"
    FILE_NOT_READABLE = "file-not-readable"
    FILE_TOO_LARGE = "file-too-large"
    NOT_TEXT = "not-text"
    INVISIBLE_CHARACTER = "invisible-character"
    NOT_YAML = "not-yaml"
    SECOND_DOCUMENT = "second-document"
    DUPLICATE_KEY = "duplicate-key"
    KEY_NOT_TEXT = "key-not-text"
    MERGE_KEY = "merge-key"
    YAML_TAG = "yaml-tag"
    ANCHOR_OR_ALIAS = "anchor-or-alias"
    NUMBER_TOO_LARGE = "number-too-large"
    NESTED_TOO_DEEPLY = "nested-too-deeply"
    TOO_MANY_VALUES = "too-many-values"
    TOO_MANY_PROBLEMS = "too-many-problems"
    # A document that is not what it should be.
    UNKNOWN_KEY = "unknown-key"
    MISSING_KEY = "missing-key"
    WRONG_VALUE = "wrong-value"
    DUPLICATE_ID = "duplicate-id"
    UNKNOWN_RULE = "unknown-rule"
    NO_DEFAULTS = "no-defaults"
    SECOND_DEFAULTS = "second-defaults"
    UNOBSERVED_BELOW_UNREACHABLE = "unobserved-below-unreachable"
    UNKNOWN_WARNING = "unknown-warning"
    NOT_A_WARNING = "not-a-warning"
    # A policy that cannot stay as it is.
    OVERRIDE_EXPIRED = "override-expired"
    OVERRIDE_TOO_LONG = "override-too-long"
    # A policy that may not mean what its author thinks.
    OVERRIDE_EXPIRING = "override-expiring"
    RULE_NEVER_DECIDES = "rule-never-decides"
    MATCH_HOLDS_NOTHING = "match-holds-nothing"
    ONLY_UNMATCHED_DECIDES = "only-unmatched-decides"
    TAG_LOWERS = "tag-lowers"
    TYPE_UNKNOWN = "type-unknown"
    MIXED_SCRIPT = "mixed-script"


WARNINGS = frozenset(
    {
        ProblemId.OVERRIDE_EXPIRING,
        ProblemId.RULE_NEVER_DECIDES,
        ProblemId.MATCH_HOLDS_NOTHING,
        ProblemId.ONLY_UNMATCHED_DECIDES,
        ProblemId.TAG_LOWERS,
        ProblemId.TYPE_UNKNOWN,
        ProblemId.MIXED_SCRIPT,
    }
)
"""What a config may turn off. Every other problem is an error."""


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
    id: str = ""
    """A `ProblemId` where it is about a policy, its cases or a config; empty elsewhere."""


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """Warnings of one id that a config turns off: how many they are, and why."""

    id: str
    because: str
    count: int


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
