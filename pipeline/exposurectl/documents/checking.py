"""Whether a document has the shape that its JSON Schema describes, said in words a policy author knows."""

import difflib
import functools
import itertools
import json
import re
from collections.abc import Iterable, Iterator
from importlib import resources
from typing import Any

import jsonschema

from exposurectl.diagnostics import Diagnostic, Place
from exposurectl.documents.reading import MOST_PROBLEMS, Document
from exposurectl.documents.text import quoted

_LONGEST_GUESS = 100


def check(document: Document, schema: str) -> list[Diagnostic]:
    """
    Return every way in which the document differs from a schema of `exposurectl/schemas`, by place.

    A schema says in `x-name` what a mapping is called and in `x-expected` what a value must be.
    """
    errors = _validator(schema).iter_errors(document.data)
    every = (problem for error in errors for problem in _problems(document, error))
    found = list(itertools.islice(every, MOST_PROBLEMS))
    if next(every, None):
        detail = "The rest of the file was not checked."
        found.append(Diagnostic(summary="Too many problems", place=Place(document.name), detail=detail))
    return sorted(dict.fromkeys(found), key=lambda problem: (problem.place or document.place(), problem.detail))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `did you mean "x"?` for the nearest known word, or nothing where none is near."""
    if len(word) > _LONGEST_GUESS:
        return ""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f'did you mean "{near[0]}"?' if near else ""


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
    return extend(usual, {"pattern": _pattern}, type_checker=whole)


def _pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[jsonschema.ValidationError]:
    """Yield an error where a text does not match; Python's own `$` would let it end in a line break."""
    if isinstance(value, str) and not re.search(pattern.replace("$", r"\Z"), value):
        yield jsonschema.ValidationError("does not match")


def _problems(document: Document, error: Any) -> Iterator[Diagnostic]:
    """Turn one of jsonschema's errors into problems; an unknown key is a problem of its own each."""
    path = tuple(error.absolute_path)
    rule = error.schema if isinstance(error.schema, dict) else {}
    name = rule.get("x-name", "This document")
    match error.validator:
        case "additionalProperties":
            known = rule.get("properties", {})
            for key in sorted(set(error.instance) - set(known)):
                yield Diagnostic(
                    summary="Unknown key",
                    place=document.key_place(*path, key),
                    detail=f"{name} has no key {quoted(key)}.",
                    hint=did_you_mean(key, known) or f"the keys are: {', '.join(known)}",
                )
        case "required":
            missing = next(key for key in error.validator_value if error.message.startswith(repr(key)))
            expected = rule.get("properties", {}).get(missing, {}).get("x-hint", "")
            yield Diagnostic(
                summary="Required key missing",
                place=document.place(*path),
                detail=f'{_called(name, error.instance)} does not have the key "{missing}".',
                hint=expected or f"add `{missing}:`",
            )
        case _:
            yield _wrong_value(document, path, error, rule)


def _called(name: str, instance: Any) -> str:
    """Return the mapping's name with its id, where it has one: `Rule "internet-rdp"`."""
    own = instance.get("id") or instance.get("name") if isinstance(instance, dict) else None
    return f"{name} {quoted(own)}" if isinstance(own, str) else name


def _wrong_value(document: Document, path: tuple[str | int, ...], error: Any, rule: dict[str, Any]) -> Diagnostic:
    """Return the problem of a value that is not what its key takes."""
    expected = rule.get("x-expected", "")
    choices = [choice for choice in rule.get("enum", []) if isinstance(choice, str)]
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    hint = did_you_mean(error.instance, choices) if isinstance(error.instance, str) else ""
    shown = "what stands there" if rule.get("x-secret") else _shown(error.instance)
    return Diagnostic(
        summary="Wrong value",
        place=document.place(*path),
        detail=f"{f'`{key}`' if key else 'This'} must be {expected or error.message}, not {shown}.",
        hint=hint or rule.get("x-hint", ""),
    )


def _shown(value: Any) -> str:
    """Return the value as its author wrote it, or what kind of value it is."""
    if isinstance(value, dict | list):
        kind = "mapping" if isinstance(value, dict) else "list"
        return f"a {kind}" if value else f"an empty {kind}"
    if value is None:
        return "empty"
    return quoted(value) if isinstance(value, str) else str(value).lower()
