"""What can be typed about a policy: validate, test, diff, explain, init, schema."""

import argparse
import re
from typing import TYPE_CHECKING

from exposurectl.cli.arguments.shared import add_command, add_evidence, add_policy
from exposurectl.schemas import NAMES

if TYPE_CHECKING:
    from exposurectl.cli.arguments.shared import Commands


def validate(commands: "Commands") -> None:
    """Add `validate`."""
    validate = add_command(commands, "validate", "validate", "check a policy, its cases and its config for mistakes")
    validate.add_argument("policy", nargs="?", default="policies", metavar="POLICY_DIR", help="default: policies")
    validate.add_argument(
        "--config", metavar="FILE", help="check this config too; default: config/production.yaml where there is one"
    )
    validate.add_argument("--as-of", metavar="DATE", help="the day to judge overrides by; default: today")
    validate.add_argument(
        "--format",
        choices=["text", "json", "github", "sarif"],
        default="text",
        help="github: annotations of a pull request; default: text",
    )
    validate.add_argument("--out", metavar="FILE", help="write the report there, and show it as text")


def test(commands: "Commands") -> None:
    """Add `test`."""
    test = add_command(commands, "test", "test", "run a policy's cases")
    test.add_argument("policy", nargs="?", default="policies", metavar="POLICY_DIR", help="default: policies")
    test.add_argument("--junit", metavar="FILE", help="write a JUnit XML report, for what shows test reports in CI")
    test.add_argument(
        "--min-coverage",
        type=_percent,
        metavar="PERCENT",
        help="exit with 3 where fewer of the rules and overrides decide a case",
    )
    test.add_argument("--config", metavar="FILE", help="the config whose anywhere_prefix holds; default: built in")


def _percent(written: str) -> int:
    """Return a whole number of percent."""
    if re.fullmatch("100|[0-9]{1,2}", written):
        return int(written)
    raise argparse.ArgumentTypeError(f"must be a number from 0 to 100, not {written!r}")


def explain(commands: "Commands") -> None:
    """Add `explain`."""
    explain = add_command(commands, "explain", "explain", "say why an instance has its level")
    explain.add_argument("instance", metavar="INSTANCE", help="an instance id such as i-0123456789abcdef0")
    add_evidence(explain).add_argument(
        "--plan", metavar="PLAN", help="a plan that has the instance; default: plan.json"
    )
    add_policy(explain)
    explain.add_argument("--config", metavar="FILE", help="the config whose anywhere_prefix holds; default: built in")
    instead = explain.add_mutually_exclusive_group()
    instead.add_argument("--full", action="store_true", help="tell everything: each finding, rule and override tried")
    instead.add_argument(
        "--as-case",
        action="store_true",
        help="print the instance as a policy case, an entry of `cases:`; add it to a file in POLICY_DIR/cases",
    )
    instead.add_argument("--format", choices=["text", "json"], default="text", help="default: text; json tells all")


def init(commands: "Commands") -> None:
    """Add `init`."""
    init = add_command(commands, "init", "init", "write a policy repository: policy, cases, config, workflows")
    init.add_argument("directory", nargs="?", default=".", metavar="DIR", help="default: here; what exists is kept")


def schema(commands: "Commands") -> None:
    """Add `schema`."""
    schema = add_command(commands, "schema", "schema", "print the JSON Schema of a document")
    schema.add_argument(
        "name", nargs="?", choices=NAMES, metavar="NAME", help=f"default: list them: {', '.join(NAMES)}"
    )


def diff(commands: "Commands") -> None:
    """Add `diff`."""
    diff = add_command(commands, "diff", "diff", "show what another policy would change")
    diff.add_argument("old", metavar="OLD", help="a policy directory, or a git revision such as main")
    diff.add_argument("new", metavar="NEW", help="likewise; where both exist, the directory is meant")
    diff.add_argument(
        "--policy", default="policies", metavar="DIR", help="which folder of a revision; default: policies"
    )
    add_evidence(diff)
    diff.add_argument("--config", metavar="FILE", help="the config whose anywhere_prefix holds; default: built in")
    diff.add_argument("--as-of", metavar="DATE", help="the day or time to judge by; default: the snapshot's, else now")
    diff.add_argument("--format", choices=["text", "markdown", "json"], default="text", help="default: text")
    diff.add_argument("--detailed-exitcode", action="store_true", help="exit with 2 where there are differences")
