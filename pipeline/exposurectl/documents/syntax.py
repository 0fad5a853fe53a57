"""Text that is no YAML: what the parser says of it, and what to do about it."""

import re

import yaml

from exposurectl.diagnostics import Diagnostic, Place, ProblemId

# By what PyYAML says, with what people had done in the documents that made it say so.
_HINTS = (
    ("cannot start any token", "quote a value that begins with @, ` or %; indent with blanks, never with a tab"),
    (
        "mapping values are not allowed",
        "quote a value with a colon in it, or begin the line as far in as the one above",
    ),
    ("could not find expected ':'", "write `key: value`, with a colon and a blank"),
    ("did not find expected alphabetic or numeric", 'quote a value that begins with * or &: "*"'),
    ("did not find expected ',' or ']'", "close the bracket: ]"),
    ("did not find expected ',' or '}'", "close the brace: }"),
    ("did not find expected '-'", "begin each entry of a list with `- `, all as far in"),
    (
        "did not find expected key",
        "begin each key of a mapping as far in as the others, and quote a value with quotes in it",
    ),
    ("expected node content", "finish the value: a bracket, a brace or a word is missing"),
    ("unexpected end of stream", "close the quotation marks"),
    ("hexdecimal number", r"write \\ for a backslash, or use single quotation marks"),
    ("unknown escape character", r"write \\ for a backslash, or use single quotation marks"),
    ("expected <document start>", "delete the line `...` or `---`: a file holds one document"),
)
_CONFLICT = re.compile(r"^(<{7}|>{7})(?= )", re.MULTILINE)


def syntax_problem(name: str, text: str, error: yaml.YAMLError) -> Diagnostic:
    """Turn PyYAML's error into a problem with its place and what to type."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "a character that YAML does not allow"
    return Diagnostic(
        id=ProblemId.NOT_YAML,
        summary="Not valid YAML",
        place=Place(name, mark.line + 1, mark.column + 1) if mark else Place(name),
        detail=f"The parser says: {problem}.",
        hint=_conflict(text) or next((hint for said, hint in _HINTS if said in problem), ""),
    )


def _conflict(text: str) -> str:
    """Return what to do about a merge that git left to its author, or nothing."""
    found = _CONFLICT.search(text)
    return f"resolve the merge conflict in line {text.count(chr(10), 0, found.start()) + 1}" if found else ""
