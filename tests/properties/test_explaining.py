"""What explaining claims: each counterfactual gives the level it names, and a written case holds."""

from itertools import pairwise

import msgspec
from hypothesis import event, example, given
from hypothesis import strategies as st

from exposurectl.diagnostics import Place
from exposurectl.documents import check, read_yaml
from exposurectl.documents.text import shows
from exposurectl.documents.writing import written_entry
from exposurectl.model import (
    Component,
    Decided,
    Evidence,
    Exposure,
    Finding,
    FindingStatus,
    Ingress,
    Instance,
    Network,
    Observed,
    PortRange,
    Protocol,
)
from exposurectl.policy.as_case import as_case
from exposurectl.policy.attempts import attempts
from exposurectl.policy.case_files import read_cases
from exposurectl.policy.cases import Case, run_case
from exposurectl.policy.components import ById, ByType
from exposurectl.policy.counterfactual import (
    Change,
    Closed,
    Counterfactual,
    Narrowed,
    Unreachable,
    Vouched,
    Withdrawn,
    counterfactuals,
)
from exposurectl.policy.decide import decide
from exposurectl.policy.model import Defaults, Match, PathMatch, Policy, Rule, Scope
from exposurectl.policy.points import judged_points
from exposurectl.policy.sources import NamedSources
from properties.strategies import ANYWHERE, PORTS, TODAY, busy_evidence, evidence, policies, policy_of, wide_matches

DEFAULTS = Defaults(unreachable=Exposure.SMALL, unmatched=Exposure.SMALL, unobserved=None, at="policies/a.yaml:2:3")


def with_low_floor(policy: Policy) -> Policy:
    """Return the policy with nothing below which levels could not go, and two rules that tell sources apart."""
    place = Place("s", 1)
    rules = tuple(
        Rule(id=f"s{sources.value}", level=level, because="x", match=Match(sources=sources), at="s:1", place=place)
        for sources, level in ((NamedSources.ANYWHERE, Exposure.OPEN), (NamedSources.RESTRICTED, Exposure.CONTROLLED))
    )
    low = msgspec.structs.replace(policy.defaults, unreachable=Exposure.SMALL)
    return msgspec.structs.replace(policy, defaults=low, rules=(*policy.rules, *rules))


# Most worlds of the other laws are at one level whatever happens; these give every kind of change something to do.
EVIDENCE = evidence() | busy_evidence
POLICIES = policies() | policies(overrides=1, matches=wide_matches).map(with_low_floor)


def shown(given: Evidence, policy: Policy) -> tuple[Counterfactual, ...]:
    return counterfactuals(given, policy, today=TODAY, anywhere=ANYWHERE)


def level(given: Evidence, policy: Policy) -> Exposure | None:
    decision = decide(given, policy, today=TODAY, anywhere=ANYWHERE)
    return decision.level if isinstance(decision, Decided) else None


# Carried out without the product's own way of doing it: every finding is cut at every port that the worlds of these
# tests tell apart, and each piece is asked about alone.

_EDGES = sorted({edge for port in PORTS for edge in (port, port + 1)})


def cut(given: Evidence) -> list[Finding]:
    return [
        msgspec.structs.replace(finding, ports=PortRange(begin, after - 1))
        for finding in given.findings
        for begin, after in pairwise(_EDGES)
        if finding.ports.begin <= begin <= finding.ports.end
    ]


def among(points: tuple[tuple[Protocol, PortRange], ...], piece: Finding) -> bool:
    return any(protocol is piece.protocol and piece.ports.begin in ports for protocol, ports in points)


def only(piece: Finding, networks: tuple[Network, ...]) -> Finding:
    return msgspec.structs.replace(piece, ingress=(Ingress(piece.ports, networks),))


