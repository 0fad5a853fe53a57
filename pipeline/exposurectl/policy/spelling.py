"""Component types that are written in another case than Inspector writes them: they match nothing."""

from collections.abc import Iterator

from exposurectl.diagnostics import Diagnostic, ProblemId, Severity
from exposurectl.documents import Document, Path
from exposurectl.policy.components import ByType, parse_pattern, usual_spelling


def misspelt_types(document: Document) -> Iterator[Diagnostic]:
    """Yield a warning for each component type of a policy or case file that only its case keeps from matching."""
    for path in filter(_is_component, document.values):
        written = document.at(*path)
        pattern = parse_pattern(written) if isinstance(written, str) else None
        usual = usual_spelling(pattern.type) if isinstance(pattern, ByType) else None
        if usual not in {None, written}:
            yield Diagnostic(
                id=ProblemId.TYPE_UNKNOWN,
                severity=Severity.WARNING,
                summary="Type in another case",
                place=document.place(*path),
                detail=f'"{written}" matches nothing: upper and lower case differ, and Inspector writes "{usual}".',
                hint=f'write "{usual}"',
            )


def _is_component(path: Path) -> bool:
    """Tell whether the value at that path is an entry of a `path`."""
    return "path" in path[-3:-1] and "tags" not in path and isinstance(path[-1], int)
