"""The published schemas: ids, words for every key, and that they say what is read and written."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from exposurectl.apply.receipt import begin, write_receipt
from exposurectl.config import load_config
from exposurectl.demo.story import RECORDED
from exposurectl.demo.workshop import SNAPSHOT, furnish
from exposurectl.plan.file import read_plan
from exposurectl.schemas import NAMES, WRITTEN_BY_PEOPLE
from exposurectl.schemas.published import schema_text
from golden import GOLDEN
from house import schemas

DIALECT = jsonschema.Draft202012Validator
PLANS = sorted((GOLDEN / "plans").rglob("*.json"))
REPOSITORY = Path(__file__).parents[2]


def schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(schema_text(name))
    return loaded


def properties(part: Any, path: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every key that a schema describes, with its place; a key of `x-…` or an example is none."""
    if isinstance(part, list):
        for index, one in enumerate(part):
            yield from properties(one, f"{path}/{index}")
    if isinstance(part, dict):
        for key, value in part.get("properties", {}).items():
            yield f"{path}/properties/{key}", value
        for key, one in part.items():
            if key not in {"examples", "default", "const", "enum"}:
                yield from properties(one, f"{path}/{key}")


def resolved(name: str, value: dict[str, Any]) -> dict[str, Any]:
    referred = value.get("$ref", "").removeprefix("#/$defs/")
    return {**(schema(name)["$defs"][referred] if referred else {}), **value}


def wrong(name: str, document: Any) -> list[str]:
    return [error.message for error in DIALECT(schema(name)).iter_errors(document)]


def test_every_schema_of_the_package_is_published_and_no_other() -> None:
    assert {path.stem for path in schemas.SCHEMAS.glob("*.json")} == set(NAMES)
    assert {*schemas.TYPES, *WRITTEN_BY_PEOPLE} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_and_has_a_stable_id_a_title_and_a_description(name: str) -> None:
    DIALECT.check_schema(schema(name))

    assert schema(name)["$id"] == f"urn:exposurectl:schema:{name}:1"
    assert schema(name)["$schema"] == DIALECT.META_SCHEMA["$id"]
    assert schema(name)["title"].startswith("exposurectl ")
    assert schema(name)["description"].endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_every_key_of_a_schema_is_described_in_full_sentences(name: str) -> None:
    described = {path: resolved(name, value).get("description", "") for path, value in properties(schema(name))}

    assert len(described) > 10
    assert [path for path, words in described.items() if not words.endswith(".")] == []


@pytest.mark.parametrize("name", WRITTEN_BY_PEOPLE)
def test_every_key_that_people_write_has_examples_that_are_valid(name: str) -> None:
    keys = [(path, resolved(name, value)) for path, value in properties(schema(name))]
    definitions = schema(name).get("$defs", {})

    assert [path for path, value in keys if not value.get("examples")] == []
    assert [
        (path, example)
        for path, value in keys
        for example in [*value["examples"], *([value["default"]] if "default" in value else [])]
        if list(DIALECT({**value, "$defs": definitions}).iter_errors(example))
    ] == []


def test_the_defaults_of_the_config_are_those_that_the_program_takes(tmp_path: Path) -> None:
    smallest = {"version": 1, **{key: schema("config")["properties"][key]["examples"][0] for key in ("futurevuls",)}}
    smallest["review"] = {"branch": "origin/main"}
    spelled = with_defaults("config", schema("config"), smallest)

    settings = []
    for document in (smallest, spelled):
        path = tmp_path / "production.yaml"
        path.write_text(json.dumps(document, indent=1), encoding="utf-8")
        settings.append(settings_of(path))

    assert spelled["limits"]["raise"]["percent"] == 30
    assert settings[0] == settings[1]


def with_defaults(name: str, part: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return a mapping with every default of its schema written out, in the mappings below it too."""
    filled = dict(given)
    for key, value in part["properties"].items():
        inner = resolved(name, value)
        if "default" in inner:
            filled.setdefault(key, inner["default"])
        elif inner.get("type") == "object" and "properties" in inner:
            filled[key] = with_defaults(name, inner, given.get(key, {}))
    return filled


def settings_of(path: Path) -> dict[str, Any]:
    """Return settings without what depends on where each value stands."""
    settings = load_config(path)
    kept = {name: getattr(settings, name) for name in settings.__struct_fields__ if name not in {"digest", "groups"}}
    return {**kept, "groups": [group.name for group in settings.groups]}


@pytest.mark.parametrize("name", schemas.TYPES)
def test_a_schema_of_what_is_written_follows_the_types_that_it_is_written_by(name: str) -> None:
    assert schema_text(name) == schemas.rendered(name), "run `python tests/house/schemas.py` and read what changed"


@pytest.mark.parametrize("name", schemas.TYPES)
def test_a_schema_of_what_is_written_has_the_keys_of_its_type(name: str) -> None:
    kind, *_rest = schemas.TYPES[name]

    assert set(schema(name)["properties"]) == set(kind.__struct_encode_fields__)


def test_no_words_are_kept_for_keys_that_are_gone() -> None:
    assert schemas.unused_words() == set()


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_a_golden_plan_is_valid_and_with_a_stray_key_it_is_not(path: Path) -> None:
    plan = json.loads(path.read_bytes())

    assert wrong("plan", plan) == []
    assert wrong("plan", {**plan, "forced": True}) != []
    assert wrong("plan", {**plan, "changes": [{**plan["changes"][0], "force": True}]}) != []
    assert wrong("plan", {key: value for key, value in plan.items() if key != "digest"}) != []
    assert wrong("plan", {**plan, "format_version": 2}) != []


def test_the_receipt_of_a_golden_plan_is_valid_and_with_a_stray_key_it_is_not() -> None:
    plan = read_plan(PLANS[0].name, PLANS[0].read_bytes())
    receipt = json.loads(write_receipt(begin(plan, actor="someone", run="", now=RECORDED)))

    assert wrong("receipt", receipt) == []
    assert wrong("receipt", {**receipt, "forced": True}) != []
    assert wrong("receipt", {**receipt, "plan": "sha256:0"}) != []


def test_the_manifest_of_a_snapshot_is_valid_and_with_a_stray_key_it_is_not(tmp_path: Path) -> None:
    furnish(tmp_path, "http://127.0.0.1:1", RECORDED)
    manifest = json.loads((tmp_path / SNAPSHOT / "manifest.json").read_bytes())

    assert wrong("snapshot", manifest) == []
    assert wrong("snapshot", {**manifest, "files": {"a": {"sha256": "0", "records": 0, "more": 1}}}) != []


def test_every_plan_and_receipt_of_this_repository_is_valid() -> None:
    kept = sorted((REPOSITORY / "plans").rglob("*.json"))

    found = {path.name: wrong(path.stem.partition("-")[0], json.loads(path.read_bytes())) for path in kept}

    assert found == {path.name: [] for path in kept}


def test_schemas_are_listed_in_one_order() -> None:
    for name in schemas.TYPES:
        for part in (schema(name), schema(name)["$defs"]):
            assert all(one <= other for one, other in pairwise(part.get("properties", {})))
