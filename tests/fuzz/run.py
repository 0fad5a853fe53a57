"""
Feed every reader of outside data with hostile input: `python run.py SECONDS [TARGET ...]`.

Each target has a process of its own, which may take 256 MB more than it begins with. With atheris, which is no
dependency, the input follows what it makes the code do; without it, what it makes the reader say. An input that ends in
anything but a value or an error of ours is written to a file, and the exit code is 1.
"""

import argparse
import contextlib
import importlib.util
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

_CHOSEN = "--here" in sys.argv and importlib.util.find_spec("atheris")
_ATHERIS: Any = importlib.import_module("atheris") if _CHOSEN else None
with _ATHERIS.instrument_imports(include=["exposurectl"]) if _ATHERIS else contextlib.nullcontext():
    importlib.import_module("fuzz.readers")

from fuzz.hunting import SECONDS, Failure, Target, fed, fed_without_end, hunt, known_inputs  # noqa: E402
from fuzz.readers import TARGETS  # noqa: E402

MEMORY = 256 * 1024 * 1024
"""What any input may cost, by P22."""

_GRACE = 120
_PAGES = Path("/proc/self/statm")


class FoundError(Exception):
    """An input failed: what atheris waits for."""


def main(argv: Sequence[str]) -> int:
    """Run the targets that are named, or all of them, one after the other."""
    parser = argparse.ArgumentParser(description="Fuzz every reader of outside data.")
    parser.add_argument("seconds", type=float)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--found", type=Path, help="where inputs are written that fail; default: a new directory")
    parser.add_argument("--seed", type=int, default=0, help="another number gives other inputs")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    unknown = sorted(set(arguments.targets) - set(TARGETS))
    if unknown:
        parser.error(f"no such target: {', '.join(unknown)}")
    if arguments.here:
        return _in_this_process(TARGETS[arguments.targets[0]], arguments)
    found = arguments.found or Path(tempfile.mkdtemp(prefix="exposurectl-fuzz-found-"))
    codes = [_in_its_own(name, arguments, found) for name in arguments.targets or TARGETS]
    return max(codes)


def _in_its_own(name: str, arguments: argparse.Namespace, found: Path) -> int:
    """Run a target in a process of its own; one that hangs or dies has failed."""
    words = [str(arguments.seconds), name, "--here", "--found", str(found), "--seed", str(arguments.seed)]
    try:
        done = subprocess.run([sys.executable, __file__, *words], check=False, timeout=arguments.seconds + _GRACE)
    except subprocess.TimeoutExpired:
        _say(f"{name}: it hangs")
        return 1
    if done.returncode not in {0, 1}:
        _say(f"{name}: the process ended with {done.returncode}")
    return min(1, abs(done.returncode))


def _in_this_process(target: Target, arguments: argparse.Namespace) -> int:
    for content in known_inputs(target):  # what is imported and made once is no input's cost
        fed(target, content)
    if _ATHERIS:
        return _with_atheris(target, arguments)
    _limit_memory()
    done = hunt(target, arguments.seconds, arguments.seed)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    _say(
        f"{target.name:<12} {done.executions:>9,} executions  {done.seconds:>5.1f} s  {done.kept:>5,} answers  "
        f"slowest {done.slowest:>5.2f} s  peak {peak:>4} MB  {len(done.failures)} failures"
    )
    for failure in done.failures:
        _report(target, failure, arguments.found)
    return 1 if done.failures else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _limit_memory() -> None:
    """Let this process take no more than an input may cost: reading one that costs more fails."""
    used = int(_PAGES.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, resource.RLIM_INFINITY))


def _report(target: Target, failure: Failure, found: Path) -> None:
    """Write the input to a file, and say where it is and what it did."""
    path = found / target.name / failure.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(failure.content)
    _say(f"{target.name}: {path}\n{failure.why}")


def _with_atheris(target: Target, arguments: argparse.Namespace) -> int:
    """Let atheris choose the input, by what it makes the code do. Its engine ends the process itself."""
    folder = arguments.found / target.name
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(known_inputs(target)):
        (corpus / str(number)).write_bytes(content)

    def one(content: bytes) -> None:
        answer = fed_without_end(target, content)  # its engine has an alarm of its own
        if isinstance(answer, Failure):
            _report(target, answer, arguments.found)
            raise FoundError(answer.kind)

    options = [
        f"-max_total_time={arguments.seconds:.0f}",
        f"-timeout={2 * SECONDS}",
        "-print_final_stats=1",
        f"-artifact_prefix={folder}/",
    ]
    _ATHERIS.Setup([sys.argv[0], *options, f"-seed={arguments.seed + 1}", "-rss_limit_mb=1024", str(corpus)], one)
    _ATHERIS.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
