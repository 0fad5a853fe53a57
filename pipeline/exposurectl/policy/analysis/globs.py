"""Which texts globs can tell apart: every combination of globs that some text matches, with such a text."""

from collections.abc import Iterator, Sequence

MOST_PLACES = 60_000
"""How many places in globs are followed: some five hundred ids take ten thousand."""

_PLAIN = "x0abcdefghijklmnopqrstuvwyz123456789-._"

State = tuple[int, tuple[tuple[int, int], ...]]
"""The globs that match whatever follows, and the others that still can, each with the places reached in it."""


class TooIntricateError(Exception):
    """An exact answer would take more work than is allowed; there is none."""


def told_apart(globs: Sequence[str], most: int = MOST_PLACES) -> dict[int, str]:
    """
    Return every set of globs, as bits by position, that are the ones that some text matches, with a shortest such text.

    All globs are read at once, character by character, as a machine that remembers how far each may have come. Any
    character that no glob expects next does as well as any other. Raises TooIntricateError past so many places.
    """
    begin = _settled(globs, 0, dict.fromkeys(range(len(globs)), 1))
    seen, queue = {begin}, [(begin, "")]
    texts: dict[int, str] = {}
    places = 0
    for state, text in queue:
        texts.setdefault(_matching(globs, state), text)
        for character in _expected(globs, state):
            reached = _after(globs, state, character)
            if reached not in seen:
                seen.add(reached)
                queue.append((reached, text + character))
        places += len(state[1])
        if places > most:
            raise TooIntricateError
    return texts


def _settled(globs: Sequence[str], always: int, places: dict[int, int]) -> State:
    """Step over `*`, which may stand for nothing, and set aside what now matches for ever or can no longer match."""
    alive: list[tuple[int, int]] = []
    for index, reached in places.items():
        glob, now = globs[index], reached
        for place, wanted in enumerate(glob):
            if wanted == "*" and now >> place & 1:
                now |= 2 << place
        if glob.endswith("*") and now >> len(glob) & 1:
            always |= 1 << index
        elif now:
            alive.append((index, now))
    return always, tuple(alive)


def _matching(globs: Sequence[str], state: State) -> int:
    always, alive = state
    return always | sum(1 << index for index, now in alive if now >> len(globs[index]) & 1)


def _expected(globs: Sequence[str], state: State) -> Iterator[str]:
    """Yield the characters that some glob waits for, and one that none does."""
    waiting = {wanted for index, now in state[1] for place, wanted in enumerate(globs[index]) if now >> place & 1}
    yield next((one for one in _PLAIN if one not in waiting), "") or _strange(waiting)
    yield from sorted(waiting - {"*", "?"})


def _strange(waiting: set[str]) -> str:
    return next(one for one in map(chr, range(0xA1, 0x110000)) if one not in waiting)


def _after(globs: Sequence[str], state: State, character: str) -> State:
    always, alive = state
    places: dict[int, int] = {}
    for index, now in alive:
        reached = 0
        for place, wanted in enumerate(globs[index]):
            if now >> place & 1 and wanted in ("*", "?", character):
                reached |= (1 if wanted == "*" else 2) << place
        places[index] = reached
    return _settled(globs, always, places)
