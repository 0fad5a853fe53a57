"""The way back of one apply: a plan like any other, that moves what was moved back to where it was."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from exposurectl.apply.receipt import Outcome, Receipt, Result
from exposurectl.model import Group, Reason, Server
from exposurectl.plan.build import build_plan, change_order, summary_of
from exposurectl.plan.cause import GOES_BACK, History, history
from exposurectl.plan.compare import Line, direction
from exposurectl.plan.families import Families, resolve
from exposurectl.plan.file import seal
from exposurectl.plan.limits import guardrails
from exposurectl.plan.model import Cause, Change, Direction, Placement, Plan, Skipped, Unchanged
from exposurectl.plan.request import Request

RULE = "revert"
"""What stands for a rule in the reasons of such a plan: no policy decided it."""

_MOVED = {Outcome.APPLIED, Outcome.UNKNOWN}
"""Of an unknown outcome the server itself tells how it ended: by where it is."""

_NOT_MADE = (Outcome.NOT_ATTEMPTED, Outcome.FAILED, Outcome.CONFLICT)
"""What the next run of the same plan tries again."""


def plan_back(receipt: Receipt, request: Request) -> Plan:
    """
    Return the plan that moves every server that the apply moved back to where it was.

    A server that has been moved since is left alone. The request carries no evidence, and the receipt's digest in its
    place. Raises ExposurectlError where a family's role does not exist.
    """
    lines = [line for group in _by_name(request) for line in _lines(group, receipt, request)]
    changes = tuple(sorted((line for line in lines if isinstance(line, Change)), key=change_order))
    unchanged = tuple(line for line in lines if isinstance(line, Unchanged))
    skipped = tuple(line for line in lines if isinstance(line, Skipped))
    found = tuple(guardrails(changes, len(changes) + len(unchanged), request.settings.limits))
    # Everything but the lines is as in any plan of this request: its number, its inputs and the roles that it pins.
    frame = build_plan(request)
    return seal(
        msgspec.structs.replace(
            frame,
            applyable=all(block.acknowledge for block in found),
            blocked_by=found,
            warnings=tuple(_warnings(receipt, request)),
            counts=request.previous.counts if request.previous else frame.counts,
            summary=summary_of(request, changes, unchanged, skipped),
            changes=changes,
            unchanged=unchanged,
            skipped=skipped,
        )
    )


def _by_name(request: Request) -> Sequence[Group]:
    return sorted(request.groups, key=lambda group: group.name)


def _lines(group: Group, receipt: Receipt, request: Request) -> Iterator[Line]:
    """Yield a line for each server of a group, and one for each that was moved and is gone."""
    settings = next(one for one in request.settings.groups if one.name == group.name)
    moved = {one.server: one for one in receipt.results if one.group == group.name and one.outcome in _MOVED}
    way = _WayBack(
        group=group.name,
        families=resolve(group, settings),
        pairings=settings.servers,
        receipt=receipt,
        moved=moved,
        then=history(request.previous, request.policy, request.as_of.date()),
    )
    servers = {server.id: server for server in group.servers}
    yield from (way.line(servers[number]) for number in sorted(servers))
    for number in sorted(moved.keys() - servers.keys()):
        yield Skipped(
            why="gone: FutureVuls has this server no longer", server=number, name=moved[number].name, group=group.name
        )


class _WayBack(msgspec.Struct, frozen=True, kw_only=True):
    """What the servers of one group are compared with."""

    group: str
    families: Families
    pairings: Mapping[int, str]
    receipt: Receipt
    moved: Mapping[int, Result]
    """By server id, what the apply moved or may have moved."""
    then: History
    """The previous plan, for what it says of the evidence of servers: none is read here."""

    def line(self, server: Server) -> Line:
        """Return what the plan says of a server."""
        result = self.moved.get(server.id)
        if result is None:
            return self._left(server)
        if server.role == result.before.role:
            return self._placed(server) or self._skipped(server, "back already: it is in the default role")
        if server.role != result.after.role:
            role = self.families.names.get(server.role, f"id {server.role}")
            return self._skipped(server, f'moved since: somebody put it into the role "{role}"')
        if result.before.level is None:
            return self._skipped(
                server, "joined: it was in the default role, whose level nobody knows; move it by hand"
            )
        return self._back(server, result)

    def _back(self, server: Server, result: Result) -> Line:
        """Return the change of a server that is where the apply put it, if its roles still stand for their levels."""
        here, there = (self.families.by_role.get(one.role) for one in (result.after, result.before))
        if here is None or there is None:
            return self._skipped(server, "unmanaged: no family lists both of its roles any more")
        if (here.level, there.level, here.family) != (result.after.level, result.before.level, there.family):
            return self._skipped(server, "families changed: its roles no longer stand for the levels of the receipt")
        standing = self._standing(server, Placement(level=here.level, role=here.id))
        return _change(
            standing, Placement(level=there.level, role=there.id), direction(standing.placement, there.level)
        )

    def _left(self, server: Server) -> Line:
        """Return the line of a server that the apply did not move."""
        why = self.then.left.get((self.group, server.id))
        return self._skipped(server, why) if why else self._placed(server) or self._skipped(server, self._untouched)

    @property
    def _untouched(self) -> str:
        return f"not moved by this run of plan {self.receipt.sequence}: a revert leaves it where it is"

    def _placed(self, server: Server) -> Unchanged | None:
        """Return where a server stands; None where nobody knows its level."""
        placement = self.families.placement(server.role)
        return self._standing(server, placement) if placement.level else None

    def _standing(self, server: Server, placement: Placement) -> Unchanged:
        """Return where a server stands, with what the previous plan knew of its evidence."""
        row = self.then.rows.get((self.group, server.id)) if self.then.rows else None
        moved = server.id in self.moved
        return Unchanged(
            server=server.id,
            name=server.name,
            group=self.group,
            instance=self._instance(server),
            account=row.account if row else "",
            region=row.region if row else "",
            placement=placement,
            evidence=row.evidence if row else "",
            observed=row.observed if row else False,
            reasons=row.reasons if row and not moved else (self._reason(moved=moved),),
        )

    def _reason(self, *, moved: bool) -> Reason:
        because = f"{_told(self.receipt)}, and it goes back to where it was." if moved else f"It was {self._untouched}."
        return Reason(rule=RULE, because=because)

    def _instance(self, server: Server) -> str:
        return self.pairings.get(server.id, server.instance)

    def _skipped(self, server: Server, why: str) -> Skipped:
        return Skipped(why=why, server=server.id, name=server.name, group=self.group, instance=self._instance(server))


def _change(standing: Unchanged, back: Placement, way: Direction) -> Change:
    return Change(
        server=standing.server,
        name=standing.name,
        group=standing.group,
        instance=standing.instance,
        account=standing.account,
        region=standing.region,
        direction=way,
        cause=Cause.REVERTED,
        before=standing.placement,
        after=back,
        evidence=standing.evidence,
        observed=standing.observed,
        reasons=standing.reasons,
    )


def _told(receipt: Receipt) -> str:
    """Return when the plan was applied, and by whom where that is known."""
    by = f" by {receipt.actor}" if receipt.actor else ""
    return f"Plan {receipt.sequence} was applied at {receipt.started_at:%Y-%m-%d %H:%M} UTC{by}"


def _warnings(receipt: Receipt, request: Request) -> Iterator[str]:
    """Yield what a reviewer must know of a plan that no evidence asks for."""
    yield f"{GOES_BACK} {_told(receipt)} ({receipt.plan})."
    yield (
        "The next ordinary plan proposes the same changes again, unless the policy or the evidence is another by then: "
        "change the policy first."
    )
    yield from _other_runs(receipt)
    if request.previous:
        yield f"What it says of servers that it does not move is what plan {request.previous.sequence} said of them."
    if request.previous and request.previous.digest != receipt.plan:
        yield (
            f"Plan {receipt.sequence} is not the last one, which is plan {request.previous.sequence}: "
            "what was moved since stays where it is."
        )


def _other_runs(receipt: Receipt) -> Iterator[str]:
    """Yield what other runs of the same plan may have moved: each left a receipt of its own, and this is only one."""
    made, left = receipt.count(Outcome.NOOP), sum(map(receipt.count, _NOT_MADE))
    too = "may have made them, so go back on that run's receipt too."
    if made:
        yield f"Changes of plan {receipt.sequence} that were there already: {made}. Another run of it {too}"
    if left:
        yield f"Changes of plan {receipt.sequence} that this run did not make: {left}. A later run of it {too}"
