"""A five-change apply as a real process, killed or failed at a chosen system call, and what is left of it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from apply.acting import EVIDENCE, TOKENS, USUAL, WEB, settings_for
from exposurectl.clock import SystemClock
from exposurectl.demo.emulator import Emulator
from exposurectl.plan.file import write_plan
from exposurectl.plan.model import Plan
from plan.building import planned
from running import run_inside

STRACE = shutil.which("strace")
DRIVER = Path(__file__).parent / "apply_one_by_one.py"
PROGRAM = (sys.executable, "-m", "exposurectl")
ONE_BY_ONE = (sys.executable, str(DRIVER))
CALLS = ("write", "fsync", "rename", "sendto", "ftruncate")
CONFIG = """\
version: 1
futurevuls:
  url: {url}
  requests_per_minute: 6000
  groups:
    - name: web-platform
      token: env:TOKEN
      families:
        - {{name: web, open: web-open, controlled: web-controlled, small: web-small}}
      default_role_joins: web
limits:
  raise: {{percent: 100}}
  lower: {{count: 5}}
"""


class Ended(NamedTuple):
    """How a process ended."""

    code: int
    out: str
    err: str


def can_trace() -> bool:
    """Tell whether strace is here and may trace."""
    if STRACE is None:
        return False
    done = subprocess.run([STRACE, "-qq", "-o", os.devnull, sys.executable, "-c", ""], check=False, capture_output=True)
    return done.returncode == 0


def prepare(folder: Path, futurevuls: Emulator) -> Plan:
    """Put a plan of five changes and its config into a folder, valid now."""
    now = datetime.now(UTC).replace(microsecond=0)
    plan = planned(*EVIDENCE, groups=(USUAL,), settings=settings_for(futurevuls.url), as_of=now)
    (folder / "plan.json").write_bytes(write_plan(plan))
    (folder / "production.yaml").write_text(CONFIG.format(url=futurevuls.url), encoding="utf-8")
    return plan


def apply(folder: Path, program: tuple[str, ...] = PROGRAM, *, before: tuple[str, ...] = ()) -> Ended:
    """Apply the plan of a folder in a process of its own, with `before` before its words."""
    done = subprocess.run(
        [*before, *program, "apply", "plan.json", "--config", "production.yaml"],
        cwd=folder,
        env=environ(folder),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def apply_inside(folder: Path) -> Ended:
    """Apply the plan of a folder in this process, as a later run would: quicker, and all the same code."""
    ended = run_inside(
        "apply",
        folder / "plan.json",
        "--config",
        folder / "production.yaml",
        environ={"TOKEN": TOKENS[WEB]},
        clock=SystemClock(),
    )
    return Ended(ended.code, ended.out, ended.err)


def environ(folder: Path) -> Mapping[str, str]:
    """Return the environment of a process that has nothing of this machine's user."""
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "TOKEN": TOKENS[WEB], "PYTHONDONTWRITEBYTECODE": "1"}


def injecting(call: str, what: str, number: int, *, threads: bool = False) -> tuple[str, ...]:
    """Return what to start a process with, so that its Nth such call is not made and this happens instead."""
    assert STRACE is not None
    follow = ("-f",) if threads else ()
    return (
        STRACE,
        *follow,
        "-qq",
        "-o",
        os.devnull,
        "-e",
        f"trace={call}",
        "-e",
        f"inject={call}:{what}:when={number}",
    )


def counted(folder: Path) -> dict[str, int]:
    """Apply the plan undisturbed, and return how often each call was made."""
    assert STRACE is not None
    log = folder / "calls"
    done = apply(folder, ONE_BY_ONE, before=(STRACE, "-qq", "-o", str(log), "-e", f"trace={','.join(CALLS)}"))
    assert done.code == 0, done.err
    names = re.findall(r"^([a-z0-9]+)\(", log.read_text(errors="replace"), flags=re.MULTILINE)
    return {call: names.count(call) for call in CALLS}
