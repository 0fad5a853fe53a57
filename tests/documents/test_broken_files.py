"""
Broken files, and what is said of each, word for word.

`golden/errors/` holds the files that people might write, by the kind of file, each beside what must be said of it.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from exposurectl.config import load_config
from exposurectl.diagnostics import Diagnostic, ExposurectlError
from exposurectl.policy.case_files import read_cases
from exposurectl.policy.files import load_case_documents, load_policy
from golden import GOLDEN as EVERYTHING
from golden import check_golden

GOLDEN = EVERYTHING / "errors"
BROKEN = sorted(path.relative_to(GOLDEN).as_posix() for path in GOLDEN.rglob("*.yaml"))
READERS: dict[str, Callable[[Path], object]] = {
    "policy": load_policy,
    "cases": lambda folder: read_cases(load_case_documents(folder)),
    "config": lambda folder: load_config(folder / "production.yaml"),
}
NAMES = {"policy": "a.yaml", "cases": "cases/a.yaml", "config": "production.yaml"}


def shown(problem: Diagnostic) -> str:
    """Return a problem as a person sees it: where, what, why, and what to type."""
    lines = [f"{problem.place}: {problem.severity.value}: {problem.summary}"]
    lines += [f"  {problem.detail}"] if problem.detail else []
    lines += [f"  hint: {problem.hint}"] if problem.hint else []
    return "\n".join(lines)


def said_of(broken: str, folder: Path) -> str:
    """Return what is said of a broken file, in which its folder has no name."""
    kind = broken.split("/", maxsplit=1)[0]
    path = folder / NAMES[kind]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes((GOLDEN / broken).read_bytes())

    with pytest.raises(ExposurectlError) as raised:
        READERS[kind](folder)

    assert raised.value.reason == ("config-invalid" if kind == "config" else "policy-invalid")
    return "".join(f"{shown(problem)}\n" for problem in raised.value.problems).replace(f"{folder}/", "")


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_file_is_told_all_that_is_wrong_with_it(broken: str, tmp_path: Path) -> None:
    said = said_of(broken, tmp_path)

    check_golden(f"errors/{broken.removesuffix('.yaml')}.txt", said)


def test_there_is_something_to_say_of_every_broken_file_and_nothing_else() -> None:
    assert {path.with_suffix("").relative_to(GOLDEN).as_posix() for path in GOLDEN.rglob("*.txt")} == {
        name.removesuffix(".yaml") for name in BROKEN
    }


@pytest.mark.parametrize("broken", [name for name in BROKEN if name.startswith("config/token")])
def test_what_stands_where_a_token_is_named_is_never_repeated(broken: str, tmp_path: Path) -> None:
    said = said_of(broken, tmp_path)

    assert [secret for secret in ("s3cr3t", "t0k3n", "31337", "TOKEN") if secret in said] == []
