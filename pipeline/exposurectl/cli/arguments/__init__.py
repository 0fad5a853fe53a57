"""What can be typed: every command with its options and help. A command's parts are imported when it runs."""

import argparse

from exposurectl import __version__
from exposurectl.cli.arguments import fleet, policy, writing
from exposurectl.cli.arguments.shared import Parser, UsageError

__all__ = ["UsageError", "parser"]

_EXITS = """\
exit codes:
  0         done, or nothing to do
  1         error before anything was written (usage too)
  2         plan or diff --detailed-exitcode: there are changes; drift: there is drift
  3         blocked: guardrail, failed check or case, expired override, incomplete evidence
  4         partial: some changes failed, are unknown or were not attempted; run it again
  5         refused: stale, expired or changed plan, broken chain, conflict with somebody's edit
  130, 143  interrupted; the receipt says what was done

Every exit but 0 ends with a line `reason: ...` on the error stream.
"""


_COMMANDS = (
    policy.init,
    policy.validate,
    policy.test,
    policy.diff,
    fleet.collect,
    fleet.plan,
    fleet.drift,
    fleet.show,
    policy.explain,
    writing.apply,
    fleet.audit,
    fleet.doctor,
    policy.schema,
    writing.demo,
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    top: argparse.ArgumentParser = Parser(
        prog="exposurectl",
        description="Policy as code between Amazon Inspector's network reachability and SSVC Exposure in FutureVuls.",
        epilog=_EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"exposurectl {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)
    for add in _COMMANDS:
        add(commands)
    return top
