"""P21: whatever is read from outside ends in a value or in an error of ours, for as long as the tests take."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from exposurectl.diagnostics import ExposurectlError
from fuzz.hunting import SECONDS, Failure, Target, answer_of, fed, hunt
from fuzz.mutation import LARGEST, Mutator
from fuzz.readers import TARGETS

REGRESSIONS = Path(__file__).with_name("regressions")
RUN = Path(__file__).with_name("run.py")
BUDGET = 1.0


def regressions() -> Iterator[tuple[str, Path]]:
    for path in sorted(REGRESSIONS.glob("*/*")):
        yield path.parent.name, path


@pytest.mark.parametrize("name", TARGETS)
def test_hostile_input_ends_in_a_value_or_an_error_of_ours(name: str) -> None:
    done = hunt(TARGETS[name], BUDGET)

    assert [failure.why for failure in done.failures] == []
    assert done.executions > 1
    assert done.slowest < SECONDS


@pytest.mark.parametrize(("name", "path"), list(regressions()), ids=lambda value: getattr(value, "name", value))
def test_what_failed_once_does_not_fail_again(name: str, path: Path) -> None:
    answer = fed(TARGETS[name], path.read_bytes())

    assert not isinstance(answer, Failure), answer.why


def test_every_regression_is_of_a_target() -> None:
    assert {name for name, _ in regressions()} <= set(TARGETS)


def test_the_same_number_makes_the_same_inputs() -> None:
    seeds = [b"version: 1\nrules: []\n", b'{"a": [1, {"b": "c"}]}\n{"a": 2}']

    one, other = Mutator(seeds, 7), Mutator(seeds, 7)

    made = [one.next() for _ in range(300)]
    assert made == [other.next() for _ in range(300)]
    assert len(set(made)) > 250
    assert max(map(len, made)) <= LARGEST


def test_a_reader_that_fails_is_found(tmp_path: Path) -> None:
    def read(content: bytes) -> str:
        return str(content.decode().count("a"))

    done = hunt(Target(name=tmp_path.name, seeds=lambda: [b"an input"], read=read), 5 * BUDGET)

    assert {failure.kind.split()[0] for failure in done.failures} == {"UnicodeDecodeError"}


def test_an_error_that_says_nothing_is_found() -> None:
    def read(_content: bytes) -> str:
        def refuse() -> None:
            raise ExposurectlError

        return answer_of(refuse)

    answer = fed(Target(name="silent", seeds=lambda: [b""], read=read), b"")

    assert isinstance(answer, Failure)
    assert "an error without a problem" in answer.why


def test_the_runner_prints_what_it_did_and_knows_its_targets() -> None:
    done = subprocess.run([sys.executable, RUN, "0.2", "head"], capture_output=True, text=True, check=False, timeout=60)
    other = subprocess.run([sys.executable, RUN, "1", "tail"], capture_output=True, text=True, check=False, timeout=60)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("head ")
    assert done.stdout.endswith(" 0 failures\n")
    assert other.returncode == 2
    assert "no such target: tail" in other.stderr
