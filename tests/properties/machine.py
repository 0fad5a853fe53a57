"""Plans, applies and people in any order, over the product's own engine, real files and real HTTP."""

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.strategies import SearchStrategy

from exposurectl.apply.checks import Newest, check_plan
from exposurectl.apply.journal import Journal
from exposurectl.apply.receipt import Approval, Outcome
from exposurectl.diagnostics import Exit, ExposurectlError
from exposurectl.plan.build import build_plan
from exposurectl.plan.file import read_plan, write_plan
from exposurectl.plan.head import HeadEntry, folder_of, read_head, with_newest, write_head
from exposurectl.plan.limits import numbers
from exposurectl.plan.model import Plan
from plan.building import ROLES, inventory, request
from properties.fleet import DATA, INSTANCES, PORTS, STATES, TOKENS, WEB, belongs, evidence_of, policy_of, settings_at
from properties.going import Going, Recorded
from properties.mishaps import (
    EDITS,
    JUMPS,
    MISHAPS,
    PEACE,
    PICKS,
    STORMS,
    Edit,
    Jump,
    Mishaps,
    Revoke,
    Storm,
)
from properties.world import World

Obstacle: TypeAlias = Storm | Jump | Revoke | str
"""What may be in the way of a run; a word for what becomes of a role."""

MEMORY = Path("/dev/shm")  # noqa: S108 - where it is there, nobody waits for a disk to sync
NAMES = st.sampled_from((WEB, DATA))
ROLE_IDS = st.sampled_from([role.id for role in ROLES])
STATE = st.sampled_from(STATES)
ALL_STATES = st.fixed_dictionaries(dict.fromkeys(INSTANCES, STATE))
PLACES: SearchStrategy[dict[int, int]] = st.fixed_dictionaries(dict.fromkeys((1, 2, 3, 4, 5, 6, 11, 12), ROLE_IDS))
OBSTACLES: SearchStrategy[Obstacle] = st.one_of(
    STORMS, JUMPS, st.builds(Revoke, st.booleans()), st.sampled_from(("rename", "duplicate"))
)
MEANWHILE = st.one_of(EDITS, OBSTACLES)
ACCEPTED = st.sampled_from(("exact", "exact", "exact", "nothing", "wrong"))


