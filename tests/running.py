"""How tests run exposurectl: inside this process in a world of their own, or as a process."""

import io
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from exposurectl.cli import run
from exposurectl.cli.world import World
from exposurectl.clock import Clock, SystemClock
from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.story import RECORDED

PROGRAM = (sys.executable, "-m", "exposurectl")


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def reason(self) -> str:
        """Return what the last line of the error stream says after `reason: `; empty where it says none."""
        last = self.err.splitlines()[-1] if self.err else ""
        return last.removeprefix("reason: ") if last.startswith("reason: ") else ""


class Terminal(io.StringIO):
    """A stream that says it is a terminal, and has no size."""

    def isatty(self) -> bool:
        return True


def run_inside(
    *argv: str | Path,
    stdin: bytes = b"",
    environ: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    stdout: io.StringIO | None = None,
) -> Ended:
    """Run a command in this process; the clock stands at the time when the demo's fleet was recorded."""
    out, err = stdout or io.StringIO(), io.StringIO()
    world = World(
        environ=environ or {},
        stdin=io.BytesIO(stdin),
        stdout=out,
        stderr=err,
        clock=clock or SimulatedClock(RECORDED),
        jitter=lambda _: 0.0,
        one_by_one=not isinstance(clock, SystemClock),
    )
    code = run([str(word) for word in argv], world)
    return Ended(code, out.getvalue(), err.getvalue())


def surroundings(home: Path, **more: str) -> dict[str, str]:
    """Return the environment of a process that has nothing of this machine's user."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8", **more}


def run_process(
    *argv: str | Path,
    cwd: Path,
    stdin: bytes = b"",
    environ: Mapping[str, str] | None = None,
    before: tuple[str, ...] = (),
) -> Ended:
    """Run a command as a process of its own, with `before` before its words."""
    done = subprocess.run(
        [*before, *PROGRAM, *map(str, argv)],
        cwd=cwd,
        input=stdin,
        env=environ or surroundings(cwd),
        capture_output=True,
        check=False,
        timeout=60,
    )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())
