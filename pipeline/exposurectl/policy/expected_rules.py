"""The rules that cases expect: each must be one that the policy has."""

from collections.abc import Iterable, Iterator

from exposurectl.diagnostics import Diagnostic, ProblemId
from exposurectl.documents import Document, did_you_mean
from exposurectl.policy.model import Override, Policy, Rule

DEFAULTS = ("defaults.unmatched", "defaults.unobserved", "defaults.unreachable")
"""What decides where no rule does, as cases name it."""


def unknown_rules(documents: Iterable[Document], policy: Policy) -> Iterator[Diagnostic]:
    """Yield a problem for each rule that a case expects and the policy does not have: such a case never holds."""
    everything: tuple[Rule | Override, ...] = (*policy.rules, *policy.overrides)
    known = sorted({*(one.id for one in everything), *DEFAULTS})
    for document in documents:
        for case in document.entries("cases"):
            for path in document.entries(*case, "expect", "rules"):
                written = document.at(*path)
                if isinstance(written, str) and written not in known:
                    yield Diagnostic(
                        id=ProblemId.UNKNOWN_RULE,
                        summary="Unknown rule",
                        place=document.place(*path),
                        detail=f'The policy has no rule or override "{written}", so that the case never holds.',
                        hint=did_you_mean(written, known) or f"name a rule, an override, or {' or '.join(DEFAULTS)}",
                    )
