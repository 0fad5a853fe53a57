"""The worked examples of the policy reference, §5, each against exactly the policy of §1."""

import shutil
from datetime import date
from pathlib import Path

from exposurectl.model import Decided, Decision, Exposure, LeftAlone
from exposurectl.policy.decide import decide
from exposurectl.policy.files import load_policy
from exposurectl.policy.overrides import expired

from .building import ANYWHERE, evidence

POLICY = load_policy(Path(__file__).parents[1] / "fixtures" / "policies" / "worked-example")
BASTION = "i-0123456789abcdef0"
LAST_VALID_DAY = date(2027, 3, 31)
BY_INTERNET = "path: [internet-gateway, network-acl, security-group, network-interface, instance]"


def decision(given: str, today: date = LAST_VALID_DAY) -> Decision:
    return decide(evidence(given), POLICY, today=today, anywhere=ANYWHERE)


def level_and_rules(decision: Decision) -> tuple[Exposure, list[str]]:
    assert isinstance(decision, Decided)
    return decision.level, [reason.rule for reason in decision.reasons]


def test_ssh_from_an_internet_gateway_and_everywhere_is_open() -> None:
    given = f"{{findings: [{{protocol: tcp, ports: 22, {BY_INTERNET}, sources: [0.0.0.0/0]}}]}}"

    assert level_and_rules(decision(given)) == (Exposure.OPEN, ["internet-anyone"])


def test_ssh_from_an_internet_gateway_and_one_address_is_controlled() -> None:
    given = f"{{findings: [{{protocol: tcp, ports: 22, {BY_INTERNET}, sources: [203.0.113.7/32]}}]}}"

    assert level_and_rules(decision(given)) == (Exposure.CONTROLLED, ["internet-allow-listed"])


def test_ssh_from_an_internet_gateway_without_security_group_evidence_is_open() -> None:
    given = f"{{findings: [{{protocol: tcp, ports: 22, {BY_INTERNET}}}]}}"

    assert level_and_rules(decision(given)) == (Exposure.OPEN, ["internet-anyone"])


def test_one_port_open_to_everyone_in_a_range_of_all_ports_is_open() -> None:
    sources = '[{ports: 22, cidrs: [203.0.113.7/32]}, {ports: "443", cidrs: [0.0.0.0/0]}]'
    given = f'{{findings: [{{protocol: tcp, ports: "0-65535", {BY_INTERNET}, sources: {sources}}}]}}'

    came_out = decision(given)

    assert level_and_rules(came_out) == (Exposure.OPEN, ["internet-anyone", "internet-anyone"])
    assert isinstance(came_out, Decided)
    assert {(reason.points, reason.sources) for reason in came_out.reasons} == {
        ("tcp/443", ("0.0.0.0/0",)),
        ("tcp/0-21, tcp/23-442, tcp/444-65535", None),
    }


def test_one_port_open_to_everyone_in_a_range_where_the_rest_is_restricted_is_open_by_that_port() -> None:
    rest = '{ports: "0-442", cidrs: [203.0.113.7/32]}, {ports: "444-65535", cidrs: [203.0.113.7/32]}'
    sources = f"[{rest}, {{ports: 443, cidrs: [0.0.0.0/0]}}]"
    given = f'{{findings: [{{protocol: tcp, ports: "0-65535", {BY_INTERNET}, sources: {sources}}}]}}'

    came_out = decision(given)

    assert level_and_rules(came_out) == (Exposure.OPEN, ["internet-anyone"])
    assert isinstance(came_out, Decided)
    assert [reason.points for reason in came_out.reasons] == ["tcp/443"]


def test_a_load_balancer_whose_own_group_admits_everyone_is_open() -> None:
    path = "path: [internet-gateway, load-balancer, security-group, network-interface, instance]"
    given = f"{{findings: [{{protocol: tcp, ports: 80, {path}, sources: [0.0.0.0/0]}}]}}"

    assert level_and_rules(decision(given)) == (Exposure.OPEN, ["internet-anyone"])


def test_a_port_by_vpc_peering_that_no_rule_describes_is_unmatched_and_open() -> None:
    given = "{findings: [{protocol: tcp, ports: 8080, path: [vpc-peering, instance]}]}"

    assert level_and_rules(decision(given)) == (Exposure.OPEN, ["defaults.unmatched"])


def test_ssh_by_vpc_peering_is_controlled() -> None:
    given = "{findings: [{protocol: tcp, ports: 22, path: [vpc-peering, instance]}]}"

    assert level_and_rules(decision(given)) == (Exposure.CONTROLLED, ["admin-ports-from-peers"])


def test_an_observed_instance_without_a_finding_is_controlled() -> None:
    assert level_and_rules(decision("{}")) == (Exposure.CONTROLLED, ["defaults.unreachable"])


def test_an_instance_that_a_tag_excludes_and_that_has_no_finding_is_left_alone() -> None:
    assert decision("{unobserved: EXCLUDED_BY_TAG}") == LeftAlone(why="unobserved: EXCLUDED_BY_TAG")


def test_an_old_finding_of_a_stopped_instance_may_still_raise() -> None:
    finding = f"{{protocol: tcp, ports: 22, {BY_INTERNET}, sources: [0.0.0.0/0]}}"

    came_out = decision(f"{{unobserved: EC2_INSTANCE_STOPPED, findings: [{finding}]}}")

    assert level_and_rules(came_out) == (Exposure.OPEN, ["internet-anyone"])
    assert isinstance(came_out, Decided)
    assert came_out.raise_only


def test_the_bastion_is_controlled_on_the_last_valid_day_of_its_override() -> None:
    finding = f"{{protocol: tcp, ports: 22, {BY_INTERNET}, sources: [0.0.0.0/0]}}"

    came_out = decision(f"{{instance: {BASTION}, findings: [{finding}]}}", date(2027, 3, 31))

    assert level_and_rules(came_out) == (Exposure.CONTROLLED, ["bastion-tokyo"])
    assert expired(POLICY, date(2027, 3, 31)) == ()


def test_the_bastion_is_open_on_the_day_after_and_its_override_is_an_error() -> None:
    finding = f"{{protocol: tcp, ports: 22, {BY_INTERNET}, sources: [0.0.0.0/0]}}"

    came_out = decision(f"{{instance: {BASTION}, findings: [{finding}]}}", date(2027, 4, 1))

    assert level_and_rules(came_out) == (Exposure.OPEN, ["internet-anyone"])
    assert [override.id for override in expired(POLICY, date(2027, 4, 1))] == ["bastion-tokyo"]


def test_the_same_policy_in_another_folder_of_that_name_is_the_same_policy(tmp_path: Path) -> None:
    fixture = Path(__file__).parents[1] / "fixtures" / "policies" / "worked-example"
    shutil.copytree(fixture, tmp_path / "elsewhere" / "worked-example")

    elsewhere = load_policy(tmp_path / "elsewhere" / "worked-example")

    assert POLICY.digest == elsewhere.digest
    assert [rule.at for rule in POLICY.rules] == [rule.at for rule in elsewhere.rules]
