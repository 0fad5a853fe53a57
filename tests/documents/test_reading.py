from pathlib import Path

import pytest

from exposurectl.diagnostics import Place
from exposurectl.documents import read_content, read_yaml
from exposurectl.documents.reading import MAX_DEPTH, MAX_NODES, MOST_PROBLEMS
from exposurectl.documents.text import MAX_BYTES


def problems(content: str | bytes) -> list[tuple[str, str, str]]:
    """Return each problem's place, summary and detail."""
    _document, found = read_yaml("a.yaml", content.encode() if isinstance(content, str) else content)

    return [(str(problem.place), problem.summary, problem.detail) for problem in found]


def test_a_document_knows_where_each_value_and_each_key_stands() -> None:
    document, found = read_yaml("a.yaml", b"a:\n  - {b: 1}\n  - [x, y]\n")

    assert found == []
    assert document is not None
    assert document.data == {"a": [{"b": 1}, ["x", "y"]]}
    assert document.place("a", 0, "b") == Place("a.yaml", 2, 9)
    assert document.key_place("a", 0, "b") == Place("a.yaml", 2, 6)
    assert document.place("a", 1, 1) == Place("a.yaml", 3, 9)


def test_a_value_that_is_not_there_stands_where_the_value_around_it_does() -> None:
    document, _found = read_yaml("a.yaml", b"a:\n  b: {}\n")

    assert document is not None
    assert document.place("a", "b", "c", 5) == Place("a.yaml", 2, 6)
    assert document.key_place("a", "x") == Place("a.yaml", 2, 3)
    assert document.place("x") == Place("a.yaml", 1, 1)


@pytest.mark.parametrize("content", [b"", b"\n", b"# nothing\n", b"\xef\xbb\xbf", b"---\n"])
def test_a_file_of_nothing_is_a_document_of_nothing(content: bytes) -> None:
    document, found = read_yaml("a.yaml", content)

    assert document is not None
    assert (document.data, found) == (None, [])
    assert document.place().file == "a.yaml"


def test_a_byte_order_mark_is_passed_over_and_moves_no_column() -> None:
    document, found = read_yaml("a.yaml", b"\xef\xbb\xbfa: 1\n")

    assert document is not None
    assert (document.data, found) == ({"a": 1}, [])
    assert document.key_place("a") == Place("a.yaml", 1, 1)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"\xff", "a.yaml:1:1"),
        (b"a: 1\nb: \xc3\xa9\xff", "a.yaml:2:5"),
        (b"\xef\xbb\xbfa: \xff", "a.yaml:1:4"),
        ("a: 1".encode("utf-16"), "a.yaml:1:1"),
        (b"a: \xed\xa0\x80", "a.yaml:1:4"),
        (b"a: \xc0\xaf", "a.yaml:1:4"),
    ],
)
def test_bytes_that_are_not_utf_8_are_refused_at_the_character(content: bytes, place: str) -> None:
    assert problems(content) == [(place, "Not UTF-8 text", "The file must be UTF-8.")]


@pytest.mark.parametrize(
    ("content", "places"),
    [
        ("a: &x 1\n", ["a.yaml:1:4"]),
        ("a: *x\n", ["a.yaml:1:4"]),
        ("a: &x 1\nb: *x\n", ["a.yaml:1:4", "a.yaml:2:4"]),
        ("a: &x [1]\nb: &y {c: 1}\n", ["a.yaml:1:4", "a.yaml:2:4"]),
        ("&x a: 1\n", ["a.yaml:1:1"]),
        ("- &x\n- *x\n", ["a.yaml:1:3", "a.yaml:2:3"]),
    ],
)
def test_anchors_and_aliases_are_refused(content: str, places: list[str]) -> None:
    detail = "Anchors and aliases are not part of this language."

    assert problems(content) == [(place, "Anchor or alias", detail) for place in places]


