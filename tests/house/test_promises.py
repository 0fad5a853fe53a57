"""The README's table of promises: each has a test, and each test of a promise is named there."""

import ast
import re
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
HEADING = "## What it promises\n"
COUNT = 26
_ROW = re.compile(r"^\| \*\*P([0-9]+)\*\* (.+) \| (.+) \|$")
_LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")
_OWN = re.compile(r"test_p([0-9]+)_[a-z0-9_]+\.py")


class Promise(NamedTuple):
    """One row of the table."""

    number: int
    words: str
    tests: tuple[str, ...]


def promises(readme: str) -> list[Promise]:
    """Return the rows of the table, of which every one must be a promise."""
    _, heading, rest = readme.partition(HEADING)
    assert heading, f"README.md has no {HEADING.strip()!r}"
    rows = [line for line in rest.partition("\n## ")[0].splitlines() if line.startswith("|")]
    assert rows[:2] == ["| promise | test |", "| --- | --- |"]
    return [_promise(row) for row in rows[2:]]


def _promise(row: str) -> Promise:
    found = _ROW.match(row)
    assert found, row
    assert _LINK.sub("", found[3]).strip(", ") == "", row
    return Promise(int(found[1]), found[2], tuple(target for _, target in _LINK.findall(found[3])))


def named_in(path: Path) -> list[str]:
    """Return the tests of a file by their names; Hypothesis makes one of a class that is assigned."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    assigned = [
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id.startswith("Test")
    ]
    return functions + assigned


@pytest.fixture(scope="module")
def table() -> list[Promise]:
    return promises((ROOT / "README.md").read_text(encoding="utf-8"))


def test_every_promise_is_there_once_and_in_order(table: list[Promise]) -> None:
    assert list(range(1, COUNT + 1)) == [promise.number for promise in table]


def test_every_promise_has_a_test(table: list[Promise]) -> None:
    assert [promise.number for promise in table if not promise.tests] == []


def test_every_test_that_is_named_exists_and_tests_something(table: list[Promise]) -> None:
    named = {name for promise in table for name in promise.tests}

    assert [name for name in sorted(named) if not re.fullmatch(r"tests/[a-z_/]+/test_[a-z0-9_]+\.py", name)] == []
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []
    assert [name for name in sorted(named) if not named_in(ROOT / name)] == []


def test_every_file_of_a_promise_is_named_in_its_row(table: list[Promise]) -> None:
    rows = {promise.number: promise.tests for promise in table}

    own = {path.name: _OWN.fullmatch(path.name) for path in (ROOT / "tests/promises").glob("test_p*.py")}

    assert [name for name, found in own.items() if not found] == []
    for name, found in own.items():
        assert found
        assert f"tests/promises/{name}" in rows.get(int(found[1]), ()), name


EXAMPLE = f"""\
{HEADING}
| promise | test |
| --- | --- |
| **P1** All. | [a](tests/a/test_a.py) |

## More

| x |
"""


def test_a_table_is_read_to_its_end_and_no_further() -> None:
    assert [Promise(1, "All.", ("tests/a/test_a.py",))] == promises(EXAMPLE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (HEADING, "## Promises\n"),
        ("| **P1** All. | [a](tests/a/test_a.py) |", "| **P1** All. | tests/a/test_a.py |"),
        ("| **P1** All. |", "| All. |"),
    ],
    ids=["no table", "a test that is no link", "a promise without a number"],
)
def test_a_table_that_is_not_one_is_noticed(old: str, new: str) -> None:
    assert old in EXAMPLE

    with pytest.raises(AssertionError):
        promises(EXAMPLE.replace(old, new))
