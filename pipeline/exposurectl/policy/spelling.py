"""Component types that are written in another way than Inspector writes them: they match nothing."""

from collections.abc import Iterator

from exposurectl.diagnostics import Diagnostic, ProblemId, Severity
from exposurectl.documents import Document, Path
from exposurectl.policy.components import ByType, nearest_type, parse_pattern, usual_spelling


def misspelt_types(document: Document) -> Iterator[Diagnostic]:
    """Yield a warning for each component type of a policy or case file that is a known one, misspelt."""
    for path in filter(_is_type, document.values):
        written = document.at(*path)
        pattern = parse_pattern(written) if isinstance(written, str) else None
        if isinstance(pattern, ByType):
            yield from _misspelt(document, path, pattern.type)


def _misspelt(document: Document, path: Path, written: str) -> Iterator[Diagnostic]:
    usual, near = usual_spelling(written), nearest_type(written)
    if usual not in {None, written}:
        yield Diagnostic(
            id=ProblemId.TYPE_UNKNOWN,
            severity=Severity.WARNING,
            summary="Type in another case",
            place=document.place(*path),
            detail=f'"{written}" matches nothing: upper and lower case differ, and Inspector writes "{usual}".',
            hint=f'write "{usual}"',
        )
    elif usual is None and near:
        yield Diagnostic(
            id=ProblemId.TYPE_UNKNOWN,
            severity=Severity.WARNING,
            summary="Type unknown",
            place=document.place(*path),
            detail=f'No alias knows "{written}", and a type that Inspector does not write matches nothing.',
            hint=f'did you mean "{near}"?',
        )


def _is_type(path: Path) -> bool:
    """Tell whether the value at that path is an entry of a `path`, or the type of one."""
    entry = path[:-1] if path[-1:] == ("type",) else path
    return "path" in entry[-3:-1] and "tags" not in entry and isinstance(entry[-1], int)
