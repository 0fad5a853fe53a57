"""The mutants that may survive: each is still a line of its function, and a run that has others fails."""

import ast

import pytest

from mutation.mutants import Fate, Mutant
from mutation.suites import PACKAGE, ROOT, SUITES, parts
from mutation.survivors import Score, Survivor, is_excused, score, survivors, unknown

LISTED = Survivor("plan/pairs.py", "least", "if one < other:", "if one <= other:", "Equal ones are the same.")
SURVIVED = Mutant(*LISTED[:4], Fate.SURVIVED)
KILLED = SURVIVED._replace(added="if one > other:", fate=Fate.KILLED)
STRANGER = SURVIVED._replace(added="if True:")


def functions(file: str) -> dict[str, str]:
    """Return the source of every function of a file and of its classes, by name."""
    text = (PACKAGE / file).read_text(encoding="utf-8")
    tree = ast.parse(text)
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    named = [("", node) for node in tree.body]
    named += [(f"{one.name}.", node) for one in classes for node in one.body]
    return {
        f"{prefix}{node.name}": ast.get_source_segment(text, node) or ""
        for prefix, node in named
        if isinstance(node, ast.FunctionDef)
    }


@pytest.mark.parametrize("one", survivors(), ids=lambda one: f"{one.file} {one.function}")
def test_what_may_survive_is_still_a_line_of_its_function(one: Survivor) -> None:
    there = {line.strip() for line in functions(one.file)[one.function].split("\n")}

    assert set(one.removed.split("\n")) <= there
    assert one.removed != one.added


@pytest.mark.parametrize("one", survivors(), ids=lambda one: f"{one.file} {one.function}")
def test_what_may_survive_has_a_reason(one: Survivor) -> None:
    assert len(one.because.split()) >= 4
    assert one.because.endswith(".")


def test_nothing_is_listed_twice() -> None:
    listed = [one[:4] for one in survivors()]

    assert len(set(listed)) == len(listed)


@pytest.mark.parametrize("folder", ["plan", "apply"])
def test_every_file_of_the_core_is_mutated(folder: str) -> None:
    files = {str(path.relative_to(PACKAGE)) for path in (PACKAGE / folder).glob("*.py")}

    assert files <= {file for part in parts([]) for file in part.files}
    assert [part.files for part in parts([folder])] == [tuple(sorted(files))]


def test_the_tests_that_answer_for_a_suite_are_there() -> None:
    assert [name for suite in SUITES for name in suite.tests + suite.slow if not (ROOT / name).exists()] == []


def test_one_file_is_a_part() -> None:
    assert [part.files for part in parts(["policy/decide.py"])] == [("policy/decide.py",)]


def test_what_is_not_mutated_is_no_part() -> None:
    with pytest.raises(SystemExit, match=r"render/text\.py: not mutated"):
        parts(["plan/limits.py", "render/text.py"])


def test_a_mutant_survives_by_the_list_alone() -> None:
    assert is_excused(SURVIVED, [LISTED])
    assert not is_excused(STRANGER, [LISTED])
    assert not is_excused(KILLED, [LISTED])
    assert not is_excused(SURVIVED._replace(fate=Fate.UNTOLD), [LISTED])


def test_what_may_survive_counts_neither_way() -> None:
    figures = score("plan/pairs.py", [SURVIVED, KILLED, KILLED, KILLED, STRANGER], [LISTED])

    assert figures == Score("plan/pairs.py", mutants=5, killed=3, excused=1, survived=1)
    assert figures.percent == 75


def test_a_module_without_mutants_is_whole() -> None:
    assert score("plan/__init__.py", [], []).percent == 100


def test_an_entry_whose_code_has_changed_is_told() -> None:
    assert unknown([KILLED, STRANGER], [LISTED]) == [LISTED]
    assert unknown([SURVIVED], [LISTED]) == []
    assert unknown([SURVIVED._replace(fate=Fate.KILLED)], [LISTED]) == []
