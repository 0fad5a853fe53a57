"""Instances as far as the scopes of a policy can tell them apart."""

from collections.abc import Iterable

from exposurectl.model import Instance
from exposurectl.policy.analysis.globs import told_apart
from exposurectl.policy.components import glob_matches
from exposurectl.policy.model import Scope

KEYS = ("accounts", "regions", "vpcs", "subnets", "instances")
"""What a scope may name by exact words, in the order of the sides that stand for it. Tags follow."""

OTHER = 1
"""The bit of every word that no scope names, and of a tag that is not there."""


class Scopes:
    """
    The words and tag values that some scopes tell apart: each side is one kind of word, or the values of one tag.

    Any word may be an account, any text a tag: what cannot be in this world, such as a region nobody has, counts too.
    """

    def __init__(self, scopes: Iterable[Scope]) -> None:
        """Give a number to everything named. Raises TooIntricateError where globs are too many to tell."""
        given = tuple(dict.fromkeys(scopes))
        self.words = tuple(
            tuple(sorted({word for scope in given for word in getattr(scope, key) or ()})) for key in KEYS
        )
        globs: dict[str, dict[str, None]] = {}
        for scope in given:
            for key, some in scope.tags:
                globs.setdefault(key, {}).update(dict.fromkeys(some))
        self.globs = {key: tuple(globs[key]) for key in sorted(globs)}
        self._values = {key: told_apart(some) for key, some in self.globs.items()}
        self.texts = {key: tuple(values.values()) for key, values in self._values.items()}
        """For each tag, a value of every class."""
        self._numbers = tuple({word: at for at, word in enumerate(words, start=1)} for words in self.words)
        self.every = tuple((2 << len(some)) - 1 for some in (*self.words, *self.texts.values()))

    def sides(self, scope: Scope) -> tuple[int, ...]:
        """Return the values that a scope asks for, side by side."""
        sides = list(self.every)
        for at, key in enumerate(KEYS):
            words: frozenset[str] | None = getattr(scope, key)
            if words is not None:
                sides[at] = sum(1 << self._numbers[at][word] for word in words)
        asked = dict(scope.tags)
        for at, key in enumerate(self.globs, start=len(KEYS)):
            if key in asked:
                sides[at] = self.tagged(key, asked[key])
        return tuple(sides)

    def tagged(self, key: str, globs: Iterable[str]) -> int:
        """Return the values of a tag that any of the globs matches."""
        wanted = sum(1 << self.globs[key].index(glob) for glob in globs)
        return sum(1 << at for at, matched in enumerate(self._values[key], start=1) if matched & wanted)

    def of(self, instance: Instance) -> tuple[int, ...]:
        """Return the one value that an instance has on each side."""
        own = (instance.account, instance.region, instance.vpc, instance.subnet, instance.id)
        words = [1 << numbers.get(word, 0) for numbers, word in zip(self._numbers, own, strict=True)]
        return (*words, *(self._value(key, instance.tag(key)) for key in self.globs))

    def _value(self, key: str, value: str | None) -> int:
        if value is None:
            return OTHER
        matched = sum(1 << at for at, glob in enumerate(self.globs[key]) if glob_matches(glob, value))
        return 2 << list(self._values[key]).index(matched)
