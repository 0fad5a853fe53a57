"""What can be typed about a fleet: collect, plan, show, doctor."""

from typing import TYPE_CHECKING

from exposurectl.cli.arguments.shared import add_command, add_config, add_evidence, add_policy

if TYPE_CHECKING:
    from exposurectl.cli.arguments.shared import Commands


def collect(commands: "Commands") -> None:
    """Add `collect`."""
    collect = add_command(commands, "collect", "collect", "record a snapshot of all evidence and of the servers")
    add_config(collect)
    given = collect.add_mutually_exclusive_group()
    given.add_argument(
        "--report", metavar="s3://BUCKET/KEY", help="take the findings from a report that Inspector wrote to S3"
    )
    given.add_argument("--events", metavar="DIR", help="take the findings from a folder of EventBridge events")
    collect.add_argument("--out", required=True, metavar="DIR", help="a directory that does not exist yet")


def plan(commands: "Commands") -> None:
    """Add `plan`."""
    plan = add_command(commands, "plan", "plan", "decide levels from evidence and compare them with FutureVuls")
    add_evidence(plan)
    add_policy(plan)
    add_config(plan)
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


def show(commands: "Commands") -> None:
    """Add `show`."""
    show = add_command(commands, "show", "show", "show a plan")
    show.add_argument("plan", metavar="PLAN", help="a file that plan --out wrote")
    show.add_argument("--format", choices=["text", "markdown", "json"], default="text", help="default: text")


def doctor(commands: "Commands") -> None:
    """Add `doctor`."""
    doctor = add_command(commands, "doctor", "doctor", "check what collecting needs of AWS, and say what to do")
    add_config(doctor)
    doctor.add_argument("--oidc", action="store_true", help="only print the `sub` that the pipeline's role must trust")
