from datetime import date

import pytest
from msgspec.structs import replace

from exposurectl.model import (
    Decided,
    Exposure,
    FindingStatus,
    LeftAlone,
    PortRange,
    Reason,
)
from exposurectl.policy.decide import decide, joined, pieces
from exposurectl.policy.model import Policy

from .building import ANYWHERE, decided, evidence, policy

APPROVED = "because: Checked., approved_by: security-team, expires: 2027-03-31"
INTERNET = "path: [internet-gateway, instance]"
SSH = f"{{protocol: tcp, ports: 22, {INTERNET}, sources: [0.0.0.0/0]}}"
OPEN_TO_ANYONE = "{id: anyone, level: open, because: Anyone., match: {sources: anywhere}}"
LISTED = "{id: listed, level: controlled, because: Listed., match: {sources: restricted}}"


def rules(*written: str, overrides: str = "", defaults: str = "{unreachable: controlled, unmatched: open}") -> Policy:
    given = defaults if "unobserved" in defaults else defaults.replace("}", ", unobserved: leave}")
    return policy(f"rules: [{', '.join(written)}]\noverrides: [{overrides}]\n", f"version: 1\ndefaults: {given}\n")


def decision(by: Policy, given: str, today: date | None = None) -> Decided:
    came_out = decided(by, given, today)

    assert isinstance(came_out, Decided)
    return came_out


def levels(by: Policy, given: str) -> tuple[Exposure, list[str]]:
    came_out = decision(by, given)

    return came_out.level, [reason.rule for reason in came_out.reasons]


@pytest.mark.parametrize(("first", "second"), [("small", "open"), ("open", "small")])
def test_the_highest_of_the_rules_that_match_a_point_is_its_level(first: str, second: str) -> None:
    one = f"{{id: a-{first}, level: {first}, because: x, match: {{}}}}"
    other = f"{{id: b-{second}, level: {second}, because: x, match: {{}}}}"

    level, (rule,) = levels(rules(one, other), f"{{findings: [{SSH}]}}")

    assert (level, rule[2:]) == (Exposure.OPEN, "open")


def test_every_rule_at_the_level_is_a_reason() -> None:
    both = "{id: also, level: open, because: x, match: {ports: [22]}}"

    assert levels(rules(OPEN_TO_ANYONE, both), f"{{findings: [{SSH}]}}") == (Exposure.OPEN, ["also", "anyone"])


def test_a_point_that_no_rule_matches_is_unmatched() -> None:
    came_out = decision(rules(LISTED), f"{{findings: [{SSH}]}}")

    assert came_out.level is Exposure.OPEN
    assert came_out.reasons == (
        Reason(
            rule="defaults.unmatched",
            because="No rule describes this port.",
            at="policies/a.yaml:2:11",
            points="tcp/22",
            path=("AWS::EC2::InternetGateway", "AWS::EC2::Instance"),
            sources=("0.0.0.0/0",),
            finding="finding 0",
        ),
    )


def test_a_point_below_the_floor_leaves_the_floor_standing() -> None:
    low = "{id: low, level: small, because: x, match: {}}"

    came_out = decision(rules(low), f"{{findings: [{SSH}]}}")

    assert came_out.level is Exposure.CONTROLLED
    assert came_out.reasons == (
        Reason(
            rule="defaults.unreachable",
            because="Inspector observes it and reports no path that counts for more.",
            at="policies/a.yaml:2:11",
        ),
    )
    assert came_out.without is None


def test_the_floor_is_not_named_where_a_point_reaches_it() -> None:
    listed = f"{{protocol: tcp, ports: 22, {INTERNET}, sources: [203.0.113.7/32]}}"

    assert levels(rules(LISTED), f"{{findings: [{listed}]}}") == (Exposure.CONTROLLED, ["listed"])


def test_a_level_for_the_unobserved_is_the_floor_instead() -> None:
    by = rules(LISTED, defaults="{unreachable: small, unmatched: small, unobserved: controlled}")

    came_out = decision(by, f"{{unobserved: FINDINGS_QUOTA, findings: [{SSH}]}}")

    assert came_out.level is Exposure.CONTROLLED
    assert not came_out.raise_only
    assert came_out.reasons == (
        Reason(
            rule="defaults.unobserved",
            because="Inspector cannot vouch for it: FINDINGS_QUOTA.",
            at="policies/a.yaml:2:11",
        ),
    )


def test_a_level_for_the_unobserved_says_nothing_of_the_observed() -> None:
    by = rules(LISTED, defaults="{unreachable: small, unmatched: small, unobserved: open}")

    assert levels(by, "{}") == (Exposure.SMALL, ["defaults.unreachable"])


