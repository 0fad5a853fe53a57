"""Tags that may lower a level: whoever may tag an instance could then take it out of sight."""

from collections.abc import Iterable, Iterator

from exposurectl.diagnostics import Diagnostic, ProblemId, Severity
from exposurectl.model import Exposure
from exposurectl.policy.compile import PolicyFile, entries
from exposurectl.policy.model import Override, Policy, Rule


def lowering_tags(policy: Policy, files: Iterable[PolicyFile]) -> Iterator[Diagnostic]:
    """Yield a warning for each rule and each override by which a tag may take something below what holds without it."""
    everything: tuple[Rule | Override, ...] = (*policy.rules, *policy.overrides)
    tagged = {one.id: one for one in everything if one.match.scope.tags}
    for document, path in entries(files):
        one = tagged.get(document.at(*path, "id"))
        if one and one.level < (usual := _without(one, policy)):
            kind = "Rule" if isinstance(one, Rule) else "Override"
            yield Diagnostic(
                id=ProblemId.TAG_LOWERS,
                severity=Severity.WARNING,
                summary="Tag may lower a level",
                place=document.key_place(*path, "match", "tags"),
                detail=f'{kind} "{one.id}" gives {one.level.value} where {_named(one)}, and '
                f"without that the level may be {usual.value}: whoever may tag an instance may lower it.",
                hint="name accounts, vpcs or instances instead, or turn this warning off in the config with the reason "
                "why the tag is trusted",
            )


def _named(one: Rule | Override) -> str:
    keys = [f'"{key}"' for key, _globs in one.match.scope.tags]
    return f"the tag {keys[0]} stands" if len(keys) == 1 else f"the tags {', '.join(keys[:-1])} and {keys[-1]} stand"


def _without(one: Rule | Override, policy: Policy) -> Exposure:
    """Return the highest level that may hold where the rule or the override does not match."""
    if isinstance(one, Rule):
        return policy.defaults.unmatched
    levels = (rule.level for rule in policy.rules)
    return max(policy.defaults.unreachable, policy.defaults.unmatched, *levels)
