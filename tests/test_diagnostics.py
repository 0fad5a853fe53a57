from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError, Place, by_place


def test_a_place_is_told_as_editors_understand_it() -> None:
    assert str(Place("a.yaml", 3, 7)) == "a.yaml:3:7"


def test_a_place_without_a_line_is_the_file() -> None:
    assert str(Place("a.yaml")) == "a.yaml"


def test_an_errors_message_is_its_summaries() -> None:
    error = ExposurectlError(Diagnostic(summary="One"), Diagnostic(summary="Two"))

    assert str(error) == "One; Two"
    assert (error.reason, error.exit_code) == ("input", Exit.ERROR)


def test_problems_are_sorted_by_file_line_and_column_and_those_without_a_place_come_first() -> None:
    places = [Place("b", 1, 1), Place("a", 10, 1), Place("a", 9, 2), Place("a", 9, 1), None]

    ordered = sorted((Diagnostic(summary="x", place=place) for place in places), key=by_place)

    assert [problem.place for problem in ordered] == places[::-1]
