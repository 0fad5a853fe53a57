import json
import re
from collections.abc import Iterator
from importlib import resources
from typing import Any

import pytest

from exposurectl.diagnostics import Diagnostic, Place, ProblemId
from exposurectl.documents import check, did_you_mean, read_as, read_yaml
from exposurectl.documents.reading import MOST_PROBLEMS

SCHEMAS = ["policy", "cases", "config"]


def problems(text: str, schema: str = "policy") -> list[Diagnostic]:
    document, found = read_yaml("a.yaml", text.encode())

    assert document is not None
    assert found == []
    return check(document, schema)


def nodes(schema: Any, path: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every mapping of a schema that says what a value must be, with its place."""
    if isinstance(schema, list):
        for index, one in enumerate(schema):
            yield from nodes(one, f"{path}/{index}")
    if isinstance(schema, dict):
        if (
            path.rsplit("/", maxsplit=1)[-1] not in {"if", "properties", "$defs"}
            and {"type", "enum", "const"} & schema.keys()
        ):
            yield path, schema
        for key, one in schema.items():
            yield from nodes(one, f"{path}/{key}")


def schema(name: str) -> Any:
    return json.loads(resources.files("exposurectl.schemas").joinpath(f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_value_of_a_schema_is_described_in_words(name: str) -> None:
    wordless = [path for path, node in nodes(schema(name)) if "x-expected" not in node]

    # These are asked of mappings only.
    assert set(wordless) <= {"#/$defs/within", "#/$defs/admitted", "#/$defs/component"}


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_pattern_of_a_schema_says_where_a_text_begins_and_ends(name: str) -> None:
    patterns = {node["pattern"] for _path, node in nodes(schema(name)) if "pattern" in node} - {r"\S"}

    assert [pattern for pattern in patterns if not re.fullmatch(r"\^.*\$", pattern)] == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_mapping_of_a_schema_refuses_unknown_keys(name: str) -> None:
    lenient = [
        path for path, node in nodes(schema(name)) if "properties" in node and "additionalProperties" not in node
    ]

    assert lenient == []


def test_a_document_of_the_right_shape_has_no_problems() -> None:
    assert problems("version: 1\nrules: []\n") == []


def test_problems_are_sorted_by_place_and_told_once() -> None:
    found = problems('version: 1\nrules:\n  - {id: "", level: x, because: "", match: {}}\n  - 5\n')

    assert [str(problem.place) for problem in found] == ["a.yaml:3:10", "a.yaml:3:21", "a.yaml:3:33", "a.yaml:4:5"]


def test_checking_stops_where_the_problems_are_too_many() -> None:
    found = problems("version: 1\nrules: [" + "5, " * 1000 + "]\n")

    assert len(found) == MOST_PROBLEMS + 1
    assert found[0] == Diagnostic(
        id=ProblemId.TOO_MANY_PROBLEMS,
        summary="Too many problems",
        place=Place("a.yaml"),
        detail="The rest of the file was not checked.",
    )


def test_a_long_value_is_quoted_in_part() -> None:
    (only,) = problems(f"version: {'x' * 10_000}\n")

    assert only.detail == (
        f'`version` must be 1, the version of the language that this exposurectl reads, not "{"x" * 60}…".'
    )


@pytest.mark.parametrize(
    ("word", "answer"),
    [("opne", 'did you mean "open"?'), ("qqq", ""), ("", ""), ("open" * 30, "")],
)
def test_the_nearest_known_word_is_guessed(word: str, answer: str) -> None:
    assert did_you_mean(word, ["open", "controlled"]) == answer


def broken(text: str) -> tuple[set[object], list[str]]:
    """Return the paths of a policy that cannot be relied on, and the ids of its problems."""
    document, found = read_as("policy", "a.yaml", text.encode())

    return set(document.broken), [problem.id for problem in found]


def test_a_document_knows_where_it_is_broken() -> None:
    assert broken("version: 1\nrules: [{id: a, level: opne, because: x, match: {ports: [22, ssh]}, x: 1}]\n") == (
        {("rules", 0, "level"), ("rules", 0, "match", "ports", 1)},
        ["wrong-value", "wrong-value", "unknown-key"],
    )


def test_a_key_that_is_missing_is_where_the_document_is_broken() -> None:
    assert broken("version: 1\nrules: [{id: a, level: open, because: x}]\n") == (
        {("rules", 0, "match")},
        ["missing-key"],
    )


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("version: [\n", "not-yaml"),
        ("version: &x 1\n", "anchor-or-alias"),
        ("version: 1\n<<: {rules: []}\n", "merge-key"),
        ("version: 1\n? [a]\n: 1\n", "key-not-text"),
    ],
)
def test_what_its_author_does_not_see_breaks_all_of_a_document(text: str, id: str) -> None:  # noqa: A002 - its word
    assert broken(text) == ({()}, [id])


def test_what_breaks_the_form_only_leaves_the_shape_to_be_checked() -> None:
    assert broken("version: 1\nversion: 2\nrules: [{id: !!str a, level: opne, because: x, match: {}}]\n") == (
        {("rules", 0, "level")},
        ["duplicate-key", "yaml-tag", "wrong-value"],
    )


def test_what_the_form_says_already_is_not_said_of_the_shape() -> None:
    assert broken("version: 123456789012345678901\n") == ({("version",)}, ["number-too-large"])


def test_too_many_problems_leave_nothing_to_rely_on() -> None:
    paths, ids = broken("version: 1\nrules: [" + "5, " * 1000 + "]\n")

    assert paths == {()}
    assert ids[0] == "too-many-problems"