def test_an_unobserved_instance_without_findings_is_left_alone() -> None:
    assert decided(rules(), "{unobserved: EXCLUDED_BY_TAG}") == LeftAlone(why="unobserved: EXCLUDED_BY_TAG")


def test_an_unobserved_instance_may_be_raised_and_never_lowered() -> None:
    came_out = decision(rules(OPEN_TO_ANYONE), f"{{unobserved: EC2_INSTANCE_STOPPED, findings: [{SSH}]}}")

    assert came_out.level is Exposure.OPEN
    assert came_out.raise_only
    assert came_out.without is None


def test_a_finding_of_an_unobserved_instance_never_takes_it_below_unreachable() -> None:
    low = "{id: low, level: small, because: x, match: {}}"

    came_out = decision(rules(low), f"{{unobserved: INTERNAL_ERROR, findings: [{SSH}]}}")

    assert came_out.level is Exposure.CONTROLLED
    assert came_out.raise_only
    assert came_out.reasons == (
        Reason(
            rule="defaults.unreachable",
            because="Inspector cannot vouch for it: INTERNAL_ERROR. No path that it reported counts for more.",
            at="policies/a.yaml:2:11",
        ),
    )


def test_an_observed_instance_may_be_lowered() -> None:
    assert not decision(rules(), "{}").raise_only


@pytest.mark.parametrize(
    ("status", "level"),
    [
        (FindingStatus.ACTIVE, Exposure.OPEN),
        (FindingStatus.SUPPRESSED, Exposure.OPEN),
        (FindingStatus.CLOSED, Exposure.CONTROLLED),
    ],
)
def test_a_suppressed_finding_counts_and_a_closed_one_does_not(status: FindingStatus, level: Exposure) -> None:
    given = evidence(f"{{findings: [{SSH}]}}")
    findings = tuple(replace(finding, status=status) for finding in given.findings)

    came_out = decide(replace(given, findings=findings), rules(OPEN_TO_ANYONE), today=None, anywhere=ANYWHERE)

    assert isinstance(came_out, Decided)
    assert came_out.level is level


def test_an_unobserved_instance_with_nothing_but_closed_findings_is_left_alone() -> None:
    given = evidence(f"{{unobserved: EC2_INSTANCE_STOPPED, findings: [{SSH}]}}")
    closed = replace(given, findings=(replace(given.findings[0], status=FindingStatus.CLOSED),))

    came_out = decide(closed, rules(OPEN_TO_ANYONE), today=None, anywhere=ANYWHERE)

    assert came_out == LeftAlone(why="unobserved: EC2_INSTANCE_STOPPED")


def test_an_override_of_the_whole_instance_is_the_only_way_below_unreachable() -> None:
    whole = f"{{id: vault, level: small, match: {{instances: [i-0]}}, {APPROVED}}}"

    came_out = decision(rules(OPEN_TO_ANYONE, overrides=whole), f"{{findings: [{SSH}]}}")

    assert came_out == Decided(
        level=Exposure.SMALL,
        reasons=(Reason(rule="vault", because="Checked.", at="policies/a.yaml:4:13", override=True),),
    )


def test_an_override_of_the_whole_instance_decides_also_where_inspector_cannot_vouch() -> None:
    whole = f"{{id: vault, level: open, match: {{instances: [i-0]}}, {APPROVED}}}"

    came_out = decision(rules(overrides=whole), "{unobserved: EXCLUDED_BY_TAG}")

    assert came_out.level is Exposure.OPEN
    assert came_out.raise_only


def test_an_override_of_points_replaces_the_level_of_those_points_alone() -> None:
    ssh = f"{{id: ssh, level: controlled, match: {{instances: [i-0], ports: [22]}}, {APPROVED}}}"
    two = f'{{protocol: tcp, ports: "22-23", {INTERNET}}}'
    by = rules(OPEN_TO_ANYONE, overrides=ssh)

    assert levels(by, f"{{findings: [{SSH}]}}") == (Exposure.CONTROLLED, ["ssh"])
    assert decision(by, f"{{findings: [{two}]}}").reasons == (
        Reason(
            rule="anyone",
            because="Anyone.",
            at="policies/a.yaml:3:9",
            points="tcp/23",
            path=("AWS::EC2::InternetGateway", "AWS::EC2::Instance"),
            finding="finding 0",
        ),
    )


