"""Whether a document has the shape that its JSON Schema describes, said in words a policy author knows."""

import difflib
import functools
import json
from collections.abc import Iterable, Iterator
from importlib import resources
from typing import Any

import jsonschema

from exposurectl.diagnostics import Diagnostic
from exposurectl.documents.reading import Document


def check(document: Document, schema: str) -> list[Diagnostic]:
    """
    Return every way in which the document differs from a schema of `exposurectl/schemas`, by place.

    A schema says in `x-name` what a mapping is called and in `x-expected` what a value must be.
    """
    errors = _validator(schema).iter_errors(document.data)
    problems = [problem for error in errors for problem in _problems(document, error)]
    return sorted(problems, key=lambda problem: (problem.place or document.place(), problem.detail))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `did you mean "x"?` for the nearest known word, or nothing where none is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f'did you mean "{near[0]}"?' if near else ""


@functools.cache
def _validator(schema: str) -> jsonschema.Draft202012Validator:
    text = resources.files("exposurectl.schemas").joinpath(f"{schema}.json").read_text(encoding="utf-8")
    return jsonschema.Draft202012Validator(json.loads(text))


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
                    detail=f'{name} has no key "{key}".',
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
    return f'{name} "{own}"' if isinstance(own, str) else name


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
    return f'"{value}"' if isinstance(value, str) else str(value).lower()
