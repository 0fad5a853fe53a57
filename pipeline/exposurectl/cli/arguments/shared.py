"""What the arguments of several commands share."""

import argparse
import importlib
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from exposurectl.cli.world import World

    class Commands(Protocol):
        """What argparse returns for sub-commands, a class without a public name."""

        def add_parser(self, name: str, **options: Any) -> argparse.ArgumentParser:
            """Add a sub-command."""
            ...


class UsageError(Exception):
    """The arguments cannot be understood; the message says why."""

    def __init__(self, message: str, usage: str = "") -> None:
        """Keep the message, and what could have been typed."""
        super().__init__(message)
        self.usage = usage


class Parser(argparse.ArgumentParser):
    """A parser that raises: argparse would exit with 2, which here means that there are changes."""

    def error(self, message: str) -> NoReturn:
        """Raise the usage error."""
        raise UsageError(message, self.format_usage().rstrip())


def add_command(commands: "Commands", name: str, module: str, summary: str) -> argparse.ArgumentParser:
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


def add_evidence(command: argparse.ArgumentParser) -> "argparse._MutuallyExclusiveGroup":
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


def add_policy(command: argparse.ArgumentParser) -> None:
    """Add where the policy is."""
    command.add_argument("--policy", default="policies", metavar="DIR", help="default: policies")


def add_config(command: argparse.ArgumentParser) -> None:
    """Add where the config is."""
    path = "config/production.yaml"
    command.add_argument("--config", default=path, metavar="FILE", help=f"default: {path}")


def add_hosts(command: argparse.ArgumentParser) -> None:
    """Add the hosts that a token may be sent to besides FutureVuls': never from a file under review."""
    command.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="HOST",
        help="a host that tokens may be sent to besides rest.vuls.biz",
    )


def count(written: str) -> int:
    """Return an exact number of changes."""
    return _whole(written, 0, 50_000)


def duration(written: str) -> int:
    """Return a number of minutes."""
    return _whole(written, 1, 10_000)


def digest(written: str) -> str:
    """Return the digest that somebody approved; an empty one, as of a variable that is not set, is none."""
    if not written.strip():
        raise argparse.ArgumentTypeError("empty: name the digest of the plan that was reviewed, sha256:...")
    return written


def port(written: str) -> int:
    """Return a port to listen on; 0 is a free one."""
    return _whole(written, 0, 65535)


def rate(written: str) -> int:
    """Return a number of requests a minute."""
    return _whole(written, 1, 1_000_000)


def _whole(written: str, lowest: int, highest: int) -> int:
    """Return a whole number within bounds."""
    digits = written.isascii() and written.isdecimal() and len(written) <= len(str(highest))
    if digits and lowest <= int(written) <= highest:
        return int(written)
    raise argparse.ArgumentTypeError(f"must be a number from {lowest} to {highest}, not {written!r}")
