"""Components as far as the patterns of a policy can tell them apart."""

from collections.abc import Iterable, Iterator
from functools import reduce
from operator import or_

from exposurectl.model import Component
from exposurectl.policy.analysis.globs import told_apart
from exposurectl.policy.components import Alias, ByAlias, ById, ByType, ComponentPattern, recognise, spellings, typical

NO_STEPS = 1
"""The bit of a path without steps, among origins; each other bit is a class of components."""

_UNKNOWN = ByAlias(Alias.UNKNOWN)


class Hops:
    """
    The classes of components that some patterns tell apart, each with a component of the class.

    A class is a set of patterns that match some component, and no other pattern does: a type and an id may each be
    anything, so that one which contradicts the other has a class too.
    """

    def __init__(self, patterns: Iterable[ComponentPattern]) -> None:
        """Find every class. Raises TooIntricateError where the globs are too many to tell."""
        self.patterns = tuple(dict.fromkeys(patterns))
        self._by_id = self._bits(ById)
        self._unknown = reduce(or_, (1 << at for at, one in enumerate(self.patterns) if one == _UNKNOWN), 0)
        self._classes = self._found()
        self.examples = tuple(self._classes.values())
        self._numbers = {signature: number for number, signature in enumerate(self._classes, start=1)}
        self._masks = self._matched()
        self.every = (2 << len(self.examples)) - 2
        """All classes, and so all components."""
        self.plain = sum(2 << at for at, one in enumerate(self.examples) if len(recognise(one)) == 1)
        """The classes whose type and id do not contradict each other."""

    def mask(self, patterns: Iterable[ComponentPattern]) -> int:
        """Return the classes that any of the patterns matches."""
        return reduce(or_, (self._masks[pattern] for pattern in patterns), 0)

    def origins(self, patterns: Iterable[ComponentPattern] | None) -> int:
        """Return the origins that any of the patterns matches: a path without steps has origin `unknown`."""
        if patterns is None:
            return self.every | NO_STEPS
        asked = tuple(patterns)
        return self.mask(asked) | (NO_STEPS if _UNKNOWN in asked else 0)

    def bit(self, component: Component) -> int:
        """Return the class of a component."""
        return 1 << self._numbers[self._signature(component)]

    def example(self, mask: int) -> Component:
        """Return a component of one of the classes, one that does not contradict itself where there is one."""
        chosen = mask & self.plain or mask
        return self.examples[(chosen & -chosen).bit_length() - 2]

    def _bits(self, kind: type) -> int:
        return sum(1 << at for at, pattern in enumerate(self.patterns) if isinstance(pattern, kind))

    def _signature(self, component: Component) -> int:
        return sum(1 << at for at, pattern in enumerate(self.patterns) if pattern.matches(component))

    def _found(self) -> dict[int, Component]:
        """Join every type with every id: what matches the two is known from what matches each."""
        types = {one: self._signature(Component(id="", type=one)) & ~self._by_id for one in self._types()}
        ids = {one: self._signature(Component(id=one, type="")) for one in self._ids()}
        classes: dict[int, Component] = {}
        for own_id, by_id in ids.items():
            for own_type, by_type in types.items():
                signature = (by_id | by_type) & ~self._unknown | (by_id & by_type & self._unknown)
                classes.setdefault(signature, Component(id=own_id, type=own_type))
        return classes

    def _aliases(self) -> list[Alias]:
        """Return the aliases that matter: all of them, where what none of them recognises does."""
        named = {pattern.alias for pattern in self.patterns if isinstance(pattern, ByAlias)}
        return [alias for alias in Alias if alias in named or Alias.UNKNOWN in named]

    def _ids(self) -> Iterator[str]:
        """Yield an id of every set of globs that one id can match, the shortest first."""
        own = [pattern.glob for pattern in self.patterns if isinstance(pattern, ById)]
        yield from told_apart([*own, *(glob for alias in self._aliases() for glob in spellings(alias)[1])]).values()

    def _types(self) -> list[str]:
        """Return the types that a pattern or an alias names, and one of those that it names by how they begin."""
        named = [pattern.type for pattern in self.patterns if isinstance(pattern, ByType)]
        named += [typical(alias).type for alias in self._aliases()]
        named += [one for alias in self._aliases() for one in spellings(alias)[0]]
        beginnings = ["", *(one for one in named if one.endswith("::"))]
        return list(dict.fromkeys(["", *named, *(_another(beginning, named) for beginning in beginnings)]))

    def _matched(self) -> dict[ComponentPattern, int]:
        masks = [0] * len(self.patterns)
        for signature, number in self._numbers.items():
            rest = signature
            while rest:
                masks[(rest & -rest).bit_length() - 1] |= 1 << number
                rest &= rest - 1
        return dict(zip(self.patterns, masks, strict=True))


def _another(beginning: str, named: list[str]) -> str:
    """Return a type that begins so and that nobody names."""
    text = f"{beginning}Another"
    while text in named:
        text += "x"
    return text
