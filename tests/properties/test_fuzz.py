"""Whatever stands in a file, reading and compiling it ends in a policy or in one clear error."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exposurectl.config import Settings, load_config
from exposurectl.diagnostics import ExposurectlError
from exposurectl.policy.case_files import read_cases
from exposurectl.policy.files import load_case_documents, load_policy
from exposurectl.policy.model import Policy

ROOT = Path(__file__).parents[2]
POLICY = (ROOT / "tests" / "fixtures" / "policies" / "worked-example" / "policy.yaml").read_bytes()
CASES = (ROOT / "policies" / "cases" / "internet.yaml").read_bytes()
CONFIG = (ROOT / "config" / "production.yaml").read_bytes()

# What people and attackers put where something else belongs.
ODDITIES = (
    *(
        b"no",
        b"22:22",
        b"017",
        b"0x1f",
        b"1e400",
        b"22.0",
        b"-1",
        b"~",
        b"''",
        b'"\\n"',
        b'"\\0"',
        b'"\\ud800"',
        b".nan",
    ),
    *(b"[]", b"{}", b"[[]]", b"{a: b}", b"&a b", b"*a", b"!!python/object:os.system x", b"<<: {}", b"---\n", b"? [a]"),
    *(b"9" * 5000, "\u202e".encode(), b"\xff", b"\x00", b"\r", b"\t", b"%TAG ! x\n", b": ", b"- ", b"#", b"'", b'"'),
    *(b"0000-00-00", b"2027-02-30", b"::/0", b"10.0.0.1/8", b"fe80::%1/64", b"0-99999", b"AWS::EC2::*", b"i-0\n"),
)


@st.composite
def mutated(draw: Any, whole: bytes) -> bytes:
    """Return the text with a few pieces replaced, cut out or repeated."""
    text = bytes(whole)
    for _ in range(draw(st.integers(1, 3))):
        begin = draw(st.integers(0, len(text)))
        end = min(len(text), begin + draw(st.integers(0, 12)))
        piece = draw(st.one_of(st.sampled_from(ODDITIES), st.binary(max_size=4), st.just(text[begin:end] * 2)))
        text = b"".join((text[:begin], piece, text[end:]))
    return text


@st.composite
def with_odd_values(draw: Any, whole: bytes) -> bytes:
    """Return the text with one value, whatever follows a colon or a comma, replaced by an oddity."""
    begin = draw(st.sampled_from([at + 1 for at in range(len(whole)) if whole[at : at + 1] in {b":", b",", b"["}]))
    end = next((at for at in range(begin, len(whole)) if whole[at : at + 1] in {b"\n", b",", b"}", b"]"}), len(whole))
    return b"".join((whole[:begin], b" ", draw(st.sampled_from(ODDITIES)), whole[end:]))


def is_clear(error: ExposurectlError) -> bool:
    """Tell whether each problem says what, where and why."""
    return all(problem.summary and problem.detail and problem.place is not None for problem in error.problems)


def loaded_policy(content: bytes, folder: Path) -> Policy | ExposurectlError:
    (folder / "a.yaml").write_bytes(content)
    try:
        return load_policy(folder)
    except ExposurectlError as error:
        return error


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("policies")
    (made / "cases").mkdir()
    return made


@settings(max_examples=3 * settings().max_examples)
@given(st.one_of(st.binary(max_size=200), mutated(POLICY), with_odd_values(POLICY)))
@example(b"")
@example(b"\xef\xbb\xbf")
@example(b'? "a\n')
def test_a_policy_file_ends_in_a_policy_or_a_clear_error(folder: Path, content: bytes) -> None:
    came_out = loaded_policy(content, folder)

    assert isinstance(came_out, Policy) or is_clear(came_out)


@settings(max_examples=3 * settings().max_examples)
@given(st.one_of(st.binary(max_size=200), mutated(CASES), with_odd_values(CASES)))
def test_a_case_file_ends_in_cases_or_a_clear_error(folder: Path, content: bytes) -> None:
    (folder / "cases" / "a.yaml").write_bytes(content)

    came_out: tuple[object, ...] | ExposurectlError
    try:
        came_out = read_cases(load_case_documents(folder))
    except ExposurectlError as error:
        came_out = error

    assert isinstance(came_out, tuple) or is_clear(came_out)


@settings(max_examples=3 * settings().max_examples)
@given(st.one_of(st.binary(max_size=200), mutated(CONFIG), with_odd_values(CONFIG)))
def test_a_config_file_ends_in_settings_or_a_clear_error(folder: Path, content: bytes) -> None:
    path = folder / "production"
    path.write_bytes(content)

    came_out: Settings | ExposurectlError
    try:
        came_out = load_config(path)
    except ExposurectlError as error:
        came_out = error

    assert isinstance(came_out, Settings) or is_clear(came_out)


@given(st.text(max_size=40), st.sampled_from((b"token: env:FUTUREVULS_TOKEN_WEB", b"name: web-platform")))
def test_text_in_a_config_file_ends_in_settings_or_a_clear_error(folder: Path, text: str, at: bytes) -> None:
    path = folder / "production"
    path.write_bytes(CONFIG.replace(at, at.split(b" ")[0] + b" " + text.encode("utf-8", "surrogatepass")))

    came_out: Settings | ExposurectlError
    try:
        came_out = load_config(path)
    except ExposurectlError as error:
        came_out = error

    assert isinstance(came_out, Settings) or is_clear(came_out)
