"""Plain scalars: the core schema of YAML 1.2. PyYAML follows 1.1, where `no` is false, `12:30` is 750, `017` is 15."""

import math
import re

_NULL = re.compile(r"|~|null|Null|NULL")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_LONGEST = 18

Scalar = None | bool | int | float | str


def core(text: str) -> Scalar:
    """
    Return what a plain scalar means.

    A number that no one can mean (more than 18 digits, infinite, not a number) is infinity.
    """
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text) or _FALSE.fullmatch(text):
        return text[0] in "tT"
    return _number(text)


def _number(text: str) -> float | str:
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) <= _LONGEST else math.inf
    if _BASED.fullmatch(text):
        return int(text, 0) if len(text) <= _LONGEST else math.inf
    if _FLOAT.fullmatch(text):
        return float(text)
    return math.inf if _INFINITE.fullmatch(text) else text
