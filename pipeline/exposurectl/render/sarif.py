"""Problems as SARIF 2.1.0, for code scanning."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from exposurectl import __version__
from exposurectl.diagnostics import WARNINGS, Diagnostic, Place
from exposurectl.render.neutral import neutral
from exposurectl.render.problems import Report, as_json
from exposurectl.render.reference import Entry, reference

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "exposurectl/v1"
_LONGEST = 1000
_NAMES = re.compile(r'"[^"]*"|`[^`]*`')


def sarif(report: Report) -> str:
    """Return the report as one SARIF run. Files are named from the top of the repository."""
    ids = [entry.id for entry in reference().values()]
    run = {
        "tool": {
            "driver": {
                "name": "exposurectl",
                "semanticVersion": __version__,
                "rules": [_rule(entry) for entry in reference().values()],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(problem, ids.index(problem.id), print_)
            for problem, print_ in zip(report.problems, fingerprints(report.problems), strict=True)
        ],
    }
    return as_json({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "shortDescription": {"text": _plain(entry.title)},
        "fullDescription": {"text": _plain(entry.title)},
        "help": {"text": _plain(entry.text), "markdown": entry.text},
        "defaultConfiguration": {"level": "warning" if entry.id in WARNINGS else "error"},
    }


def _plain(markdown: str) -> str:
    """Return Markdown without its marks, for readers that show none."""
    without = re.sub(r"^```.*\n", "", markdown, flags=re.MULTILINE)
    return without.replace("**", "").replace("`", "").strip()


def _result(problem: Diagnostic, index: int, fingerprint: str) -> dict[str, Any]:
    hint = f"Hint: {problem.hint}" if problem.hint else ""
    text = neutral(" ".join(filter(None, [f"{problem.summary}.", problem.detail, hint])), _LONGEST)
    return {
        "ruleId": problem.id,
        "ruleIndex": index,
        "level": problem.severity.value,
        "message": {"text": text.replace("](", "] (")},  # together they would make a link
        "locations": [{"physicalLocation": _location(problem.place or Place("."))}],
        "partialFingerprints": {FINGERPRINT: fingerprint},
    }


def _location(place: Place) -> dict[str, Any]:
    return {
        "artifactLocation": {"uri": quote(place.file.encode("utf-8", "surrogateescape"))},
        "region": {"startLine": max(place.line, 1), "startColumn": max(place.column, 1)},
    }


def fingerprints(problems: Iterable[Diagnostic]) -> Iterator[str]:
    """Yield what stays the same of each problem as lines and days come and go: its file, its id and the names in it."""
    seen: Counter[str] = Counter()
    for problem in problems:
        file = problem.place.file if problem.place else ""
        same = "\0".join((file, problem.id, *_NAMES.findall(problem.detail)))
        digest = hashlib.sha256(same.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        seen[digest] += 1
        yield f"{digest}:{seen[digest]}"
