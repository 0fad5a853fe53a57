"""What is proved about a policy, as warnings at the lines that it is about."""

from collections.abc import Iterable, Iterator, Sequence

from exposurectl.diagnostics import Diagnostic, Place, ProblemId, Severity
from exposurectl.documents import Document, Path
from exposurectl.policy.analysis.analyse import MOST_REGIONS, Claim, ClaimKind, analyse
from exposurectl.policy.compile import PolicyFile, entries
from exposurectl.policy.model import Policy
from exposurectl.policy.sources import AnywherePrefix

_MOST = 5
"""So many rules or regions are named; the others are counted."""


def proved(policy: Policy, files: Sequence[PolicyFile], anywhere: AnywherePrefix) -> Iterator[Diagnostic]:
    """Yield what is proved: rules that never decide, matches that hold for nothing, and what no rule describes."""
    written = {document.at(*path, "id"): (document, path) for document, path in entries(files)}
    undescribed = []
    for claim in analyse(policy, anywhere):
        match claim.kind:
            case ClaimKind.NEVER_DECIDES:
                yield _never_decides(claim, policy, *written[claim.id])
            case ClaimKind.HOLDS_FOR_NOTHING:
                yield _holds_for_nothing(claim, *written[claim.id])
            case _:
                undescribed.append(claim)
    if undescribed:
        yield _only_unmatched(undescribed, policy, _unmatched_place(files))


def _never_decides(claim: Claim, policy: Policy, document: Document, path: Path) -> Diagnostic:
    (level,) = {rule.level for rule in policy.rules if rule.id == claim.id}
    many = len(claim.covering) > 1
    detail = (
        f'Wherever "{claim.id}" matches, {_listed(claim.covering)} '
        f"{'give' if many else 'gives'} at least its level, {level.value}."
    )
    return Diagnostic(
        id=ProblemId.RULE_NEVER_DECIDES,
        severity=Severity.WARNING,
        summary="Rule never decides",
        place=document.place(*path),
        detail=_with_example(detail, claim),
        hint=f"delete it, or narrow {'those rules' if many else _listed(claim.covering)}",
    )


def _holds_for_nothing(claim: Claim, document: Document, path: Path) -> Diagnostic:
    return Diagnostic(
        id=ProblemId.MATCH_HOLDS_NOTHING,
        severity=Severity.WARNING,
        summary="Match holds for nothing",
        place=document.key_place(*path, "match"),
        detail="\n".join([f'The match of "{claim.id}" contradicts itself, so that it decides nothing.', *claim.why]),
        hint="take away one of the conditions",
    )


def _only_unmatched(claims: Sequence[Claim], policy: Policy, place: Place) -> Diagnostic:
    level = policy.defaults.unmatched.value
    regions = [_with_example(f"{_region(claim)}.", claim) for claim in claims[:_MOST]]
    least = " at least" if len(claims) == MOST_REGIONS else ""
    more = [f"And {len(claims) - _MOST} more{least}."] if len(claims) > _MOST else []
    return Diagnostic(
        id=ProblemId.ONLY_UNMATCHED_DECIDES,
        severity=Severity.WARNING,
        summary="Only unmatched decides",
        place=place,
        detail="\n".join([f"No rule describes what follows; it is {level} by `defaults.unmatched`.", *regions, *more]),
        hint="write a rule for it, or turn this warning off in the config with the reason",
    )


def _region(claim: Claim) -> str:
    return " · ".join(f"{label} {value}" for label, value in claim.words)


def _with_example(sentence: str, claim: Claim) -> str:
    return f"{sentence} For example: {claim.witness}."


def _listed(names: Sequence[str]) -> str:
    """Return names as a sentence has them, and of many the first."""
    shown = [
        *(f'"{name}"' for name in names[:_MOST]),
        *([f"{len(names) - _MOST} more rules"] if len(names) > _MOST else []),
    ]
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def _unmatched_place(files: Iterable[PolicyFile]) -> Place:
    (place,) = (
        file.document.place("defaults", "unmatched") for file in files if file.document.sound("defaults", "unmatched")
    )
    return place
