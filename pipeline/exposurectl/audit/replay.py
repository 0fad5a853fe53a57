"""Replay: a plan is made again from what it says it follows from, and must come out the same to the byte."""

import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from exposurectl.apply.receipt import Receipt
from exposurectl.apply.revert import plan_back
from exposurectl.audit.entry import Entry
from exposurectl.audit.report import Replay, Replayed
from exposurectl.config import Settings
from exposurectl.diagnostics import ExposurectlError
from exposurectl.model import Group, Inventory
from exposurectl.plan.build import build_plan
from exposurectl.plan.file import write_plan
from exposurectl.plan.fingerprint import of_groups
from exposurectl.plan.model import Plan
from exposurectl.plan.request import Request
from exposurectl.policy.model import Policy

_LONGEST = 80
_ABSENT = object()


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan says it follows from, found again by digest."""

    inventory: Inventory
    groups: tuple[Group, ...]
    policy: Policy
    settings: Settings
    receipt: Receipt | None = None
    """What a plan goes back on instead of following from evidence; None for all other plans."""


class NoEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a plan follows from is not at hand."""

    why: str
    """A full sentence."""


def replay(entry: Entry, plan: Plan, previous: Plan | None, found: Evidence | NoEvidence) -> Replayed:
    """Make a plan again and compare it. `previous` is the plan before it in the chain, if that is here."""
    evidence = _usable(plan, previous, found)
    if isinstance(evidence, NoEvidence):
        return _replayed(entry, Replay.IMPOSSIBLE, evidence.why)
    request = Request(
        inventory=evidence.inventory,
        groups=evidence.groups,
        policy=evidence.policy,
        settings=evidence.settings,
        as_of=plan.as_of,
        previous=previous if plan.previous else None,
        git_commit=plan.inputs.git_commit,
    )
    try:
        again = plan_back(evidence.receipt, request) if evidence.receipt else build_plan(request)
    except ExposurectlError as error:
        return _replayed(entry, Replay.DIFFERS, f"No plan can be made from its evidence: {error}.")
    if write_plan(again) == write_plan(plan):
        return _replayed(entry, Replay.IDENTICAL, "")
    return _replayed(entry, Replay.DIFFERS, first_difference(plan, again))


def _usable(plan: Plan, previous: Plan | None, found: Evidence | NoEvidence) -> Evidence | NoEvidence:
    """Return the evidence if the plan before and the servers are the right ones too."""
    if isinstance(found, NoEvidence):
        return found
    if plan.previous and (previous is None or previous.digest != plan.previous):
        return NoEvidence(why=f"The plan before it, {plan.previous}, is not here.")
    if of_groups(found.groups) != plan.inputs.servers:
        return NoEvidence(why="The snapshot has other servers or roles than those that the plan was made with.")
    return found


def _replayed(entry: Entry, outcome: Replay, detail: str) -> Replayed:
    return Replayed(
        environment=entry.environment, sequence=entry.sequence, plan=entry.place, outcome=outcome, detail=detail
    )


def first_difference(plan: Plan, again: Plan) -> str:
    """
    Return the first member in which two plans differ, with what each has.

    The inputs come first, because all else may differ for their sake; then the order is that of the file.
    """
    plain, made = (msgspec.to_builtins(one) for one in (plan, again))
    found = itertools.chain(
        _differences("inputs", plain.pop("inputs"), made.pop("inputs")),
        # The digest differs wherever anything does.
        _differences("", plain | {"digest": ""}, made | {"digest": ""}),
        [("digest", plan.digest, again.digest)],
    )
    name, here, there = next(found)
    return f"{name} is {_shown(here)} in the plan, and {_shown(there)} by its evidence."


def _differences(name: str, here: Any, there: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the members that differ, each with both its values."""
    if isinstance(here, Mapping) and isinstance(there, Mapping):
        for key in sorted({*here, *there}):
            yield from _differences(f"{name}.{key}".lstrip("."), here.get(key, _ABSENT), there.get(key, _ABSENT))
    elif isinstance(here, list | tuple) and isinstance(there, list | tuple):
        pairs = itertools.zip_longest(here, there, fillvalue=_ABSENT)
        for number, (one, other) in enumerate(pairs):
            yield from _differences(f"{name}[{number}]", one, other)
    elif here is not there and here != there:
        yield name, here, there


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "absent"
    text = json.dumps(value, sort_keys=True, ensure_ascii=True)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
