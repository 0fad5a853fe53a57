"""Whether a document has the shape that its JSON Schema describes, said in words a policy author knows."""

import difflib
import functools
import itertools
import json
import re
from collections.abc import Iterable, Iterator
from importlib import resources
from typing import Any, NamedTuple

import jsonschema
import msgspec

from exposurectl.diagnostics import Diagnostic, Place, ProblemId
from exposurectl.documents.document import Document, Path
from exposurectl.documents.reading import MOST_PROBLEMS, read_yaml
from exposurectl.documents.text import quoted

_LONGEST_GUESS = 100


# After these the data is not what its author sees, and what its shape lacks may be there for them.
_MISREAD = frozenset({ProblemId.ANCHOR_OR_ALIAS, ProblemId.MERGE_KEY, ProblemId.KEY_NOT_TEXT})
_EVERYTHING: frozenset[Path] = frozenset({()})


class _Fault(NamedTuple):
    """One problem, and the path that cannot be relied on; None where the rest can be."""

    problem: Diagnostic
    broken: Path | None


def read_as(schema: str, name: str, content: bytes) -> tuple[Document, list[Diagnostic]]:
    """
    Read a document of a kind, and collect what is wrong with its form and its shape.

    The document knows which of its parts can be relied on; where it could not be read, there are none.
    """
    document, problems = read_yaml(name, content)
    if document is None:
        return unreadable(name), problems
    if any(problem.id in _MISREAD for problem in problems):
        return msgspec.structs.replace(document, broken=_EVERYTHING), problems
    told = {problem.place for problem in problems}
    document, more = examine(document, schema)
    return document, [*problems, *(problem for problem in more if problem.place not in told)]


def unreadable(name: str) -> Document:
    """Return a document of which nothing is known."""
    return Document(name=name, data=None, values={}, keys={}, broken=_EVERYTHING)


def examine(document: Document, schema: str) -> tuple[Document, list[Diagnostic]]:
    """
    Return the document, which now knows where it is broken, and every way in which it differs from a schema, by place.

    A schema says in `x-name` what a mapping is called and in `x-expected` what a value must be.
    """
    validator = _validator(schema)
    definitions = validator.schema.get("$defs", {})
    errors = validator.iter_errors(document.data)
    every = (fault for error in errors for fault in _faults(document, error, definitions))
    found = list(itertools.islice(every, MOST_PROBLEMS))
    broken = frozenset(fault.broken for fault in found if fault.broken is not None)
    problems = list(dict.fromkeys(fault.problem for fault in found))
    if next(every, None):
        problems.append(_unfinished(document))
        broken = _EVERYTHING
    problems.sort(key=lambda problem: (problem.place or document.place(), problem.detail))
    return msgspec.structs.replace(document, broken=broken), problems


def _unfinished(document: Document) -> Diagnostic:
    return Diagnostic(
        id=ProblemId.TOO_MANY_PROBLEMS,
        summary="Too many problems",
        place=Place(document.name),
        detail="The rest of the file was not checked.",
    )


def check(document: Document, schema: str) -> list[Diagnostic]:
    """Return every way in which the document differs from a schema of `exposurectl/schemas`, by place."""
    return examine(document, schema)[1]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `did you mean "x"?` for the nearest known word, in capitals or not, or nothing where none is near."""
    if len(word) > _LONGEST_GUESS:
        return ""
    spelled = {one.lower(): one for one in known}
    near = difflib.get_close_matches(word.lower(), list(spelled), n=1, cutoff=0.6)
    return f'did you mean "{spelled[near[0]]}"?' if near else ""


@functools.cache
def _validator(schema: str) -> Any:
    text = resources.files("exposurectl.schemas").joinpath(f"{schema}.json").read_text(encoding="utf-8")
    return _dialect()(json.loads(text))


@functools.cache
def _dialect() -> Any:
    """Return JSON Schema as it is written down, where Python's reading of it differs: `$` is the very end of a text."""
    usual = jsonschema.Draft202012Validator
    whole = usual.TYPE_CHECKER.redefine("integer", lambda _checker, value: type(value) is int)
    extend: Any = jsonschema.validators.extend  # the stubs leave it half typed
    return extend(usual, {"pattern": _pattern, "const": _const}, type_checker=whole)


