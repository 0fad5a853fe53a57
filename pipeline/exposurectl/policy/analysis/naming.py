"""Sets of classes in few words: some of what has a name, without some other."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple


class Named(NamedTuple):
    """What a set is: all of these together (everything, where none is named), without any of those."""

    these: tuple[str, ...]
    but: tuple[str, ...] = ()


def named(wanted: int, every: int, names: Mapping[str, int]) -> Named | None:
    """Return the set in the fewest words that say it exactly, or None where no such words are found."""
    inside = {name: mask for name, mask in names.items() if mask and not mask & ~wanted}
    beside = {name: mask for name, mask in names.items() if mask and not mask & wanted}
    ways = [_sum(wanted, inside), _difference(every, wanted, (), beside)]
    around = _covering(wanted, names)
    if around is not None:
        ways.append(_difference(_union(around, names) & every, wanted, around, beside))
    return min((way for way in ways if way), key=lambda way: len(way.these) + len(way.but), default=None)


def _sum(wanted: int, inside: Mapping[str, int]) -> Named | None:
    chosen = _covering(wanted, inside)
    return None if chosen is None else Named(chosen)


def _difference(whole: int, wanted: int, these: tuple[str, ...], beside: Mapping[str, int]) -> Named | None:
    chosen = _covering(whole & ~wanted, beside)
    return None if chosen is None else Named(these, chosen)


def _covering(wanted: int, names: Mapping[str, int]) -> tuple[str, ...] | None:
    """Return names that together hold all that is wanted, the one that holds most first; None where they do not."""
    chosen: list[str] = []
    left = wanted & _union(names, names)
    if left != wanted:
        return None
    while left:
        best = max(names, key=lambda name: (names[name] & left).bit_count())
        chosen.append(best)
        left &= ~names[best]
    return tuple(chosen)


def _union(chosen: Iterable[str], names: Mapping[str, int]) -> int:
    total = 0
    for name in chosen:
        total |= names[name]
    return total


def listed(words: Sequence[str], most: int = 6) -> str:
    """Return `a, b, c`, or the first of them and how many more there are."""
    more = len(words) - most
    return ", ".join(words) if more <= 0 else f"{', '.join(words[:most])} and {more} more"
