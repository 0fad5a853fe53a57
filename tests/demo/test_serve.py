"""`exposurectl demo --serve`: an emulated FutureVuls to try the commands on."""

import re
import shlex
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from exposurectl.demo.fleet import TOKENS
from exposurectl.demo.story import ENVIRONMENT
from running import PROGRAM, run_process, surroundings


class Served(NamedTuple):
    """A process that serves, what it printed, and where its temporary files go."""

    process: "subprocess.Popen[str]"
    printed: str
    temporary: Path

    @property
    def url(self) -> str:
        found = re.match(
            r"FutureVuls is emulated at (http://127\.0\.0\.1:[0-9]+) until you press Ctrl-C\.", self.printed
        )
        assert found
        return found[1]

    @property
    def commands(self) -> list[list[str]]:
        return [shlex.split(line)[1:] for line in self.printed.splitlines() if line.startswith("  exposurectl ")]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    started: list[subprocess.Popen[str]] = []
    temporary = tmp_path / "tmp"
    temporary.mkdir()

    def start(*argv: str) -> Served:
        process = subprocess.Popen(
            [*PROGRAM, "demo", "--serve", "--port", "0", *argv],
            cwd=tmp_path,
            env=surroundings(tmp_path, TMPDIR=str(temporary)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout
        printed = ""
        while "exposurectl apply" not in printed:
            line = process.stdout.readline()
            assert line, "the process ended"
            printed += line
        return Served(process, printed, temporary)

    yield start
    for process in started:
        process.kill()
        process.communicate()


def status_of(url: str, token: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": token})) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_it_prints_an_address_tokens_and_commands_that_work(serve: Callable[..., Served], tmp_path: Path) -> None:
    served = serve()
    tokens = dict(re.findall(r"^  export (\w+)=(\S+)$", served.printed, flags=re.MULTILINE))
    environ = surroundings(tmp_path, **tokens)
    plan, apply = served.commands
    config = Path(apply[-1])
    config.write_text(config.read_text().replace("per_minute: 20", "per_minute: 6000"), encoding="utf-8")
    live = ["plan", "--findings", plan[2] + "/findings.ndjson", *plan[3:-1], "again.json"]

    done = [run_process(*words, cwd=tmp_path, environ=environ) for words in (plan, apply, live)]

    assert tokens == ENVIRONMENT
    assert [end.code for end in done] == [0, 0, 0]
    assert "Plan: 11 to raise, 2 to join, 3 to lower, 21 unchanged, 19 skipped.\n" in done[0].out
    assert "Apply: 16 applied of 16 changes.\n" in done[1].out
    # Findings alone have no security groups in them: the two servers that only listed networks reach count as open.
    assert "Plan: 2 to raise, 0 to lower, " in done[2].out
    assert re.findall(r"▲ raise (\S+)", done[2].out) == ["admin-01", "admin-02"]
    assert (tmp_path / "receipt.json").is_file()


def test_it_answers_429_beyond_so_many_requests_a_minute(serve: Callable[..., Served]) -> None:
    served = serve("--per-minute", "3")
    token = TOKENS["web-platform"]

    statuses = [status_of(f"{served.url}/v1/roles", token) for _ in range(5)]

    assert statuses == [200, 200, 200, 429, 429]
    assert status_of(f"{served.url}/v1/roles", TOKENS["data-platform"]) == 200


@pytest.mark.parametrize(("code", "number"), [(130, signal.SIGINT), (143, signal.SIGTERM)])
def test_it_ends_when_told_to_and_leaves_nothing_behind(serve: Callable[..., Served], code: int, number: int) -> None:
    served = serve()
    assert list(served.temporary.iterdir()) != []

    served.process.send_signal(number)
    out, err = served.process.communicate(timeout=10)

    assert (code, "", "reason: interrupted\n") == (served.process.returncode, out, err)
    assert list(served.temporary.iterdir()) == []


def test_a_port_that_is_taken_is_an_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        ended = run_process("demo", "--serve", "--port", str(port), cwd=tmp_path)

    assert ended == (
        1,
        "",
        (
            "error: Cannot serve\n"
            f"  Port {port}: Address already in use.\n"
            "  hint: choose another port, or leave --port out for a free one\n"
            "reason: port\n"
        ),
    )
