"""The answers of `doctor`, for a terminal."""

from collections.abc import Sequence

import msgspec

from exposurectl.render.neutral import neutral
from exposurectl.render.text import Sheet

_STYLES = {"good": "green", "warning": "yellow", "bad": "red"}
_LONG = 400


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One question, how it came out (`good`, `warning` or `bad`), and what to do about it."""

    subject: str
    state: str
    detail: str
    advice: str


def doctor_text(answers: Sequence[Answer], *, width: int, colour: bool) -> str:
    """Return the answers in order, each with its advice, and the sum."""
    sheet = Sheet(width=width, colour=colour)
    for answer in answers:
        sheet.line((f"{answer.state:<8} ", _STYLES[answer.state]), (neutral(answer.subject), "bold"))
        sheet.line(neutral(answer.detail, _LONG), indent=9)
        if answer.advice:
            sheet.line(("do: ", "cyan"), neutral(answer.advice, _LONG), indent=9)
    bad, doubtful = (sum(answer.state == state for answer in answers) for state in ("bad", "warning"))
    sheet.line("")
    sheet.line((f"{len(answers)} checks, {bad} bad, {doubtful} to look at.", "bold"))
    return str(sheet)
