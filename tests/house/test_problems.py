"""`docs/problems.md`: every problem is documented, every example has the problem that it shows, and no id is idle."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from exposurectl.diagnostics import WARNINGS, ProblemId
from exposurectl.render.reference import reference
from running import run_inside

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "pipeline" / "exposurectl"
DOCUMENTED = ROOT / "docs" / "problems.md"
SHIPPED = PACKAGE / "render" / "templates" / "problems.md"
PARTS = [PACKAGE / part for part in ("documents", "config", "policy")]
DEFAULTS = "version: 1\ndefaults: {unreachable: controlled, unmatched: open, unobserved: leave}\n"
CONFIG = """\
version: 1
futurevuls:
  url: https://rest.vuls.biz
  groups:
    - name: web
      token: env:TOKEN
      families:
        - {name: web, open: web-open, controlled: web-controlled, small: web-small}
"""
# What a snippet of YAML cannot show: it is about the file, or about more than one.
TEXT_ONLY = {
    "no-policy-files",
    "wrong-file-name",
    "file-not-readable",
    "file-too-large",
    "not-text",
    "too-many-values",
    "too-many-problems",
    "second-defaults",
}


def examples() -> dict[str, tuple[str, str]]:
    """Return the example of each problem, by its id: what kind of document it is of, and what stands in it."""
    found = {}
    for entry in reference().values():
        (example,) = re.findall(r"^```(\w+) ?(\w*)\n(.*?)^```$", entry.text, flags=re.MULTILINE | re.DOTALL)
        found[entry.id] = (example[1] or example[0], example[2])
    return found


def diagnostics() -> Iterator[tuple[Path, ast.Call]]:
    """Yield each place where a problem of a file that people wrote is made: it says where it stands."""
    for path in (path for part in PARTS for path in part.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "Diagnostic"
                and "place" in {word.arg for word in node.keywords}
            ):
                yield path, node


def test_every_problem_is_documented_and_nothing_else_is() -> None:
    assert set(reference()) == {problem.value for problem in ProblemId}


def test_the_documentation_is_what_the_program_ships() -> None:
    assert DOCUMENTED.read_bytes() == SHIPPED.read_bytes(), f"copy {SHIPPED} to {DOCUMENTED}"


def test_every_problem_that_is_made_says_which_one_it_is() -> None:
    nameless = [
        f"{path.name}:{call.lineno}" for path, call in diagnostics() if "id" not in {word.arg for word in call.keywords}
    ]

    assert len(list(diagnostics())) > 20
    assert nameless == []


def test_every_id_is_given_somewhere() -> None:
    given = {
        node.attr
        for part in PARTS
        for path in part.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ProblemId"
    }

    assert {problem.name for problem in ProblemId} - given == set()


@pytest.mark.parametrize("entry", reference().values(), ids=lambda entry: entry.id)
def test_every_section_says_what_it_is_why_it_matters_and_what_to_write(entry: object) -> None:
    text = getattr(entry, "text", "")
    kind = "Warning" if getattr(entry, "id", "") in WARNINGS else "Error"

    assert text.startswith(f"**{kind}.** ")
    assert [text.count(f"\n**{part}.** ") for part in ("Why it matters", "Write instead")] == [1, 1]


def test_only_what_yaml_cannot_show_is_shown_as_text() -> None:
    assert {name for name, (kind, _example) in examples().items() if kind == "text"} == TEXT_ONLY


@pytest.mark.parametrize("name", sorted(set(examples()) - TEXT_ONLY))
def test_the_example_has_the_problem(tmp_path: Path, name: str) -> None:
    kind, example = examples()[name]
    whole = example if example.startswith("version:") else f"{DEFAULTS}{example}"
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/a.yaml").write_text(DEFAULTS if kind != "policy" else whole, encoding="utf-8")
    if kind == "cases":
        (tmp_path / "policies/cases").mkdir()
        (tmp_path / "policies/cases/a.yaml").write_text(whole, encoding="utf-8")
    (tmp_path / "c.yaml").write_text(f"{CONFIG}{example if kind == 'config' else ''}", encoding="utf-8")

    ended = run_inside("validate", tmp_path / "policies", "--config", tmp_path / "c.yaml", "--as-of", "2027-04-01")

    assert f"[{name}]\n" in ended.out
    assert ended.code == (0 if name in WARNINGS else 3)


@pytest.mark.parametrize("format_", ["text", "json", "github", "sarif"])
def test_the_documentation_names_every_format(format_: str) -> None:
    assert f"| `{format_}` |" in DOCUMENTED.read_text(encoding="utf-8")
