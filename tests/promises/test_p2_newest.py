"""P2, T2, T3, T4: a plan is applied only while it is the newest under review, young, and for exactly this target."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.emulator import Emulator
from exposurectl.demo.fleet import TOKENS
from exposurectl.demo.story import ENVIRONMENT, RECORDED, emulator
from exposurectl.demo.workshop import furnish
from exposurectl.plan.file import read_plan, write_plan
from exposurectl.plan.head import read_head, with_newest, write_head
from exposurectl.plan.model import Plan
from plan.building import resealed
from repository import ALONE, Repository
from running import Ended, run_inside

CONFIG = ("--config", "demo.yaml")
RECORD = ("plan", "--snapshot", "fleet", *CONFIG, "--record", "plans")
FIRST = "plans/20261123T030000Z-0001"
REVIEW = "\nreview: {branch: origin/main}\n"
SECOND = timedelta(seconds=1)
replace = msgspec.structs.replace


class Scene(NamedTuple):
    """A clone of a remote where plans are reviewed, and the FutureVuls that they are for."""

    here: Repository
    elsewhere: Repository
    """Another clone, of somebody else."""
    futurevuls: Emulator
    clock: SimulatedClock

    def apply(self, folder: str, *words: str) -> Ended:
        return run_inside("apply", f"{folder}/plan.json", *CONFIG, *words, environ=ENVIRONMENT, clock=self.clock)

    def merge(self, message: str) -> None:
        """Commit and push what stands in the clone."""
        self.here.commit(message)
        self.here.git("push", "--quiet", "origin", "main")

    def roles(self) -> dict[int, int]:
        return {one.id: one.role for token in TOKENS.values() for one in self.futurevuls.servers(token)}


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    for name, value in ALONE.items():
        monkeypatch.setenv(name, value)
    clock = SimulatedClock(RECORDED)
    with contextlib.ExitStack() as stack, emulator(clock, port=0, per_minute=None) as served:
        here = Repository.create(tmp_path / "here")
        furnish(here.directory, served.url, RECORDED)
        config = here.directory / "demo.yaml"
        config.write_text(config.read_text(encoding="utf-8") + REVIEW, encoding="utf-8")
        here.commit("Policy and config")
        remote = tmp_path / "remote.git"
        here.git("clone", "--quiet", "--bare", ".", str(remote))
        here.git("remote", "add", "origin", str(remote))
        stack.enter_context(contextlib.chdir(here.directory))
        assert run_inside(*RECORD, clock=clock).reason == ""
        there = Repository(tmp_path / "elsewhere")
        it = Scene(here, there, served, clock)
        it.merge("Plan 1")
        here.git("clone", "--quiet", str(remote), str(there.directory))
        yield it


def plan_of(folder: str) -> Plan:
    return read_plan(folder, Path(folder, "plan.json").read_bytes())


def test_a_plan_that_was_undone_by_a_newer_one_cannot_be_replayed(scene: Scene) -> None:
    before = scene.roles()
    assert scene.apply(FIRST).code == 0
    scene.clock.sleep(3600)
    run_inside(
        "plan",
        "--revert",
        f"{FIRST}/receipt.json",
        *CONFIG,
        "--record",
        "plans",
        environ=ENVIRONMENT,
        clock=scene.clock,
    )
    (second,) = Path("plans").glob("*-0002")
    scene.merge("Plan 2")
    lowerings = plan_of(str(second)).summary.lower
    assert scene.apply(str(second), "--accept-lowering", str(lowerings)).code == 0
    undone, sent = scene.roles(), len(scene.futurevuls.writes)
    assert sum(undone[number] == role for number, role in before.items()) > len(before) // 2

    ended = scene.apply(FIRST)

    assert (ended.code, ended.reason, ended.out) == (5, "plan-not-newest", "")
    assert plan_of(FIRST).digest in ended.err
    assert plan_of(str(second)).digest in ended.err
    assert (scene.roles(), len(scene.futurevuls.writes)) == (undone, sent)


def test_a_plan_that_nobody_merged_is_not_applied(scene: Scene) -> None:
    scene.clock.sleep(3600)
    assert run_inside(*RECORD, "--as-of", f"{scene.clock.now():%Y-%m-%dT%H:%M:%SZ}", clock=scene.clock).reason == ""
    (second,) = Path("plans").glob("*-0002")

    ended = scene.apply(str(second))

    assert (ended.code, ended.reason) == (5, "plan-not-newest")
    assert scene.futurevuls.statuses == ()


def test_a_policy_that_was_merged_since_stops_a_plan_and_both_are_named(scene: Scene) -> None:
    policy = scene.elsewhere.directory / "policies/internet.yaml"
    policy.write_text(policy.read_text(encoding="utf-8") + "# Another thought.\n", encoding="utf-8")
    scene.elsewhere.commit("Change the policy")
    scene.elsewhere.git("push", "--quiet", "origin", "main")

    ended = scene.apply(FIRST)

    assert (ended.code, ended.reason, ended.out) == (5, "policy-changed", "")
    made_by = plan_of(FIRST).inputs.policy
    assert f"It was made by {made_by}, and on origin/main the policy is sha256:" in ended.err
    assert ended.err.count("sha256:") == 2
    assert scene.futurevuls.statuses == ()


def test_what_the_working_tree_says_makes_no_difference(scene: Scene) -> None:
    shutil.rmtree("policies")
    Path("plans/HEAD").unlink()

    assert scene.apply(FIRST).code == 0


def test_a_remote_that_cannot_be_asked_stops_a_plan(scene: Scene) -> None:
    scene.here.git("remote", "set-url", "origin", str(scene.here.directory / "nowhere"))

    ended = scene.apply(FIRST)

    assert (ended.code, ended.reason) == (5, "review-fetch-failed")
    assert scene.futurevuls.statuses == ()


def test_a_plan_is_applied_in_its_last_second_and_not_in_the_next(scene: Scene) -> None:
    scene.clock.sleep(timedelta(hours=24).total_seconds())
    late = scene.apply(FIRST)
    in_time = scene._replace(clock=SimulatedClock(RECORDED + timedelta(hours=24) - SECOND))
    assert (late.code, late.reason, scene.futurevuls.statuses) == (5, "plan-expired", ())

    # FutureVuls' clock, which stands a second later, still agrees.
    assert in_time.apply(FIRST).code == 0


def of_another_host(plan: Plan) -> Plan:
    return resealed(plan, target=replace(plan.target, url="https://rest.vuls.example"))


def of_another_environment(plan: Plan) -> Plan:
    return resealed(plan, environment="staging")


def with_the_groups_swapped(plan: Plan) -> Plan:
    names = {"web-platform": "data-platform", "data-platform": "web-platform"}
    groups = tuple(replace(one, name=names[one.name]) for one in plan.target.groups)
    changes = tuple(replace(one, group=names[one.group]) for one in plan.changes)
    return resealed(plan, target=replace(plan.target, groups=groups), changes=changes)


def with_a_change_in_the_other_group(plan: Plan) -> Plan:
    first = plan.changes[0]
    other = next(one.name for one in plan.target.groups if one.name != first.group)
    return resealed(plan, changes=(replace(first, group=other), *plan.changes[1:]))


def with_the_roles_of_another_group(plan: Plan) -> Plan:
    one, other = plan.target.groups
    swapped = (replace(one, roles=other.roles), replace(other, roles=one.roles))
    return resealed(plan, target=replace(plan.target, groups=swapped))


def with_another_role_to_go_to(plan: Plan) -> Plan:
    first = plan.changes[0]
    elsewhere = replace(first, after=replace(first.after, role=first.before.role))
    return resealed(plan, changes=(elsewhere, *plan.changes[1:]))


SWAPS: dict[Callable[[Plan], Plan], str] = {
    of_another_host: "target-changed",
    of_another_environment: "target-changed",
    with_the_groups_swapped: "role-changed",
    with_a_change_in_the_other_group: "plan-inconsistent",
    with_the_roles_of_another_group: "plan-inconsistent",
    with_another_role_to_go_to: "plan-inconsistent",
}


@pytest.mark.parametrize(("swap", "reason"), SWAPS.items(), ids=[swap.__name__ for swap in SWAPS])
def test_a_plan_for_anything_else_is_refused_even_where_it_is_the_newest(
    scene: Scene, swap: Callable[[Plan], Plan], reason: str
) -> None:
    plan = swap(plan_of(FIRST))
    Path(FIRST, "plan.json").write_bytes(write_plan(plan))
    head = Path("plans/HEAD")
    head.write_bytes(write_head(with_newest(read_head("HEAD", head.read_bytes()), plan)))
    scene.merge("Somebody else's plan")

    ended = scene.apply(FIRST)

    assert (ended.code, ended.reason) == (5, reason), ended.err
    assert scene.futurevuls.writes == ()


def test_tokens_of_each_others_groups_move_nothing(scene: Scene) -> None:
    web, data = "FUTUREVULS_TOKEN_WEB", "FUTUREVULS_TOKEN_DATA"
    swapped = {web: ENVIRONMENT[data], data: ENVIRONMENT[web]}

    ended = run_inside("apply", f"{FIRST}/plan.json", *CONFIG, environ=swapped, clock=scene.clock)

    assert (ended.code, ended.reason) == (5, "role-changed")
    assert scene.futurevuls.writes == ()
