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
        if one and _with(one, policy) < (usual := _without(one, policy)):
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


def _with(one: Rule | Override, policy: Policy) -> Exposure:
    """Return the lowest level that an instance may have where the rule or the override matches."""
    floor = policy.defaults.unreachable
    return one.level if _is_whole(one) else max(one.level, floor)


def _without(one: Rule | Override, policy: Policy) -> Exposure:
    """Return the highest level that may hold where the rule or the override does not match."""
    if isinstance(one, Rule):
        return policy.defaults.unmatched
    points = (policy.defaults.unmatched, *(rule.level for rule in policy.rules))
    return max([*points, *_replaced(policy)] if _is_whole(one) else points)


def _replaced(policy: Policy) -> Iterator[Exposure]:
    """Yield the levels that an override of the whole instance may replace, those by rules aside."""
    # Another override of the whole instance is not among them: of two, the higher stands.
    yield policy.defaults.unreachable
    if policy.defaults.unobserved:
        yield policy.defaults.unobserved
    yield from (override.level for override in policy.overrides if not _is_whole(override))


def _is_whole(one: Rule | Override) -> bool:
    """Tell whether it replaces an instance's level outright, which only overrides do."""
    return isinstance(one, Override) and one.match.is_whole
