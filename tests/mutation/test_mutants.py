"""What became of mutants is read as mutmut left it, and anything unclear is no kill."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mutation.mutants import Fate, mutants_of
from mutation.workspace import SOURCE

MODULE = """\
def x_least__mutmut_orig(one, other):
    if one < other:
        return one
    return other

def x_least__mutmut_1(one, other):
    if one <= other:
        return one
    return other

class Pair:
    def xǁPairǁleast__mutmut_orig(self):
        return least(
            self.one,
            self.other,
        )

    def xǁPairǁleast__mutmut_12(self):
        return least(
            self.one,
            )
"""
SPANS = {
    "x_least__mutmut_orig": [1, 4],
    "x_least__mutmut_1": [6, 9],
    "xǁPairǁleast__mutmut_orig": [12, 16],
    "xǁPairǁleast__mutmut_12": [18, 21],
}


def left(folder: Path, codes: Mapping[str, Any], version: int = 1) -> Path:
    """Leave what mutmut leaves of a module."""
    module = folder / SOURCE / "plan" / "pairs.py"
    module.parent.mkdir(parents=True)
    module.write_text(MODULE, encoding="utf-8")
    module.with_name("pairs.py.spans").write_text(json.dumps({"version": version, "spans": SPANS}), encoding="utf-8")
    keys = {f"exposurectl.plan.pairs.{name}": code for name, code in codes.items()}
    module.with_name("pairs.py.meta").write_text(json.dumps({"exit_code_by_key": keys}), encoding="utf-8")
    return folder


def test_a_mutant_is_told_by_its_function_and_the_lines_that_differ(tmp_path: Path) -> None:
    codes = {"x_least__mutmut_1": 1, "xǁPairǁleast__mutmut_12": 0}

    first, second = mutants_of(left(tmp_path, codes), "plan/pairs.py")

    assert first == ("plan/pairs.py", "least", "if one < other:", "if one <= other:", Fate.KILLED)
    assert second == ("plan/pairs.py", "Pair.least", "self.other,", "", Fate.SURVIVED)
    assert str(first) == "plan/pairs.py: least\n  - if one < other:\n  + if one <= other:"


@pytest.mark.parametrize(
    ("code", "fate"),
    [
        (1, Fate.KILLED),
        (3, Fate.KILLED),
        (36, Fate.KILLED),
        (0, Fate.SURVIVED),
        (5, Fate.SURVIVED),
        (33, Fate.SURVIVED),
        (2, Fate.UNTOLD),
        (-9, Fate.UNTOLD),
        (-11, Fate.UNTOLD),
        (None, Fate.UNTOLD),
        (99, Fate.UNTOLD),
    ],
)
def test_only_a_test_that_failed_or_never_ended_kills(code: int | None, fate: Fate, tmp_path: Path) -> None:
    (mutant,) = mutants_of(left(tmp_path, {"x_least__mutmut_1": code}), "plan/pairs.py")

    assert mutant.fate is fate


def test_another_form_of_the_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="version 2"):
        list(mutants_of(left(tmp_path, {}, version=2), "plan/pairs.py"))
