"""What a reviewer is told besides the changes: why a plan cannot be applied, and what to know although it can."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from exposurectl.config import AcceptedGap, Settings
from exposurectl.model import Decided, Gap
from exposurectl.plan.compare import Judgement, Line
from exposurectl.plan.limits import guardrails, lost_evidence
from exposurectl.plan.losses import losses_since
from exposurectl.plan.model import Block, Change
from exposurectl.plan.request import Request
from exposurectl.policy.model import Override
from exposurectl.policy.overrides import expired, expiring, too_long, unused
from exposurectl.policy.sources import AnywherePrefix


def blocks(request: Request, changes: Sequence[Change], managed: int) -> Iterator[Block]:
    """Yield why the plan cannot be applied."""
    for gap in _gaps(request):
        if _acceptance(gap, request.settings) is None:
            yield Block(reason="evidence-incomplete", detail=_unread(gap))
    if request.settings.expired_overrides_block:
        for override in expired(request.policy, request.as_of.date()):
            yield Block(reason="override-expired", detail=_expired(override))
    for override in too_long(request.policy, request.as_of.date(), request.settings.override_max_days):
        yield Block(reason="override-too-long", detail=_too_long(override, request))
    yield from guardrails(changes, managed, request.settings.limits)
    yield from lost_evidence(changes, losses_since(request.previous, request.inventory))


def _expired(override: Override) -> str:
    return (
        f'{override.at}: Override "{override.id}" held until {override.expires}; '
        "renew it with a new date and approval, or delete it."
    )


def _too_long(override: Override, request: Request) -> str:
    days = request.settings.override_max_days
    latest = request.as_of.date() + timedelta(days=days)
    return (
        f'{override.at}: Override "{override.id}" holds until {override.expires}, more than {days} days from now; '
        f"approve it until {latest} at the latest."
    )


def _expiring(override: Override) -> str:
    return (
        f'{override.at}: Override "{override.id}" expires soon: {override.expires} is its last day; '
        "renew it with a new date and approval, or let it end."
    )


def warnings(
    request: Request, fleet: Mapping[str, Judgement], lines: Sequence[Line], anywhere: AnywherePrefix
) -> Iterator[str]:
    """Yield what a reviewer should know although nothing stops the plan, in a fixed order."""
    for gap in _gaps(request):
        accepted = _acceptance(gap, request.settings)
        if accepted:
            yield f"{_unread(gap)} Accepted: {accepted.because}"
    yield from _of_overrides(request, anywhere)
    for judgement in fleet.values():
        if isinstance(judgement.decision, Decided):
            for warning in judgement.decision.warnings:
                yield f"{judgement.evidence.instance.id}: {warning}."
    yield from _shared_instances(lines)
    for kind, count in sorted(request.inventory.passed_over):
        yield f"Passed over {count} of type {kind}."


def _of_overrides(request: Request, anywhere: AnywherePrefix) -> Iterator[str]:
    """Yield which overrides need looking after: expired, soon to be, or without effect."""
    today = request.as_of.date()
    if not request.settings.expired_overrides_block:
        for override in expired(request.policy, today):
            yield _expired(override)
    for override in expiring(request.policy, today, request.settings.override_expiring_days):
        yield _expiring(override)
    for override in unused(request.policy, request.inventory.evidence, today=today, anywhere=anywhere):
        yield f'{override.at}: Override "{override.id}" changes no instance.'


def _shared_instances(lines: Sequence[Line]) -> Iterator[str]:
    """Name each instance that is several servers: all of them move."""
    counted = Counter(line.instance for line in lines if line.instance)
    for instance in sorted(instance for instance, count in counted.items() if count > 1):
        servers = ", ".join(f"{line.name} ({line.group} {line.server})" for line in lines if line.instance == instance)
        yield f"{instance} is {counted[instance]} servers: {servers}."


def _gaps(request: Request) -> list[Gap]:
    return sorted(request.inventory.gaps, key=lambda gap: (gap.account, gap.region, gap.why))


def _unread(gap: Gap) -> str:
    place = " ".join(part for part in (gap.account, gap.region) if part) or "everything"
    return f"{place} could not be read: {gap.why}."


def _acceptance(gap: Gap, settings: Settings) -> AcceptedGap | None:
    """Return what in the config accepts the gap; one that stands for all accounts is accepted by such a one only."""
    return next(
        (
            accepted
            for accepted in settings.accepted_gaps
            if accepted.account in {"", gap.account} and accepted.region in {"", gap.region}
        ),
        None,
    )