class Machine(RuleBasedStateMachine):
    """
    A fleet that is planned for and applied to while everything changes.

    What is right is told from a memory of what people did and from the words of the policy, not by the product's code.
    """

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        self.states = dict.fromkeys(INSTANCES, "ssh")
        self.port = PORTS[0]
        self.plans: list[Recorded] = []
        self.head: dict[str, HeadEntry] = {}
        self.world: World

    @initialize(places=PLACES, states=ALL_STATES, per_minute=st.sampled_from((20, 5)))
    def begin(self, places: dict[int, int], states: dict[str, str], per_minute: int) -> None:
        self.world = World(places, per_minute)
        self.settings = settings_at(self.world.futurevuls.url)
        self.states = states

    @rule(states=st.dictionaries(st.sampled_from(INSTANCES), STATE, min_size=1))
    def evidence_changes(self, states: dict[str, str]) -> None:
        self.states = {**self.states, **states}

    @rule(port=st.sampled_from(PORTS))
    def policy_changes(self, port: int) -> None:
        self.port = port

    @rule(edit=EDITS)
    def person_moves_a_server(self, edit: Edit) -> None:
        key = self.world.pick(edit.server)
        if key:
            self.world.edit(key, edit.role)

    @rule(pick=PICKS)
    def server_is_deleted(self, pick: int) -> None:
        self.world.delete(self.world.pick(pick))

    @rule(name=NAMES, instance=st.sampled_from((*INSTANCES, "")), role=ROLE_IDS)
    def server_is_added(self, name: str, instance: str, role: int) -> None:
        self.world.add(name, instance, role)

    @rule(name=NAMES, obstacle=OBSTACLES)
    def something_is_in_the_way(self, name: str, obstacle: Obstacle) -> None:
        token = TOKENS[name]
        match obstacle:
            case Storm(waits=waits):
                self.world.desk(token).storm = list(waits)
            case Revoke(entirely=entirely):
                self.world.revoke(token, entirely=entirely)
            case Jump(minutes=minutes):
                self.world.jump(minutes)
            case "rename":
                self.world.rename(token)
            case _:
                self.world.duplicate(token)

    @rule()
    def everything_is_put_right(self) -> None:
        self.world.calm()

    @rule(minutes=st.sampled_from((1, 60, 25 * 60)))
    def time_passes(self, minutes: int) -> None:
        self.world.true.sleep(minutes * 60)

    @rule()
    def plan(self) -> None:
        if any(map(self.world.has_wrong_roles, TOKENS)):
            reason = ""
            try:
                self._plan()
            except ExposurectlError as error:
                reason = error.reason
            assert reason == "role-missing"
        else:
            self._record(self._plan())

    @rule(states=ALL_STATES, meanwhile=st.lists(MEANWHILE, max_size=2), befalls=st.lists(MISHAPS, max_size=3))
    def plan_and_apply(self, states: dict[str, str], meanwhile: list[Edit | Obstacle], befalls: list[Mishaps]) -> None:
        """Review takes its time; then the plan is applied, and again where that went wrong."""
        self.world.calm()
        self.evidence_changes(states)
        self.plan()
        for act in meanwhile:
            if isinstance(act, Edit):
                self.person_moves_a_server(act)
            else:
                self.something_is_in_the_way(WEB, act)
        self.apply_again_and_again(befalls)
        self._apply(self.plans[-1], "exact", PEACE)

    @precondition(lambda self: self.plans)
    @rule(befalls=st.lists(MISHAPS, min_size=1, max_size=2))
    def apply_again_and_again(self, befalls: list[Mishaps]) -> None:
        for one in befalls:
            self._apply(self.plans[-1], "exact", one)

    @precondition(lambda self: self.plans)
    @rule(accepted=ACCEPTED)
    def apply(self, accepted: str) -> None:
        self._apply(self.plans[-1], accepted, PEACE)

    @precondition(lambda self: len(self.plans) > 1)
    @rule(which=st.integers(0, 5))
    def replay(self, which: int) -> None:
        self._apply(self.plans[which % (len(self.plans) - 1)], "exact", PEACE)

    @invariant()
    def nothing_is_wrong(self) -> None:
        assert self.world.wrongs == []

    @invariant()
    def every_receipt_is_whole(self) -> None:
        for recorded in self.plans:
            assert all(receipt.plan == recorded.plan.digest for receipt in recorded.receipts)

    def teardown(self) -> None:
        try:
            if hasattr(self, "world") and not self.world.wrongs:
                self._settle()
        finally:
            if hasattr(self, "world"):
                self.world.futurevuls.close()
            self._folder.cleanup()

    def _settle(self) -> None:
        """Check where everything ends once nobody disturbs it any more."""
        self.world.calm()
        places = self.world.servers()
        as_of = self.world.wall.now()
        plan = self._record(self._plan())
        first = self._apply(plan, "exact", PEACE)
        again = self._apply(plan, "exact", PEACE)
        assert first
        assert again
        assert plan.moves == dict.fromkeys(plan.changes, 1)
        assert (first.exit, again.exit, again.moves) == (Exit.DONE, Exit.DONE, {})
        for key, server in self.world.servers().items():
            state = self.states.get(server.instance, "absent")
            assert server.role == belongs(places[key].role, state, self.port, as_of)
        assert self.world.wrongs == []
        for recorded in self.plans:
            Journal.open(recorded.journal, recorded.plan).close()

    def _plan(self) -> Plan:
        return build_plan(
            request(
                inventory=inventory(*evidence_of(self.states)),
                groups=tuple(self.world.desk(token).group for token in TOKENS.values()),
                policy=policy_of(self.port),
                settings=self.settings,
                as_of=self.world.wall.now(),
                previous=self.plans[-1].plan if self.plans else None,
            )
        )

    def _record(self, plan: Plan) -> Recorded:
        """Put the plan where `plan --record` does, and merge it."""
        folder = Path(self._folder.name) / folder_of(plan)
        folder.mkdir()
        (folder / "plan.json").write_bytes(write_plan(plan))
        self.head = dict(read_head("HEAD", write_head(with_newest(self.head, plan))))
        self.plans.append(Recorded(plan, folder, self.world.passes()))
        return self.plans[-1]

    def _apply(self, recorded: Recorded, accepted: str, befalls: Mishaps) -> Going | None:
        """Do what `exposurectl apply` does, and return the run, or None where the checks refused it."""
        file = recorded.folder / "plan.json"
        plan = read_plan(str(file), file.read_bytes())
        approval = _approval(plan, accepted)
        tip = Newest(
            branch="main",
            commit="c0ffee",
            digest=self.head[plan.environment].digest,
            policy=policy_of(self.port).digest,
        )
        expected = self._refusals(recorded, accepted)
        try:
            check_plan(plan, self.settings, approval, tip, self.world.wall.now())
        except ExposurectlError as error:
            refused = [error.reason]
        else:
            refused = []
        assert refused == expected[:1]
        return None if refused else self._run(recorded, plan, approval, befalls)

    def _refusals(self, recorded: Recorded, accepted: str) -> list[str]:
        """Return every reason for which the plan must be refused before anything is sent, the first one first."""
        plan, now = recorded.plan, self.world.wall.now()
        guard = plan.blocked_by[0].reason if plan.blocked_by else ""
        found = {
            "plan-not-newest": recorded is not self.plans[-1],
            "plan-expired": now >= plan.as_of + timedelta(hours=24),
            "plan-from-future": now < plan.as_of - timedelta(minutes=5),
            "policy-changed": plan.inputs.policy != policy_of(self.port).digest,
            "acknowledgement": accepted == "wrong",
            guard: accepted == "nothing" and bool(guard),
        }
        return [reason for reason, holds in found.items() if holds]

    def _run(self, recorded: Recorded, plan: Plan, approval: Approval, befalls: Mishaps) -> Going:
        going, bars, forbidden = Going(self.world, recorded, befalls), self._bars(plan), self._is_forbidden(plan)
        calm = not any(self.world.desk(token).storm for token in TOKENS.values())
        done_already = recorded.done == self.world.moment
        why = going.run(plan, approval)
        assert going.moves == {} or not (bars or why)
        if calm and not (going.disturbed or going.fate.struck):
            assert (why in bars) if bars else not why
            if not (bars or forbidden):
                _check_undisturbed(going)
                assert going.moves == {} or not done_already
        recorded.done = self.world.moment if going.exit is Exit.DONE else -1
        return going

    def _is_forbidden(self, plan: Plan) -> bool:
        """Tell whether a token may not write where the plan has changes."""
        return not all(self.world.desk(TOKENS[change.group]).rights.update for change in plan.changes)

    def _bars(self, plan: Plan) -> set[str]:
        """Return why the run must not write anything, as things are."""
        names = {change.group for change in plan.changes}
        rights = [self.world.desk(TOKENS[name]).rights for name in names]
        found = {
            "role-changed": any(map(self.world.has_wrong_roles, names)),
            "clock-skew": bool(names) and abs(self.world.wall.ahead) > timedelta(minutes=10),
            "auth": not all(right.read for right in rights),
        }
        return {reason for reason, holds in found.items() if holds}


def _approval(plan: Plan, accepted: str) -> Approval:
    if accepted == "nothing":
        return Approval()
    found = numbers(plan.changes)
    wrong = accepted == "wrong"
    return Approval(digest=plan.digest, lowering=found.lowering + wrong, raising=found.raising)


def _check_undisturbed(going: Going) -> None:
    """Check that a run that nothing kept from it made every change that it could."""
    assert going.finished
    receipt = going.finished.receipt
    assert (going.finished.error, going.finished.unkept, receipt.stopped) == (None, None, "")
    assert {one.outcome for one in receipt.results} <= {
        *(Outcome.APPLIED, Outcome.NOOP),
        *(Outcome.CONFLICT, Outcome.GONE),
    }