def test_an_alias_for_a_key_is_no_word() -> None:
    assert problems("{a: &x 1, *x : 2}") == [
        ("a.yaml:1:5", "Anchor or alias", "Anchors and aliases are not part of this language."),
        ("a.yaml:1:11", "Key is not text", "A key must be a word."),
    ]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("a: !!str 1\n", "a.yaml:1:4"),
        ("a: ! 1\n", "a.yaml:1:4"),
        ("a: !!python/object/apply:os.system [ls]\n", "a.yaml:1:4"),
        ("a: !<tag:yaml.org,2002:int> 1\n", "a.yaml:1:4"),
        ("!!str a: 1\n", "a.yaml:1:1"),
        ("a: !x {b: 1}\n", "a.yaml:1:4"),
        ("%TAG ! tag:x,2000:\n---\na: !y 1\n", "a.yaml:3:4"),
    ],
)
def test_tags_are_refused_on_values_and_on_keys(content: str, place: str) -> None:
    assert problems(content) == [(place, "Tag", "Tags are not part of this language.")]


def test_a_merge_key_is_refused_and_a_quoted_one_is_a_key() -> None:
    assert problems("<<: {a: 1}\n") == [
        ("a.yaml:1:1", "Merge key", "Merge keys are not part of this language."),
    ]
    assert problems('"<<": {a: 1}\n') == []


def test_a_key_that_stands_twice_is_refused_with_the_line_of_the_first() -> None:
    content = 'a: 1\nb:\n  c: 1\n  "c": {d: [1, {e: 2}]}\na: *x\n'

    assert problems(content) == [
        ("a.yaml:4:3", "Duplicate key", '"c" stands here a second time; the first is in line 3.'),
        ("a.yaml:5:1", "Duplicate key", '"a" stands here a second time; the first is in line 1.'),
    ]


def test_a_long_key_that_stands_twice_is_quoted_in_part() -> None:
    key = "k" * 100

    assert problems(f"{key}: 1\n{key}: 2\n") == [
        ("a.yaml:2:1", "Duplicate key", f'"{"k" * 60}…" stands here a second time; the first is in line 1.')
    ]


def test_keys_that_are_not_words_are_refused_each_once() -> None:
    assert problems("{[a, {b: c}]: 1, {d: e}: 2}") == [
        ("a.yaml:1:2", "Key is not text", "A key must be a word."),
        ("a.yaml:1:18", "Key is not text", "A key must be a word."),
    ]


def test_a_second_document_is_refused() -> None:
    assert problems("a: 1\n---\nb: 2\n") == [
        ("a.yaml:2:1", "Second document in one file", "Only the first would be read.")
    ]


@pytest.mark.parametrize("whole", ["{}", "[]"])
def test_collections_nest_32_levels_deep_and_no_deeper(whole: str) -> None:
    begin, end = ("[", "]") if whole == "[]" else ("{a: ", "}")

    assert problems(begin * MAX_DEPTH + "x" + end * MAX_DEPTH) == []
    assert problems(begin * (MAX_DEPTH + 1) + "x" + end * (MAX_DEPTH + 1)) == [
        (f"a.yaml:1:{len(begin) * MAX_DEPTH + 1}", "Nested too deeply", "The limit is 32 levels.")
    ]


def test_what_is_passed_over_nests_no_deeper_either() -> None:
    deep = "[" * (MAX_DEPTH + 1)

    assert [summary for _place, summary, _detail in problems(f"{{{deep}")] == ["Key is not text", "Nested too deeply"]
    assert [summary for _place, summary, _detail in problems(f"a: 1\na: {deep}")] == [
        "Duplicate key",
        "Nested too deeply",
    ]


def test_a_file_holds_so_many_keys_and_values_and_no_more() -> None:
    assert problems("[" + "0," * (MAX_NODES - 1) + "]") == []
    assert problems("[" + "0," * MAX_NODES + "]") == [
        (f"a.yaml:1:{2 * MAX_NODES}", "Too many values", "The limit is 100000 keys and values in one file.")
    ]


def test_a_file_is_so_long_and_no_longer() -> None:
    assert problems("#" * MAX_BYTES) == []
    assert problems("#" * (MAX_BYTES + 1)) == [("a.yaml", "File too large", "The limit is 1048576 bytes.")]


