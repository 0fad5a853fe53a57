"""What can be typed to change something: apply, demo."""

from typing import TYPE_CHECKING

from exposurectl.cli.arguments.shared import add_command, add_config, add_hosts, count, digest, duration, port, rate

if TYPE_CHECKING:
    from exposurectl.cli.arguments.shared import Commands


def apply(commands: "Commands") -> None:
    """Add `apply`."""
    apply = add_command(commands, "apply", "apply", "make the changes of a reviewed plan, exactly")
    apply.add_argument("plan", metavar="PLAN", help="a file that plan --out wrote")
    add_config(apply)
    apply.add_argument(
        "--approve", type=digest, metavar="DIGEST", help="refuse all but the plan with this digest: sha256:..."
    )
    apply.add_argument(
        "--accept-lowering", type=count, metavar="N", help="acknowledge a plan that lowers exactly N servers"
    )
    apply.add_argument(
        "--accept-raising", type=count, metavar="N", help="acknowledge a plan that raises or joins exactly N servers"
    )
    apply.add_argument(
        "--max-duration", type=duration, metavar="MINUTES", help="how long the run may take; default: 300"
    )
    apply.add_argument(
        "--scan", action="store_true", help="afterwards ask FutureVuls to scan what was raised, at the same pace"
    )
    apply.add_argument("--receipt", metavar="FILE", help="a new file; default: receipt.json beside the plan")
    add_hosts(apply)


def demo(commands: "Commands") -> None:
    """Add `demo`."""
    demo = add_command(commands, "demo", "demo", "watch the whole job run on a made-up fleet")
    demo.add_argument("--serve", action="store_true", help="only serve the emulated FutureVuls, until interrupted")
    demo.add_argument("--port", type=port, default=0, metavar="N", help="with --serve; default: a free one")
    demo.add_argument(
        "--per-minute", type=rate, metavar="N", help="with --serve: answer 429 beyond so many requests; default: never"
    )
