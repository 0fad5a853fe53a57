"""`exposurectl apply` as a process, with its groups one after the other: strace counts the calls of a thread each."""

import sys

from exposurectl.cli import run
from exposurectl.cli.world import World

if __name__ == "__main__":
    world = World.of_process()
    world.one_by_one = True
    sys.exit(run(sys.argv[1:], world))
