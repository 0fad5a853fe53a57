"""Killed at any moment: what is left is no snapshot at all, or a whole one."""

import multiprocessing
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from aws.endpoint import Endpoint, aws
from aws.small import small_world
from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.emulator import Emulator
from exposurectl.demo.fleet import contents
from exposurectl.demo.story import RECORDED
from exposurectl.diagnostics import ExposurectlError
from exposurectl.model import Group, Role
from exposurectl.sources.recording import write_snapshot
from exposurectl.sources.snapshot import read_snapshot
from running import PROGRAM, surroundings

CONFIG = """\
version: 1
inspector: {regions: [us-east-1, eu-west-1], organization: true, evidence_role: exposurectl-read}
futurevuls:
  url: URL
  requests_per_minute: 1000
  groups:
    - name: web
      token: env:TOKEN
      families:
        - {name: web, open: open, controlled: controlled, small: small}
"""
ROLES = tuple(Role(id=number, name=name) for number, name in enumerate(("open", "controlled", "small"), start=1))


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with aws(small_world()) as served:
        yield served


@pytest.fixture
def command(endpoint: Endpoint, tmp_path: Path) -> Iterator[tuple[list[str], dict[str, str]]]:
    with Emulator(
        {"made-up": Group(name="web", servers=(), roles=ROLES)}, clock=SimulatedClock(RECORDED)
    ) as futurevuls:
        (tmp_path / "config.yaml").write_text(CONFIG.replace("URL", futurevuls.url), encoding="utf-8")
        words = [*PROGRAM, "collect", "--config", "config.yaml", "--out", "snapshot"]
        yield words, surroundings(tmp_path, **endpoint.environ, TOKEN="made-up")


def killed_after(calls: int, endpoint: Endpoint, words: list[str], environ: dict[str, str], cwd: Path) -> bool:
    """Kill the command when it has made so many calls, and tell whether it was still running."""
    endpoint.calls.clear()
    with subprocess.Popen(words, cwd=cwd, env=environ, stderr=subprocess.DEVNULL) as process:
        while len(endpoint.calls) < calls and process.poll() is None:
            time.sleep(0.001)
        process.kill()
    return process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("calls", [0, 3, 20, 41])
def test_a_collect_that_is_killed_leaves_no_snapshot_and_its_name_free(
    endpoint: Endpoint, command: tuple[list[str], dict[str, str]], tmp_path: Path, calls: int
) -> None:
    words, environ = command

    killed = killed_after(calls, endpoint, words, environ, tmp_path)

    if killed:
        assert not (tmp_path / "snapshot").exists()
        for left in tmp_path.glob(".exposurectl-*/snapshot"):
            with pytest.raises(ExposurectlError):
                read_snapshot(left)
    else:
        read_snapshot(tmp_path / "snapshot")
    if calls == 3:
        done = subprocess.run(words, cwd=tmp_path, env=environ, check=False, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        read_snapshot(tmp_path / "snapshot")


def _many() -> tuple[bytes, ...]:
    """Return so many findings that writing them takes a while."""
    finding = msgspec.json.decode(next(iter(contents(RECORDED).findings)))
    arn = finding["findingArn"][:-8]
    return tuple(msgspec.json.encode(finding | {"findingArn": f"{arn}{number:08x}"}) for number in range(3_000))


def _write(directory: str, findings: tuple[bytes, ...]) -> None:
    write_snapshot(Path(directory), msgspec.structs.replace(contents(RECORDED), findings=findings, ingress=()))


def test_a_writer_that_is_killed_leaves_nothing_that_is_taken_for_a_snapshot(tmp_path: Path) -> None:
    findings = _many()
    started = time.perf_counter()
    _write(str(tmp_path / "whole"), findings)
    seconds = time.perf_counter() - started
    expected = read_snapshot(tmp_path / "whole").digest
    chance = random.Random(4)  # noqa: S311  # when to kill
    refused = whole = 0

    for number in range(30):
        directory = tmp_path / str(number)
        process = multiprocessing.get_context("fork").Process(target=_write, args=(str(directory), findings))
        process.start()
        time.sleep(chance.uniform(0, 3 * seconds))
        if process.pid and process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
        process.join()
        try:
            assert read_snapshot(directory).digest == expected
            whole += 1
        except ExposurectlError:
            refused += 1

    assert refused > 2
    assert whole > 2
