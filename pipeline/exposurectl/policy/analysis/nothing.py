"""Why a match can hold for nothing."""

from collections.abc import Iterable, Iterator

from exposurectl.policy.analysis.scopes import KEYS
from exposurectl.policy.analysis.space import Space
from exposurectl.policy.components import ComponentPattern, spelled
from exposurectl.policy.model import Match, PathMatch
from exposurectl.policy.sources import Within


def contradictions(space: Space, match: Match) -> tuple[str, ...]:
    """Return each reason for which a match holds for nothing, as a sentence; none where it can hold."""
    return (*_empty(match), *(_on_paths(space, match.path) if match.path else ()))


def _empty(match: Match) -> Iterator[str]:
    """Yield the lists that name nothing. A schema keeps them out of files; a policy may come from elsewhere."""
    lists = {"ports": match.ports, **{key: getattr(match.scope, key) for key in KEYS}}
    lists |= {f"tags.{key}": globs for key, globs in match.scope.tags}
    lists |= {"sources.within": match.sources.networks} if isinstance(match.sources, Within) else {}
    yield from (f"`{key}` names nothing." for key, some in lists.items() if some is not None and not some)


def _on_paths(space: Space, path: PathMatch) -> Iterator[str]:
    """Yield what `none_of` leaves no component for, or that what is left does not go together."""
    allowed = space.hops.every & ~space.hops.mask(path.none_of)
    excludes = f"`path.none_of` ({_words(path.none_of)}) excludes"
    alone = True
    if not space.along(PathMatch(origin=path.origin, none_of=path.none_of)):
        alone = False
        yield f"{excludes} every origin that `path.origin` asks for ({_words(path.origin or ())})."
    for key, asked in (("any_of", path.any_of), *(("all_of", (one,)) for one in path.all_of)):
        if asked is not None and not space.hops.mask(asked) & allowed:
            alone = False
            yield f"{excludes} all that `path.{key}` asks for ({_words(asked)})."
    if alone and not space.along(path):
        yield f"{excludes} every first component, and a path without components passes nothing."


def _words(patterns: Iterable[ComponentPattern]) -> str:
    return ", ".join(spelled(pattern) for pattern in patterns)
