"""
Writes the schemas of the documents that exposurectl writes, from the types that it writes them by.

`python tests/house/schemas.py` writes `schemas/{plan,receipt,snapshot}.json` anew. What a key means is its docstring
in the source, or a line of `schema_words.json` beside this file.
"""

import ast
import inspect
import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeGuard

import msgspec

from exposurectl import model
from exposurectl.apply import receipt
from exposurectl.plan import model as plan
from exposurectl.sources import observed, sealed

SCHEMAS = Path(__file__).parents[2] / "pipeline" / "exposurectl" / "schemas"
WORDS = Path(__file__).with_name("schema_words.json")
TYPES: dict[str, tuple[type[msgspec.Struct], int, str]] = {
    "plan": (plan.Plan, plan.FORMAT_VERSION, "digest"),
    "receipt": (receipt.Receipt, receipt.FORMAT_VERSION, "plan"),
    "snapshot": (sealed.Manifest, sealed.FORMAT_VERSION, "digest"),
}
"""What each document is written by, the version of its format, and its key that holds a digest."""
_MODULES = (model, plan, receipt, sealed, observed)
_DIGEST = "^sha256:[0-9a-f]{64}$"


def rendered(name: str) -> str:
    """Return the text of a schema. Raises LookupError with every key that nobody has described."""
    kind, version, digest = TYPES[name]
    definitions = msgspec.json.schema(kind)["$defs"]
    missing = [where for title, definition in definitions.items() for where in _describe(title, definition)]
    if missing:
        raise LookupError(f"give these a docstring, or a line in {WORDS.name}: {', '.join(sorted(missing))}")
    top = definitions.pop(kind.__name__)
    top["properties"]["format_version"] |= {"const": version}
    top["properties"][digest] |= {"pattern": _DIGEST}
    top["required"] = sorted(top["properties"])  # they are always written, even those that have a default
    top["properties"] = dict(sorted(top["properties"].items()))
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:exposurectl:schema:{name}:{version}",
        "title": f"exposurectl {name}",
        "description": _words()[kind.__name__],
    }
    whole = {**head, **{key: top[key] for key in top if key not in head}, "$defs": dict(sorted(definitions.items()))}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def unused_words() -> set[str]:
    """Return the lines of `schema_words.json` that describe nothing."""
    used = {
        _where(title, key)
        for kind, *_rest in TYPES.values()
        for title, definition in msgspec.json.schema(kind)["$defs"].items()
        for key in definition.get("properties", {})
        if _attribute(title, key) not in _docstrings(title)
    }
    return set(_words()) - used - {kind.__name__ for kind, *_rest in TYPES.values()}


def _describe(title: str, definition: dict[str, Any]) -> Iterator[str]:
    """Give every key its description, and yield those that have none. No key but those that are named may stand."""
    if "properties" not in definition:
        return
    definition["additionalProperties"] = False
    for key, value in definition["properties"].items():
        value.pop("default", None)  # every key is written, or left out where it would say nothing
        words = _docstrings(title).get(_attribute(title, key)) or _words().get(_where(title, key))
        if words is None:
            yield f"{title}.{key}"
        else:
            definition["properties"][key] = {"description": " ".join(words.split()), **value}


def _where(title: str, key: str) -> str:
    """Return what `schema_words.json` calls a key: by its type, or by its name where that means the same everywhere."""
    return f"{title}.{key}" if f"{title}.{key}" in _words() else key


def _attribute(title: str, key: str) -> str:
    """Return the name of the field that is written as that key."""
    fields = msgspec.structs.fields(_struct(title))
    return next(field.name for field in fields if field.encode_name == key)


@cache
def _words() -> dict[str, str]:
    words: dict[str, str] = json.loads(WORDS.read_text(encoding="utf-8"))
    return words


def _struct(title: str) -> type[msgspec.Struct]:
    found = (getattr(module, title, None) for module in _MODULES)
    return next(one for one in found if _is_struct(one))


def _is_struct(one: object) -> TypeGuard[type[msgspec.Struct]]:
    return isinstance(one, type) and issubclass(one, msgspec.Struct)


@cache
def _docstrings(title: str) -> dict[str, str]:
    """Return what the source says below each field of a type."""
    (body,) = ast.parse(inspect.getsource(_struct(title))).body
    assert isinstance(body, ast.ClassDef)
    pairs = zip(body.body, body.body[1:], strict=False)
    return {
        field.target.id: said.value.value
        for field, said in pairs
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(said, ast.Expr)
        and isinstance(said.value, ast.Constant)
        and isinstance(said.value.value, str)
    }


if __name__ == "__main__":
    for schema in sys.argv[1:] or TYPES:
        (SCHEMAS / f"{schema}.json").write_text(rendered(schema), encoding="utf-8")