def test_reading_stops_where_the_problems_are_too_many() -> None:
    found = problems("- &x 1\n" * 1000)

    assert len(found) == MOST_PROBLEMS + 1
    assert found[-1] == ("a.yaml:101:3", "Too many problems", "The rest of the file was not read.")


@pytest.mark.parametrize(
    "character",
    [
        *("\u202e", "\u2066", "\u200b", "\u200d", "\u00ad", "\ufeff", "\u2028", "\u2029", "\x1b", "\x7f", "\x85"),
        *("\u3164", "\u115f", "\u2800", "\u034f", "\ufe0f", "\U000e0041", "\ue000", "\U000e0100"),
    ],
)
def test_a_character_that_does_not_show_is_refused_with_its_code_point(character: str) -> None:
    found = problems(f"a: 1\nbé: x{character}y\n")

    assert found[0] == (
        "a.yaml:2:6",
        "Invisible character",
        f"U+{ord(character):04X} does not show, so a reviewer cannot see what this line says.",
    )


def test_a_character_that_an_escape_hides_is_refused_at_its_text() -> None:
    assert problems('a: 1\nb: "x\\u202ey"\n') == [
        (
            "a.yaml:2:4",
            "Invisible character",
            "U+202E does not show where this text is read later, such as in a plan.",
        )
    ]


def test_a_character_that_stands_there_itself_is_told_once() -> None:
    assert [place for place, _summary, _detail in problems('a: "x\u202e\n  y"\n')] == ["a.yaml:1:6"]


def test_escapes_of_what_shows_and_of_line_breaks_are_text() -> None:
    assert problems('a: "x\\ty\\nz\\r\\u00e9"\n') == []


def test_a_carriage_return_ends_a_line_and_stands_nowhere_else() -> None:
    assert problems("a: 1\r\nb: 2\r\n") == []
    assert problems("# a comment\rb: 2\n") == [
        (
            "a.yaml:1:12",
            "Invisible character",
            "U+000D does not show, so a reviewer cannot see what this line says.",
        )
    ]


def test_letters_of_every_script_and_tabs_are_text() -> None:
    assert problems("because: 踏み台のみ、カフェ é 🙂\t# ok\n") == []


@pytest.mark.parametrize(
    ("content", "place", "said"),
    [
        ("a: [1\nb: 2\n", "a.yaml:2:2", "did not find expected ',' or ']'"),
        ("a: b: c\n", "a.yaml:1:5", "mapping values are not allowed in this context"),
        ("a: @x\n", "a.yaml:1:4", "found character that cannot start any token"),
        ('a: "x\n', "a.yaml:2:1", "found unexpected end of stream"),
        ("a:\n\t- x\n", "a.yaml:2:1", "found character that cannot start any token"),
        ("%YAML 1.3\n---\na: 1\n", "a.yaml:1:1", "found incompatible YAML document"),
        ('a: "\\ud800"\n', "a.yaml:1:7", "found invalid Unicode character escape code"),
    ],
)
def test_a_syntax_error_is_told_with_its_place(content: str, place: str, said: str) -> None:
    assert problems(content) == [(place, "Not valid YAML", f"The parser says: {said}.")]


def test_a_control_character_is_told_by_the_parser_too() -> None:
    assert problems("a: \x01\n") == [
        ("a.yaml:1:4", "Invisible character", "U+0001 does not show, so a reviewer cannot see what this line says."),
        ("a.yaml", "Not valid YAML", "The parser says: a character that YAML does not allow."),
    ]


def test_what_was_found_before_a_syntax_error_is_told_with_it() -> None:
    assert [summary for _place, summary, _detail in problems("a: &x 1\na: 2\nb: [\n")] == [
        "Anchor or alias",
        "Duplicate key",
        "Not valid YAML",
    ]


def test_no_more_of_a_file_is_read_than_is_refused_anyway() -> None:
    assert len(read_content(Path("/dev/zero"))) == MAX_BYTES + 1
