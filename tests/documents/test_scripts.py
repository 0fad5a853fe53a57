import pytest

from exposurectl.diagnostics import Diagnostic, ProblemId, Severity
from exposurectl.documents import mixed_scripts, read_yaml, unreadable

CYRILLIC_A = "\u0430"
GREEK_O = "\u03bf"


def warnings(text: str) -> list[Diagnostic]:
    document, found = read_yaml("a.yaml", text.encode())

    assert document is not None
    assert found == []
    return list(mixed_scripts(document, text.encode()))


def test_a_letter_of_another_script_is_told_with_its_code_point_and_its_column() -> None:
    (only,) = warnings(f"a: 1\napproved_by: security-te{CYRILLIC_A}m  # yes\n")

    assert (only.id, only.severity, only.summary) == (
        ProblemId.MIXED_SCRIPT,
        Severity.WARNING,
        "Letters of two scripts in one word",
    )
    assert str(only.place) == "a.yaml:2:25"
    assert only.detail == (
        f'In "te{CYRILLIC_A}m", "{CYRILLIC_A}" (U+0430) is Cyrillic and "t" (U+0074) is Latin: '
        "a reviewer may read another word."
    )


def test_comments_and_keys_are_read_too() -> None:
    assert [str(one.place) for one in warnings(f"k{CYRILLIC_A}y: 1  # f{GREEK_O}r us\n")] == [
        "a.yaml:1:2",
        "a.yaml:1:12",
    ]


def test_a_letter_that_an_escape_makes_is_told_at_its_text() -> None:
    assert [str(one.place) for one in warnings('a: [x, "te\\u0430m"]\n')] == ["a.yaml:1:8"]


def test_a_word_that_stands_there_itself_is_told_once() -> None:
    assert len(warnings(f'a: "te{CYRILLIC_A}m\\n"\n')) == 1


@pytest.mark.parametrize(
    "text",
    [
        "SSHは閉じている。ポート22のみ、Session Manager経由",
        "한국어와AWS",
        "доступ закрыт",
        "доступ по SSH, см. SEC-120",
        "naïve café Ærø 10µs 1ª",
        "\uff21\uff37\uff33 team",
        "AWS::EC2::InternetGateway_x1",
    ],
)
def test_text_that_people_write_is_not_told(text: str) -> None:
    assert warnings(f"because: '{text}'\n") == []


def test_what_is_no_text_is_not_read() -> None:
    assert list(mixed_scripts(unreadable("a.yaml"), b"\xff")) == []
