"""Replay: the same evidence gives the same plan, and the first member that differs is named."""

from typing import Any

import msgspec
import pytest

from exposurectl.audit.entry import Entry, entry_of
from exposurectl.audit.folder import File, Folder
from exposurectl.audit.replay import Evidence, NoEvidence, first_difference, replay
from exposurectl.audit.report import Replay
from exposurectl.plan.build import build_plan
from exposurectl.plan.file import write_plan
from exposurectl.plan.model import Plan
from exposurectl.plan.request import Request
from plan.building import SSH, WEB_OPEN, group, group_settings, request, resealed, seen, server, settings

REQUEST = request(
    seen("i-raised", SSH),
    seen("i-lowered"),
    servers=(server(1, "i-raised"), server(3, "i-lowered", WEB_OPEN)),
    settings=settings(group_settings(joins="web")),
)
PLAN = build_plan(REQUEST)


def entry(plan: Plan) -> Entry:
    file = File(name="plan.json", content=write_plan(plan))
    found, _ = entry_of(Folder(name="folder", plan=file, receipts=(), journals=()))
    return found


def evidence(given: Request = REQUEST, **changes: Any) -> Evidence:
    whole = Evidence(inventory=given.inventory, groups=given.groups, policy=given.policy, settings=given.settings)
    return msgspec.structs.replace(whole, **changes)


def replayed(
    plan: Plan, previous: Plan | None = None, found: Evidence | NoEvidence | None = None
) -> tuple[Replay, str]:
    one = replay(entry(plan), plan, previous, found or evidence())
    assert (one.environment, one.sequence, one.plan) == ("production", plan.sequence, "folder/plan.json")
    return one.outcome, one.detail


def test_a_plan_comes_out_the_same() -> None:
    assert replayed(PLAN) == (Replay.IDENTICAL, "")


def test_a_plan_that_follows_another_is_made_with_that_one() -> None:
    second = build_plan(msgspec.structs.replace(REQUEST, previous=PLAN))

    assert replayed(second, PLAN) == (Replay.IDENTICAL, "")
    for other in (None, resealed(PLAN, warnings=("x",))):
        outcome, detail = replayed(second, other)
        assert (outcome, detail) == (Replay.IMPOSSIBLE, f"The plan before it, {PLAN.digest}, is not here.")


def test_a_first_plan_is_made_without_one_whatever_came_before_it_here() -> None:
    assert replayed(PLAN, build_plan(REQUEST))[0] is Replay.IDENTICAL


def test_what_is_not_at_hand_is_said() -> None:
    assert replayed(PLAN, None, NoEvidence(why="It is lost.")) == (Replay.IMPOSSIBLE, "It is lost.")


def test_other_servers_are_not_its_evidence() -> None:
    outcome, detail = replayed(PLAN, None, evidence(groups=(group(server(1, "i-raised")),)))

    assert outcome is Replay.IMPOSSIBLE
    assert detail == "The snapshot has other servers or roles than those that the plan was made with."


def test_evidence_that_gives_no_plan_is_a_difference() -> None:
    elsewhere = settings(group_settings("another-group"))

    outcome, detail = replayed(PLAN, None, evidence(settings=elsewhere))

    assert outcome is Replay.DIFFERS
    assert detail == "No plan can be made from its evidence: No servers of a group."


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"warnings": ("x",)}, 'warnings[0] is "x" in the plan, and absent by its evidence.'),
        ({"applyable": False}, "applyable is false in the plan, and true by its evidence."),
        ({"environment": "prod"}, 'environment is "prod" in the plan, and "production" by its evidence.'),
        ({"changes": PLAN.changes[:1]}, "changes[1] is absent in the plan, and {"),
        ({"changes": PLAN.changes[::-1]}, 'changes[0].after.level is "small" in the plan, and "open" by its evidence.'),
        (
            {"inputs": msgspec.structs.replace(PLAN.inputs, policy="sha256:other"), "applyable": False},
            'inputs.policy is "sha256:other" in the plan, and "sha256:policy" by its evidence.',
        ),
    ],
)
def test_the_first_member_that_differs_is_named(changes: dict[str, Any], detail: str) -> None:
    forged = resealed(PLAN, **changes)

    assert first_difference(forged, PLAN).startswith(detail)


def test_a_forged_level_differs() -> None:
    change = PLAN.changes[0]
    lower = msgspec.structs.replace(change.after, role=99)
    forged = resealed(PLAN, changes=(msgspec.structs.replace(change, after=lower), *PLAN.changes[1:]))

    outcome, detail = replayed(forged)

    assert outcome is Replay.DIFFERS
    assert detail == "changes[0].after.role is 99 in the plan, and 31 by its evidence."


def test_where_only_the_digest_differs_that_is_said() -> None:
    forged = msgspec.structs.replace(PLAN, digest="sha256:0")

    assert first_difference(forged, PLAN) == f'digest is "sha256:0" in the plan, and "{PLAN.digest}" by its evidence.'