@pytest.mark.parametrize(
    "asked", ["ports: [22]", "protocol: tcp", "path: {origin: [internet-gateway]}", "sources: anywhere"]
)
def test_an_override_of_points_may_lower_them_to_the_floor_and_no_further(asked: str) -> None:
    low = f"{{id: low, level: small, match: {{{asked}}}, {APPROVED}}}"

    came_out = levels(rules(OPEN_TO_ANYONE, overrides=low), f"{{findings: [{SSH}]}}")

    assert came_out == (Exposure.CONTROLLED, ["defaults.unreachable"])


def test_an_override_of_points_may_raise_them_above_every_rule() -> None:
    high = f"{{id: high, level: open, match: {{ports: [22]}}, {APPROVED}}}"
    listed = f"{{protocol: tcp, ports: 22, {INTERNET}, sources: [203.0.113.7/32]}}"

    came_out = decision(rules(LISTED, overrides=high), f"{{findings: [{listed}]}}")

    assert [(reason.rule, reason.override) for reason in came_out.reasons] == [("high", True)]


def test_an_override_of_points_asks_who_may_send_to_them() -> None:
    named = f"{{id: named, level: open, match: {{sources: restricted}}, {APPROVED}}}"
    listed = f"{{protocol: tcp, ports: 22, {INTERNET}, sources: [203.0.113.7/32]}}"
    by = rules(LISTED, overrides=named, defaults="{unreachable: small, unmatched: controlled}")

    assert levels(by, f"{{findings: [{listed}]}}") == (Exposure.OPEN, ["named"])
    assert levels(by, f"{{findings: [{SSH}]}}") == (Exposure.CONTROLLED, ["defaults.unmatched"])


def test_an_override_for_another_instance_decides_nothing() -> None:
    other = f"{{id: other, level: small, match: {{instances: [i-1]}}, {APPROVED}}}"

    assert levels(rules(overrides=other), "{}") == (Exposure.CONTROLLED, ["defaults.unreachable"])


@pytest.mark.parametrize(("day", "level"), [(31, Exposure.SMALL), (30, Exposure.SMALL)])
def test_an_override_holds_up_to_its_last_valid_day(day: int, level: Exposure) -> None:
    whole = f"{{id: vault, level: small, match: {{}}, {APPROVED}}}"

    assert decision(rules(overrides=whole), "{}", date(2027, 3, day)).level is level


def test_an_override_decides_nothing_from_the_day_after() -> None:
    whole = f"{{id: vault, level: small, match: {{}}, {APPROVED}}}"

    came_out = decision(rules(overrides=whole), "{}", date(2027, 4, 1))

    assert came_out == decision(rules(), "{}", date(2027, 4, 1))


def test_of_two_overrides_of_the_same_instance_the_higher_stands_with_a_warning_that_names_both() -> None:
    low = f"{{id: low, level: small, match: {{}}, {APPROVED}}}"
    high = f"{{id: high, level: controlled, match: {{instances: [i-0]}}, {APPROVED}}}"

    came_out = decision(rules(overrides=f"{low}, {high}"), "{}")

    assert came_out.level is Exposure.CONTROLLED
    assert [reason.rule for reason in came_out.reasons] == ["high"]
    assert came_out.warnings == ("overrides high and low match the same: the higher level stands",)


def test_of_two_overrides_of_the_same_point_the_higher_stands_with_a_warning_that_names_both() -> None:
    low = f"{{id: low, level: small, match: {{ports: [22]}}, {APPROVED}}}"
    high = f"{{id: high, level: open, match: {{protocol: tcp}}, {APPROVED}}}"

    came_out = decision(rules(overrides=f"{low}, {high}"), f"{{findings: [{SSH}, {SSH}]}}")

    assert came_out.level is Exposure.OPEN
    assert came_out.warnings == ("overrides high and low match the same: the higher level stands",)


def test_two_overrides_of_different_points_do_not_clash() -> None:
    ssh = f"{{id: ssh, level: small, match: {{ports: [22]}}, {APPROVED}}}"
    web = f"{{id: web, level: controlled, match: {{ports: [80]}}, {APPROVED}}}"
    finding = f'{{protocol: tcp, ports: "0-1000", {INTERNET}}}'

    assert decision(rules(overrides=f"{ssh}, {web}"), f"{{findings: [{finding}]}}").warnings == ()


def test_an_expired_override_does_not_clash() -> None:
    expired = "{id: old, level: small, match: {}, because: x, approved_by: y, expires: 2026-01-01}"
    live = f"{{id: live, level: small, match: {{}}, {APPROVED}}}"

    assert decision(rules(overrides=f"{expired}, {live}"), "{}", date(2027, 1, 1)).warnings == ()