def carried_out(change: Change, given: Evidence, policy: Policy) -> tuple[Evidence, Policy]:
    pieces = cut(given)
    match change:
        case Narrowed(points, networks):
            pieces = [only(piece, networks) if among(points, piece) else piece for piece in pieces]
        case Unreachable(points):
            pieces = [piece for piece in pieces if not among(points, piece)]
        case Closed(paths):
            pieces = [piece for piece in pieces if piece.path not in paths]
        case Vouched():
            given = msgspec.structs.replace(given, coverage=Observed())
        case Withdrawn(name):
            others = tuple(one for one in policy.overrides if one.id != name)
            policy = msgspec.structs.replace(policy, overrides=others)
    return msgspec.structs.replace(given, findings=tuple(pieces)), policy


@given(EVIDENCE, POLICIES)
def test_each_counterfactual_really_gives_the_level_that_it_claims(given: Evidence, policy: Policy) -> None:
    before = level(given, policy)

    for one in shown(given, policy):
        event(type(one.change).__name__)
        assert one.level == level(*carried_out(one.change, given, policy))
        assert before is not None
        assert one.level < before


@given(EVIDENCE, POLICIES)
def test_no_port_and_no_path_of_a_counterfactual_can_be_spared(given: Evidence, policy: Policy) -> None:
    before = level(given, policy)

    for one in shown(given, policy):
        for smaller in spared(one.change, given):
            assert before == level(*carried_out(smaller, given, policy))


def spared(change: Change, given: Evidence) -> list[Change]:
    """Return the change without each of its points, as far as the worlds of these tests tell them apart, or paths."""
    if isinstance(change, Closed):
        return [Closed(tuple(path for path in change.paths if path != one)) for one in change.paths]
    if not isinstance(change, Narrowed | Unreachable):
        return []
    pieces = {(one.protocol, one.ports) for one in cut(given) if among(change.points, one)}
    less = [tuple(sorted(pieces - {one}, key=str)) for one in pieces]
    return [msgspec.structs.replace(change, points=points) for points in less]


@given(EVIDENCE, POLICIES)
def test_none_that_is_shown_takes_more_away_than_another_for_the_same(given: Evidence, policy: Policy) -> None:
    removing = [one for one in shown(given, policy) if isinstance(one.change, Unreachable | Closed)]

    left = [(one.level, open_after(one.change, given, policy)) for one in removing]
    assert not [(one, other) for one in left for other in left if other[0] <= one[0] and one[1] < other[1]]


def open_after(change: Change, given: Evidence, policy: Policy) -> frozenset[tuple[str, ...]]:
    after, _policy = carried_out(change, msgspec.structs.replace(given, findings=numbered(given)), policy)
    return frozenset((one.arn, str(one.ports)) for one in after.findings if one.counts)


def numbered(given: Evidence) -> tuple[Finding, ...]:
    return tuple(msgspec.structs.replace(one, arn=str(number)) for number, one in enumerate(given.findings))


@given(EVIDENCE, POLICIES)
def test_no_single_change_that_lowers_goes_untold(given: Evidence, policy: Policy) -> None:
    """An empty answer means that taking away every deciding point, or any one override, would not lower it."""
    before = decide(given, policy, today=TODAY, anywhere=ANYWHERE)
    told = {type(one.change) for one in shown(given, policy)}

    if isinstance(before, Decided) and before.without:
        assert told & {Unreachable, Closed}
    for override in policy.overrides:
        after = level(*carried_out(Withdrawn(override.id), given, policy))
        if isinstance(before, Decided) and after and after < before.level:
            assert Withdrawn in told


@given(EVIDENCE, POLICIES)
def test_points_judged_alone_agree_with_the_whole_decision(given: Evidence, policy: Policy) -> None:
    partial = tuple(override for override in policy.overrides if not override.match.is_whole)
    policy = msgspec.structs.replace(policy, overrides=partial)
    observed = msgspec.structs.replace(given, coverage=Observed())

    judged = judged_points(observed, policy, today=TODAY, anywhere=ANYWHERE)

    assert level(observed, policy) == max([policy.defaults.unreachable, *(one.level for one in judged)])


