"""The reference of all problems, by id: what each is, why it matters, and what to write instead."""

import functools
import re
from importlib import resources

import msgspec

_HEADING = re.compile(r"^## ([a-z-]+)\n", re.MULTILINE)
_KIND = re.compile(r"^\*\*(?:Error|Warning)\.\*\* ")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What the reference says of one problem."""

    id: str
    title: str
    """Its first sentence."""
    text: str
    """The whole section, in Markdown."""


@functools.cache
def reference() -> dict[str, Entry]:
    """Return what `docs/problems.md` says of each problem, by its id, in order."""
    text = resources.files("exposurectl.render").joinpath("templates/problems.md").read_text(encoding="utf-8")
    _before, *parts = _HEADING.split(text)
    return {name: _entry(name, body.strip()) for name, body in zip(parts[::2], parts[1::2], strict=True)}


def _entry(name: str, body: str) -> Entry:
    return Entry(id=name, title=_KIND.sub("", body.split("\n", 1)[0]), text=body)
