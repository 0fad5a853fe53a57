"""What a reader of a policy should look at again, once its files could be read."""

from collections.abc import Iterator, Sequence
from datetime import date

from exposurectl.diagnostics import Diagnostic
from exposurectl.documents import mixed_scripts
from exposurectl.policy.claims import proved
from exposurectl.policy.compile import PolicyFile
from exposurectl.policy.deadlines import Deadlines, override_problems
from exposurectl.policy.model import Policy
from exposurectl.policy.sources import AnywherePrefix
from exposurectl.policy.spelling import misspelt_types
from exposurectl.policy.tags import lowering_tags


def review_files(files: Sequence[PolicyFile]) -> Iterator[Diagnostic]:
    """Yield what stands out in policy and case files one by one, whether or not they make a policy."""
    for file in files:
        yield from mixed_scripts(file.document, file.content)
        yield from misspelt_types(file.document)


def review_policy(
    policy: Policy, files: Sequence[PolicyFile], *, today: date, deadlines: Deadlines, anywhere: AnywherePrefix
) -> Iterator[Diagnostic]:
    """Yield what stands out in a policy as a whole on a day."""
    yield from override_problems(policy, files, today, deadlines)
    yield from lowering_tags(policy, files)
    yield from proved(policy, files, anywhere)
