"""What can be typed about a policy: test, explain."""

from typing import TYPE_CHECKING

from exposurectl.cli.arguments.shared import add_command, add_evidence, add_policy

if TYPE_CHECKING:
    from exposurectl.cli.arguments.shared import Commands


def test(commands: "Commands") -> None:
    """Add `test`."""
    test = add_command(commands, "test", "test", "run a policy's cases")
    test.add_argument("policy", nargs="?", default="policies", metavar="POLICY_DIR", help="default: policies")


def explain(commands: "Commands") -> None:
    """Add `explain`."""
    explain = add_command(commands, "explain", "explain", "say why an instance has its level")
    explain.add_argument("instance", metavar="INSTANCE", help="an instance id such as i-0123456789abcdef0")
    add_evidence(explain).add_argument(
        "--plan", metavar="PLAN", help="a plan that has the instance; default: plan.json"
    )
    add_policy(explain)
    explain.add_argument("--config", metavar="FILE", help="the config whose anywhere_prefix holds; default: built in")
