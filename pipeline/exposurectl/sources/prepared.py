"""What has to be ready before threads decode."""

import contextlib
from collections.abc import Iterator

import msgspec

_PACKAGE = __name__.rpartition(".")[0]


def prepare_types() -> None:
    """
    Let msgspec look at every type of the sources, now.

    It does so when a type is first decoded, and a second thread that decodes the type meanwhile ends the process with
    a segmentation fault: it finds a half-filled description. Seen with msgspec 0.22.0 on Python 3.11.
    """
    for kind in _structs(msgspec.Struct):
        if kind.__module__.startswith(_PACKAGE):
            with contextlib.suppress(TypeError):  # it is never decoded: it holds what msgspec does not know
                msgspec.json.Decoder(kind)


def _structs(parent: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for kind in parent.__subclasses__():
        yield kind
        yield from _structs(kind)