@given(EVIDENCE, POLICIES)
def test_a_rule_tried_speaks_for_ports_or_says_what_does_not_hold(given: Evidence, policy: Policy) -> None:
    for finding in given.findings:
        for attempt in attempts(finding, given.instance, policy, ANYWHERE):
            alone = msgspec.structs.replace(
                policy,
                rules=(rule_of(attempt.rule.match),),
                overrides=(),
                defaults=DEFAULTS,
            )
            open_finding = msgspec.structs.replace(finding, status=FindingStatus.ACTIVE)
            observed = Evidence(instance=given.instance, findings=(open_finding,), coverage=Observed())
            judged = judged_points(observed, alone, today=TODAY, anywhere=ANYWHERE)

            assert attempt.ports == tuple(one.ports for one in judged if one.by == ("only",))
            assert bool(attempt.ports) is not bool(attempt.unmet)


def rule_of(match: Match) -> Rule:
    return Rule(id="only", level=Exposure.OPEN, because="x", match=match, at="r:1", place=Place("r", 1))


# Cases that are written from evidence.


def written(given: Evidence, policy: Policy) -> str:
    decision = decide(given, policy, today=TODAY, anywhere=ANYWHERE)
    return written_entry(as_case(given, decision, policy, today=TODAY), 2)


def read_back(entry: str) -> Case:
    document, problems = read_yaml("cases.yaml", f"version: 1\ncases:\n{entry}".encode())

    assert document is not None
    assert problems + check(document, "cases") == []
    (case,) = read_cases([document])
    return case


@given(EVIDENCE, POLICIES)
def test_a_case_written_from_evidence_parses_and_holds(given: Evidence, policy: Policy) -> None:
    case = read_back(written(given, policy))

    assert run_case(case, policy, ANYWHERE).holds
    assert case.today == TODAY
    assert case.expected.level is level(given, policy)


@given(
    st.text() | st.sampled_from(('"}\n- x', "'", "null", "no", "1", "12:30", "{a: b}", "# x", "<<", "\ud800", "\x00"))
)
@example('"}\n- x')
def test_text_of_a_tag_stays_text_whatever_it_is(value: str) -> None:
    named = Match(scope=Scope(tags=(("Env", ("*",)), (value or "k", ("x",)))))
    policy = policy_of(DEFAULTS, [rule_of(named)], [])
    tags = tuple({"Env": value, "Other": "left out", value or "k": "y"}.items())

    case = read_back(
        written(Evidence(instance=Instance(id="i-0", tags=tags), findings=(), coverage=Observed()), policy)
    )

    assert dict(case.evidence.instance.tags).keys() == {"Env", visible(value or "k")}
    assert case.evidence.instance.tag("Env") == visible("y" if value == "Env" else value)
    assert len(case.evidence.findings) == 0


def visible(text: str) -> str:
    """Return the text as a file may hold it: a character that does not show is refused there."""
    return "".join(
        one if one in "\r\n\t" or (shows(one) and not "\ud800" <= one <= "\udfff") else "\ufffd" for one in text
    )


@given(st.text(), st.text())
def test_text_of_a_component_stays_text_whatever_it_is(identity: str, kind: str) -> None:
    path = (Component(id=identity, type=kind),)
    finding = Finding(
        arn="a",
        account="",
        region="",
        instance="i-0",
        status=FindingStatus.ACTIVE,
        protocol=Protocol.TCP,
        ports=PortRange(22, 22),
        path=path,
    )
    asked = Match(path=PathMatch(any_of=(ByType("AWS::EC2::Instance"),), origin=(ById("*"),), none_of=(ById("?"),)))
    policy = policy_of(DEFAULTS, [rule_of(asked)], [])

    case = read_back(written(Evidence(instance=Instance(id="i-0"), findings=(finding,), coverage=Observed()), policy))

    assert run_case(case, policy, ANYWHERE).holds
    assert len(case.evidence.findings[0].path) == 1
