"""Reports of problems that people could have made, and of some that somebody made to do harm."""

from datetime import date

from hypothesis import strategies as st

from exposurectl.diagnostics import WARNINGS, Diagnostic, LeftOut, Place, ProblemId, Severity
from exposurectl.render.problems import Report

from .conftest import EVIL

LEVEL = Diagnostic(
    id=ProblemId.WRONG_VALUE,
    summary="Wrong value",
    place=Place("policies/internet.yaml", 8, 12),
    detail='`level` must be small, controlled or open, not "opne".',
    hint='did you mean "open"?',
)
DEAD = Diagnostic(
    id=ProblemId.RULE_NEVER_DECIDES,
    severity=Severity.WARNING,
    summary="Rule never decides",
    place=Place("policies/internet.yaml", 20, 5),
    detail='Wherever "ssh" matches, "everything" gives at least its level, open.\nFor example: tcp/22.',
)
NOWHERE = Diagnostic(
    id=ProblemId.NO_DEFAULTS,
    summary="No defaults",
    place=Place("policies"),
    detail="`defaults` must stand exactly once in the whole policy.",
)


def report(
    *problems: Diagnostic, left_out: tuple[LeftOut, ...] = (), analysed: bool = True, config: str = ""
) -> Report:
    return Report(
        problems=problems,
        left_out=left_out,
        as_of=date(2026, 11, 23),
        policy="policies",
        config=config,
        analysed=analysed,
    )


ANY_TEXT = st.lists(
    st.sampled_from([EVIL, "::error::x", "##[error]x", "%", "%0A", "%3A", ",", "\r\n"]) | st.text()
).map("".join)
PROBLEMS = st.builds(
    Diagnostic,
    id=st.sampled_from(ProblemId),
    severity=st.sampled_from(Severity),
    summary=ANY_TEXT,
    detail=ANY_TEXT,
    hint=ANY_TEXT,
    place=st.none() | st.builds(Place, ANY_TEXT, st.integers(0, 9999), st.integers(0, 999)),
)
REPORTS = st.lists(PROBLEMS, max_size=30).map(
    lambda problems: report(*problems, left_out=(LeftOut(id=min(WARNINGS), because=EVIL, count=2),))
)
