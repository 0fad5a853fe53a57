"""
Print how long `exposurectl --help` and `--version` take, in units of `python -c pass`.

All three run in turn, again and again, so that a busy machine slows each alike; the ratio of medians counts.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 21
LIMIT = 4.0
SCRIPT = str(Path(sys.executable).parent / "exposurectl")
BARE = "python -c pass"
COMMANDS = {
    BARE: [sys.executable, "-c", "pass"],
    "exposurectl --help": [SCRIPT, "--help"],
    "exposurectl --version": [SCRIPT, "--version"],
}


def seconds(command: list[str]) -> float:
    """Run the command once and return how long it took."""
    start = time.perf_counter()
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def medians() -> dict[str, float]:
    """Return each command's median, after one round that only warms the caches."""
    rounds = [{name: seconds(command) for name, command in COMMANDS.items()} for _ in range(ROUNDS + 1)][1:]
    return {name: statistics.median(taken[name] for taken in rounds) for name in COMMANDS}


def main() -> int:
    """Print one line a command; the exit code tells whether all are within the limit."""
    measured = medians()
    ratios = {name: taken / measured[BARE] for name, taken in measured.items()}
    for name, ratio in ratios.items():
        sys.stdout.write(f"{name:<22} {measured[name] * 1000:7.1f} ms {ratio:6.2f} x\n")
    sys.stdout.write(f"limit {LIMIT} x, median of {ROUNDS}, side by side\n")
    return int(max(ratios.values()) > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