def _pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[jsonschema.ValidationError]:
    """Yield an error where a text does not match; Python's own `$` would let it end in a line break."""
    if isinstance(value, str) and not re.search(pattern.replace("$", r"\Z"), value):
        yield jsonschema.ValidationError("does not match")


def _const(_validator: Any, const: Any, value: Any, _schema: Any) -> Iterator[jsonschema.ValidationError]:
    """Yield an error where a value is not that one; to JSON Schema, `1.0` and `1` are the same number."""
    if type(value) is not type(const) or value != const:
        yield jsonschema.ValidationError("is another value")


def _faults(document: Document, error: Any, definitions: dict[str, Any]) -> Iterator[_Fault]:
    """Turn one of jsonschema's errors into problems; an unknown key is a problem of its own each."""
    path = tuple(error.absolute_path)
    rule = error.schema if isinstance(error.schema, dict) else {}
    name = rule.get("x-name", "This document")
    match error.validator:
        case "additionalProperties":
            known = rule.get("properties", {})
            for key in sorted(set(error.instance) - set(known)):
                problem = Diagnostic(
                    id=ProblemId.UNKNOWN_KEY,
                    summary="Unknown key",
                    place=document.key_place(*path, key),
                    detail=f"{name} has no key {quoted(key)}.",
                    hint=_belongs(key, known, definitions)
                    or did_you_mean(key, known)
                    or f"the keys are: {', '.join(known)}",
                )
                yield _Fault(problem, None)
        case "required":
            missing = next(key for key in error.validator_value if error.message.startswith(repr(key)))
            expected = rule.get("properties", {}).get(missing, {}).get("x-hint", "")
            problem = Diagnostic(
                id=ProblemId.MISSING_KEY,
                summary="Required key missing",
                place=document.place(*path),
                detail=f'{_called(name, error.instance)} does not have the key "{missing}".',
                hint=expected or f"add `{missing}:`",
            )
            yield _Fault(problem, (*path, missing))
        case _:
            yield _Fault(_wrong_value(document, path, error, rule), path)


def _belongs(key: str, known: dict[str, Any], definitions: dict[str, Any]) -> str:
    """Return where a key belongs that one of the mappings below has, or nothing."""
    for name, value in known.items():
        inner = definitions.get(value.get("$ref", "").removeprefix("#/$defs/"), value)
        if key in inner.get("properties", {}):
            return f"write it inside `{name}:`"
    return ""


def _called(name: str, instance: Any) -> str:
    """Return the mapping's name with its id, where it has one: `Rule "internet-rdp"`."""
    own = instance.get("id") or instance.get("name") if isinstance(instance, dict) else None
    return f"{name} {quoted(own)}" if isinstance(own, str) else name


def _wrong_value(document: Document, path: tuple[str | int, ...], error: Any, rule: dict[str, Any]) -> Diagnostic:
    """Return the problem of a value that is not what its key takes."""
    expected = rule.get("x-expected", "")
    choices = [choice for choice in rule.get("enum", []) if isinstance(choice, str)]
    key = next((f"`{part}`" for part in reversed(path) if isinstance(part, str)), "")
    subject = f"An entry of {key}" if key and isinstance(path[-1], int) else key or "This"
    hint = did_you_mean(error.instance, choices) if isinstance(error.instance, str) else ""
    shown = "what stands there" if rule.get("x-secret") else _shown(error.instance, error.validator)
    return Diagnostic(
        id=ProblemId.WRONG_VALUE,
        summary="Wrong value",
        place=document.place(*path),
        detail=f"{subject} must be {expected or error.message}, not {shown}.",
        hint=hint or _written(rule.get("x-hint", "")),
    )


def _written(hint: str) -> str:
    """Return what to type where something else stands already."""
    return f"write {hint.removeprefix('add ')}" if hint.startswith("add ") else hint


def _shown(value: Any, validator: str) -> str:
    """Return the value as its author wrote it, or what kind of value it is where that is what is wrong."""
    if isinstance(value, dict | list):
        kind = "mapping" if isinstance(value, dict) else "list"
        return f"an empty {kind}" if not value else f"{'a' if validator in {'type', 'enum'} else 'this'} {kind}"
    if value is None:
        return "empty"
    return quoted(value) if isinstance(value, str) else str(value).lower()
