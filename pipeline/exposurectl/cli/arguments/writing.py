"""What can be typed to change something: apply, demo."""

from typing import TYPE_CHECKING

from exposurectl.cli.arguments.shared import add_command, add_config, port, rate

if TYPE_CHECKING:
    from exposurectl.cli.arguments.shared import Commands


def apply(commands: "Commands") -> None:
    """Add `apply`."""
    apply = add_command(commands, "apply", "apply", "make the changes of a reviewed plan, exactly")
    apply.add_argument("plan", metavar="PLAN", help="a file that plan --out wrote")
    add_config(apply)
    apply.add_argument("--receipt", metavar="FILE", help="a new file; default: receipt.json beside the plan")


def demo(commands: "Commands") -> None:
    """Add `demo`."""
    demo = add_command(commands, "demo", "demo", "watch the whole job run on a made-up fleet")
    demo.add_argument("--serve", action="store_true", help="only serve the emulated FutureVuls, until interrupted")
    demo.add_argument("--port", type=port, default=0, metavar="N", help="with --serve; default: a free one")
    demo.add_argument(
        "--per-minute", type=rate, metavar="N", help="with --serve: answer 429 beyond so many requests; default: never"
    )
