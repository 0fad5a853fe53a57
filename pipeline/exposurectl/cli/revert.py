"""`exposurectl plan --revert`: the way back of one apply, as a plan like any other."""

import argparse
import hashlib
from pathlib import Path

from exposurectl.apply.receipt import Receipt, read_receipt
from exposurectl.apply.revert import plan_back
from exposurectl.cli.belonging import check_belongs
from exposurectl.cli.inputs import moment, read_file
from exposurectl.cli.request import groups_of
from exposurectl.cli.world import World
from exposurectl.config import Settings
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError, Place
from exposurectl.model import Inventory
from exposurectl.plan.model import Plan
from exposurectl.plan.request import Request
from exposurectl.policy.files import load_policy
from exposurectl.sources.git import commit_of


def reverting(arguments: argparse.Namespace, settings: Settings, previous: Plan | None, world: World) -> Plan:
    """Return the plan that puts back what the receipt says was moved, by where the servers are now."""
    content = read_file(arguments.revert)
    receipt = read_receipt(arguments.revert, content)
    _check(arguments.revert, receipt, settings)
    as_of = moment(arguments, None, world)
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    return plan_back(
        receipt,
        Request(
            inventory=Inventory(as_of=as_of, evidence=(), digest=digest),
            groups=groups_of(arguments, settings, None, world),
            policy=load_policy(Path(arguments.policy)),
            settings=settings,
            as_of=as_of,
            previous=previous,
            git_commit=commit_of(Path(arguments.policy)),
        ),
    )


def _check(name: str, receipt: Receipt, settings: Settings) -> None:
    """Raise ExposurectlError where the receipt is not of this config, or not closed: it would hide what was done."""
    groups = {result.group for result in receipt.results}
    check_belongs(name, settings, environment=receipt.environment, url=receipt.url, groups=groups)
    if receipt.ended_at is None:
        problem = Diagnostic(
            summary="Receipt not closed",
            place=Place(name),
            detail="Its run is going on or was killed, so it does not say yet what was done.",
            hint="apply the plan again: that finishes it and closes the receipt",
        )
        raise ExposurectlError(problem, reason="receipt-open", exit_code=Exit.REFUSED)
