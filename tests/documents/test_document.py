import msgspec
import pytest

from exposurectl.documents import Document, Path, read_yaml, unreadable


def document(*broken: Path) -> Document:
    read, found = read_yaml("a.yaml", b"rules:\n  - {id: a, ports: [22, 23]}\n  - x\nempty:\n")

    assert read is not None
    assert found == []
    return msgspec.structs.replace(read, broken=frozenset(broken))


def test_what_is_not_broken_can_be_relied_on() -> None:
    whole = document()

    assert whole.sound("rules", 0)
    assert whole.at("rules", 0, "ports", 1) == 23
    assert whole.at() == {"rules": [{"id": "a", "ports": [22, 23]}, "x"], "empty": None}


def test_what_is_not_there_cannot_be_relied_on() -> None:
    whole = document()

    assert not whole.sound("rules", 0, "level")
    assert not whole.sound("rules", 7)
    assert whole.at("rules", 0, "level") is None
    assert whole.at("rules", 7) is None
    assert whole.at("rules", "id") is None
    assert whole.at("rules", 1, "id") is None
    assert whole.at("empty", "x") is None


@pytest.mark.parametrize(
    ("path", "sound"),
    [
        (("rules", 0, "ports", 1), False),
        (("rules", 0, "ports"), False),
        (("rules", 0), False),
        (("rules",), False),
        ((), False),
        (("rules", 0, "ports", 0), True),
        (("rules", 0, "id"), True),
        (("rules", 1), True),
    ],
)
def test_what_holds_something_broken_cannot_be_relied_on_and_what_stands_beside_it_can(path: Path, sound: bool) -> None:  # noqa: FBT001 - it is a value here, not a switch
    assert document(("rules", 0, "ports", 1)).sound(*path) is sound


def test_what_is_broken_is_not_there() -> None:
    part = document(("rules", 0, "ports"))

    assert part.at("rules", 0, "ports") is None
    assert part.at("rules", 0, "ports", 0) is None
    assert not part.sound("rules", 0, "ports", 0)
    assert part.at("rules", 0, "id") == "a"


def test_entries_are_the_paths_of_what_a_list_holds() -> None:
    assert document().entries("rules", 0, "ports") == (("rules", 0, "ports", 0), ("rules", 0, "ports", 1))
    assert document(("rules",)).entries("rules") == ()
    assert document().entries("rules", 0) == ()
    assert document().entries("empty") == ()


def test_of_what_could_not_be_read_nothing_is_known() -> None:
    nothing = unreadable("a.yaml")

    assert nothing.at() is None
    assert not nothing.sound()
    assert nothing.entries("rules") == ()
    assert str(nothing.place("rules")) == "a.yaml"
