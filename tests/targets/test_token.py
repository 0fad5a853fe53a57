"""The token: read from where it is kept, and shown nowhere."""

import base64
import copy
import pickle
import traceback
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest

from exposurectl.diagnostics import Diagnostic, ExposurectlError
from exposurectl.targets.token import Token

CANARY = "fvgs-canary/5e1f+00"
HINT = "Write `env:NAME` or `file:PATH`, and keep the token itself out of every file under review."


def problem_of(reference: str, environ: dict[str, str]) -> Diagnostic:
    with pytest.raises(ExposurectlError) as caught:
        Token.read(reference, environ)

    assert caught.value.reason == "auth"
    shown = "".join(traceback.format_exception(caught.value))
    assert "canary" not in shown
    assert "canary" not in repr(caught.value.problems)
    (problem,) = caught.value.problems
    assert problem.summary == "The FutureVuls token cannot be used"
    assert problem.hint == HINT
    return problem


def test_a_token_comes_from_the_environment() -> None:
    assert Token.read("env:FV_PROD", {"FV_PROD": CANARY}).reveal() == CANARY


def test_a_token_comes_from_a_file_without_its_line_end(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"  " + CANARY.encode() + b"\r\n")

    assert Token.read(f"file:{tmp_path / 'token'}", {}).reveal() == CANARY


def test_a_missing_variable_is_named() -> None:
    assert problem_of("env:FV_PROD", {}).detail == "`env:FV_PROD`: the environment has no such variable."


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    reference = f"file:{tmp_path / 'nowhere'}"

    assert problem_of(reference, {}).detail == f"`{reference}`: No such file or directory."


def test_a_folder_is_no_token(tmp_path: Path) -> None:
    assert problem_of(f"file:{tmp_path}", {}).detail == f"`file:{tmp_path}`: Is a directory."


def test_a_long_file_is_no_token(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"canary" * 1000)
    reference = f"file:{tmp_path / 'token'}"

    detail = problem_of(reference, {}).detail

    assert detail == f"`{reference}`: the file is longer than 4096 bytes, so it is not a token."


@pytest.mark.parametrize("empty", ["", " ", "\n", "\t\r\n"])
def test_an_empty_token_is_refused(empty: str) -> None:
    assert problem_of("env:FV", {"FV": empty}).detail == "`env:FV`: the token is empty."


@pytest.mark.parametrize(
    "bad", ["canary\x00", "can\nary\ncanary", "canary\x7f", "canarÿ-canary", "\ufeffcanary", "カcanary"]
)
def test_a_token_with_control_or_foreign_characters_is_refused_without_being_shown(bad: str) -> None:
    problem = problem_of("env:FV", {"FV": bad + "x"})

    assert problem.detail == "`env:FV`: the token holds a character that is not printable ASCII."


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"\xff\xfec\x00a\x00n\x00a\x00r\x00y\x00")

    assert "not printable ASCII" in problem_of(f"file:{tmp_path / 'token'}", {}).detail


def test_a_token_with_bearer_before_it_is_refused() -> None:
    problem = problem_of("env:FV", {"FV": f"Bearer {CANARY}"})

    assert problem.detail == "`env:FV`: FutureVuls takes the raw token, without `Bearer `."


@pytest.mark.parametrize("reference", ["fvgs-canary", "env:fvgs-canary", "token:canary", "", "env:", "file:", "file"])
def test_a_reference_that_may_be_the_token_itself_is_not_shown(reference: str) -> None:
    problem = problem_of(reference, {"fvgs-canary": "x"})

    assert problem.detail == (
        "The reference is neither `env:NAME` nor `file:PATH`. It is not shown, as it may be the token."
    )


def test_printing_a_token_shows_a_mask() -> None:
    token = Token(CANARY)

    assert (f"{token}", repr(token), f"{[token]}") == ("Token(***)", "Token(***)", "[Token(***)]")


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy, msgspec.json.encode, vars])
def test_a_token_cannot_be_copied_out_by_accident(take: object) -> None:
    assert callable(take)

    with pytest.raises(TypeError) as caught:
        take(Token(CANARY))

    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "echo",
    [CANARY, quote(CANARY, safe=""), base64.b64encode(CANARY.encode()).decode(), CANARY[::-1], f"Bearer {CANARY}!"],
)
def test_a_token_is_redacted_in_every_form_a_server_might_echo(echo: str) -> None:
    shown = Token(CANARY).redact(f"no such token: {echo}, sorry")

    assert "***" in shown
    assert "canary" not in shown
    assert echo not in shown


def test_a_quoted_text_is_cut_to_one_short_line() -> None:
    shown = Token(CANARY).redact("one\n\ttwo\x1b[31m " + "x" * 500)

    assert shown.startswith("one two [31m xxx")
    assert shown.endswith("x…")
    assert len(shown) == 200


def test_a_megabyte_of_somebody_elses_text_is_cut_only_after_the_token_is_out_of_it() -> None:
    token = Token(CANARY)

    across = token.redact(" " * (10_000 - 5) + CANARY)

    assert "fvgs" not in across
    assert token.redact("A" * 16_000_000) == "A" * 199 + "…"