def test_a_reason_joins_the_points_that_a_rule_decided_along_one_path() -> None:
    cut = "{id: cut, level: controlled, because: x, match: {ports: [30, 80]}}"
    over = f"{{id: over, level: controlled, match: {{ports: [443]}}, {APPROVED}}}"
    finding = f'{{protocol: udp, ports: "20-500", {INTERNET}}}'

    came_out = decision(rules(OPEN_TO_ANYONE, cut, overrides=over), f"{{findings: [{finding}]}}")

    assert [reason.points for reason in came_out.reasons] == ["udp/20-442, udp/444-500"]


def test_reasons_tell_findings_and_evidence_apart() -> None:
    sources = '[{ports: "1-2", cidrs: [0.0.0.0/0]}, {ports: "4", cidrs: []}]'
    range_ = f'{{protocol: tcp, ports: "1-5", {INTERNET}, sources: {sources}}}'

    came_out = decision(rules(OPEN_TO_ANYONE), f"{{findings: [{range_}, {SSH}]}}")

    assert [(reason.points, reason.sources, reason.finding) for reason in came_out.reasons] == [
        ("tcp/1-2", ("0.0.0.0/0",), "finding 0"),
        ("tcp/3, tcp/5", None, "finding 0"),
        ("tcp/4", (), "finding 0"),
        ("tcp/22", ("0.0.0.0/0",), "finding 1"),
    ]


def test_without_the_deciding_points_the_next_lower_point_would_decide() -> None:
    low = "{id: low, level: small, because: x, match: {ports: [80]}}"
    listed = f"{{protocol: tcp, ports: 25, {INTERNET}, sources: [203.0.113.7/32]}}"
    by = rules(OPEN_TO_ANYONE, LISTED, low, defaults="{unreachable: small, unmatched: open}")

    assert decision(by, f"{{findings: [{SSH}, {listed}]}}").without is Exposure.CONTROLLED
    assert decision(by, f"{{findings: [{SSH}]}}").without is Exposure.SMALL


def test_without_the_deciding_points_the_floor_still_stands() -> None:
    low = "{id: low, level: small, because: x, match: {ports: [80]}}"
    web = f"{{protocol: tcp, ports: 80, {INTERNET}, sources: [203.0.113.7/32]}}"
    listed = f"{{protocol: tcp, ports: 25, {INTERNET}, sources: [203.0.113.7/32]}}"
    only_listed = LISTED.replace("match: {", "match: {ports: [25], ")

    came_out = decision(rules(only_listed, low), f"{{findings: [{web}, {listed}]}}")

    assert came_out.level is Exposure.CONTROLLED
    assert [reason.rule for reason in came_out.reasons] == ["listed"]
    assert came_out.without is None


def test_an_unobserved_floor_stands_without_the_deciding_points() -> None:
    by = rules(OPEN_TO_ANYONE, defaults="{unreachable: small, unmatched: open, unobserved: controlled}")

    assert decision(by, f"{{unobserved: X, findings: [{SSH}]}}").without is Exposure.CONTROLLED


def test_a_path_with_no_steps_has_origin_unknown() -> None:
    unknown = "{id: unknown-origin, level: open, because: x, match: {path: {origin: [unknown]}}}"
    finding = "{protocol: tcp, ports: 22, path: []}"
    by = rules(unknown, defaults="{unreachable: small, unmatched: controlled}")

    assert levels(by, f"{{findings: [{finding}]}}") == (Exposure.OPEN, ["unknown-origin"])


def test_a_component_that_no_alias_recognises_never_vanishes() -> None:
    unknown = "{id: unknown-origin, level: open, because: x, match: {path: {origin: [unknown]}}}"
    finding = '{protocol: tcp, ports: 22, path: ["AWS::EC2::SomethingNew", instance]}'
    by = rules(unknown, defaults="{unreachable: small, unmatched: controlled}")

    assert levels(by, f"{{findings: [{finding}]}}") == (Exposure.OPEN, ["unknown-origin"])


def test_pieces_are_cut_where_the_policy_and_the_evidence_change() -> None:
    sources = '[{ports: "10-19", cidrs: []}, {ports: "0-65535", cidrs: []}]'
    given = evidence(f'{{findings: [{{protocol: tcp, ports: "5-30", path: [], sources: {sources}}}]}}')

    cut = list(pieces(given.findings[0], (5, 6, 30, 31)))

    assert cut == [PortRange(5, 5), PortRange(6, 9), PortRange(10, 19), PortRange(20, 29), PortRange(30, 30)]


def test_ranges_that_adjoin_or_overlap_are_joined() -> None:
    ranges = [PortRange(30, 31), PortRange(1, 10), PortRange(5, 6), PortRange(11, 12), PortRange(14, 14)]

    assert joined(ranges) == [PortRange(1, 12), PortRange(14, 14), PortRange(30, 31)]
