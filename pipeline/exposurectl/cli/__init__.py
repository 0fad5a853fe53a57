"""The command line: arguments, wiring and exit codes. It decides nothing."""

import sys
from collections.abc import Sequence

from exposurectl.cli.arguments import parser
from exposurectl.cli.world import World


def main() -> int:
    """Run the command that this process was started with, and return its exit code."""
    return run(sys.argv[1:], World.of_process())


def run(argv: Sequence[str], world: World) -> int:
    """Run one command in a world and return its exit code; whatever ends it is said on the error stream."""
    try:
        arguments = parser().parse_args(argv)
        return int(arguments.command(arguments, world))
    except SystemExit as done:  # argparse has shown help or the version, perhaps to a reader who left
        world.say("")
        return int(done.code or 0)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the one place where every end becomes an exit code
        from exposurectl.cli.ending import end

        return int(end(error, world))
