"""The first line of every shipped YAML: the schema by which an editor completes and explains it."""

import re
import subprocess
from pathlib import Path, PurePosixPath

import jsonschema
import pytest

from exposurectl.demo.story import RECORDED
from exposurectl.demo.workshop import furnish
from exposurectl.documents import check, read_yaml
from exposurectl.schemas import WRITTEN_BY_PEOPLE
from exposurectl.schemas.published import schema_text, settled
from house.reference import schema
from running import run_inside

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "pipeline" / "exposurectl"
# What the Red Hat YAML extension, the language server of other editors and JetBrains' editors look for.
HEADER = re.compile(r"# yaml-language-server: \$schema=(\S+)")
# The demo's are filled in before they are documents; they are looked at where the demo has written them.
SHIPPED = sorted(
    path
    for folder in ("policies", "config", "pipeline/exposurectl/cli/starting/templates/config")
    for path in (ROOT / folder).rglob("*.yaml")
)


def schema_of(document: Path) -> Path:
    """Return the schema that the first line names, counted from the document."""
    found = HEADER.fullmatch(document.read_text(encoding="utf-8").partition("\n")[0])
    assert found, f"{document} does not begin with a schema"
    return (document.parent / found[1]).resolve()


def kind_of(document: Path) -> str:
    if "cases" in document.parts:
        return "cases"
    return "policy" if "policies" in document.parts else "config"


def assert_explained(document: Path, schemas: Path) -> None:
    """Assert that the document names the right schema, which is there, is the published one, and accepts it."""
    kind = kind_of(document)
    assert schema_of(document) == (schemas / f"{kind}.json").resolve()
    assert schema_of(document).read_text(encoding="utf-8") == schema_text(kind)

    read, problems = read_yaml(document.name, document.read_bytes())
    assert read is not None
    assert (problems, check(read, kind)) == ([], [])
    assert list(jsonschema.Draft202012Validator(schema(kind)).iter_errors(read.data)) == []


@pytest.mark.parametrize("document", SHIPPED, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_shipped_document_names_the_schema_that_accepts_it(document: Path) -> None:
    assert_explained(document, PACKAGE / "schemas")


def test_every_kind_of_document_is_shipped() -> None:
    assert {kind_of(document) for document in SHIPPED} == set(WRITTEN_BY_PEOPLE)


def test_every_yaml_of_the_tree_that_we_read_is_among_the_shipped_ones() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.yaml"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    tree = {ROOT / name for name in listed.stdout.split("\0") if name and not name.startswith(("tests/", "docs/"))}

    assert tree - set(SHIPPED) == set((PACKAGE / "demo" / "files").glob("*.yaml"))


def test_the_documents_of_the_demo_name_schemas_that_lie_beside_them(tmp_path: Path) -> None:
    furnish(tmp_path, "http://127.0.0.1:1", RECORDED)
    documents = sorted(tmp_path.rglob("*.yaml"))

    assert {path.name for path in documents} >= {"demo.yaml", "internet.yaml", "overrides.yaml"}
    for document in documents:
        assert_explained(document, tmp_path / ".exposurectl" / "schemas")


def test_the_documents_of_a_new_repository_name_schemas_that_lie_beside_them(tmp_path: Path) -> None:
    ended = run_inside("init", tmp_path)

    documents = sorted(tmp_path.rglob("*.yaml"))
    assert (ended.code, {kind_of(path) for path in documents}) == (0, set(WRITTEN_BY_PEOPLE))
    for document in documents:
        assert_explained(document, tmp_path / ".exposurectl" / "schemas")


def test_the_templates_of_the_demo_name_schemas_that_are_found_from_where_they_lie() -> None:
    templates = sorted((PACKAGE / "demo" / "files").glob("*.yaml"))

    assert [schema_of(template).relative_to(PACKAGE).as_posix() for template in templates] == [
        "schemas/config.json",
        "schemas/policy.json",
    ]


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        (
            "# yaml-language-server: $schema=../pipeline/exposurectl/schemas/policy.json\na: 1\n",
            "policies/a.yaml",
            "# yaml-language-server: $schema=../.exposurectl/schemas/policy.json\na: 1\n",
        ),
        (
            "# yaml-language-server: $schema=x/config.json\n",
            "demo.yaml",
            "# yaml-language-server: $schema=.exposurectl/schemas/config.json\n",
        ),
        ("a: 1\n# yaml-language-server: $schema=x/config.json\n", "demo.yaml", None),
        ("# A README\n", "README.md", None),
    ],
)
def test_the_first_line_alone_is_fitted_to_the_place_of_a_document(text: str, place: str, expected: str | None) -> None:
    assert settled(text, PurePosixPath(place)) == (expected or text)
