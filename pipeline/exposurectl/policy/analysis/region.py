"""A region: situations that can be asked about, said in words, and shown by one of them."""

import msgspec

from exposurectl.policy.analysis.boxes import Box
from exposurectl.policy.analysis.examples import example
from exposurectl.policy.analysis.phrases import words
from exposurectl.policy.analysis.situation import Situation
from exposurectl.policy.analysis.space import Space
from exposurectl.policy.analysis.witness import witness


class Region(msgspec.Struct, frozen=True, eq=False):
    """A box together with the space that it lies in."""

    space: Space
    box: Box

    def holds(self, situation: Situation) -> bool:
        """Tell whether a situation lies in the region."""
        return self.space.holds(self.box, situation)

    @property
    def words(self) -> tuple[tuple[str, str], ...]:
        """Return label and value pairs; what is not said may be anything."""
        return words(self.space, self.box)

    @property
    def example(self) -> Situation:
        """Return one situation of the region."""
        return example(self.space, self.box)

    @property
    def witness(self) -> str:
        """Return that situation as a person says it."""
        return witness(self.example)
