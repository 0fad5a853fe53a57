"""A check: one question about the world outside, its answer, and what to do where the answer is not good."""

import enum

import msgspec


class State(enum.Enum):
    """How a check came out."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One question, its answer, and what to do where the answer is not good."""

    subject: str
    state: State
    detail: str
    advice: str = ""
