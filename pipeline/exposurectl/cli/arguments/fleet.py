"""What can be typed about a fleet: collect, plan, drift, show, audit, doctor."""

from typing import TYPE_CHECKING

from exposurectl.cli.arguments.shared import add_command, add_config, add_evidence, add_hosts, add_policy

if TYPE_CHECKING:
    from exposurectl.cli.arguments.shared import Commands


def collect(commands: "Commands") -> None:
    """Add `collect`."""
    collect = add_command(commands, "collect", "collect", "record a snapshot of all evidence and of the servers")
    add_config(collect)
    add_hosts(collect)
    given = collect.add_mutually_exclusive_group()
    given.add_argument(
        "--report", metavar="s3://BUCKET/KEY", help="take the findings from a report that Inspector wrote to S3"
    )
    given.add_argument("--events", metavar="DIR", help="take the findings from a folder of EventBridge events")
    collect.add_argument("--out", required=True, metavar="DIR", help="a directory that does not exist yet")


def plan(commands: "Commands") -> None:
    """Add `plan`."""
    plan = add_command(commands, "plan", "plan", "decide levels from evidence and compare them with FutureVuls")
    add_evidence(plan).add_argument(
        "--revert", metavar="RECEIPT", help="plan the way back of the apply that left this receipt; reads no evidence"
    )
    add_policy(plan)
    add_config(plan)
    add_hosts(plan)
    plan.add_argument(
        "--servers",
        nargs="+",
        metavar="[GROUP=]FILE",
        help="what GET /v1/servers and GET /v1/roles returned, instead of asking FutureVuls",
    )
    last = plan.add_mutually_exclusive_group()
    last.add_argument("--previous", metavar="PLAN", help="the last plan: numbers this one and tells causes of changes")
    last.add_argument(
        "--record",
        metavar="DIR",
        help="keep the plan in a folder of its own in DIR, after the newest that DIR/HEAD names, and name it there",
    )
    plan.add_argument("--out", metavar="FILE", help="write the plan to be reviewed and applied")
    plan.add_argument("--as-of", metavar="DATE", help="the day or time to judge by; default: the snapshot's, else now")
    plan.add_argument("--detailed-exitcode", action="store_true", help="exit with 2 where there are changes")


def drift(commands: "Commands") -> None:
    """Add `drift`."""
    drift = add_command(commands, "drift", "drift", "compare the last plan with FutureVuls and fresh evidence")
    drift.add_argument(
        "plan", nargs="?", metavar="PLAN", help="the plan that was applied last; default: the newest of plans/HEAD"
    )
    drift.add_argument(
        "--receipt", nargs="+", metavar="FILE", help="what apply did with it; default: the receipts beside the plan"
    )
    add_evidence(drift)
    add_policy(drift)
    add_config(drift)
    add_hosts(drift)
    drift.add_argument(
        "--servers",
        nargs="+",
        metavar="[GROUP=]FILE",
        help="what GET /v1/servers and GET /v1/roles returned, instead of asking FutureVuls",
    )
    drift.add_argument("--as-of", metavar="DATE", help="the day or time to judge by; default: the snapshot's, else now")
    drift.add_argument("--format", choices=["text", "markdown", "json"], default="text", help="default: text")


def show(commands: "Commands") -> None:
    """Add `show`."""
    show = add_command(commands, "show", "show", "show a plan")
    show.add_argument("plan", metavar="PLAN", help="a file that plan --out wrote")
    show.add_argument("--format", choices=["text", "markdown", "json"], default="text", help="default: text")


def audit(commands: "Commands") -> None:
    """Add `audit`."""
    audit = add_command(commands, "audit", "audit", "prove offline that the plans and receipts are whole")
    audit.add_argument(
        "plans", nargs="?", default="plans", metavar="DIR", help="where plan --record keeps plans; default: plans"
    )
    audit.add_argument(
        "--replay",
        metavar="SNAPSHOTS",
        help="make every plan again from its snapshot in this directory, and its policy and config in git",
    )
    audit.add_argument(
        "--policy",
        default="policies",
        metavar="DIR",
        help="with --replay, the policy's folder from the top of the repository; default: policies",
    )
    audit.add_argument(
        "--configs",
        default="config",
        metavar="DIR",
        help="with --replay, likewise the folder of the configs, one an environment; default: config",
    )
    audit.add_argument("--format", choices=["text", "json"], default="text", help="default: text")


def doctor(commands: "Commands") -> None:
    """Add `doctor`."""
    doctor = add_command(commands, "doctor", "doctor", "check what is needed of AWS and FutureVuls, and say what to do")
    add_config(doctor)
    add_hosts(doctor)
    doctor.add_argument(
        "--only", choices=["aws", "futurevuls"], help="ask only there: the apply stage, for one, has no AWS credentials"
    )
    doctor.add_argument("--oidc", action="store_true", help="only print the `sub` that the pipeline's role must trust")
