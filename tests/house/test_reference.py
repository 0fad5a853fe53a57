"""The reference of what people write: docs/reference says what the schemas say, key by key."""

import json
import re
from typing import Any

import pytest

from exposurectl.documents import read_yaml
from exposurectl.schemas import WRITTEN_BY_PEOPLE
from house import reference


@pytest.mark.parametrize("name", WRITTEN_BY_PEOPLE)
def test_the_reference_says_what_the_schema_says(name: str) -> None:
    committed = (reference.FOLDER / f"{name}.md").read_text(encoding="utf-8")

    assert committed == reference.rendered(name), "run `python tests/house/reference.py` and read what changed"


def test_there_is_a_reference_of_every_document_that_people_write_and_of_no_other() -> None:
    assert {path.stem for path in reference.FOLDER.glob("*.md")} >= set(WRITTEN_BY_PEOPLE)


@pytest.mark.parametrize("name", WRITTEN_BY_PEOPLE)
def test_each_key_has_a_heading_of_its_own_and_every_link_leads_to_one(name: str) -> None:
    page = reference.rendered(name)
    headings = re.findall(r"^## `(.*)`$", page, flags=re.MULTILINE)

    assert len(headings) == len(set(headings)) > 10
    assert set(re.findall(r"\(#(.*?)\)", page)) <= set(map(reference.anchor, headings))


@pytest.mark.parametrize("name", WRITTEN_BY_PEOPLE)
def test_every_example_is_yaml_that_means_what_the_schema_gives(name: str) -> None:
    page = reference.rendered(name)
    shown = re.findall(r"^- Example: `(.*)`$", page, flags=re.MULTILINE)
    shown += [re.sub(r"^  ", "", one, flags=re.MULTILINE) for one in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    given = [json.dumps(example, sort_keys=True) for example in examples(reference.schema(name))]

    read = [read_yaml("a.yaml", one.encode()) for one in shown]

    assert [problems for _document, problems in read if problems] == []
    means = [next(iter(document.data.values())) for document, _problems in read if document]
    assert {json.dumps(one, sort_keys=True) for one in means} == set(given)


def examples(part: Any) -> list[Any]:
    if isinstance(part, list):
        return [one for inner in part for one in examples(inner)]
    if not isinstance(part, dict):
        return []
    own = part.get("examples", [])
    return [*own, *(one for key, inner in part.items() if key != "examples" for one in examples(inner))]
