"""Whether a value has the shape that botocore's model of Inspector says, to the last constraint."""

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import botocore.session

MODEL: Final = botocore.session.get_session().get_service_model("inspector2")

OPERATIONS: Final[dict[str, Any]] = {
    MODEL.operation_model(name).http["requestUri"]: MODEL.operation_model(name) for name in MODEL.operation_names
}
"""Inspector's operations by path. All that the test server knows are POST."""

REAL_ANSWERS: Final = frozenset(
    {
        ("FindingList", "max"),  # modelled with 25, although a page may have 100
        ("CoverageResourceType", "enum"),  # AWS_ACCOUNT is returned, and not modelled
        ("ResourceId", "pattern"),  # an account id is returned, and does not match
        ("State", "required"),  # AWS's own example has no errorCode where all is well
    }
)
"""Constraints that real answers break, as the name of the shape and of the constraint."""


class Problem(NamedTuple):
    field: str
    message: str


def problems_of(
    shape: Any, value: object, *, field: str = "", but: frozenset[tuple[str, str]] = frozenset()
) -> Iterator[Problem]:
    """Say what is wrong with a decoded JSON value, in the words of AWS; `but` names constraints to leave out."""
    for constraint, message in _own_problems(shape, value):
        if (shape.name, constraint) not in but:
            yield Problem(field, f"Value '{value}' at '{field}' failed to satisfy constraint: {message}")
    for below, held, inner in _held(shape, value):
        yield from problems_of(below, held, field=f"{field}.{inner}".lstrip("."), but=but)


def _held(shape: Any, value: object) -> Iterator[tuple[Any, object, str]]:
    """Return the values inside of this one, each with its shape and what it is called."""
    match shape.type_name, value:
        case "structure", dict():
            for key in value.keys() & shape.members.keys():
                yield shape.members[key], value[key], key
        case "list", list():
            for index, held in enumerate(value, start=1):
                yield shape.member, held, f"{index}.member"
        case "map", dict():
            for key, held in value.items():
                yield shape.value, held, key
        case _:
            pass


_KINDS: Final[dict[str, type | tuple[type, ...]]] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float),
}


def _own_problems(shape: Any, value: object) -> Iterator[tuple[str, str]]:
    """Say what is wrong with this value itself, each as the constraint and why."""
    kind = shape.type_name
    if not isinstance(value, _KINDS[kind]) or (isinstance(value, bool) and kind != "boolean"):
        yield "type", f"Expected a {kind}, got {type(value).__name__}"
        return
    if kind == "structure" and isinstance(value, dict):
        yield from _members(shape, value)
    if isinstance(value, str):
        yield from _text(shape, value)
    if kind in ("integer", "long", "float", "double") and isinstance(value, int | float):
        yield from _bounds(shape, value, "value")
    if isinstance(value, str | list):
        yield from _bounds(shape, len(value), "length")


def _members(shape: Any, value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    missing = [key for key in shape.required_members if key not in value]
    unknown = [key for key in value if key not in shape.members]
    if missing:
        yield "required", f"Member must not be null: {', '.join(missing)}"
    if unknown:
        yield "unknown", f"Unknown member: {', '.join(unknown)}"


def _text(shape: Any, value: str) -> Iterator[tuple[str, str]]:
    if shape.enum and value not in shape.enum:
        yield "enum", f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value):
        yield "pattern", f"Member must satisfy regular expression pattern: {pattern}"


def _bounds(shape: Any, size: float, what: str) -> Iterator[tuple[str, str]]:
    if size > shape.metadata.get("max", size):
        yield "max", f"Member must have {what} less than or equal to {shape.metadata['max']}"
    if size < shape.metadata.get("min", size):
        yield "min", f"Member must have {what} greater than or equal to {shape.metadata['min']}"
