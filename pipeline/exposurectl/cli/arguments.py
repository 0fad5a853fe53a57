"""What can be typed: every command with its options and help. A command's parts are imported when it runs."""

import argparse
import importlib
from typing import TYPE_CHECKING, NoReturn

from exposurectl import __version__

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from exposurectl.cli.world import World

    class Commands(Protocol):
        """What argparse returns for sub-commands, a class without a public name."""

        def add_parser(self, name: str, **options: Any) -> argparse.ArgumentParser:
            """Add a sub-command."""
            ...


_EXITS = """\
exit codes:
  0         done, or nothing to do
  1         error before anything was written (usage too)
  2         plan --detailed-exitcode: there are changes
  3         blocked: guardrail, failed check or case, expired override, incomplete evidence
  4         partial: some changes failed, are unknown or were not attempted; run it again
  5         refused: stale, expired or changed plan, or a conflict with somebody's edit
  130, 143  interrupted; the receipt says what was done

Every exit but 0 ends with a line `reason: ...` on the error stream.
"""


class UsageError(Exception):
    """The arguments cannot be understood; the message says why."""

    def __init__(self, message: str, usage: str = "") -> None:
        """Keep the message, and what could have been typed."""
        super().__init__(message)
        self.usage = usage


class _Parser(argparse.ArgumentParser):
    """A parser that raises: argparse would exit with 2, which here means that there are changes."""

    def error(self, message: str) -> NoReturn:
        """Raise the usage error."""
        raise UsageError(message, self.format_usage().rstrip())


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    top: argparse.ArgumentParser = _Parser(
        prog="exposurectl",
        description="Policy as code between Amazon Inspector's network reachability and SSVC Exposure in FutureVuls.",
        epilog=_EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"exposurectl {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)
    for add in (_test, _collect, _plan, _show, _explain, _apply, _doctor, _demo):
        add(commands)
    return top


def _command(commands: "Commands", name: str, module: str, summary: str) -> argparse.ArgumentParser:
    """Add a command whose work is done by `run` of a module."""
    description = f"{summary[0].upper()}{summary[1:]}."
    command = commands.add_parser(name, help=summary, description=description, allow_abbrev=False)
    command.set_defaults(command=_late(module))
    return command


def _late(module: str) -> "Callable[[argparse.Namespace, World], int]":
    """Return the command of a module that is imported only when the command runs."""

    def run(arguments: argparse.Namespace, world: "World") -> int:
        code: int = importlib.import_module(f"exposurectl.cli.{module}").run(arguments, world)
        return code

    return run


def _test(commands: "Commands") -> None:
    test = _command(commands, "test", "test", "run a policy's cases")
    test.add_argument("policy", nargs="?", default="policies", metavar="POLICY_DIR", help="default: policies")


def _collect(commands: "Commands") -> None:
    collect = _command(commands, "collect", "collect", "record a snapshot of all evidence and of the servers")
    _config(collect)
    given = collect.add_mutually_exclusive_group()
    given.add_argument(
        "--report", metavar="s3://BUCKET/KEY", help="take the findings from a report that Inspector wrote to S3"
    )
    given.add_argument("--events", metavar="DIR", help="take the findings from a folder of EventBridge events")
    collect.add_argument("--out", required=True, metavar="DIR", help="a directory that does not exist yet")


def _plan(commands: "Commands") -> None:
    plan = _command(commands, "plan", "plan", "decide levels from evidence and compare them with FutureVuls")
    _evidence(plan)
    _policy(plan)
    _config(plan)
    plan.add_argument(
        "--servers",
        nargs="+",
        metavar="[GROUP=]FILE",
        help="what GET /v1/servers and GET /v1/roles returned, instead of asking FutureVuls",
    )
    plan.add_argument("--previous", metavar="PLAN", help="the last plan: numbers this one and tells causes of changes")
    plan.add_argument("--out", metavar="FILE", help="write the plan to be reviewed and applied")
    plan.add_argument("--as-of", metavar="DATE", help="the day or time to judge by; default: the snapshot's, else now")
    plan.add_argument("--detailed-exitcode", action="store_true", help="exit with 2 where there are changes")


def _show(commands: "Commands") -> None:
    show = _command(commands, "show", "show", "show a plan")
    show.add_argument("plan", metavar="PLAN", help="a file that plan --out wrote")
    show.add_argument("--format", choices=["text", "markdown", "json"], default="text", help="default: text")


def _explain(commands: "Commands") -> None:
    explain = _command(commands, "explain", "explain", "say why an instance has its level")
    explain.add_argument("instance", metavar="INSTANCE", help="an instance id such as i-0123456789abcdef0")
    _evidence(explain).add_argument("--plan", metavar="PLAN", help="a plan that has the instance; default: plan.json")
    _policy(explain)
    explain.add_argument("--config", metavar="FILE", help="the config whose anywhere_prefix holds; default: built in")


def _apply(commands: "Commands") -> None:
    apply = _command(commands, "apply", "apply", "make the changes of a reviewed plan, exactly")
    apply.add_argument("plan", metavar="PLAN", help="a file that plan --out wrote")
    _config(apply)
    apply.add_argument("--receipt", metavar="FILE", help="a new file; default: receipt.json beside the plan")


def _doctor(commands: "Commands") -> None:
    doctor = _command(commands, "doctor", "doctor", "check what collecting needs of AWS, and say what to do")
    _config(doctor)
    doctor.add_argument("--oidc", action="store_true", help="only print the `sub` that the pipeline's role must trust")


def _demo(commands: "Commands") -> None:
    demo = _command(commands, "demo", "demo", "watch the whole job run on a made-up fleet")
    demo.add_argument("--serve", action="store_true", help="only serve the emulated FutureVuls, until interrupted")
    demo.add_argument("--port", type=_port, default=0, metavar="N", help="with --serve; default: a free one")
    demo.add_argument(
        "--per-minute", type=_rate, metavar="N", help="with --serve: answer 429 beyond so many requests; default: never"
    )


def _evidence(command: argparse.ArgumentParser) -> "argparse._MutuallyExclusiveGroup":
    """Add the ways to say where evidence comes from, of which one is taken."""
    evidence = command.add_mutually_exclusive_group()
    evidence.add_argument(
        "--findings",
        nargs="+",
        metavar="FILE",
        help="`aws inspector2 list-findings` output, a findings report, NDJSON or EventBridge events, "
        "each also gzipped; - is standard input",
    )
    evidence.add_argument("--snapshot", metavar="DIR", help="a recorded snapshot")
    return evidence


def _policy(command: argparse.ArgumentParser) -> None:
    command.add_argument("--policy", default="policies", metavar="DIR", help="default: policies")


def _config(command: argparse.ArgumentParser) -> None:
    path = "config/production.yaml"
    command.add_argument("--config", default=path, metavar="FILE", help=f"default: {path}")


def _port(written: str) -> int:
    return _whole(written, 0, 65535)


def _rate(written: str) -> int:
    return _whole(written, 1, 1_000_000)


def _whole(written: str, lowest: int, highest: int) -> int:
    """Return a whole number within bounds."""
    if written.isdecimal() and len(written) <= len(str(highest)) and lowest <= int(written) <= highest:
        return int(written)
    raise argparse.ArgumentTypeError(f"must be a number from {lowest} to {highest}, not {written!r}")
