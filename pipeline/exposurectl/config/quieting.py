"""Warnings that a config turns off: which are left, and how many are not."""

from collections import Counter
from collections.abc import Iterable

from exposurectl.config.settings import Quieted
from exposurectl.diagnostics import Diagnostic, LeftOut, Severity


def quiet(
    problems: Iterable[Diagnostic], quieted: Iterable[Quieted]
) -> tuple[tuple[Diagnostic, ...], tuple[LeftOut, ...]]:
    """Return the problems that are left, and what is left out, by id. An error is never left out."""
    reasons = {one.id: one.because for one in quieted}
    every = tuple(problems)
    silent = Counter(one.id for one in every if one.id in reasons and one.severity is Severity.WARNING)
    kept = tuple(one for one in every if one.id not in reasons or one.severity is Severity.ERROR)
    return kept, tuple(LeftOut(id=one, because=reasons[one], count=silent[one]) for one in sorted(silent))
